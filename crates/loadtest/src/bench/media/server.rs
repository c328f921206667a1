//! The server under test, in a process of its own on cores of its own.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use rustix::process::Pid;

use super::Options;
use crate::{Error, error::During};

pub struct Server {
    pub addr: SocketAddr,
    pub pid: Pid,
    child: Option<Child>,
}

impl Server {
    /// With one shard on the server's core, or with two on all cores.
    pub fn find(options: &Options, shards: usize) -> Result<Self, Error> {
        match (
            &options.server,
            options.url,
            options.pid.and_then(Pid::from_raw),
        ) {
            (_, Some(addr), Some(pid)) => Ok(Self {
                addr,
                pid,
                child: None,
            }),
            (Some(binary), ..) if shards == 1 => {
                Self::start(binary, &options.core.to_string(), shards)
            }
            (Some(binary), ..) => Self::start(binary, "0-1", shards),
            _ => Err(Error::Machine("no server to measure".into())),
        }
    }

    fn start(binary: &Path, cores: &str, shards: usize) -> Result<Self, Error> {
        let binary = fs::canonicalize(binary).during(format!("finding {}", binary.display()))?;
        // `taskset` becomes the server, so the process is the one that was started.
        let mut child = Command::new("taskset")
            .args(["--cpu-list", cores])
            .arg(&binary)
            .args(["127.0.0.1:0", &shards.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .during(format!("starting {}", binary.display()))?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output)
                .read_line(&mut line)
                .during("reading the server's address")?;
        }
        let addr = line.trim().parse();
        let pid = Pid::from_child(&child);
        let server = Self {
            addr: addr.map_err(|_| Error::NotReady(line.clone()))?,
            pid,
            child: Some(child),
        };
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child
            && child.kill().is_ok()
            && child.wait().is_err()
        {
            eprintln!("the server's end was not seen");
        }
    }
}
