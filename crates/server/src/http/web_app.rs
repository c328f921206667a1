//! The web app, which the build put into the binary, in whatever encoding the client reads.

mod asset_name;
mod content_type;
mod encoding;
mod extra;
mod files;
mod pages;
mod policies;
mod response;

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, Response, Uri, header},
    response::IntoResponse,
};

pub use files::File;

use super::{AppState, headers::put_page_headers, problem::Refusal};
use crate::config::{AssetsConfig, SocketOrigin};
use asset_name::AssetName;
use encoding::accepted_order;
use extra::ExtraAssets;
use pages::Pages;
use policies::Policies;
use response::{Content, IMMUTABLE, REVALIDATE, Served, put_shared_headers};

const NOT_BUILT: &str = "The web app is not part of this build of the server. \
                         `cargo xtask run` builds both.\n";

/// The files whose names hold a hash of their content.
pub fn embedded_assets() -> impl Iterator<Item = &'static File> {
    files::assets()
}

/// How long they last wherever they are.
pub const ASSET_CACHE_CONTROL: HeaderValue = IMMUTABLE;

/// Everything that no other route took.
#[derive(Debug)]
pub struct WebApp {
    policies: Policies,
    /// When the assets are elsewhere.
    pages: Option<Pages>,
    /// Of other versions.
    extra: Option<ExtraAssets>,
}

impl WebApp {
    /// `sockets` is where signaling may be besides here.
    pub fn new(config: &AssetsConfig, sockets: &[SocketOrigin]) -> Self {
        let base = config.base_url.as_ref();
        Self {
            policies: Policies::new(base, sockets),
            pages: base.map(Pages::new),
            extra: config.extra_dir.as_deref().map(ExtraAssets::new),
        }
    }

    pub async fn answer(&self, request: Request) -> Response<Body> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let allow = [(header::ALLOW, HeaderValue::from_static("GET, HEAD"))];
            return (allow, Refusal::MethodNotAllowed).into_response();
        }
        let mut response = match find(request.uri(), request.headers()) {
            Found::File(file) => self.file(file, request.headers()),
            Found::NotBuilt => not_built(),
            Found::Nothing => self.extra(request.uri(), request.headers()).await,
        };
        // A missing one too: else browsers report that it was not shared, not that it is missing.
        if self.pages.is_some() && request.uri().path().starts_with("/assets/") {
            put_shared_headers(response.headers_mut());
        }
        response
    }

    fn file(&self, file: &'static File, request: &HeaderMap) -> Response<Body> {
        let order = accepted_order(request.get_all(header::ACCEPT_ENCODING));
        let rewritten = self.pages.as_ref().and_then(|pages| pages.find(file));
        let content = rewritten.unwrap_or_else(|| {
            let chosen = file.representation(&order);
            Content {
                encoding: chosen.encoding,
                etag: HeaderValue::from_static(chosen.etag),
                bytes: Bytes::from_static(chosen.bytes),
            }
        });
        let served = Served {
            content_type: file.content_type,
            content,
        };
        served.answer(request, self.headers_of(file.name))
    }

    /// What is not of this version.
    async fn extra(&self, uri: &Uri, request: &HeaderMap) -> Response<Body> {
        let name = uri.path().strip_prefix('/').and_then(AssetName::parse);
        let (Some(extra), Some(name)) = (&self.extra, name) else {
            return Refusal::NotFound.into_response();
        };
        let order = accepted_order(request.get_all(header::ACCEPT_ENCODING));
        match extra.find(name, &order).await {
            Some(served) => {
                let headers = self.headers_of(uri.path().trim_start_matches('/'));
                served.answer(request, headers)
            }
            None => Refusal::NotFound.into_response(),
        }
    }

    fn headers_of(&self, name: &str) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(16);
        let cache = match name.starts_with("assets/") {
            true => IMMUTABLE,
            false => REVALIDATE,
        };
        headers.insert(header::CACHE_CONTROL, cache);
        match name {
            "docs.html" => put_page_headers(&mut headers, &self.policies.docs),
            name if name.ends_with(".html") => put_page_headers(&mut headers, &self.policies.page),
            // A worker goes by the policy of its own script.
            name if name.ends_with(".js") => {
                let policy = self.policies.page.clone();
                headers.insert(header::CONTENT_SECURITY_POLICY, policy);
            }
            _ => {}
        }
        headers
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
