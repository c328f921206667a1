//! The figures. Every handle is made once, at the start: counting is an atomic addition, and a
//! figure that never rose is there as zero.

use std::{sync::OnceLock, time::Duration};

use axum::http::{Method, StatusCode};
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, Unit};
use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use wecall_protocol::{ClientMessage, ErrorCode};

use super::{ClusterMetrics, MediaMetrics, TurnMetrics, cluster, media, turn};
use crate::http::Route;

/// Bounds of the relay histogram: what is promised is 5 ms; a memory copy takes microseconds.
const RELAY_SECONDS: &[f64] = &[
    0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1.0,
];

/// Bounds of the request histogram.
const HTTP_SECONDS: &[f64] = &[0.000_1, 0.000_5, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0];

const METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

/// How an attempt to take up a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResumeOutcome {
    /// Nothing was lost.
    Recovered,
    /// Back under the same id, with a snapshot in place of what was missed.
    NotRecovered,
    Refused,
}

impl ResumeOutcome {
    const ALL: [Self; 3] = [Self::Recovered, Self::NotRecovered, Self::Refused];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Recovered => "recovered",
            Self::NotRecovered => "not-recovered",
            Self::Refused => "refused",
        }
    }
}

/// Codes that a resume is refused with, each counted by itself.
const RESUME_REFUSALS: [&str; 6] = [
    "invalid-resume-token",
    "room-not-found",
    "room-full",
    "removed",
    "unavailable",
    "other",
];

pub struct Metrics {
    recorder: PrometheusRecorder,
    /// Rooms that exist.
    pub rooms: Gauge,
    /// Participants, those in their grace time included.
    pub participants: Gauge,
    /// Open WebSockets.
    pub sockets: Gauge,
    /// Whether this node sends its clients away (1) or not (0).
    pub draining: Gauge,
    /// Clients that were asked to go on over another node.
    pub sent_away: Counter,
    /// From a relayed message's arrival to its hand-over to the target's socket.
    pub relay: Histogram,
    messages: Vec<Counter>,
    resumes: Vec<Counter>,
    resume_refusals: Vec<Counter>,
    errors: Vec<Counter>,
    http: HttpMetrics,
}

/// One cell for each combination of what these labels may be: no combination that a client
/// thinks up can grow it.
struct HttpMetrics {
    requests: Vec<OnceLock<Counter>>,
    seconds: Vec<Histogram>,
}

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "OPTIONS", "PATCH", "DELETE", "other"];
const STATUSES: [&str; 21] = [
    "101", "200", "201", "204", "304", "400", "401", "403", "404", "405", "408", "412", "413",
    "415", "422", "426", "428", "429", "500", "503", "other",
];

