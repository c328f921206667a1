//! A real Redis that keeps nothing on disk.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use rustix::process::Pid;
use tempfile::TempDir;

use crate::{
    bench::server::free_address,
    clock,
    error::{During, Error},
};

const POLL: Duration = Duration::from_millis(1);
const READY_WITHIN: Duration = Duration::from_secs(10);

/// What `INFO` answers is a few kilobytes.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Killed when this is dropped.
pub struct Redis {
    child: Child,
    addr: SocketAddr,
    folder: TempDir,
}

impl Redis {
    pub fn start() -> Result<Self, Error> {
        let folder = tempfile::tempdir().during("creating a temporary folder")?;
        let addr = free_address()?;
        let child = Command::new("redis-server")
            .args(["--bind", &addr.ip().to_string()])
            .args(["--port", &addr.port().to_string()])
            .args(["--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(folder.path())
            .args(["--logfile", "redis.log"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|source| Error::Program {
                program: "redis-server",
                package: "redis-server",
                source,
            })?;
        let mut redis = Self {
            child,
            addr,
            folder,
        };
        redis.wait_until_ready()?;
        Ok(redis)
    }

    /// As `redis.url` takes it.
    pub fn url(&self) -> String {
        format!("redis://{}", self.addr)
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// How often each command was called since the start, by scripts too.
    pub fn calls(&self) -> Result<Calls, Error> {
        Ok(Calls(calls_in(&self.info("commandstats")?)))
    }

    fn info(&self, section: &str) -> Result<String, Error> {
        let stream = TcpStream::connect(self.addr).during("connecting to Redis")?;
        let timeout = stream.set_read_timeout(Some(READY_WITHIN));
        timeout.during("setting a timeout")?;
        let asked = (&stream).write_all(format!("INFO {section}\r\n").as_bytes());
        asked.during("asking Redis")?;
        let mut answer = BufReader::new(&stream);
        let mut head = String::new();
        answer.read_line(&mut head).during("reading from Redis")?;
        let length = head
            .trim_end()
            .strip_prefix('$')
            .and_then(|length| length.parse().ok())
            .filter(|&length: &usize| length <= MAX_ANSWER_BYTES)
            .ok_or_else(|| Error::Redis(head.clone()))?;
        let mut text = vec![0; length];
        answer.read_exact(&mut text).during("reading from Redis")?;
        String::from_utf8(text).map_err(|error| Error::Redis(error.to_string()))
    }

    fn wait_until_ready(&mut self) -> Result<(), Error> {
        let start = clock::now();
        while self.info("server").is_err() {
            let ended = self.child.try_wait().during("waiting for Redis")?;
            if ended.is_some() || start.elapsed() > READY_WITHIN {
                let log = self.folder.path().join("redis.log");
                return Err(Error::Redis(fs::read_to_string(log).unwrap_or_default()));
            }
            thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // Both fail only when the process has ended already.
        if self.child.kill().is_ok() && self.child.wait().is_err() {
            eprintln!("the end of Redis was not seen");
        }
    }
}

#[derive(Debug)]
pub struct Calls(BTreeMap<String, u64>);

impl Calls {
    pub fn of(&self, command: &str) -> u64 {
        self.0.get(command).copied().unwrap_or(0)
    }
}

/// Lines such as `cmdstat_publish:calls=3,usec=17,...`.
fn calls_in(info: &str) -> BTreeMap<String, u64> {
    let parse = |line: &str| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        let calls = rest.split(',').next()?.parse().ok()?;
        Some((name.to_owned(), calls))
    };
    info.lines().filter_map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_by_command() {
        let info = "# Commandstats\r\ncmdstat_publish:calls=12,usec=40,usec_per_call=3.33\r\n\
                    cmdstat_config|get:calls=2,usec=9\r\n";
        let calls = Calls(calls_in(info));
        assert_eq!((calls.of("publish"), calls.of("config|get")), (12, 2));
        assert_eq!(calls.of("hget"), 0);
    }
}
