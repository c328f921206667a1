//! The figures of the TURN server. It counts by itself; they are copied when somebody looks.

use metrics::{Counter, Gauge};
use wecall_turn::{Figures, Refused};

use super::metrics::Register;

pub struct TurnMetrics {
    allocations: Gauge,
    allocated: Counter,
    bindings: Counter,
    /// To peers, to clients.
    packets: [Counter; 2],
    bytes: [Counter; 2],
    refused: Vec<Counter>,
}

const DIRECTIONS: [&str; 2] = ["to-peer", "to-client"];

pub(super) const COUNTERS: &[(&str, &str)] = &[
    (
        "wecall_turn_allocations_total",
        "Relayed addresses that were given out.",
    ),
    (
        "wecall_turn_bindings_total",
        "STUN requests that were answered.",
    ),
    (
        "wecall_turn_packets_total",
        "Packets relayed, by direction.",
    ),
    (
        "wecall_turn_bytes_total",
        "Bytes of payload relayed, by direction.",
    ),
    (
        "wecall_turn_refused_total",
        "Requests and packets that were refused, by reason.",
    ),
];

pub(super) const GAUGES: &[(&str, &str)] = &[(
    "wecall_turn_allocations",
    "Relayed addresses that are in use.",
)];

impl TurnMetrics {
    pub(super) fn new(register: &Register<'_>) -> Self {
        let by_direction =
            |name| DIRECTIONS.map(|direction| register.counter(name, &[("direction", direction)]));
        Self {
            allocations: register.gauge("wecall_turn_allocations", &[]),
            allocated: register.counter("wecall_turn_allocations_total", &[]),
            bindings: register.counter("wecall_turn_bindings_total", &[]),
            packets: by_direction("wecall_turn_packets_total"),
            bytes: by_direction("wecall_turn_bytes_total"),
            refused: Refused::ALL
                .iter()
                .map(|reason| {
                    let labels = [("reason", reason.as_str())];
                    register.counter("wecall_turn_refused_total", &labels)
                })
                .collect(),
        }
    }

    pub fn copy(&self, figures: &Figures) {
        // Gauges are floating point, which counts exactly up to 2^53.
        self.allocations.set(figures.allocations() as f64);
        self.allocated.absolute(figures.allocated());
        self.bindings.absolute(figures.bindings());
        for (index, (packets, bytes)) in [figures.to_peers(), figures.to_clients()]
            .into_iter()
            .enumerate()
        {
            self.packets[index].absolute(packets);
            self.bytes[index].absolute(bytes);
        }
        for (counter, reason) in self.refused.iter().zip(Refused::ALL) {
            counter.absolute(figures.refused(reason));
        }
    }
}
