//! What a node with Redis costs beside one without, where nothing has to go to another node.

use super::{Options, nodes::Nodes};
use crate::{
    Error,
    bench::{cpu, memory, relay, server::Server},
    payload::ClientVersion,
    report::{Spec, Target},
    rest,
};

const fn spec(key: &'static str, what: &'static str, unit: &'static str) -> Spec {
    Spec {
        key,
        what,
        unit,
        target: None,
    }
}

pub const MEMORY: [Spec; 7] = [
    spec(
        "memory.redis.joined",
        "RSS of a node per participant, Redis store: joined",
        "KiB",
    ),
    spec(
        "memory.redis.after-offer",
        "RSS of a node per participant, Redis store: after a 10 kB offer each",
        "KiB",
    ),
    spec(
        "memory.memory.joined",
        "RSS of a node per participant, memory store: joined",
        "KiB",
    ),
    spec(
        "memory.memory.after-offer",
        "RSS of a node per participant, memory store: after a 10 kB offer each",
        "KiB",
    ),
    Spec {
        target: Some(Target::AtMost(1.3)),
        ..spec("memory.ratio", "the same, Redis store by memory store", "×")
    },
    spec(
        "memory.spread.joined",
        "RSS of 3 nodes per participant, each room at two of them: joined",
        "KiB",
    ),
    spec(
        "memory.spread.after-offer",
        "RSS of 3 nodes per participant, each room at two of them: after a 10 kB offer each",
        "KiB",
    ),
];

pub fn memory(options: &Options) -> Result<[f64; 7], Error> {
    let pairs = options.participants / 2;
    let fill = |nodes: &Nodes| {
        let servers: Vec<&Server> = nodes.servers.iter().collect();
        memory::fill(&servers, || nodes.create_rooms(pairs, 2), ClientVersion::V2)
    };
    let [joined, offered] = fill(&Nodes::start_alone(&options.server)?)?;
    let [spread_joined, spread] = fill(&Nodes::start(&options.server)?)?;
    let server = Server::start(&options.server)?;
    let make_rooms = || rest::create_rooms(server.addr, pairs, 2);
    let [joined_alone, offered_alone] = memory::fill(&[&server], make_rooms, ClientVersion::V2)?;
    Ok([
        joined,
        offered,
        joined_alone,
        offered_alone,
        offered / offered_alone,
        spread_joined,
        spread,
    ])
}

pub const CPU: [Spec; 7] = [
    spec(
        "cpu.redis",
        "CPU per 2 kB message within a node with Redis, closed loop of 100 pairs",
        "µs",
    ),
    spec("cpu.memory", "the same without Redis", "µs"),
    Spec {
        target: Some(Target::AtMost(1.1)),
        ..spec("cpu.ratio", "the same, with Redis by without", "×")
    },
    spec(
        "cpu.messages-a-second",
        "messages a second in that loop, with Redis",
        "/s",
    ),
    spec(
        "cpu.paced.redis",
        "CPU per 2 kB message within a node with Redis, full, 10,000 messages/s",
        "µs",
    ),
    spec("cpu.paced.memory", "the same without Redis", "µs"),
    Spec {
        target: Some(Target::AtMost(1.1)),
        ..spec("cpu.paced.ratio", "the same, with Redis by without", "×")
    },
];

pub fn cpu(options: &Options) -> Result<[f64; 7], Error> {
    let (pairs, duration) = (options.participants / 2, options.duration());
    let shared = || Nodes::start_alone(&options.server);
    let alone = || Server::start(&options.server);
    let [looped, a_second] = cpu::load(&shared()?.servers[0], duration)?;
    let [looped_alone, _] = cpu::load(&alone()?, duration)?;
    let [.., paced] = relay::load(&shared()?.servers[0], pairs, duration)?;
    let [.., paced_alone] = relay::load(&alone()?, pairs, duration)?;
    Ok([
        looped,
        looped_alone,
        looped / looped_alone,
        a_second,
        paced,
        paced_alone,
        paced / paced_alone,
    ])
}
