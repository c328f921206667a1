//! The opening handshake of RFC 6455 section 4.2, on an HTTP/1.1 request.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use data_encoding::BASE64;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::task::TaskTracker;

use super::{Handler, Now, connection::Connection};

/// Section 1.3 of the RFC.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A request that may become a WebSocket.
#[derive(Debug)]
pub struct Upgrade {
    accept: HeaderValue,
    on_upgrade: OnUpgrade,
}

/// Why a request does not become a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpgradeRefused {
    #[error("This address is for WebSocket connections only.")]
    NoUpgrade,
    #[error("Only WebSocket version 13 is understood here.")]
    Version,
    #[error("The WebSocket key is missing or malformed.")]
    Key,
    #[error("Pages of this origin may not connect here.")]
    Origin,
}

impl Upgrade {
    /// Checks the request. `allowed` says which origins may connect besides the server's own;
    /// a request without an origin comes from no web page and needs no such protection.
    pub fn check(
        request: &mut Request,
        allowed: impl Fn(&str) -> bool,
    ) -> Result<Self, UpgradeRefused> {
        let headers = request.headers();
        if !lists(headers, header::CONNECTION, "upgrade")
            || !lists(headers, header::UPGRADE, "websocket")
        {
            return Err(UpgradeRefused::NoUpgrade);
        }
        if text(headers, header::SEC_WEBSOCKET_VERSION) != Some("13") {
            return Err(UpgradeRefused::Version);
        }
        let accept = text(headers, header::SEC_WEBSOCKET_KEY)
            .and_then(accept_for)
            .ok_or(UpgradeRefused::Key)?;
        if let Some(origin) = headers.get(header::ORIGIN) {
            let host = text(headers, header::HOST).or_else(|| {
                request
                    .uri()
                    .authority()
                    .map(|authority| authority.as_str())
            });
            let welcome = origin.to_str().is_ok_and(|origin| {
                host.is_some_and(|host| is_same_origin(origin, host)) || allowed(origin)
            });
            if !welcome {
                return Err(UpgradeRefused::Origin);
            }
        }
        // Missing in HTTP/2, where an upgrade is something else.
        let on_upgrade = request
            .extensions_mut()
            .remove::<OnUpgrade>()
            .ok_or(UpgradeRefused::NoUpgrade)?;
        Ok(Self { accept, on_upgrade })
    }

    /// The answer to the request. Once it is sent, `handler` makes the handler and `tasks` runs
    /// the socket. `S` is the type that the HTTP server was given, and `clock` reads the time.
    pub fn serve<S, H, C>(
        self,
        tasks: &TaskTracker,
        clock: C,
        handler: impl FnOnce() -> H + Send + 'static,
    ) -> Response
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        H: Handler,
        C: Fn() -> Now + Send + 'static,
    {
        let on_upgrade = self.on_upgrade;
        let owner = tasks.clone();
        // A task of its own: the one of the socket shall not be as large as what comes before.
        tasks.spawn(async move {
            let upgraded = match on_upgrade.await {
                Ok(upgraded) => upgraded,
                Err(error) => {
                    tracing::debug!(%error, "peer went away during the upgrade");
                    return;
                }
            };
            match upgraded.downcast::<TokioIo<S>>() {
                Ok(parts) => {
                    let io = parts.io.into_inner();
                    owner.spawn(Connection::new(io, &parts.read_buf, handler(), clock));
                }
                Err(_) => tracing::error!("the HTTP server runs on another kind of stream"),
            }
        });

        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, self.accept);
        response
    }
}

impl UpgradeRefused {
    pub const fn status(self) -> StatusCode {
        match self {
            Self::NoUpgrade | Self::Version => StatusCode::UPGRADE_REQUIRED,
            Self::Key => StatusCode::BAD_REQUEST,
            Self::Origin => StatusCode::FORBIDDEN,
        }
    }
}

impl IntoResponse for UpgradeRefused {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.to_string()).into_response();
        if self.status() == StatusCode::UPGRADE_REQUIRED {
            let headers = response.headers_mut();
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(
                header::SEC_WEBSOCKET_VERSION,
                HeaderValue::from_static("13"),
            );
        }
        response
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a header, which may stand there several times, lists `token`.
fn lists(headers: &HeaderMap, name: header::HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|listed| listed.trim().eq_ignore_ascii_case(token))
}

