use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream, UdpSocket},
};

use wecall_turn::{
    Family,
    client::{Client, Received, Success},
    stun::frame_bytes,
};

use crate::kit::{PATIENCE, Server, credentials, socket};

/// A client over a transport.
struct Line<T> {
    transport: T,
    client: Client,
}

trait Transport {
    fn send(&mut self, packet: &[u8]);
    fn receive(&mut self) -> Vec<u8>;
}

impl Transport for UdpSocket {
    fn send(&mut self, packet: &[u8]) {
        UdpSocket::send(self, packet).unwrap();
    }

    fn receive(&mut self) -> Vec<u8> {
        let mut buffer = [0; 2_000];
        let length = self.recv(&mut buffer).unwrap();
        buffer[..length].to_vec()
    }
}

impl Transport for TcpStream {
    fn send(&mut self, packet: &[u8]) {
        self.write_all(packet).unwrap();
    }

    fn receive(&mut self) -> Vec<u8> {
        let mut frame = vec![0; 4];
        self.read_exact(&mut frame).unwrap();
        let length = frame_bytes(&frame).unwrap().unwrap();
        frame.resize(length, 0);
        self.read_exact(&mut frame[4..]).unwrap();
        frame
    }
}

impl<T: Transport> Line<T> {
    fn ask(&mut self, request: impl Fn(&mut Client) -> Vec<u8>) -> Success {
        loop {
            let packet = request(&mut self.client);
            self.transport.send(&packet);
            let answer = self.transport.receive();
            match self.client.receive(&answer).unwrap() {
                Received::Success(success) => return success,
                Received::Error {
                    code: 401 | 438, ..
                } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn relays_both_ways(&mut self) {
        let relayed = self
            .ask(|client| client.allocate(Family::V4))
            .relayed
            .unwrap();
        let peer = socket();
        let peer_address = peer.local_addr().unwrap();
        self.ask(|client| client.bind(0x4000, peer_address));

        self.transport.send(&Client::channel_data(0x4000, b"ping!"));
        let mut buffer = [0; 100];
        let (length, from) = peer.recv_from(&mut buffer).unwrap();
        assert_eq!((&buffer[..length], from), (&b"ping!"[..], relayed));
        peer.send_to(b"pong!", relayed).unwrap();
        let answer = self.transport.receive();
        let received = self.client.receive(&answer);
        let (number, data) = (0x4000, &b"pong!"[..]);
        assert_eq!(received, Some(Received::OnChannel { number, data }));
    }
}

fn by_udp(server: &Server, user: &str) -> Line<UdpSocket> {
    let transport = socket();
    transport.connect(server.udp).unwrap();
    let client = Client::new(credentials(user), 0);
    Line { transport, client }
}

fn by_tcp(address: SocketAddr, user: &str) -> Line<TcpStream> {
    let transport = TcpStream::connect(address).unwrap();
    transport.set_read_timeout(Some(PATIENCE)).unwrap();
    let client = Client::new(credentials(user), 0);
    Line { transport, client }
}

#[test]
fn udp_is_relayed_both_ways() {
    let server = Server::start();
    let mut ada = by_udp(&server, "ada");
    let mapped = ada.ask(Client::binding).mapped;
    assert_eq!(mapped, Some(ada.transport.local_addr().unwrap()));
    ada.relays_both_ways();
    assert_eq!(server.figures.allocations(), 1);
}

#[test]
fn tcp_is_relayed_both_ways_and_its_end_frees_the_port() {
    let server = Server::start();
    let mut ada = by_tcp(server.tcp, "ada");
    ada.relays_both_ways();
    assert_eq!(server.figures.allocations(), 1);
    drop(ada);
    // The answer to someone else comes after the end of the first was seen.
    let mut grace = by_tcp(server.tcp, "grace");
    while server.figures.allocations() > 0 {
        grace.ask(Client::binding);
    }
}

#[test]
fn frames_may_come_in_pieces_and_together() {
    let server = Server::start();
    let mut ada = by_tcp(server.tcp, "ada");
    let mut both = ada.client.binding();
    both.extend(ada.client.binding());
    for piece in both.chunks(7) {
        ada.transport.write_all(piece).unwrap();
        ada.transport.flush().unwrap();
    }
    for _ in 0..2 {
        let answer = ada.transport.receive();
        assert!(matches!(
            ada.client.receive(&answer),
            Some(Received::Success(_))
        ));
    }
}

#[test]
fn another_protocol_is_cut_off() {
    let server = Server::start();
    let mut stranger = by_tcp(server.tcp, "mallory").transport;
    stranger
        .write_all(b"\x16\x03\x01\x02\x03\xff\xff\xff")
        .unwrap();
    assert_eq!(stranger.read(&mut [0; 10]).unwrap_or(0), 0);
}

#[test]
fn closing_server_goes_on_relaying_and_opens_nothing() {
    let server = Server::start();
    let mut ada = by_udp(&server, "ada");
    ada.relays_both_ways();
    server.running.close();
    let mut grace = by_udp(&server, "grace");
    // The server hears of it at some time after the call.
    let code = loop {
        let packet = grace.client.allocate(Family::V4);
        Transport::send(&mut grace.transport, &packet);
        let answer = Transport::receive(&mut grace.transport);
        match grace.client.receive(&answer).unwrap() {
            Received::Error { code: 401, .. } => {}
            Received::Error { code, .. } => break code,
            Received::Success(_) => {
                grace.ask(|client| client.refresh(0));
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(code, 508);
    ada.ask(|client| client.refresh(600));
}
