//! What one relayed message costs the server, when pairs send back and forth as fast as they can.

use std::time::Duration;

use crate::{
    Error, clock,
    payload::ClientVersion,
    process,
    report::{Spec, Target},
    rest,
    swarm::{Spread, Swarm, Venue},
};

use super::{Options, server::Server};

const PAIRS: usize = 100;
const MESSAGE_BYTES: usize = 2_000;

pub const FIGURES: [Spec; 2] = [
    Spec {
        key: "cpu.per-message",
        what: "server CPU per relayed 2 kB message, closed loop of 100 pairs",
        unit: "µs",
        target: Some(Target::AtMost(15.0)),
    },
    Spec {
        key: "cpu.messages-a-second",
        what: "messages relayed a second in that loop",
        unit: "/s",
        target: None,
    },
];

pub fn measure(options: &Options) -> Result<[f64; 2], Error> {
    load(&Server::start(&options.server)?, options.duration())
}

/// Microseconds of CPU that `server` takes for a message, and messages a second.
pub fn load(server: &Server, duration: Duration) -> Result<[f64; 2], Error> {
    let rooms = rest::create_rooms(server.addr, PAIRS, 2)?;
    let venue = Venue {
        nodes: &[server.addr],
        spread: Spread::Rooms,
        path: "/ws",
        rooms: &rooms,
        room_size: 2,
    };
    let mut swarm = Swarm::join(&venue, ClientVersion::V2)?;
    let offers: Vec<_> = (0..swarm.len())
        .map(|seat| swarm.offer(seat, MESSAGE_BYTES))
        .collect();
    for first in (0..swarm.len()).step_by(2) {
        swarm.send(first, &offers[first])?;
    }
    // The first exchanges grow buffers and warm caches.
    bounce(&mut swarm, &offers, duration / 5)?;
    let before = process::cpu_time(server.pid())?;
    let (messages, elapsed) = bounce(&mut swarm, &offers, duration)?;
    let cpu = process::cpu_time(server.pid())?.saturating_sub(before);
    Ok([
        cpu.as_secs_f64() * 1e6 / messages as f64,
        messages as f64 / elapsed.as_secs_f64(),
    ])
}

/// Answers each message with one, for `duration`; gives the number of those received.
fn bounce(
    swarm: &mut Swarm,
    offers: &[Vec<u8>],
    duration: Duration,
) -> Result<(u64, Duration), Error> {
    let start = clock::now();
    let mut messages = 0;
    let mut arrivals = Vec::new();
    while start.elapsed() < duration {
        swarm.must_receive(&mut arrivals)?;
        for arrival in arrivals.drain(..) {
            messages += 1;
            swarm.send(arrival.seat, &offers[arrival.seat])?;
        }
    }
    Ok((messages, start.elapsed()))
}