fn accept_for(key: &str) -> Option<HeaderValue> {
    let nonce = BASE64.decode(key.as_bytes()).ok()?;
    if nonce.len() != 16 {
        return None;
    }
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    HeaderValue::from_str(&BASE64.encode(&digest)).ok()
}

/// Whether a page of `origin` was loaded from `host`. The scheme is not compared: behind a proxy
/// that does TLS the server does not know it.
fn is_same_origin(origin: &str, host: &str) -> bool {
    let (authority, default_port) = if let Some(authority) = origin.strip_prefix("https://") {
        (authority, ":443")
    } else if let Some(authority) = origin.strip_prefix("http://") {
        (authority, ":80")
    } else {
        return false;
    };
    let bare = |name: &str| {
        let name = name.strip_suffix(default_port).unwrap_or(name);
        name.to_ascii_lowercase()
    };
    bare(authority) == bare(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(change: impl FnOnce(&mut HeaderMap)) -> Request {
        let mut request = Request::builder()
            .uri("/ws")
            .header("host", "call.example.org")
            .header("connection", "keep-alive, Upgrade")
            .header("upgrade", "WebSocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .body(Body::empty())
            .unwrap();
        let on_upgrade = hyper::upgrade::on(&mut request);
        request.extensions_mut().insert(on_upgrade);
        change(request.headers_mut());
        request
    }

    fn check(change: impl FnOnce(&mut HeaderMap)) -> Result<HeaderValue, UpgradeRefused> {
        Upgrade::check(&mut request(change), |origin| {
            origin == "http://localhost:3000"
        })
        .map(|upgrade| upgrade.accept)
    }

    fn with_origin(origin: &'static str) -> Result<HeaderValue, UpgradeRefused> {
        check(|headers| {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        })
    }

    #[test]
    fn key_of_the_rfc_gets_the_answer_of_the_rfc() {
        assert_eq!(check(|_| {}).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn request_that_is_no_handshake_is_refused() {
        let missing = |name: header::HeaderName| {
            check(|headers| {
                headers.remove(name);
            })
        };
        let changed = |name: header::HeaderName, value: &'static str| {
            check(|headers| {
                headers.insert(name, HeaderValue::from_static(value));
            })
        };
        assert_eq!(missing(header::CONNECTION), Err(UpgradeRefused::NoUpgrade));
        assert_eq!(missing(header::UPGRADE), Err(UpgradeRefused::NoUpgrade));
        assert_eq!(
            changed(header::UPGRADE, "h2c"),
            Err(UpgradeRefused::NoUpgrade)
        );
        assert_eq!(
            changed(header::SEC_WEBSOCKET_VERSION, "8"),
            Err(UpgradeRefused::Version)
        );
        assert_eq!(
            missing(header::SEC_WEBSOCKET_VERSION),
            Err(UpgradeRefused::Version)
        );
        for key in [
            "",
            "short",
            "dGhlIHNhbXBsZSBub25j",
            "%%%%%%%%%%%%%%%%%%%%%%==",
        ] {
            let refused = changed(header::SEC_WEBSOCKET_KEY, key);
            assert_eq!(refused, Err(UpgradeRefused::Key), "{key}");
        }
    }

    #[test]
    fn request_over_http_2_is_refused() {
        let mut request = request(|_| {});
        request.extensions_mut().clear();
        let refused = Upgrade::check(&mut request, |_| true).map(|_| ());
        assert_eq!(refused, Err(UpgradeRefused::NoUpgrade));
    }

    #[test]
    fn pages_of_the_server_and_of_allowed_origins_may_connect() {
        for origin in [
            "https://call.example.org",
            "http://call.example.org",
            "https://CALL.example.org:443",
            "http://localhost:3000",
        ] {
            assert!(with_origin(origin).is_ok(), "{origin}");
        }
        for origin in [
            "https://example.org",
            "https://call.example.org.evil.example",
            "https://call.example.org:8443",
            "http://localhost:3001",
            "null",
            "file://call.example.org",
            "",
        ] {
            assert_eq!(with_origin(origin), Err(UpgradeRefused::Origin), "{origin}");
        }
    }
}
