//! Resident memory per participant, after each has received an offer: buffers that grew for it
//! and stay grown count.

use wecall_protocol::RoomId;

use crate::{
    Error,
    payload::ClientVersion,
    process,
    report::{Spec, Target},
    rest,
    swarm::{Spread, Swarm, Venue},
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
    let measure_version = |version| {
        let server = Server::start(&options.server)?;
        let make_rooms = || rest::create_rooms(server.addr, options.pairs(), 2);
        fill(&[&server], make_rooms, version)
    };
    let [joined_v2, offered_v2] = measure_version(ClientVersion::V2)?;
    let [joined_v1, offered_v1] = measure_version(ClientVersion::V1)?;
    Ok([joined_v2, offered_v2, joined_v1, offered_v1])
}

/// What `servers` grow by, all together, for each of the two participants of a room, who are
/// at different servers where there are several: joined, and after an offer each.
pub fn fill(
    servers: &[&Server],
    make_rooms: impl FnOnce() -> Result<Vec<RoomId>, Error>,
    version: ClientVersion,
) -> Result<[f64; 2], Error> {
    let resident = || -> Result<u64, Error> {
        let each = servers
            .iter()
            .map(|server| process::resident_bytes(server.pid()));
        each.sum()
    };
    let idle = resident()?;
    let rooms = make_rooms()?;
    let per_participant = |resident: u64| {
        let grown = resident.saturating_sub(idle) as f64;
        grown / (2 * rooms.len()) as f64 / 1024.0
    };
    let nodes: Vec<_> = servers.iter().map(|server| server.addr).collect();
    let venue = Venue {
        nodes: &nodes,
        spread: Spread::Seats,
        path: "/ws",
        rooms: &rooms,
        room_size: 2,
    };
    let mut swarm = Swarm::join(&venue, version)?;
    let joined = per_participant(resident()?);
    exchange_offers(&mut swarm)?;
    let offered = per_participant(resident()?);
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
