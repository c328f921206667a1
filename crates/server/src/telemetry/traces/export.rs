//! The way of spans to the collector, on the runtime of the server.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use metrics::{Counter, Key, Label, Level, Metadata, Recorder as _};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{SpanData, SpanExporter as _},
};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{clock::Clock, config::OtlpEndpoint, telemetry::Metrics};

/// Spans in one request.
const BATCH: usize = 512;

/// Spans are sent this long after the first of them, unless there are enough before.
const GATHER_FOR: Duration = Duration::from_secs(1);

/// A collector beside the server answers within milliseconds. Meanwhile others wait.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The end of the server waits no longer for the last of them.
const FINISH_WITHIN: Duration = Duration::from_secs(2);

/// How often it is told that the collector does not take anything.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);

const NAME: &str = "wecall_trace_spans_dropped_total";

/// Of spans that never get to the collector.
pub(super) struct Lost {
    pub queue_full: Counter,
    pub not_taken: Counter,
}

pub(super) fn counters(metrics: &Metrics) -> Lost {
    const METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

    let recorder = metrics.recorder();
    recorder.describe_counter(
        NAME.into(),
        None,
        "Spans that did not get to the collector of traces, by reason.".into(),
    );
    let counter = |reason: &'static str| {
        let key = Key::from_parts(NAME, vec![Label::new("reason", reason)]);
        recorder.register_counter(&key, &METADATA)
    };
    Lost {
        queue_full: counter("queue-full"),
        not_taken: counter("not-taken"),
    }
}

/// Sends spans to the collector until it is finished.
pub struct Exporting {
    task: JoinHandle<()>,
    closing: CancellationToken,
}

impl Exporting {
    pub(super) fn start(
        endpoint: &OtlpEndpoint,
        resource: &Resource,
        queue: mpsc::Receiver<SpanData>,
        not_taken: Counter,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let endpoint = endpoint.traces();
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&endpoint)
            .with_timeout(ANSWER_WITHIN)
            .build()
            .context("tracing.otlp_endpoint")?;
        exporter.set_resource(resource);
        tracing::info!(endpoint, "traces go to a collector");
        let closing = CancellationToken::new();
        let sending = Sending {
            exporter,
            queue,
            closing: closing.clone(),
            not_taken,
            complaints: Complaints {
                endpoint,
                clock,
                last: None,
                lost: 0,
            },
        };
        let task = tokio::spawn(sending.run());
        Ok(Self { task, closing })
    }

    /// Sends what waits still, if the collector takes it in time.
    pub async fn finish(mut self) {
        self.closing.cancel();
        if timeout(FINISH_WITHIN, &mut self.task).await.is_err() {
            self.task.abort();
            tracing::warn!("the last traces did not get to the collector in time");
        }
    }
}

struct Sending {
    exporter: SpanExporter,
    queue: mpsc::Receiver<SpanData>,
    closing: CancellationToken,
    not_taken: Counter,
    complaints: Complaints,
}

impl Sending {
    async fn run(mut self) {
        let mut batch = Vec::new();
        while self.gather(&mut batch).await {
            let spans = std::mem::take(&mut batch);
            let count = spans.len() as u64;
            match timeout(ANSWER_WITHIN, self.exporter.export(spans)).await {
                Ok(Ok(())) => self.complaints.withdraw(),
                Ok(Err(error)) => self.lose(count, &error.to_string()),
                Err(_) => self.lose(count, "no answer in time"),
            }
        }
    }

    /// Takes what is to be sent next. False when nothing will come any more.
    async fn gather(&mut self, batch: &mut Vec<SpanData>) -> bool {
        let end = sleep(Duration::MAX);
        tokio::pin!(end);
        loop {
            let room = BATCH - batch.len();
            if room == 0 {
                return true;
            }
            let is_first = batch.is_empty();
            tokio::select! {
                count = self.queue.recv_many(batch, room) => {
                    if count == 0 {
                        return !batch.is_empty();
                    }
                    if is_first {
                        end.set(sleep(GATHER_FOR));
                    }
                }
                () = self.closing.cancelled(), if !self.queue.is_closed() => self.queue.close(),
                () = &mut end => return true,
            }
        }
    }

    fn lose(&mut self, count: u64, error: &str) {
        self.not_taken.increment(count);
        self.complaints.complain(count, error);
    }
}

/// Tells that the collector does not take spans, and not too often.
struct Complaints {
    endpoint: String,
    clock: Clock,
    last: Option<Instant>,
    lost: u64,
}

impl Complaints {
    fn complain(&mut self, count: u64, error: &str) {
        self.lost += count;
        let now = self.clock.instant();
        let is_due = self
            .last
            .is_none_or(|last| now.saturating_duration_since(last) >= COMPLAIN_EVERY);
        if is_due {
            let (endpoint, lost) = (&self.endpoint, self.lost);
            tracing::warn!(
                endpoint,
                error,
                lost,
                "traces do not get to the collector; calls do not need it"
            );
            self.last = Some(now);
            self.lost = 0;
        }
    }

    fn withdraw(&mut self) {
        if self.last.take().is_some() {
            tracing::info!("the collector takes traces again");
            self.lost = 0;
        }
    }
}
