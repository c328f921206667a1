//! Messages from participants at one node to those at another, at a fixed rate.

use std::{thread, time::Duration};

use super::{
    Options,
    nodes::{NODES, Nodes},
};
use crate::{
    Error, clock,
    open_loop::{OpenLoop, Rate},
    payload::ClientVersion,
    report::{Spec, Target},
    swarm::{Spread, Swarm, Venue},
};

const MESSAGE_BYTES: usize = 2_000;

/// All participants together.
const MESSAGES_A_SECOND: u32 = 5_000;

const fn spec(key: &'static str, what: &'static str, unit: &'static str) -> Spec {
    Spec {
        key,
        what,
        unit,
        target: None,
    }
}

pub const FIGURES: [Spec; 8] = [
    spec(
        "relay.p50",
        "relay from node to node, 5,000 messages/s of 2 kB, p50",
        "ms",
    ),
    Spec {
        target: Some(Target::AtMost(10.0)),
        ..spec(
            "relay.p99",
            "relay from node to node, 5,000 messages/s of 2 kB, p99",
            "ms",
        )
    },
    spec(
        "relay.max",
        "relay from node to node, 5,000 messages/s of 2 kB, longest",
        "ms",
    ),
    Spec {
        target: Some(Target::AtMost(1.0)),
        ..spec("relay.publishes", "Redis publishes per message", "")
    },
    spec(
        "relay.cpu",
        "CPU per message at that rate, all nodes together",
        "µs",
    ),
    spec(
        "relay.node-load",
        "CPU of one node at that rate, of a core",
        "%",
    ),
    spec(
        "relay.redis-cpu",
        "CPU per message at that rate, Redis",
        "µs",
    ),
    spec(
        "relay.idle-load",
        "CPU of one node while its participants say nothing, of a core",
        "%",
    ),
];

/// How long nodes are watched while nobody speaks.
const IDLE: Duration = Duration::from_secs(2);

pub fn measure(options: &Options) -> Result<[f64; 8], Error> {
    let nodes = Nodes::start(&options.server)?;
    let rooms = nodes.create_rooms(options.participants / 2, 2)?;
    let venue = Venue {
        nodes: &nodes.addresses(),
        spread: Spread::Seats,
        path: "/ws",
        rooms: &rooms,
        room_size: 2,
    };
    let mut swarm = Swarm::join(&venue, ClientVersion::V2)?;
    let load = OpenLoop {
        rate: Rate::a_second(MESSAGES_A_SECOND),
        message_bytes: MESSAGE_BYTES,
        duration: options.duration(),
    };
    let idle_load = idle_load(&nodes)?;
    let before = nodes.spent()?;
    let published = nodes.redis.calls()?.of("publish");
    let start = clock::now();
    let outcome = load.run(&mut swarm)?;
    let elapsed = start.elapsed();
    let published = nodes.redis.calls()?.of("publish") - published;
    let [cpu, redis_cpu] = nodes.spent()?.since(&before, outcome.messages);
    Ok([
        outcome.latencies.quantile_ms(0.5),
        outcome.latencies.quantile_ms(0.99),
        outcome.latencies.max_ms(),
        published as f64 / outcome.messages as f64,
        cpu,
        share_of_core(cpu * outcome.messages as f64, elapsed),
        redis_cpu,
        idle_load,
    ])
}

/// Percent of a core that one node takes to keep its rooms.
fn idle_load(nodes: &Nodes) -> Result<f64, Error> {
    let before = nodes.spent()?;
    let start = clock::now();
    thread::sleep(IDLE);
    let elapsed = start.elapsed();
    let [spent_us, _] = nodes.spent()?.since(&before, 1);
    Ok(share_of_core(spent_us, elapsed))
}

fn share_of_core(spent_us: f64, elapsed: Duration) -> f64 {
    spent_us / NODES as f64 / 1e6 / elapsed.as_secs_f64() * 100.0
}
