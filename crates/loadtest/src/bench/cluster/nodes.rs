//! Three nodes over one Redis.

use std::{net::SocketAddr, path::Path, time::Duration};

use wecall_protocol::RoomId;

use super::redis::Redis;
use crate::{Error, bench::server::Server, process, rest};

pub const NODES: usize = 3;

pub struct Nodes {
    pub servers: Vec<Server>,
    pub redis: Redis,
}

/// CPU times so far.
pub struct Spent {
    nodes: Duration,
    redis: Duration,
}

impl Nodes {
    pub fn start(binary: &Path) -> Result<Self, Error> {
        Self::start_some(binary, NODES)
    }

    /// One node that has Redis to itself.
    pub fn start_alone(binary: &Path) -> Result<Self, Error> {
        Self::start_some(binary, 1)
    }

    fn start_some(binary: &Path, count: usize) -> Result<Self, Error> {
        let redis = Redis::start()?;
        let url = redis.url();
        let servers: Result<Vec<_>, _> = (1..=count)
            .map(|number| {
                let name = format!("node-{number}");
                let settings = [
                    ("WECALL_REDIS__URL", url.as_str()),
                    ("WECALL_CLUSTER__NODE_NAME", &name),
                ];
                Server::start_with(binary, &settings)
            })
            .collect();
        Ok(Self {
            servers: servers?,
            redis,
        })
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(|server| server.addr).collect()
    }

    /// Creates rooms at every node; who created one of them is not who opens it next.
    pub fn create_rooms(&self, count: usize, size: usize) -> Result<Vec<RoomId>, Error> {
        let mut rooms = Vec::with_capacity(count);
        for (index, server) in self.servers.iter().enumerate() {
            let share = (count + index) / self.servers.len();
            rooms.extend(rest::create_rooms(server.addr, share, size)?);
        }
        Ok(rooms)
    }

    pub fn spent(&self) -> Result<Spent, Error> {
        let mut nodes = Duration::ZERO;
        for server in &self.servers {
            nodes += process::cpu_time(server.pid())?;
        }
        Ok(Spent {
            nodes,
            redis: process::cpu_time(self.redis.pid())?,
        })
    }
}

impl Spent {
    /// Microseconds that each of `count` things has cost: all nodes together, and Redis.
    pub fn since(&self, before: &Self, count: u64) -> [f64; 2] {
        let each = |now: Duration, before: Duration| {
            now.saturating_sub(before).as_secs_f64() * 1e6 / count as f64
        };
        [
            each(self.nodes, before.nodes),
            each(self.redis, before.redis),
        ]
    }
}