impl Metrics {
    pub fn new() -> Result<Self, BuildError> {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full("wecall_relay_seconds".into()), RELAY_SECONDS)?
            .set_buckets_for_metric(
                Matcher::Full("wecall_http_request_seconds".into()),
                HTTP_SECONDS,
            )?
            .set_buckets_for_metric(
                Matcher::Full("wecall_redis_command_seconds".into()),
                cluster::REDIS_SECONDS,
            )?
            .set_buckets_for_metric(
                Matcher::Full("wecall_inbox_lag_seconds".into()),
                cluster::LAG_SECONDS,
            )?
            .build_recorder();
        describe(&recorder);
        let register = Register(&recorder);
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        register.gauge("wecall_build_info", &version).set(1.0);
        let counters = |name, label, values: &mut dyn Iterator<Item = &'static str>| {
            values
                .map(|value| counter(&recorder, name, vec![Label::new(label, value)]))
                .collect()
        };
        let gauge =
            |name: &'static str| recorder.register_gauge(&Key::from_static_name(name), &METADATA);
        let histogram = |name: &'static str, labels: Vec<Label>| {
            recorder.register_histogram(&Key::from_parts(name, labels), &METADATA)
        };
        let messages = counters(
            "wecall_messages_total",
            "type",
            &mut ClientMessage::TYPES.iter().copied(),
        );
        let resumes = counters(
            "wecall_resumes_total",
            "outcome",
            &mut ResumeOutcome::ALL.iter().map(|outcome| outcome.as_str()),
        );
        let errors = counters(
            "wecall_errors_total",
            "code",
            &mut ErrorCode::ALL.iter().map(|code| code.as_str()),
        );
        let http = HttpMetrics {
            requests: (0..Route::ALL.len() * METHODS.len() * STATUSES.len())
                .map(|_| OnceLock::new())
                .collect(),
            seconds: Route::ALL
                .iter()
                .map(|route| {
                    let label = Label::new("route", route.as_str());
                    histogram("wecall_http_request_seconds", vec![label])
                })
                .collect(),
        };
        Ok(Self {
            draining: gauge("wecall_draining"),
            sent_away: register.counter("wecall_clients_sent_away_total", &[]),
            resume_refusals: RESUME_REFUSALS
                .iter()
                .map(|reason| {
                    register.counter("wecall_resume_refusals_total", &[("reason", reason)])
                })
                .collect(),
            rooms: gauge("wecall_rooms"),
            participants: gauge("wecall_participants"),
            sockets: gauge("wecall_sockets"),
            relay: histogram("wecall_relay_seconds", vec![]),
            messages,
            resumes,
            errors,
            http,
            recorder,
        })
    }

    /// Counts a message of a client by its `type`, which is one of [`ClientMessage::TYPES`].
    pub fn message(&self, kind: &str) {
        let index = ClientMessage::TYPES.iter().position(|known| *known == kind);
        if let Some(counter) = index.and_then(|index| self.messages.get(index)) {
            counter.increment(1);
        }
    }

    /// Counts something that was refused, over HTTP or a WebSocket.
    pub fn error(&self, code: ErrorCode) {
        if let Some(counter) = self.errors.get(code as usize) {
            counter.increment(1);
        }
    }

    /// The figures of a node among others, which are there from now on.
    pub fn of_cluster(&self) -> ClusterMetrics {
        let recorder = &self.recorder;
        for (name, words) in cluster::COUNTERS {
            recorder.describe_counter((*name).into(), None, (*words).into());
        }
        for (name, words) in cluster::GAUGES {
            recorder.describe_gauge((*name).into(), None, (*words).into());
        }
        for (name, words) in cluster::HISTOGRAMS {
            recorder.describe_histogram((*name).into(), Some(Unit::Seconds), (*words).into());
        }
        ClusterMetrics::new(&Register(recorder))
    }

    /// The figures of the media server, which are there from now on.
    pub fn of_media(&self) -> MediaMetrics {
        let recorder = &self.recorder;
        for (name, words) in media::COUNTERS {
            recorder.describe_counter((*name).into(), None, (*words).into());
        }
        for (name, words) in media::GAUGES {
            recorder.describe_gauge((*name).into(), None, (*words).into());
        }
        MediaMetrics::new(&Register(recorder))
    }

    /// The figures of the TURN server, which are there from now on.
    pub fn of_turn(&self) -> TurnMetrics {
        let recorder = &self.recorder;
        for (name, words) in turn::COUNTERS {
            recorder.describe_counter((*name).into(), None, (*words).into());
        }
        for (name, words) in turn::GAUGES {
            recorder.describe_gauge((*name).into(), None, (*words).into());
        }
        TurnMetrics::new(&Register(recorder))
    }

    /// Counts an attempt to take up a session that was refused.
    pub fn resume_refused(&self, code: ErrorCode) {
        self.resume(ResumeOutcome::Refused);
        let reason = position_or_last(&RESUME_REFUSALS, code.as_str());
        self.resume_refusals[reason].increment(1);
    }

    pub fn resume(&self, outcome: ResumeOutcome) {
        self.resumes[outcome as usize].increment(1);
    }

    pub fn request(&self, route: Route, method: &Method, status: StatusCode, took: Duration) {
        let method = position_or_last(&METHODS, method.as_str());
        let status = position_or_last(&STATUSES, status.as_str());
        let index = (route as usize * METHODS.len() + method) * STATUSES.len() + status;
        let cell = self.http.requests[index].get_or_init(|| {
            let labels = vec![
                Label::new("route", route.as_str()),
                Label::new("method", METHODS[method]),
                Label::new("status", STATUSES[status]),
            ];
            counter(&self.recorder, "wecall_http_requests_total", labels)
        });
        cell.increment(1);
        self.http.seconds[route as usize].record(took);
    }

    pub(super) fn handle(&self) -> PrometheusHandle {
        self.recorder.handle()
    }

    pub(super) fn recorder(&self) -> &PrometheusRecorder {
        &self.recorder
    }
}

/// Makes figures.
pub(super) struct Register<'a>(&'a PrometheusRecorder);

