//! Packets at a steady rate, so that both servers do the same work.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    thread,
    time::Duration,
};

use wecall_turn::{
    Family,
    client::{Client, Received, Success},
};

use super::{
    CLIENTS, PACKET_BYTES,
    servers::{Relay, credentials},
};
use crate::{
    clock,
    error::{During, Error},
    process,
};

const CHANNEL: u16 = 0x4000;

/// 20,000 packets a second: well below what either server can do on one core.
const ROUND: Duration = Duration::from_millis(1);

const ANSWER_WITHIN: Duration = Duration::from_secs(5);

pub struct Cost {
    pub to_peer_us: f64,
    pub to_client_us: f64,
}

/// A client with its peer, which speak over a relay.
struct Pair {
    client: UdpSocket,
    peer: UdpSocket,
    relayed: SocketAddr,
}

pub fn cost(relay: &Relay, duration: Duration) -> Result<Cost, Error> {
    let pairs = (0..CLIENTS)
        .map(|index| Pair::open(relay.addr, index))
        .collect::<Result<Vec<_>, _>>()?;
    let data = vec![7; PACKET_BYTES];
    let framed = Client::channel_data(CHANNEL, &data);
    let to_peer_us = one_way(relay, duration, || {
        send_and_count(&pairs, |pair| pair.client.send(&framed), |pair| &pair.peer)
    })?;
    let to_client_us = one_way(relay, duration, || {
        let send = |pair: &Pair| pair.peer.send_to(&data, pair.relayed);
        send_and_count(&pairs, send, |pair| &pair.client)
    })?;
    Ok(Cost {
        to_peer_us,
        to_client_us,
    })
}

/// CPU of the server for each packet that arrived, in microseconds.
fn one_way(
    relay: &Relay,
    duration: Duration,
    mut round: impl FnMut() -> Result<u64, Error>,
) -> Result<f64, Error> {
    let before = process::cpu_time(relay.pid())?;
    let start = clock::now();
    let mut arrived = 0;
    let mut next = start;
    while start.elapsed() < duration {
        arrived += round()?;
        next += ROUND;
        thread::sleep(next.saturating_duration_since(clock::now()));
    }
    if arrived == 0 {
        return Err(Error::Stalled {
            what: "relaying".into(),
            after: duration,
        });
    }
    let cpu = process::cpu_time(relay.pid())?.saturating_sub(before);
    Ok(cpu.as_secs_f64() * 1e6 / arrived as f64)
}

/// One packet of each pair, and how many of those before have arrived.
fn send_and_count<'p>(
    pairs: &'p [Pair],
    send: impl Fn(&Pair) -> std::io::Result<usize>,
    receiver: impl Fn(&'p Pair) -> &'p UdpSocket,
) -> Result<u64, Error> {
    let mut buffer = [0; 2_048];
    let mut arrived = 0;
    for pair in pairs {
        send(pair).during("sending")?;
        while receiver(pair).recv(&mut buffer).is_ok() {
            arrived += 1;
        }
    }
    Ok(arrived)
}

impl Pair {
    fn open(server: SocketAddr, index: usize) -> Result<Self, Error> {
        let open = || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).during("opening a socket");
        let (client, peer) = (open()?, open()?);
        client.connect(server).during("connecting a socket")?;
        client
            .set_read_timeout(Some(ANSWER_WITHIN))
            .during("setting a timeout")?;
        let random = (index as u64) << 32;
        let mut turn = Client::new(credentials(&format!("client-{index}")), random);
        let allocated = ask(&client, &mut turn, |turn| turn.allocate(Family::V4))?;
        let relayed = allocated
            .relayed
            .ok_or_else(|| Error::Message("an allocation without an address".into()))?;
        let to = peer.local_addr().during("opening a socket")?;
        ask(&client, &mut turn, |turn| turn.bind(CHANNEL, to))?;
        for socket in [&client, &peer] {
            socket.set_nonblocking(true).during("opening a socket")?;
        }
        Ok(Self {
            client,
            peer,
            relayed,
        })
    }
}

fn ask(
    socket: &UdpSocket,
    turn: &mut Client,
    request: impl Fn(&mut Client) -> Vec<u8>,
) -> Result<Success, Error> {
    let mut buffer = [0; 2_048];
    let mut challenged = false;
    loop {
        socket.send(&request(turn)).during("sending")?;
        let length = socket.recv(&mut buffer).during("waiting for TURN")?;
        match turn.receive(&buffer[..length]) {
            Some(Received::Success(success)) => return Ok(success),
            Some(Received::Error {
                code: 401 | 438, ..
            }) if !challenged => challenged = true,
            other => return Err(Error::Message(format!("{other:?}"))),
        }
    }
}
