//! Traces of what rooms do, over nodes. Here are spans and their way from node to node; what a
//! trace is, and where it goes, only the program knows.

use tracing::Span;

/// The target of all spans that are for traces and not for logs. Without someone who takes them
/// they are never made.
pub const TRACE_TARGET: &str = "wecall::trace";

/// Takes spans from node to node.
pub trait Traces: Send + Sync + 'static {
    /// How another node refers to this span; `None` when nobody wants to know.
    fn carry(&self, span: &Span) -> Option<String>;

    /// Makes a span that has just been made the child of one that another node has carried here.
    fn follow(&self, span: &Span, carried: &str);
}

/// Nothing is traced.
pub struct NoTraces;

impl Traces for NoTraces {
    fn carry(&self, _: &Span) -> Option<String> {
        None
    }

    fn follow(&self, _: &Span, _: &str) {}
}

/// A write of a room's record, as a part of what asked for it.
pub(super) fn commit(asked: &Span, kind: &'static str, conflicts: u32, nodes: usize) -> Span {
    if asked.is_disabled() {
        return Span::none();
    }
    tracing::info_span!(
        target: TRACE_TARGET,
        parent: asked,
        "redis commit",
        otel.kind = "client",
        kind,
        conflicts,
        nodes,
        outcome = tracing::field::Empty,
    )
}

/// A change that another node has made, until it is taken in here.
pub(super) fn room_change(traces: &dyn Traces, carried: Option<&str>) -> Span {
    let Some(carried) = carried else {
        return Span::none();
    };
    let span = tracing::info_span!(
        target: TRACE_TARGET,
        parent: None,
        "room change",
        otel.kind = "consumer",
        outcome = tracing::field::Empty,
    );
    traces.follow(&span, carried);
    span
}

/// The handing over of a session to another node that asks for it.
pub(super) fn takeover(traces: &dyn Traces, carried: Option<&str>) -> Span {
    let Some(carried) = carried else {
        return Span::none();
    };
    let span = tracing::info_span!(
        target: TRACE_TARGET,
        parent: None,
        "takeover",
        otel.kind = "server",
        outcome = tracing::field::Empty,
    );
    traces.follow(&span, carried);
    span
}
