//! The web app, which the build put into the binary, in whatever encoding the client reads.

mod encoding;
mod files;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header},
    response::IntoResponse,
};

use super::{
    AppState,
    headers::{DOCS_POLICY, PAGE_POLICY, put_page_headers},
    problem::Refusal,
};
use encoding::accepted_order;
use files::{File, Representation};

/// The name of a file under `assets/` has a hash of its content in it.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Kept, but asked for anew each time; an ETag makes that a short answer.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

const NOT_BUILT: &str = "The web app is not part of this build of the server. \
                         `cargo xtask run` builds both.\n";

/// Everything that no other route took.
pub async fn web_app(request: Request) -> Response<Body> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let allow = [(header::ALLOW, HeaderValue::from_static("GET, HEAD"))];
        return (allow, Refusal::MethodNotAllowed).into_response();
    }
    match find(request.uri(), request.headers()) {
        Found::File(file) => file_response(file, request.headers()),
        Found::NotBuilt => not_built(),
        Found::Nothing => Refusal::NotFound.into_response(),
    }
}

/// The certificate of the local authority, for devices that shall trust it.
pub async fn authority(State(app): State<AppState>) -> Response<Body> {
    match &app.ca_pem {
        None => Refusal::NotFound.into_response(),
        Some(pem) => {
            // With this type phones offer to install it.
            let kind = HeaderValue::from_static("application/x-x509-ca-cert");
            ([(header::CONTENT_TYPE, kind)], pem.to_string()).into_response()
        }
    }
}

#[derive(Debug)]
enum Found {
    File(&'static File),
    NotBuilt,
    Nothing,
}

fn find(uri: &Uri, headers: &HeaderMap) -> Found {
    let path = uri.path().trim_start_matches('/');
    let name = match path {
        "docs" => "docs.html",
        // Pages are reached by their address alone.
        "index.html" | "docs.html" => return Found::Nothing,
        "" => "index.html",
        path => path,
    };
    if let Some(file) = files::find(name) {
        return Found::File(file);
    }
    if !is_page_address(path, headers) {
        return Found::Nothing;
    }
    match files::find("index.html") {
        Some(page) => Found::File(page),
        None => Found::NotBuilt,
    }
}

/// An address within the app, which its own router understands: asked for as a page, and not like
/// a file. A missing script must never be answered with a page.
fn is_page_address(path: &str, headers: &HeaderMap) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    let wants_page = match headers.get(header::ACCEPT) {
        None => true,
        Some(accept) => {
            let accept = accept.to_str().unwrap_or_default();
            accept.contains("text/html") || accept.contains("*/*")
        }
    };
    wants_page && !last.contains('.') && !path.starts_with("assets/") && path != "ws"
}

fn file_response(file: &'static File, request: &HeaderMap) -> Response<Body> {
    let order = accepted_order(request.get_all(header::ACCEPT_ENCODING));
    let chosen = file.representation(&order);
    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(header::ETAG, HeaderValue::from_static(chosen.etag));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let cache = match file.name.starts_with("assets/") {
        true => IMMUTABLE,
        false => REVALIDATE,
    };
    headers.insert(header::CACHE_CONTROL, cache);
    match file.name {
        "docs.html" => put_page_headers(&mut headers, DOCS_POLICY),
        name if name.ends_with(".html") => put_page_headers(&mut headers, PAGE_POLICY),
        // A worker goes by the policy of its own script.
        name if name.ends_with(".js") => {
            headers.insert(header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
        }
        _ => {}
    }
    if matches_etag(request, chosen) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(file.content_type),
    );
    if let Some(encoding) = chosen.encoding.name() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    (headers, chosen.bytes).into_response()
}

/// `If-None-Match` of RFC 9110 section 13.1.2, which compares weakly.
fn matches_etag(request: &HeaderMap, chosen: &Representation) -> bool {
    request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(|tag| tag.trim())
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == chosen.etag)
}

fn not_built() -> Response<Body> {
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, REVALIDATE),
    ];
    (headers, NOT_BUILT).into_response()
}

#[cfg(test)]
mod tests;
