//! The figures of the media server. The engine counts by itself; they are copied every second.

use std::sync::Arc;

use metrics::{Counter, Gauge};
use wecall_sfu::{Counters, Refused, ShardStats};

use super::metrics::Register;

pub struct MediaMetrics {
    pub refusals: Arc<Refusals>,
    peers: Gauge,
    rooms: Gauge,
    tcp_connections: Gauge,
    packets: [Counter; 3],
    dropped: Vec<Counter>,
    keyframes: [Counter; 2],
    failed: [Counter; 2],
}

/// What participants asked of the media server and did not get.
pub struct Refusals {
    by_reason: [Counter; 5],
}

const PACKETS: [&str; 3] = ["in", "out", "forwarded"];
const KEYFRAMES: [&str; 2] = ["requested", "merged"];
const FAILURES: [&str; 2] = ["failed", "panicked"];
const REFUSALS: [&str; 5] = ["not-allowed", "full", "busy", "unknown-peer", "unreadable"];

/// Why something that came was not used, or something was not sent.
const DROPS: [Drop; 9] = [
    ("stranger", |stats| stats.counters.from_strangers),
    ("forged", |stats| stats.counters.stun_forged),
    ("malformed", |stats| stats.counters.malformed),
    ("over-bitrate", |stats| stats.counters.over_bitrate),
    ("oversized", |stats| stats.counters.oversized),
    ("unexpected", |stats| stats.counters.unexpected_media),
    ("too-many-addresses", |stats| {
        stats.counters.addresses_refused
    }),
    ("not-sent", |stats| stats.send_dropped),
    ("event", |stats| stats.events_dropped),
];

type Drop = (&'static str, fn(&ShardStats) -> u64);

pub(super) const COUNTERS: &[(&str, &str)] = &[
    (
        "wecall_sfu_packets_total",
        "Packets that came to the media server, left it, and were passed on to receivers.",
    ),
    (
        "wecall_sfu_dropped_total",
        "Packets and events of the media server that were dropped, by reason.",
    ),
    (
        "wecall_sfu_keyframes_total",
        "Keyframes asked of senders, and requests for one that was on its way already.",
    ),
    (
        "wecall_sfu_failed_total",
        "Connections to the media server that ended by an error, by reason.",
    ),
    (
        "wecall_sfu_refused_total",
        "Offers, candidates and views that the media server did not take, by reason.",
    ),
];

pub(super) const GAUGES: &[(&str, &str)] = &[
    ("wecall_sfu_peers", "Connections to the media server."),
    ("wecall_sfu_rooms", "Rooms with such a connection."),
    (
        "wecall_sfu_tcp_connections",
        "Connections to the media server over TCP, those of strangers included.",
    ),
];

impl MediaMetrics {
    pub(super) fn new(register: &Register<'_>) -> Self {
        let counter = |name, label, value| register.counter(name, &[(label, value)]);
        Self {
            refusals: Arc::new(Refusals {
                by_reason: REFUSALS
                    .map(|reason| counter("wecall_sfu_refused_total", "reason", reason)),
            }),
            peers: register.gauge("wecall_sfu_peers", &[]),
            rooms: register.gauge("wecall_sfu_rooms", &[]),
            tcp_connections: register.gauge("wecall_sfu_tcp_connections", &[]),
            packets: PACKETS.map(|way| counter("wecall_sfu_packets_total", "direction", way)),
            dropped: DROPS
                .iter()
                .map(|(reason, _)| counter("wecall_sfu_dropped_total", "reason", reason))
                .collect(),
            keyframes: KEYFRAMES.map(|kind| counter("wecall_sfu_keyframes_total", "outcome", kind)),
            failed: FAILURES.map(|reason| counter("wecall_sfu_failed_total", "reason", reason)),
        }
    }

    pub fn copy(&self, shards: &[ShardStats]) {
        let sum = |of: &dyn Fn(&ShardStats) -> u64| shards.iter().map(of).sum::<u64>();
        let counted = |of: fn(&Counters) -> u64| sum(&|shard| of(&shard.counters));
        // Gauges are floating point, which counts exactly up to 2^53.
        self.peers.set(sum(&|shard| shard.peers) as f64);
        self.rooms.set(sum(&|shard| shard.rooms) as f64);
        self.tcp_connections
            .set(sum(&|shard| shard.tcp_connections) as f64);
        let packets = [
            counted(|counters| counters.packets_in),
            counted(|counters| counters.packets_out),
            counted(|counters| counters.packets_forwarded),
        ];
        let keyframes = [
            counted(|counters| counters.keyframes_requested),
            counted(|counters| counters.keyframes_merged),
        ];
        let panicked = counted(|counters| counters.panics);
        let failed = [
            counted(|counters| counters.peers_failed).saturating_sub(panicked),
            panicked,
        ];
        set(&self.packets, packets);
        set(&self.keyframes, keyframes);
        set(&self.failed, failed);
        for (counter, (_, of)) in self.dropped.iter().zip(DROPS) {
            counter.absolute(sum(&of));
        }
    }
}

impl Refusals {
    pub fn count(&self, refused: &Refused) {
        let reason = match refused {
            Refused::TooLarge
            | Refused::Malformed(_)
            | Refused::TooMany
            | Refused::NotAllowed
            | Refused::InAnotherRoom => 0,
            Refused::Full => 1,
            Refused::Busy | Refused::Stopped | Refused::NoAddress => 2,
            Refused::Unknown => 3,
        };
        self.by_reason[reason].increment(1);
    }

    pub fn count_unreadable(&self) {
        self.by_reason[4].increment(1);
    }
}

fn set<const N: usize>(counters: &[Counter; N], values: [u64; N]) {
    for (counter, value) in counters.iter().zip(values) {
        counter.absolute(value);
    }
}
