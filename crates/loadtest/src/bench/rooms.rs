//! Rooms created and validated over REST.

use crate::{
    Error,
    report::{Spec, Target},
    rest,
};

use super::{Options, server::Server};

const CONNECTIONS: usize = 16;

pub const FIGURES: [Spec; 3] = [
    Spec {
        key: "rooms.requests-a-second",
        what: "create and validate a room, 16 at once",
        unit: "/s",
        target: Some(Target::AtLeast(20_000.0)),
    },
    Spec {
        key: "rooms.p50",
        what: "create and validate a room, p50 of a request",
        unit: "ms",
        target: None,
    },
    Spec {
        key: "rooms.p99",
        what: "create and validate a room, p99 of a request",
        unit: "ms",
        target: Some(Target::AtMost(5.0)),
    },
];

pub fn measure(options: &Options) -> Result<[f64; 3], Error> {
    let server = Server::start(&options.server)?;
    let load = rest::create_and_validate(server.addr, CONNECTIONS, options.duration() / 2)?;
    Ok([
        load.requests as f64 / load.elapsed.as_secs_f64(),
        load.latencies.quantile_ms(0.5),
        load.latencies.quantile_ms(0.99),
    ])
}
