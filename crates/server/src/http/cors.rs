//! Which pages may use the API and the WebSocket.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header},
};

use crate::config::WebOrigin;

/// How long browsers may remember the answer to a preflight, in seconds: Chromium's most.
const PREFLIGHT_MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PATCH, DELETE");

const HEADERS: HeaderValue =
    HeaderValue::from_static("accept, authorization, content-type, if-match");

/// Whether the page that a browser names in `Origin` may. No browser, no page: nothing to guard.
pub fn origin_allowed(headers: &HeaderMap, allowed: &[WebOrigin]) -> bool {
    match headers.get(header::ORIGIN) {
        None => true,
        Some(origin) => is_same_origin(origin, headers) || is_listed(origin, allowed),
    }
}

/// The page is the server's own. The scheme is left out: behind a proxy only that knows it.
fn is_same_origin(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let authority = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"))
        .map(|(_, authority)| authority);
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    match (authority, host) {
        (Some(authority), Some(host)) => authority.eq_ignore_ascii_case(host),
        _ => false,
    }
}

fn is_listed(origin: &HeaderValue, allowed: &[WebOrigin]) -> bool {
    allowed.iter().any(|allowed| {
        origin
            .as_bytes()
            .eq_ignore_ascii_case(allowed.as_str().as_bytes())
    })
}

/// The origin, if it may have the answer.
pub fn granted(headers: &HeaderMap, allowed: &[WebOrigin]) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    origin_allowed(headers, allowed).then(|| origin.clone())
}

pub fn is_preflight(request: &Request<Body>) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight; the grant itself is put on it as on every answer.
pub fn preflight() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origin: Option<&str>, host: &str) -> bool {
        let list = ["https://example.org".parse().unwrap()];
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        origin_allowed(&headers, &list)
    }

    #[test]
    fn own_pages_listed_pages_and_programs_may() {
        assert!(allowed(Some("https://call.test:8443"), "call.test:8443"));
        assert!(allowed(Some("https://example.org"), "call.test"));
        assert!(allowed(None, "call.test"));
    }

    #[test]
    fn other_pages_may_not() {
        for origin in [
            "https://evil.test",
            "null",
            "https://example.org.evil.test",
            "http://call.test:1",
        ] {
            assert!(!allowed(Some(origin), "call.test"), "{origin}");
        }
    }
}
