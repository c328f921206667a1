//! Several Redis processes that know each other: a Redis Cluster, and Sentinels over a master.

use std::{fs, process::Command};

use tempfile::TempDir;

use super::{
    clock::wait_for,
    ports::free_port,
    process::Process,
    redis::{Redis, RedisOptions},
};
use crate::server::PATIENCE;

/// The fewest that can be one.
const MASTERS: usize = 3;

pub struct RedisCluster {
    pub masters: Vec<Redis>,
}

impl RedisCluster {
    pub fn start() -> Self {
        let options = RedisOptions::new().in_cluster();
        let masters: Vec<_> = (0..MASTERS).map(|_| options.clone().start()).collect();
        let addresses = masters.iter().map(|master| master.address().to_string());
        let created = Command::new("redis-cli")
            .args(["--cluster", "create", "--cluster-yes"])
            .args(addresses)
            .output()
            .unwrap();
        assert!(created.status.success(), "{created:?}");
        for master in &masters {
            wait_for("all slots are served", PATIENCE, || {
                let info = master.command(&["CLUSTER", "INFO"]);
                match info.contains("cluster_state:ok") {
                    true => Ok(()),
                    false => Err(info),
                }
            });
        }
        Self { masters }
    }

    /// As `redis.url` takes it.
    pub fn url(&self) -> String {
        let urls: Vec<_> = self.masters.iter().map(Redis::url).collect();
        urls.join(",")
    }
}

/// Three that watch a master, two of whom can decide that it is gone.
pub struct Sentinels {
    ports: Vec<u16>,
    _processes: Vec<Process>,
    _folder: TempDir,
}

impl Sentinels {
    /// The name under which they know the master.
    pub const MASTER: &'static str = "mymaster";

    /// The replicas have to follow already.
    pub fn over(master: &Redis, replicas: usize) -> Self {
        let folder = TempDir::new().unwrap();
        let ports: Vec<u16> = (0..3).map(|_| free_port()).collect();
        let mut processes = vec![];
        for port in &ports {
            let file = folder.path().join(format!("sentinel-{port}.conf"));
            let (name, master) = (Self::MASTER, master.port);
            let text = format!(
                "port {port}\nbind 127.0.0.1\n\
                 sentinel monitor {name} 127.0.0.1 {master} 2\n\
                 sentinel down-after-milliseconds {name} 1000\n\
                 sentinel failover-timeout {name} 5000\n"
            );
            fs::write(&file, text).unwrap();
            let process = Process::start(Command::new("redis-server").arg(file).arg("--sentinel"));
            process.log_of("+monitor");
            processes.push(process);
        }
        let sentinels = Self {
            ports,
            _processes: processes,
            _folder: folder,
        };
        for port in &sentinels.ports {
            wait_for("the Sentinels know each other", PATIENCE, || {
                let quorum = ask(*port, &["SENTINEL", "CKQUORUM", Self::MASTER]);
                let known = ask(*port, &["SENTINEL", "REPLICAS", Self::MASTER]);
                let known = known.lines().filter(|line| *line == "runid").count();
                match quorum.starts_with("OK 3") && known == replicas {
                    true => Ok(()),
                    false => Err(format!("{quorum}, {known} replicas")),
                }
            });
        }
        sentinels
    }

    /// As `redis.url` takes it.
    pub fn url(&self) -> String {
        let urls = self.ports.iter();
        let urls: Vec<_> = urls
            .map(|port| format!("redis://127.0.0.1:{port}"))
            .collect();
        urls.join(",")
    }

    /// The port of whom they hold for the master.
    pub fn master_port(&self) -> u16 {
        let answer = ask(
            self.ports[0],
            &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self::MASTER],
        );
        answer.lines().nth(1).unwrap().parse().unwrap()
    }
}

fn ask(port: u16, words: &[&str]) -> String {
    let output = Command::new("redis-cli")
        .args(["-p", &port.to_string()])
        .args(words)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim_end().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::redis::RedisOptions;

    #[test]
    #[ignore = "needs Debian packages: cargo xtask test --only cluster"]
    fn cluster_serves_keys_wherever_they_lie() {
        let cluster = RedisCluster::start();
        assert_eq!(cluster.url().split(',').count(), MASTERS);
        let sizes = cluster.masters.iter();
        let sizes: Vec<_> = sizes.map(|master| master.command(&["DBSIZE"])).collect();
        assert_eq!(sizes, ["0", "0", "0"]);
    }

    #[test]
    #[ignore = "needs Debian packages: cargo xtask test --only cluster"]
    fn sentinels_promote_the_replica_of_a_dead_master() {
        let mut master = Redis::start();
        let replica = RedisOptions::new().replica_of(master.address()).start();
        let sentinels = Sentinels::over(&master, 1);
        assert_eq!(sentinels.master_port(), master.port);
        assert_eq!(sentinels.url().split(',').count(), 3);
        master.command(&["SET", "key", "value"]);
        wait_for("the replica has the key", PATIENCE, || {
            match replica.command(&["GET", "key"]) {
                value if value == "value" => Ok(()),
                other => Err(other),
            }
        });
        master.kill();
        wait_for("the replica is the master", PATIENCE, || {
            match sentinels.master_port() {
                port if port == replica.port => Ok(()),
                other => Err(other.to_string()),
            }
        });
        wait_for("it takes writes", PATIENCE, || {
            match replica.command(&["SET", "key", "other"]) {
                answer if answer == "OK" => Ok(()),
                other => Err(other),
            }
        });
    }
}
