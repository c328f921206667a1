//! How a span is known elsewhere: to other nodes, to proxies, and to a socket for as long as it is
//! open.

use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator as _},
    trace::{SpanContext, TraceContextExt as _},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use wecall_live::shared::Traces;

/// The field of W3C Trace Context. The other one, `tracestate`, is of other programs.
pub(super) const TRACEPARENT: &str = "traceparent";

/// What [`TRACEPARENT`] is in the versions that there are; a later one may be longer.
const MAX_BYTES: usize = 256;

/// Takes spans from node to node as W3C Trace Context.
pub struct NodeTraces;

impl Traces for NodeTraces {
    fn carry(&self, span: &Span) -> Option<String> {
        let context = sampled(span)?;
        let mut carried = Carried(None);
        let context = Context::new().with_remote_span_context(context);
        TraceContextPropagator::new().inject_context(&context, &mut carried);
        carried.0
    }

    fn follow(&self, span: &Span, carried: &str) {
        if let Some(parent) = parse(carried) {
            make_child(span, parent);
        }
    }
}

/// The request that a socket began with, if it is traced. A pointer that points nowhere in all
/// other sockets.
#[derive(Clone, Default)]
pub struct SocketTrace(Option<Box<SpanContext>>);

impl SocketTrace {
    /// The span that this is called in.
    pub fn current() -> Self {
        Self(sampled(&Span::current()).map(Box::new))
    }

    /// A span that was just made by `make` as a child of the request; none, if it is not traced.
    pub(super) fn child(&self, make: impl FnOnce() -> Span) -> Span {
        let Some(parent) = &self.0 else {
            return Span::none();
        };
        let span = make();
        make_child(&span, SpanContext::clone(parent));
        span
    }
}

pub(super) fn make_child(span: &Span, parent: SpanContext) {
    let parent = Context::new().with_remote_span_context(parent);
    if let Err(error) = span.set_parent(parent) {
        tracing::debug!(%error, "a span stays without its parent");
    }
}

/// `None` for what is not as W3C Trace Context demands.
pub(super) fn parse(text: &str) -> Option<SpanContext> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let context =
        TraceContextPropagator::new().extract_with_context(&Context::new(), &Received(text));
    let context = context.span().span_context().clone();
    context.is_valid().then_some(context)
}

fn sampled(span: &Span) -> Option<SpanContext> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context().span().span_context().clone();
    (context.is_valid() && context.is_sampled()).then_some(context)
}

struct Received<'a>(&'a str);

impl Extractor for Received<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

struct Carried(Option<String>);

impl Injector for Carried {
    fn set(&mut self, key: &str, value: String) {
        if key == TRACEPARENT {
            self.0 = Some(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn trace_context_is_read_as_w3c_writes_it() {
        let context = parse(TEXT).unwrap();
        assert_eq!(
            context.trace_id().to_string(),
            "4bf92f3577b34da6a3ce929d0e0e4736"
        );
        assert_eq!(context.span_id().to_string(), "00f067aa0ba902b7");
        assert!(context.is_sampled() && context.is_remote());
        let unsampled = TEXT.replace("-01", "-00");
        assert!(!parse(&unsampled).unwrap().is_sampled());
    }

    #[test]
    fn anything_else_is_no_trace_context() {
        let long = format!("01-{}", "0".repeat(MAX_BYTES));
        for text in [
            "",
            "00",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
            &long,
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn socket_that_is_not_traced_holds_an_empty_pointer() {
        assert_eq!(size_of::<SocketTrace>(), size_of::<usize>());
        let trace = SocketTrace::current();
        assert!(trace.child(|| unreachable!("nobody traces")).is_disabled());
        assert!(NodeTraces.carry(&Span::current()).is_none());
    }
}
