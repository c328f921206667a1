//! A real Redis.

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Output},
};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::TempDir;

use super::{clock::wait_for, ports::free_port, process::Process};
use crate::server::PATIENCE;

#[derive(Default, Clone)]
pub struct RedisOptions {
    keeps_data: bool,
    password: Option<String>,
    replica_of: Option<SocketAddr>,
    tls: bool,
    in_cluster: bool,
}

pub struct Redis {
    options: RedisOptions,
    pub port: u16,
    folder: TempDir,
    process: Option<Process>,
}

impl RedisOptions {
    pub fn new() -> Self {
        Self::default()
    }

    /// Every write is on disk before it is answered.
    pub fn keeps_data(mut self) -> Self {
        self.keeps_data = true;
        self
    }

    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.into());
        self
    }

    pub fn replica_of(mut self, master: SocketAddr) -> Self {
        self.replica_of = Some(master);
        self
    }

    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// One of [`super::redis_groups::RedisCluster`].
    pub(super) fn in_cluster(mut self) -> Self {
        self.in_cluster = true;
        self
    }

    pub fn start(self) -> Redis {
        let mut redis = Redis {
            options: self,
            port: free_port(),
            folder: TempDir::new().unwrap(),
            process: None,
        };
        if redis.options.tls {
            redis.write_certificate();
        }
        redis.start_again();
        redis
    }
}

impl Redis {
    pub fn start() -> Self {
        RedisOptions::new().start()
    }

    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// As `redis.url` takes it.
    pub fn url(&self) -> String {
        self.url_through(self.address())
    }

    /// As `redis.url` takes it, for a way that leads here.
    pub fn url_through(&self, address: SocketAddr) -> String {
        let scheme = if self.options.tls { "rediss" } else { "redis" };
        let password = self.options.password.as_ref();
        let password = password.map_or(String::new(), |password| format!(":{password}@"));
        format!("{scheme}://{password}{address}")
    }

    /// The certificate that it shows, which is its own authority.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// Starts it, after [`Self::kill`] on the same port, with the data that it kept if it keeps any.
    pub fn start_again(&mut self) {
        assert!(self.process.is_none(), "it runs");
        let process = Process::start(&mut self.server());
        process.log_of("Ready to accept connections");
        self.process = Some(process);
        assert_eq!(self.command(&["PING"]), "PONG");
        if self.options.replica_of.is_some() {
            wait_for("the replica follows", PATIENCE, || {
                let replication = self.command(&["INFO", "replication"]);
                match replication.contains("master_link_status:up") {
                    true => Ok(()),
                    false => Err(replication),
                }
            });
        }
    }

    /// Starts it without anything that it kept.
    pub fn start_empty(&mut self) {
        for kept in ["appendonlydir", "dump.rdb"] {
            let path = self.folder.path().join(kept);
            // Whichever of the two kinds it is, if it is there at all.
            drop(fs::remove_dir_all(&path));
            drop(fs::remove_file(&path));
        }
        self.start_again();
        if !self.options.in_cluster {
            assert_eq!(self.command(&["DBSIZE"]), "0");
        }
    }

