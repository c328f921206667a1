//! The load balancers of `deploy/`, with its very configuration.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::{clock::wait_for, figures::Figures, ports::free_port, process::Process};
use crate::server::{PATIENCE, request};

/// A load balancer before some nodes.
pub struct Balancer {
    /// Where people connect.
    pub address: SocketAddr,
    /// Where it tells Prometheus its own figures, if it has any.
    figures: Option<SocketAddr>,
    _process: Process,
    _folder: TempDir,
}

/// A file of `deploy/`.
pub fn deployed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../deploy")
        .join(name)
}

impl Balancer {
    /// HAProxy before three nodes, configured by `deploy/haproxy.cfg` and its environment.
    pub fn haproxy(nodes: &[SocketAddr; 3]) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut haproxy = Command::new("haproxy");
        haproxy.arg("-db").arg("-f").arg(deployed("haproxy.cfg"));
        haproxy.env("WECALL_BIND", address.to_string());
        let figures = SocketAddr::from(([127, 0, 0, 1], free_port()));
        haproxy.env("WECALL_STATS_BIND", figures.to_string());
        haproxy.env("WECALL_FILES", "10000");
        for (name, node) in settings(nodes) {
            haproxy.env(name, node);
        }
        let process = Process::start(&mut haproxy);
        let mut balancer = Self::ready(address, process, TempDir::new().unwrap());
        balancer.figures = Some(figures);
        balancer
    }

    /// nginx before three nodes, configured by `deploy/nginx.conf` with its variables filled in.
    pub fn nginx(nodes: &[SocketAddr; 3]) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let folder = TempDir::new().unwrap();
        let mut site = fs::read_to_string(deployed("nginx.conf")).unwrap();
        let bind = [("WECALL_BIND".to_owned(), address.to_string())];
        for (name, value) in settings(nodes).chain(bind) {
            site = site.replace(&format!("${{{name}}}"), &value);
        }
        fs::write(folder.path().join("wecall.conf"), site).unwrap();
        // What the distribution's own `nginx.conf` says, but in a folder of the test's.
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {kind};"));
        let main = format!(
            "daemon off;\npid nginx.pid;\nworker_processes 2;\nerror_log stderr notice;\n\
             events {{ worker_connections 4096; }}\n\
             http {{\naccess_log off;\n{}\ninclude wecall.conf;\n}}\n",
            temporary.join("\n")
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, main).unwrap();
        let mut nginx = Command::new("nginx");
        nginx.arg("-p").arg(folder.path()).arg("-c").arg(&file);
        nginx.args(["-e", "stderr"]);
        let process = Process::start(&mut nginx).with_children();
        Self::ready(address, process, folder)
    }

    /// Waits until HAProxy gives new people to so many nodes. nginx does not ask them.
    pub fn wait_for_nodes(&self, expected: usize) {
        let Some(figures) = self.figures else {
            return;
        };
        let up = |node: usize, figures: &Figures| {
            let node = format!("node{node}");
            let labels = [
                ("proxy", "nodes"),
                ("server", node.as_str()),
                ("state", "UP"),
            ];
            figures.value("haproxy_server_status", &labels) == Some(1.0)
        };
        wait_for("HAProxy knows the nodes", PATIENCE, || {
            let figures = Figures::scrape(figures);
            match (1..=3).filter(|node| up(*node, &figures)).count() {
                count if count == expected => Ok(()),
                other => Err(format!("{other} of them")),
            }
        });
    }

    fn ready(address: SocketAddr, process: Process, folder: TempDir) -> Self {
        wait_for("the load balancer reaches a node", PATIENCE, || {
            let stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let host = address.to_string();
            match request(stream, &host, "GET", "/readyz", &[], "").status {
                200 => Ok(()),
                other => Err(other.to_string()),
            }
        });
        Self {
            address,
            figures: None,
            _process: process,
            _folder: folder,
        }
    }
}

/// What differs from place to place, under its documented names.
fn settings(nodes: &[SocketAddr; 3]) -> impl Iterator<Item = (String, String)> {
    let names = (1..).map(|number| format!("WECALL_NODE_{number}"));
    names.zip(nodes.map(|node| node.to_string()))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use socket2::{Domain, Socket, Type};

    use super::*;
    use crate::{
        client::Room,
        world::{
            call::Call,
            nodes::{Node, node_options},
        },
    };

    #[test]
    #[ignore = "needs Debian packages: cargo xtask test --only cluster"]
    fn people_meet_behind_haproxy() {
        meet_and_come_back(Balancer::haproxy);
    }

    #[test]
    #[ignore = "needs Debian packages: cargo xtask test --only cluster"]
    fn people_meet_behind_nginx() {
        meet_and_come_back(Balancer::nginx);
    }

    #[test]
    #[ignore = "needs Debian packages: cargo xtask test --only cluster"]
    fn limits_go_by_the_real_address_behind_haproxy() {
        limits_go_by_the_real_address(Balancer::haproxy);
    }

    #[test]
    #[ignore = "needs Debian packages: cargo xtask test --only cluster"]
    fn limits_go_by_the_real_address_behind_nginx() {
        limits_go_by_the_real_address(Balancer::nginx);
    }

    fn limits_go_by_the_real_address(balancer: fn(&[SocketAddr; 3]) -> Balancer) {
        let options = node_options("node-1")
            .env("SERVER__TRUSTED_PROXIES", "127.0.0.1/32")
            .env("LIMITS__ENABLED", "true")
            .env("LIMITS__ROOM_CREATIONS", "3, then 1 per 1h");
        let node = Node::start("node-1".into(), options, None);
        let balancer = balancer(&[node.address; 3]);
        let create = |from: [u8; 4], headers: &[(&str, &str)]| {
            let stream = connect_from(from.into(), balancer.address);
            let host = balancer.address.to_string();
            request(stream, &host, "POST", "/api/rooms", headers, "{}")
        };
        let (one, other) = ([127, 0, 0, 2], [127, 0, 0, 3]);
        for _ in 0..3 {
            assert_eq!(create(one, &[]).status, 201);
        }
        let refused = create(one, &[]);
        assert_eq!(refused.status, 429);
        let retry: u32 = refused.header("retry-after").parse().unwrap();
        assert!((1..=3_600).contains(&retry), "{retry}");
        // Whoever they say they are.
        for header in ["x-forwarded-for", "x-real-ip", "forwarded"] {
            for who in ["203.0.113.7", "for=203.0.113.7", "127.0.0.1"] {
                assert_eq!(create(one, &[(header, who)]).status, 429, "{header}: {who}");
            }
        }
        assert_eq!(create(other, &[]).status, 201);
    }

    /// A connection that comes from another address of this machine.
    fn connect_from(source: IpAddr, to: SocketAddr) -> TcpStream {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((source, 0)).into()).unwrap();
        socket.connect(&to.into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// One node in all three places, so that it needs no shared state.
    fn meet_and_come_back(balancer: fn(&[SocketAddr; 3]) -> Balancer) {
        let options = node_options("node-1").env("SERVER__TRUSTED_PROXIES", "127.0.0.1/32");
        let mut node = Node::start("node-1".into(), options, None);
        let balancer = balancer(&[node.address; 3]);
        balancer.wait_for_nodes(3);
        let room = Room::new(node.server());
        let call = Call::behind(balancer.address, room, 3);
        call.works();
        node.kill();
        balancer.wait_for_nodes(0);
        for person in &call.people {
            person.wait("notices", |view| !view.is_in());
        }
        node.start_again();
        call.works();
        call.assert_undisturbed();
    }
}
