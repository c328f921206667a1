//! The spans of the server.

use std::net::IpAddr;

use axum::http::{HeaderMap, Method, StatusCode};
use ipnet::IpNet;
use tracing::{Instrument as _, Span, field::Empty};
use wecall_live::{Answer, shared::TRACE_TARGET};
use wecall_protocol::ErrorCode;

use super::context::{SocketTrace, TRACEPARENT, make_child, parse};
use crate::http::{Route, is_trusted};

/// A request over HTTP. What a proxy says it belongs to counts when `peer` is trusted: anyone else
/// could have everything traced, or write into the traces of others.
pub fn request(
    route: Route,
    method: &Method,
    headers: &HeaderMap,
    peer: IpAddr,
    trusted: &[IpNet],
) -> Span {
    if route.is_health() {
        return Span::none();
    }
    let (method, route) = (name_of(method), route.as_str());
    let span = tracing::info_span!(
        target: TRACE_TARGET,
        parent: None,
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
    );
    if !span.is_disabled() && is_trusted(peer, trusted) {
        let parent = headers.get(TRACEPARENT).and_then(|text| text.to_str().ok());
        if let Some(parent) = parent.and_then(parse) {
            make_child(&span, parent);
        }
    }
    span
}

/// Notes in the span of a request how it was answered.
pub fn answered(span: &Span, status: StatusCode) {
    if span.is_disabled() {
        return;
    }
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "error");
    }
}

/// Clients think up methods, too.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}

impl SocketTrace {
    pub fn join(&self) -> Span {
        self.child(|| {
            tracing::info_span!(
                target: TRACE_TARGET,
                parent: None,
                "join",
                outcome = Empty,
                otel.status_code = Empty,
            )
        })
    }

    pub fn resume(&self) -> Span {
        self.child(|| {
            tracing::info_span!(
                target: TRACE_TARGET,
                parent: None,
                "resume",
                outcome = Empty,
                otel.status_code = Empty,
            )
        })
    }

    /// Something that a participant does in their room; `kind` is the type of the message.
    pub fn act(&self, kind: &'static str) -> Span {
        self.child(|| {
            tracing::info_span!(
                target: TRACE_TARGET,
                parent: None,
                "act",
                kind,
                outcome = Empty,
                otel.status_code = Empty,
            )
        })
    }
}

/// Asks in a span, which is over with the answer.
pub fn traced<T: Send + 'static>(
    span: Span,
    ask: impl FnOnce() -> Answer<Result<T, ErrorCode>>,
) -> Answer<Result<T, ErrorCode>> {
    if span.is_disabled() {
        return ask();
    }
    match span.in_scope(ask) {
        Answer::Ready(answer) => {
            note(&span, &answer);
            Answer::Ready(answer)
        }
        Answer::Later(later) => {
            let asking = span.clone();
            let noted = async move {
                let answer = later.await;
                note(&asking, &answer);
                answer
            };
            Answer::later(noted.instrument(span))
        }
    }
}

fn note<T>(span: &Span, answer: &Result<T, ErrorCode>) {
    let outcome = match answer {
        Ok(_) => "done",
        Err(code) => code.as_str(),
    };
    span.record("outcome", outcome);
    // All others are what the client has done wrong, or could not know.
    if matches!(answer, Err(ErrorCode::Unavailable)) {
        span.record("otel.status_code", "error");
    }
}
