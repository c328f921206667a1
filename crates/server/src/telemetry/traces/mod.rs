//! Traces for a collector that understands OTLP, when there is one.
//!
//! Spans for it have a target of their own ([`TRACE_TARGET`]), which logs leave out. While nothing
//! is traced nobody takes that target, so the spans are never made: each of their places in the
//! code costs one look at a flag.
//!
//! Every trace begins with an HTTP request, so it is decided there what is traced. Attributes say
//! what was done and how it ended, never in which room, by whom or from where.

mod context;
mod export;
mod queue;
mod spans;

use std::sync::{Arc, OnceLock};

pub use context::{NodeTraces, SocketTrace};
pub use export::Exporting;
use metrics::Counter;
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracerProvider, SpanData},
};
pub use spans::{answered, request, traced};
use tokio::sync::mpsc;
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};
use wecall_live::shared::TRACE_TARGET;

use crate::{
    clock::Clock,
    config::{Config, OtlpEndpoint},
    telemetry::Metrics,
};
use queue::Queue;

/// Spans that wait for the collector: less than a kilobyte each, so two megabytes at most.
const QUEUE: usize = 2_048;

/// What becomes of spans, before anything is sent: that needs the runtime.
pub struct Traces {
    endpoint: OtlpEndpoint,
    resource: Resource,
    queue: mpsc::Receiver<SpanData>,
    dropped: Arc<OnceLock<Counter>>,
}

impl Traces {
    /// The layer that takes spans, and what becomes of them; nothing without a collector.
    pub fn set_up<S>(config: &Config) -> Option<(impl Layer<S> + Send + Sync + use<S>, Self)>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let endpoint = config.tracing.otlp_endpoint.clone()?;
        let resource = Resource::builder_empty()
            .with_attributes([
                KeyValue::new("service.name", "wecall"),
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
                KeyValue::new("service.instance.id", config.cluster.name()),
            ])
            .build();
        let (sender, queue) = mpsc::channel(QUEUE);
        let dropped = Arc::new(OnceLock::new());
        let share = f64::from(config.tracing.sample_percent) / 100.0;
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share)));
        let provider = SdkTracerProvider::builder()
            .with_span_processor(Queue::new(sender, dropped.clone()))
            .with_sampler(sampler)
            .with_resource(resource.clone())
            .build();
        let layer = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("wecall"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false)
            .with_filter(Targets::new().with_target(TRACE_TARGET, LevelFilter::INFO));
        let traces = Self {
            endpoint,
            resource,
            queue,
            dropped,
        };
        Some((layer, traces))
    }

    /// Begins to send spans to the collector. It need not be there.
    pub fn start(self, metrics: &Metrics, clock: Clock) -> anyhow::Result<Exporting> {
        let lost = export::counters(metrics);
        // It is empty: this is called once.
        drop(self.dropped.set(lost.queue_full));
        Exporting::start(
            &self.endpoint,
            &self.resource,
            self.queue,
            lost.not_taken,
            clock,
        )
    }
}