impl Register<'_> {
    fn key(name: &'static str, labels: &[(&'static str, &'static str)]) -> Key {
        let labels: Vec<Label> = labels
            .iter()
            .map(|(name, value)| Label::new(*name, *value))
            .collect();
        Key::from_parts(name, labels)
    }

    pub fn counter(&self, name: &'static str, labels: &[(&'static str, &'static str)]) -> Counter {
        self.0.register_counter(&Self::key(name, labels), &METADATA)
    }

    pub fn gauge(&self, name: &'static str, labels: &[(&'static str, &'static str)]) -> Gauge {
        self.0.register_gauge(&Self::key(name, labels), &METADATA)
    }

    pub fn histogram(
        &self,
        name: &'static str,
        labels: &[(&'static str, &'static str)],
    ) -> Histogram {
        self.0
            .register_histogram(&Self::key(name, labels), &METADATA)
    }
}

fn counter(recorder: &PrometheusRecorder, name: &'static str, labels: Vec<Label>) -> Counter {
    recorder.register_counter(&Key::from_parts(name, labels), &METADATA)
}

fn position_or_last(known: &[&str], text: &str) -> usize {
    known
        .iter()
        .position(|candidate| *candidate == text)
        .unwrap_or(known.len() - 1)
}

fn describe(recorder: &PrometheusRecorder) {
    for (name, words) in [
        (
            "wecall_messages_total",
            "WebSocket messages of clients, by type.",
        ),
        (
            "wecall_resumes_total",
            "Attempts to take up a session, by outcome.",
        ),
        ("wecall_errors_total", "What was refused, by error code."),
        ("wecall_http_requests_total", "HTTP requests."),
        (
            "wecall_resume_refusals_total",
            "Attempts to take up a session that were refused, by reason.",
        ),
        (
            "wecall_clients_sent_away_total",
            "Clients that were asked to go on over another node.",
        ),
    ] {
        recorder.describe_counter(name.into(), None, words.into());
    }
    for (name, words) in [
        ("wecall_rooms", "Rooms that exist."),
        (
            "wecall_participants",
            "Participants, those in their grace time included.",
        ),
        ("wecall_sockets", "Open WebSockets."),
        (
            "wecall_draining",
            "Whether this node sends its clients away (1) or not (0).",
        ),
        ("wecall_build_info", "The version, as a label."),
    ] {
        recorder.describe_gauge(name.into(), None, words.into());
    }
    for (name, words) in [
        (
            "wecall_relay_seconds",
            "From the arrival of a relayed message to its hand-over to the target's socket.",
        ),
        (
            "wecall_http_request_seconds",
            "Time to answer an HTTP request.",
        ),
    ] {
        recorder.describe_histogram(name.into(), Some(Unit::Seconds), words.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_never_rose_are_there_as_zero() {
        let text = Metrics::new().unwrap().handle().render();
        for line in [
            "wecall_messages_total{type=\"join\"} 0",
            "wecall_resumes_total{outcome=\"refused\"} 0",
            "wecall_errors_total{code=\"room-not-found\"} 0",
            "wecall_rooms 0",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn histograms_have_buckets_that_add_up_across_nodes() {
        let metrics = Metrics::new().unwrap();
        metrics.relay.record(0.000_03);
        let text = metrics.handle().render();
        assert!(
            text.contains("wecall_relay_seconds_bucket{le=\"0.00005\"} 1"),
            "{text}"
        );
        assert!(text.contains("wecall_relay_seconds_count 1"), "{text}");
    }

    #[test]
    fn methods_and_statuses_that_clients_think_up_share_one_label() {
        let metrics = Metrics::new().unwrap();
        let method = Method::from_bytes(b"BREW").unwrap();
        let status = StatusCode::from_u16(418).unwrap();
        metrics.request(Route::Static, &method, status, Duration::ZERO);
        let text = metrics.handle().render();
        assert!(
            text.contains("method=\"other\",status=\"other\"} 1"),
            "{text}"
        );
    }

    #[test]
    fn errors_are_counted_under_their_own_code() {
        let metrics = Metrics::new().unwrap();
        for code in ErrorCode::ALL {
            metrics.error(*code);
        }
        let text = metrics.handle().render();
        for code in ErrorCode::ALL {
            assert!(
                text.contains(&format!("code=\"{}\"}} 1", code.as_str())),
                "{code:?}\n{text}"
            );
        }
    }
}
