//! Where spans that are over wait for the collector.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use metrics::Counter;
use opentelemetry::Context;
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};
use tokio::sync::mpsc;

/// The library's own queues hand spans to a thread without a runtime, or count in silence those
/// for which there is no room.
#[derive(Debug)]
pub(super) struct Queue {
    sender: mpsc::Sender<SpanData>,
    /// Counts those for which there is no room, once there are metrics.
    dropped: Arc<OnceLock<Counter>>,
}

impl Queue {
    pub fn new(sender: mpsc::Sender<SpanData>, dropped: Arc<OnceLock<Counter>>) -> Self {
        Self { sender, dropped }
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled()
            && self.sender.try_send(span).is_err()
            && let Some(dropped) = self.dropped.get()
        {
            dropped.increment(1);
        }
    }

    /// [`super::Exporting`] does it.
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use opentelemetry::trace::{Tracer as _, TracerProvider as _};
    use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};

    use super::*;

    /// Ends so many spans; answers how many wait, and how many are counted as dropped.
    fn end_spans(count: usize, room: usize, sampler: Sampler) -> (usize, u64) {
        let (sender, queue) = mpsc::channel(room);
        let dropped = Arc::new(AtomicU64::new(0));
        let counter = Arc::new(OnceLock::from(Counter::from_arc(dropped.clone())));
        let provider = SdkTracerProvider::builder()
            .with_span_processor(Queue::new(sender, counter))
            .with_sampler(sampler)
            .build();
        let tracer = provider.tracer("test");
        for _ in 0..count {
            drop(tracer.start("span"));
        }
        (queue.len(), dropped.load(Ordering::Relaxed))
    }

    #[test]
    fn spans_for_which_there_is_no_room_are_counted() {
        assert_eq!(end_spans(5, 3, Sampler::AlwaysOn), (3, 2));
    }

    #[test]
    fn spans_that_are_not_sampled_take_no_room() {
        assert_eq!(end_spans(5, 3, Sampler::AlwaysOff), (0, 0));
    }
}
