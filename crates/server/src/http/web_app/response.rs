//! The answer with one file.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};

use super::files::Encoding;

/// The name of a file under `assets/` has a hash of its content in it.
pub const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Kept, but asked for anew each time; an ETag makes that a short answer.
pub const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

/// A file as one client gets it.
#[derive(Debug)]
pub struct Served {
    pub content_type: &'static str,
    pub content: Content,
}

#[derive(Debug, Clone)]
pub struct Content {
    pub encoding: Encoding,
    /// Of exactly these bytes, so a strong one.
    pub etag: HeaderValue,
    pub bytes: Bytes,
}

impl Served {
    /// `headers` are those that the kind of file brings along.
    pub fn answer(self, request: &HeaderMap, mut headers: HeaderMap) -> Response<Body> {
        let Content {
            encoding,
            etag,
            bytes,
        } = self.content;
        let is_known = matches_etag(request, &etag);
        headers.insert(header::ETAG, etag);
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if is_known {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        let content_type = HeaderValue::from_static(self.content_type);
        headers.insert(header::CONTENT_TYPE, content_type);
        if let Some(encoding) = encoding.name() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        (headers, bytes).into_response()
    }
}

/// `If-None-Match` of RFC 9110 section 13.1.2, which compares weakly.
fn matches_etag(request: &HeaderMap, etag: &HeaderValue) -> bool {
    request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(|tag| tag.trim())
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// For files that pages of another origin load: scripts and fonts need the first, a page that is
/// isolated the last, and the times that a load took are nobody's secret.
pub fn put_shared_headers(headers: &mut HeaderMap) {
    let all = HeaderValue::from_static("*");
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, all.clone());
    headers.insert(HeaderName::from_static("timing-allow-origin"), all);
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
}
