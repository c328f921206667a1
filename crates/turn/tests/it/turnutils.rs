//! coturn's client against our server: another reading of the same RFCs.

use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use crate::kit::{SECRET, Server};

/// Echoes what comes to it.
struct Peer {
    child: Child,
    port: u16,
}

impl Peer {
    fn start() -> Self {
        // Free a moment ago; coturn's peer takes no port of its own choice.
        let free = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let child = Command::new("turnutils_peer")
            .args(["-L", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("turnutils_peer of the Debian package coturn");
        Self { child, port }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Runs it, and checks that every message came back.
fn uclient(server: SocketAddr, arguments: &[&str]) {
    let output = Command::new("turnutils_uclient")
        .args([
            "-u", "ada", "-W", SECRET, "-c", "-n", "20", "-m", "3", "-l", "200",
        ])
        .args(["-p", &server.port().to_string()])
        .args(arguments)
        .arg(server.ip().to_string())
        .output()
        .expect("turnutils_uclient of the Debian package coturn");
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("Total lost packets 0 "), "{text}");
}

fn every_way(server: SocketAddr, arguments: &[&str]) {
    let with = |more: &[&str]| uclient(server, &[arguments, more].concat());
    // From one relay to another, by channels and by indications.
    with(&["-y"]);
    with(&["-y", "-s"]);
    let peer = Peer::start();
    let port = peer.port.to_string();
    with(&["-e", "127.0.0.1", "-r", &port]);
    with(&["-e", "127.0.0.1", "-r", &port, "-s"]);
}

#[test]
fn coturns_client_relays_over_udp() {
    every_way(Server::start().udp, &[]);
}

#[test]
fn coturns_client_relays_over_tcp() {
    every_way(Server::start().tcp, &["-t"]);
}

#[test]
fn coturns_client_relays_over_tls() {
    every_way(Server::start().tls, &["-t", "-S"]);
}
