//! A node that is killed: how long its participants cannot signal.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::{
    Options,
    nodes::{NODES, Nodes},
    patience::{Attempts, Failure},
    survivor::{Due, Link, Survivor},
};
use crate::{
    Error, clock,
    connection::Event,
    payload::ClientVersion,
    report::{Spec, Target},
    stats::Latencies,
    swarm::{Happening, Spread, Swarm, Venue},
};

const MESSAGE_BYTES: usize = 2_000;

/// Who is not back by then does not come back.
const PATIENCE: Duration = Duration::from_secs(30);

const fn spec(key: &'static str, what: &'static str) -> Spec {
    Spec {
        key,
        what,
        unit: "s",
        target: None,
    }
}

pub const FIGURES: [Spec; 5] = [
    spec("failover.resumed.p50", "node killed: session resumed, p50"),
    spec("failover.resumed.p95", "node killed: session resumed, p95"),
    spec(
        "failover.signaling.p50",
        "node killed: message sent and answered, p50",
    ),
    Spec {
        target: Some(Target::AtMost(3.0)),
        ..spec(
            "failover.signaling.p95",
            "node killed: message sent and answered, p95",
        )
    },
    spec(
        "failover.signaling.p99",
        "node killed: message sent and answered, p99",
    ),
];

/// Rooms with one participant at each node lose one of them.
pub fn measure(options: &Options) -> Result<[f64; 5], Error> {
    let mut nodes = Nodes::start(&options.server)?;
    let rooms = nodes.create_rooms((options.survivors / NODES).max(1), NODES)?;
    let addresses = nodes.addresses();
    let venue = Venue {
        nodes: &addresses,
        spread: Spread::Seats,
        path: "/ws",
        rooms: &rooms,
        room_size: NODES,
    };
    let mut swarm = Swarm::join(&venue, ClientVersion::V2)?;
    let killed = 0;
    let survivors = (0..venue.seats()).filter(|&seat| venue.node_of(seat) == killed);
    let survivors = survivors
        .map(|seat| (seat, Survivor::new(Attempts::new(NODES, killed, seat))))
        .collect();
    let mut loss = Loss {
        at: clock::now(),
        addresses: &addresses,
        survivors,
    };
    nodes.servers.remove(killed).kill();
    loss.outlive(&mut swarm)?;
    let mut resumed = Latencies::new();
    let mut answered = Latencies::new();
    for one in loss.survivors.values() {
        resumed.record(one.resumed.unwrap_or(PATIENCE));
        answered.record(one.answered.unwrap_or(PATIENCE));
    }
    Ok([
        resumed.quantile_ms(0.5) / 1e3,
        resumed.quantile_ms(0.95) / 1e3,
        answered.quantile_ms(0.5) / 1e3,
        answered.quantile_ms(0.95) / 1e3,
        answered.quantile_ms(0.99) / 1e3,
    ])
}

struct Loss<'a> {
    at: Instant,
    addresses: &'a [SocketAddr],
    /// By their seats.
    survivors: BTreeMap<usize, Survivor>,
}

impl Loss<'_> {
    /// Returns when all survivors are back and were answered.
    fn outlive(&mut self, swarm: &mut Swarm) -> Result<(), Error> {
        let mut happenings = Vec::new();
        while self.survivors.values().any(|one| one.answered.is_none()) {
            let left = PATIENCE.saturating_sub(self.at.elapsed());
            if left.is_zero() {
                return Err(Error::Stalled {
                    what: self.who_is_missing(),
                    after: PATIENCE,
                });
            }
            self.do_what_is_due(swarm)?;
            let wakes_at = self.survivors.values().filter_map(Survivor::wakes_at).min();
            let now = clock::now();
            let idle = wakes_at.map_or(left, |at| at.saturating_duration_since(now).min(left));
            swarm.watch(idle, &mut happenings)?;
            for happening in happenings.drain(..) {
                self.happened(swarm, happening)?;
            }
        }
        Ok(())
    }

    fn who_is_missing(&self) -> String {
        let away = self.survivors.values().filter(|one| one.resumed.is_none());
        let silent = self.survivors.values().filter(|one| one.answered.is_none());
        format!(
            "of {} participants of a killed node {} do not resume, {} get no answer",
            self.survivors.len(),
            away.count(),
            silent.count(),
        )
    }

    fn do_what_is_due(&mut self, swarm: &mut Swarm) -> Result<(), Error> {
        let now = clock::now();
        for (&seat, one) in &mut self.survivors {
            match one.due(swarm.is_greeted(seat), now) {
                None => {}
                Some(Due::Open) => {
                    let address = self.addresses[one.attempts.address()];
                    // A node that is gone refuses at once.
                    if swarm.resume(seat, address, "/ws").is_err() {
                        one.failed(Failure::Closed, now);
                    }
                }
                Some(Due::GiveUp) => swarm.give_up(seat)?,
            }
        }
        Ok(())
    }

    fn happened(&mut self, swarm: &mut Swarm, happening: Happening) -> Result<(), Error> {
        let Happening { seat, at, what } = happening;
        let after = at.saturating_duration_since(self.at);
        let Some(one) = self.survivors.get_mut(&seat) else {
            return match what? {
                // Of a survivor, as only they begin to speak.
                Event::Relayed => {
                    let answer = swarm.offer_to(swarm.source_of(seat), MESSAGE_BYTES);
                    swarm.send(seat, &answer)
                }
                Event::Joined(_) | Event::Resumed => Ok(()),
            };
        };
        match what {
            Ok(Event::Resumed) => {
                one.link = Link::Up;
                one.resumed.get_or_insert(after);
                let offer = swarm.offer(seat, MESSAGE_BYTES);
                swarm.send(seat, &offer)
            }
            Ok(Event::Relayed) => {
                one.answered.get_or_insert(after);
                Ok(())
            }
            Ok(Event::Joined(_)) => Ok(()),
            Err(error) if is_for_now(&error) => {
                one.failed(Failure::Closed, at);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether the web client tries again after this.
fn is_for_now(error: &Error) -> bool {
    match error {
        Error::Io { .. } | Error::Closed { .. } | Error::Upgrade(_) => true,
        Error::Refused { code, .. } => matches!(&**code, "unavailable" | "rate-limited"),
        _ => false,
    }
}