    /// Ends it without a warning.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// It hangs: connections stay open, nothing is answered.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    pub fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        self.process.as_ref().unwrap().signal(name);
    }

    /// Makes a replica the master of what it has.
    pub fn promote(&mut self) {
        self.options.replica_of = None;
        assert_eq!(self.command(&["REPLICAOF", "NO", "ONE"]), "OK");
    }

    /// What it answers, one line a value.
    pub fn command(&self, words: &[&str]) -> String {
        let output = self.try_command(words);
        let answer = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {answer} {errors}");
        answer.trim_end().to_owned()
    }

    fn try_command(&self, words: &[&str]) -> Output {
        let mut client = Command::new("redis-cli");
        client.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        if let Some(password) = &self.options.password {
            client.args(["-a", password, "--no-auth-warning"]);
        }
        if self.options.tls {
            client.arg("--tls").arg("--cacert").arg(self.certificate());
        }
        client.args(words).output().unwrap()
    }

    fn server(&self) -> Command {
        let mut server = Command::new("redis-server");
        let (folder, port) = (self.folder.path(), self.port.to_string());
        server.args(["--bind", "127.0.0.1", "--save", "", "--dir"]);
        server.arg(folder);
        if self.options.tls {
            server.args(["--port", "0", "--tls-port", &port]);
            server.args(["--tls-auth-clients", "no", "--tls-cert-file"]);
            server.arg(self.certificate()).arg("--tls-key-file");
            server.arg(folder.join("key.pem")).arg("--tls-ca-cert-file");
            server.arg(self.certificate());
        } else {
            server.args(["--port", &port]);
        }
        if self.options.keeps_data {
            server.args(["--appendonly", "yes", "--appendfsync", "always"]);
        }
        if let Some(password) = &self.options.password {
            server.args(["--requirepass", password, "--masterauth", password]);
        }
        if let Some(master) = self.options.replica_of {
            let (host, port) = (master.ip().to_string(), master.port().to_string());
            server.args(["--replicaof", &host, &port]);
            // At once, not after a while of waiting for more replicas.
            server.args(["--repl-diskless-sync-delay", "0"]);
        }
        if self.options.in_cluster {
            server.args(["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"]);
            server.args(["--cluster-port", &free_port().to_string()]);
        }
        server
    }

    fn write_certificate(&self) {
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        fs::write(self.certificate(), cert.pem()).unwrap();
        let key = self.folder.path().join("key.pem");
        fs::write(key, signing_key.serialize_pem()).unwrap();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::world::fault_proxy::{Direction, FaultProxy};

    #[test]
    #[ignore = "needs Debian packages: cargo xtask test --only cluster"]
    fn data_is_there_after_a_kill_if_it_is_kept() {
        let mut redis = RedisOptions::new().keeps_data().start();
        redis.command(&["SET", "key", "value"]);
        redis.kill();
        redis.start_again();
        assert_eq!(redis.command(&["GET", "key"]), "value");
        redis.kill();
        redis.start_empty();

        let mut redis = Redis::start();
        redis.command(&["SET", "key", "value"]);
        redis.kill();
        redis.start_again();
        assert_eq!(redis.command(&["DBSIZE"]), "0");
    }

    #[test]
    #[ignore = "needs Debian packages: cargo xtask test --only cluster"]
    fn password_and_certificate_are_asked_for() {
        let redis = RedisOptions::new().password("hush").tls().start();
        assert_eq!(
            redis.url(),
            format!("rediss://:hush@127.0.0.1:{}", redis.port)
        );
        redis.command(&["SET", "key", "value"]);
        let stranger = Command::new("redis-cli")
            .args(["-p", &redis.port.to_string(), "PING"])
            .output()
            .unwrap();
        assert_ne!(stranger.stdout, b"PONG\n");
    }

    #[test]
    #[ignore = "needs Debian packages: cargo xtask test --only cluster"]
    fn replica_has_everything_and_can_be_promoted() {
        let master = Redis::start();
        master.command(&["SET", "key", "value"]);
        let mut replica = RedisOptions::new().replica_of(master.address()).start();
        assert_eq!(replica.command(&["GET", "key"]), "value");
        replica.promote();
        assert_eq!(replica.command(&["SET", "key", "other"]), "OK");
    }

    #[test]
    #[ignore = "needs Debian packages: cargo xtask test --only cluster"]
    fn paused_redis_and_stalled_way_answer_afterwards() {
        let redis = Redis::start();
        let proxy = FaultProxy::to(redis.address());
        let ask = || {
            let port = proxy.address.port().to_string();
            let mut client = Command::new("redis-cli");
            client.args(["-p", &port, "INCR", "asked"]);
            std::thread::spawn(move || client.output().unwrap().stdout)
        };
        assert_eq!(ask().join().unwrap(), b"1\n");
        redis.pause();
        let asked = ask();
        proxy.stall(Direction::ToClient);
        redis.go_on();
        // It has done what was asked, and cannot say so.
        wait_for("the second question is answered", PATIENCE, || match redis
            .command(&["GET", "asked"])
        {
            asked if asked == "2" => Ok(()),
            other => Err(other),
        });
        assert!(!asked.is_finished());
        proxy.delay(Direction::ToServer, Duration::from_millis(1));
        proxy.flow(Direction::ToClient);
        assert_eq!(asked.join().unwrap(), b"2\n");
    }
}
