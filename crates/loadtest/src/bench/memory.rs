//! Resident memory per participant, after each has received an offer: buffers that grew for it
//! and stay grown count.

use crate::{
    Error,
    payload::ClientVersion,
    process,
    report::{Spec, Target},
    rest,
    swarm::{Swarm, Venue},
};

use super::{Options, server::Server};

/// As long as a browser's offer of audio, camera and screen.
const OFFER_BYTES: usize = 10_000;

/// Offers under way at the same time.
const AT_ONCE: usize = 64;

const TARGET: Option<Target> = Some(Target::AtMost(8.0));

const fn spec(key: &'static str, what: &'static str, target: Option<Target>) -> Spec {
    Spec {
        key,
        what,
        unit: "KiB",
        target,
    }
}

pub const FIGURES: [Spec; 4] = [
    spec("memory.v2.joined", "RSS per participant, v2: joined", None),
    spec(
        "memory.v2.after-offer",
        "RSS per participant, v2: after a 10 kB offer each",
        TARGET,
    ),
    spec("memory.v1.joined", "RSS per participant, v1: joined", None),
    spec(
        "memory.v1.after-offer",
        "RSS per participant, v1: after a 10 kB offer each",
        TARGET,
    ),
];

pub fn measure(options: &Options) -> Result<[f64; 4], Error> {
    let [joined_v2, offered_v2] = measure_version(options, ClientVersion::V2)?;
    let [joined_v1, offered_v1] = measure_version(options, ClientVersion::V1)?;
    Ok([joined_v2, offered_v2, joined_v1, offered_v1])
}

fn measure_version(options: &Options, version: ClientVersion) -> Result<[f64; 2], Error> {
    let server = Server::start(&options.server)?;
    let idle = process::resident_bytes(server.pid())?;
    let per_participant = |resident: u64| {
        let grown = resident.saturating_sub(idle) as f64;
        grown / options.participants as f64 / 1024.0
    };
    let rooms = rest::create_rooms(server.addr, options.pairs(), 2)?;
    let venue = Venue {
        addr: server.addr,
        path: "/ws",
        rooms: &rooms,
        room_size: 2,
    };
    let mut swarm = Swarm::join(&venue, version)?;
    let joined = per_participant(process::resident_bytes(server.pid())?);
    exchange_offers(&mut swarm)?;
    let offered = per_participant(process::resident_bytes(server.pid())?);
    Ok([joined, offered])
}

/// Each participant sends an offer to the other one; returns when all have arrived.
fn exchange_offers(swarm: &mut Swarm) -> Result<(), Error> {
    let mut sent = 0;
    let mut received = 0;
    let mut arrivals = Vec::new();
    while received < swarm.len() {
        while sent < swarm.len().min(received + AT_ONCE) {
            let offer = swarm.offer(sent, OFFER_BYTES);
            swarm.send(sent, &offer)?;
            sent += 1;
        }
        swarm.must_receive(&mut arrivals)?;
        received += arrivals.len();
        arrivals.clear();
    }
    Ok(())
}
