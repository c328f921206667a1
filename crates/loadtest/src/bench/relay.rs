//! Latency of relayed messages at a fixed rate.

use std::time::Duration;

use crate::{
    Error,
    open_loop::{OpenLoop, Rate},
    payload::ClientVersion,
    process,
    report::{Spec, Target},
    rest,
    swarm::{Spread, Swarm, Venue},
};

use super::{Options, server::Server};

const MESSAGE_BYTES: usize = 2_000;

/// All participants together.
const MESSAGES_A_SECOND: u32 = 10_000;

const fn spec(key: &'static str, what: &'static str, unit: &'static str) -> Spec {
    Spec {
        key,
        what,
        unit,
        target: None,
    }
}

pub const FIGURES: [Spec; 4] = [
    spec("relay.p50", "relay of 10,000 messages/s of 2 kB, p50", "ms"),
    Spec {
        target: Some(Target::AtMost(5.0)),
        ..spec("relay.p99", "relay of 10,000 messages/s of 2 kB, p99", "ms")
    },
    spec(
        "relay.max",
        "relay of 10,000 messages/s of 2 kB, longest",
        "ms",
    ),
    spec("relay.cpu", "server CPU per message at that rate", "µs"),
];

pub fn measure(options: &Options) -> Result<[f64; 4], Error> {
    let server = Server::start(&options.server)?;
    load(&server, options.pairs(), options.duration())
}

/// The same of a server that runs and is empty.
pub fn load(server: &Server, pairs: usize, duration: Duration) -> Result<[f64; 4], Error> {
    let rooms = rest::create_rooms(server.addr, pairs, 2)?;
    let venue = Venue {
        nodes: &[server.addr],
        spread: Spread::Rooms,
        path: "/ws",
        rooms: &rooms,
        room_size: 2,
    };
    let mut swarm = Swarm::join(&venue, ClientVersion::V2)?;
    let load = OpenLoop {
        rate: Rate::a_second(MESSAGES_A_SECOND),
        message_bytes: MESSAGE_BYTES,
        duration,
    };
    let before = process::cpu_time(server.pid())?;
    let outcome = load.run(&mut swarm)?;
    let cpu = process::cpu_time(server.pid())?.saturating_sub(before);
    Ok([
        outcome.latencies.quantile_ms(0.5),
        outcome.latencies.quantile_ms(0.99),
        outcome.latencies.max_ms(),
        cpu.as_secs_f64() * 1e6 / outcome.messages as f64,
    ])
}
