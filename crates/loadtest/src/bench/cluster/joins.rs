//! Participants who join, each a room of their own, at all nodes at once.

use super::{Options, nodes::Nodes};
use crate::{
    Error, clock,
    payload::ClientVersion,
    report::{Spec, Target},
    swarm::{Spread, Swarm, Venue},
};

pub const FIGURES: [Spec; 4] = [
    Spec {
        key: "joins.a-second",
        what: "joins at 3 nodes, distinct rooms",
        unit: "/s",
        target: Some(Target::AtLeast(2_000.0)),
    },
    Spec {
        key: "joins.cpu",
        what: "CPU per join, connection included, all nodes together",
        unit: "µs",
        target: None,
    },
    Spec {
        key: "joins.redis-cpu",
        what: "CPU per join, Redis",
        unit: "µs",
        target: None,
    },
    Spec {
        key: "joins.scripts",
        what: "Redis scripts per join",
        unit: "",
        target: None,
    },
];

pub fn measure(options: &Options) -> Result<[f64; 4], Error> {
    let nodes = Nodes::start(&options.server)?;
    let rooms = nodes.create_rooms(options.participants, 2)?;
    let venue = Venue {
        nodes: &nodes.addresses(),
        spread: Spread::Rooms,
        path: "/ws",
        rooms: &rooms,
        room_size: 1,
    };
    let scripts = nodes.redis.calls()?.of("evalsha");
    let before = nodes.spent()?;
    let start = clock::now();
    let swarm = Swarm::join(&venue, ClientVersion::V2)?;
    let elapsed = start.elapsed();
    let [cpu, redis_cpu] = nodes.spent()?.since(&before, swarm.len() as u64);
    let scripts = nodes.redis.calls()?.of("evalsha") - scripts;
    Ok([
        swarm.len() as f64 / elapsed.as_secs_f64(),
        cpu,
        redis_cpu,
        scripts as f64 / swarm.len() as f64,
    ])
}
