//! Nodes of one deployment: the real program, several times, over one Redis.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use serde_json::Value;

use super::{
    clock::wait_for, fault_proxy::FaultProxy, figures::Figures, ports::free_port, redis::Redis,
};
use crate::server::{Ended, Options, Server};

#[derive(Clone)]
pub struct ClusterOptions {
    nodes: usize,
    through_proxies: bool,
    settings: Vec<(String, String)>,
}

pub struct Cluster {
    pub redis: Redis,
    pub nodes: Vec<Node>,
}

pub struct Node {
    pub name: String,
    pub address: SocketAddr,
    pub metrics: SocketAddr,
    options: Options,
    life: Life,
    proxy: Option<FaultProxy>,
}

enum Life {
    Running(Server),
    Ended(Ended),
    /// Between the two.
    Changing,
}

impl ClusterOptions {
    pub fn new(nodes: usize) -> Self {
        Self {
            nodes,
            through_proxies: false,
            settings: vec![],
        }
    }

    /// Each node reaches Redis over a way of its own.
    pub fn through_proxies(mut self) -> Self {
        self.through_proxies = true;
        self
    }

    /// Sets `WECALL_{name}` for all nodes.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    pub fn start(self) -> Cluster {
        let redis = Redis::start();
        let nodes = (1..=self.nodes)
            .map(|number| {
                let proxy = self
                    .through_proxies
                    .then(|| FaultProxy::to(redis.address()));
                let address = proxy
                    .as_ref()
                    .map_or(redis.address(), |proxy| proxy.address);
                let mut options = node_options(&format!("node-{number}"))
                    .env("REDIS__URL", &redis.url_through(address));
                for (name, value) in &self.settings {
                    options = options.env(name, value);
                }
                Node::start(format!("node-{number}"), options, proxy)
            })
            .collect();
        Cluster { redis, nodes }
    }
}

/// A node as all are here: the program under test, or the one that `WECALL_BIN` names.
pub fn node_options(name: &str) -> Options {
    let mut options = Options::new()
        .env("CLUSTER__NODE_NAME", name)
        // All people come from one address.
        .env("LIMITS__ENABLED", "false");
    options.binary = std::env::var_os("WECALL_BIN").map(PathBuf::from);
    options
}

impl Cluster {
    pub fn of(nodes: usize) -> Self {
        ClusterOptions::new(nodes).start()
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.address).collect()
    }

    /// Waits until the figures of the nodes that run are so.
    pub fn wait_for_figures(
        &self,
        what: &str,
        patience: Duration,
        holds: impl Fn(&Figures) -> bool,
    ) {
        for node in self.nodes.iter().filter(|node| node.is_running()) {
            node.wait_for_figures(what, patience, &holds);
        }
    }
}

impl Node {
    pub fn start(name: String, options: Options, proxy: Option<FaultProxy>) -> Self {
        let [address, metrics] =
            [free_port(), free_port()].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let server = options.clone().listen_at(address, metrics).start();
        Self {
            name,
            address,
            metrics,
            options,
            life: Life::Running(server),
            proxy,
        }
    }

    /// The way to Redis, in a cluster that was started [`ClusterOptions::through_proxies`].
    pub fn proxy(&self) -> &FaultProxy {
        self.proxy.as_ref().unwrap()
    }

    pub fn server(&self) -> &Server {
        match &self.life {
            Life::Running(server) => server,
            Life::Ended(_) | Life::Changing => panic!("{} does not run", self.name),
        }
    }

    pub fn is_running(&self) -> bool {
        matches!(self.life, Life::Running(_))
    }

    /// Ends it without a warning, as `kill -9` does.
    pub fn kill(&mut self) {
        self.take_server(Server::end);
    }

    /// SIGTERM, and its end after everyone was sent away.
    pub fn stop(&mut self) {
        self.server().signal("TERM");
        self.take_server(|mut server| {
            let status = server.wait();
            assert!(status.success(), "{status}");
            server.end()
        });
    }

    fn take_server(&mut self, end: impl FnOnce(Server) -> Ended) {
        match std::mem::replace(&mut self.life, Life::Changing) {
            Life::Running(server) => self.life = Life::Ended(end(server)),
            Life::Ended(_) | Life::Changing => panic!("{} does not run", self.name),
        }
    }

    /// Starts it again, on the same ports and data folder.
    pub fn start_again(&mut self) {
        self.start_again_with(self.options.clone());
    }

    /// The same with other settings, or another program.
    pub fn start_again_with(&mut self, options: Options) {
        match std::mem::replace(&mut self.life, Life::Changing) {
            Life::Ended(ended) => self.life = Life::Running(ended.start(options)),
            Life::Running(_) | Life::Changing => panic!("{} runs", self.name),
        }
    }

    /// It hangs: connections stay open, nothing is answered.
    pub fn pause(&self) {
        self.server().signal("STOP");
    }

    pub fn go_on(&self) {
        self.server().signal("CONT");
    }

    pub fn figures(&self) -> Figures {
        Figures::scrape(self.metrics)
    }

    /// One figure, or 0 where the node does not have it.
    pub fn figure(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.figures().value(name, labels).unwrap_or(0.0)
    }

    pub fn wait_for_figures(
        &self,
        what: &str,
        patience: Duration,
        holds: impl Fn(&Figures) -> bool,
    ) {
        let what = format!("{}: {what}", self.name);
        wait_for(&what, patience, || match holds(&self.figures()) {
            true => Ok(()),
            false => Err("other figures".into()),
        });
    }

    /// The participants of a room, as the API of this node counts them; `None` without the room.
    pub fn count_in(&self, room: &str) -> Option<u64> {
        let response = self.server().get(&format!("/api/rooms/{room}"));
        let body = (response.status == 200).then(|| response.json());
        body.and_then(|body: Value| body["participant_count"].as_u64())
    }
}
