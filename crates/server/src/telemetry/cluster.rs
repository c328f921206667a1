//! The figures of a node among others. They exist where there is Redis.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram};
use wecall_live::{
    redis::RedisFigures,
    shared::{Count, Figures, StoreError},
};

use super::metrics::Register;

/// Bounds for commands of Redis: their deadline is 250 ms.
pub(super) const REDIS_SECONDS: &[f64] = &[
    0.000_1, 0.000_2, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
];

/// Bounds for the lag of the inbox: what is promised is 10 ms.
pub(super) const LAG_SECONDS: &[f64] = &[
    0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
];

/// The kinds of `shared::Request`.
const COMMANDS: [&str; 5] = ["load", "commit", "beat", "publish", "other"];

const ERRORS: [&str; 3] = ["timeout", "connection", "server"];

pub struct ClusterMetrics {
    /// Whether Redis answers.
    pub redis_up: Gauge,
    /// Since the last heartbeat that Redis confirmed.
    pub lease_age: Gauge,
    pub nodes_alive: Gauge,
    pub nodes_lost: Gauge,
    counts: Vec<Counter>,
    lag: Histogram,
    commands: Vec<Histogram>,
    errors: Vec<Counter>,
}

impl ClusterMetrics {
    pub(super) fn new(register: &Register<'_>) -> Self {
        let counts = Count::ALL.iter().map(|count| {
            let (name, labels) = name_of(*count);
            register.counter(name, labels)
        });
        let commands = COMMANDS.iter().map(|command| {
            register.histogram("wecall_redis_command_seconds", &[("command", command)])
        });
        let errors = ERRORS
            .iter()
            .map(|reason| register.counter("wecall_redis_errors_total", &[("reason", reason)]));
        Self {
            redis_up: register.gauge("wecall_redis_up", &[]),
            lease_age: register.gauge("wecall_node_lease_age_seconds", &[]),
            nodes_alive: register.gauge("wecall_nodes", &[("state", "alive")]),
            nodes_lost: register.gauge("wecall_nodes", &[("state", "lost")]),
            counts: counts.collect(),
            lag: register.histogram("wecall_inbox_lag_seconds", &[]),
            commands: commands.collect(),
            errors: errors.collect(),
        }
    }
}

type Labels = &'static [(&'static str, &'static str)];

fn name_of(count: Count) -> (&'static str, Labels) {
    const COMMITS: &str = "wecall_store_commits_total";
    const RESYNCS: &str = "wecall_store_resyncs_total";
    const TAKEOVERS: &str = "wecall_takeovers_total";
    const LINKS: &str = "wecall_link_messages_total";
    match count {
        Count::Committed => (COMMITS, &[("outcome", "committed")]),
        Count::Conflict => (COMMITS, &[("outcome", "conflict")]),
        Count::CommitFailed => (COMMITS, &[("outcome", "failed")]),
        Count::ResyncGap => (RESYNCS, &[("reason", "gap")]),
        Count::ResyncConflict => (RESYNCS, &[("reason", "conflict")]),
        Count::ResyncReconnect => (RESYNCS, &[("reason", "reconnect")]),
        Count::ResyncCheck => (RESYNCS, &[("reason", "check")]),
        Count::SetAside => ("wecall_store_rooms_set_aside_total", &[]),
        Count::Outage => ("wecall_redis_outages_total", &[]),
        Count::Reap => ("wecall_node_reaps_total", &[]),
        Count::ReapedParticipant => ("wecall_reaped_participants_total", &[]),
        Count::Fenced => ("wecall_node_fenced_total", &[]),
        Count::HandedOver => (TAKEOVERS, &[("outcome", "handed-over")]),
        Count::HandedSnapshot => (TAKEOVERS, &[("outcome", "snapshot")]),
        Count::LinkPublish => ("wecall_link_publishes_total", &[]),
        Count::LinkSent => (LINKS, &[("direction", "sent")]),
        Count::LinkReceived => (LINKS, &[("direction", "received")]),
        Count::LinkRetransmitted => (LINKS, &[("direction", "retransmitted")]),
        Count::LinkDuplicate => (LINKS, &[("direction", "duplicate")]),
        Count::LinkLost => (LINKS, &[("direction", "lost")]),
        Count::LinkDropped => (LINKS, &[("direction", "dropped")]),
    }
}

impl Figures for ClusterMetrics {
    fn count(&self, what: Count, times: u64) {
        if times > 0
            && let Some(counter) = self.counts.get(what as usize)
        {
            counter.increment(times);
        }
    }

    fn inbox_lag(&self, lag: Duration) {
        self.lag.record(lag);
    }
}

impl RedisFigures for ClusterMetrics {
    fn command(&self, kind: &'static str, took: Duration, failed: Option<StoreError>) {
        let known = COMMANDS.iter().position(|command| *command == kind);
        if let Some(histogram) = known.and_then(|index| self.commands.get(index)) {
            histogram.record(took);
        }
        let reason = match failed {
            None => return,
            Some(StoreError::Timeout) => 0,
            Some(StoreError::Connection) => 1,
            Some(StoreError::Server) => 2,
        };
        if let Some(counter) = self.errors.get(reason) {
            counter.increment(1);
        }
    }
}

/// Names with their words.
pub(super) const COUNTERS: &[(&str, &str)] = &[
    (
        "wecall_store_commits_total",
        "Changes of rooms that were to be written to Redis, by outcome.",
    ),
    (
        "wecall_store_resyncs_total",
        "Copies of rooms that were replaced by the record, by reason.",
    ),
    (
        "wecall_store_rooms_set_aside_total",
        "Times that a room's record could not be used.",
    ),
    (
        "wecall_redis_outages_total",
        "Times that Redis stopped answering.",
    ),
    (
        "wecall_redis_errors_total",
        "Commands that Redis did not answer, by reason.",
    ),
    (
        "wecall_node_reaps_total",
        "Nodes that this one has given up.",
    ),
    (
        "wecall_reaped_participants_total",
        "Participants of nodes that this one has given up.",
    ),
    (
        "wecall_node_fenced_total",
        "Times that others have given this node up.",
    ),
    (
        "wecall_takeovers_total",
        "Sessions that came from another node, by outcome.",
    ),
    (
        "wecall_link_messages_total",
        "Messages to and from other nodes, by what became of them.",
    ),
    (
        "wecall_link_publishes_total",
        "Publications to other nodes.",
    ),
];

pub(super) const GAUGES: &[(&str, &str)] = &[
    ("wecall_redis_up", "Whether Redis answers (1) or not (0)."),
    (
        "wecall_node_lease_age_seconds",
        "Time since the last heartbeat that Redis confirmed.",
    ),
    ("wecall_nodes", "Nodes as this one sees them, by state."),
];

pub(super) const HISTOGRAMS: &[(&str, &str)] = &[
    (
        "wecall_redis_command_seconds",
        "Time until Redis answered, by command.",
    ),
    (
        "wecall_inbox_lag_seconds",
        "From the sending of messages at another node to their handling, by the clocks of both.",
    ),
];
