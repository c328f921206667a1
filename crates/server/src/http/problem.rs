//! What is refused: a problem detail (RFC 9457), or the shape that protocol version 1 fixed.

use std::{borrow::Cow, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use wecall_protocol::{
    ErrorCode,
    rest::{InvalidRoom, Problem},
};

use crate::{limits::RetryAfter, ws::upgrade::UpgradeRefused};

/// A client shall wait this long when the server cannot take something just now.
const UNAVAILABLE_RETRY: Duration = Duration::from_secs(2);

/// Why a request got no answer. What a person reads never holds an error of the inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Refused by a rule of the protocol.
    Code(ErrorCode),
    /// A body that cannot be read; what is wrong with it.
    Body(Cow<'static, str>),
    /// Larger than so many bytes.
    BodyTooLarge(usize),
    BodyTooSlow,
    NotJson,
    /// The body does not say that it is of this kind.
    NotOfKind(&'static str),
    /// The request does not tell which state of the thing it is for.
    NoIfMatch,
    /// The thing is in another state than the request is for.
    Stale,
    TooMany(RetryAfter),
    NotFound,
    MethodNotAllowed,
    /// A WebSocket or an API call from a page that may not.
    Origin,
    /// At the door of the WebSocket, no WebSocket.
    NoWebSocket(UpgradeRefused),
    Stopping,
}

impl Refusal {
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Code(code) => status_of(*code),
            Self::Body(_) => StatusCode::BAD_REQUEST,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NotJson | Self::NotOfKind(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NoIfMatch => StatusCode::PRECONDITION_REQUIRED,
            Self::Stale => StatusCode::PRECONDITION_FAILED,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Origin => StatusCode::FORBIDDEN,
            Self::NoWebSocket(refused) => refused.status(),
            Self::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Code(code) => Some(*code),
            Self::Body(_) | Self::NotJson | Self::NotOfKind(_) => Some(ErrorCode::InvalidMessage),
            Self::BodyTooLarge(_) => Some(ErrorCode::MessageTooLarge),
            Self::TooMany(_) => Some(ErrorCode::RateLimited),
            Self::Stopping => Some(ErrorCode::Unavailable),
            Self::BodyTooSlow
            | Self::NoIfMatch
            | Self::Stale
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::Origin
            | Self::NoWebSocket(_) => None,
        }
    }

    fn detail(&self) -> Cow<'static, str> {
        match self {
            Self::Code(code) => code.sentence().into(),
            Self::Body(detail) => detail.clone(),
            Self::BodyTooLarge(most) => {
                format!("The body is larger than {} KiB.", most / 1_024).into()
            }
            Self::BodyTooSlow => "The body took too long to arrive.".into(),
            Self::NotJson => "The body must be JSON, with Content-Type application/json.".into(),
            Self::NotOfKind(kind) => format!("The body must have Content-Type {kind}.").into(),
            Self::NoIfMatch => {
                "The request needs If-Match: the ETag of the ICE session, or * to restart it."
                    .into()
            }
            Self::Stale => "The ICE session is another one by now.".into(),
            Self::TooMany(_) => ErrorCode::RateLimited.sentence().into(),
            Self::NotFound => "There is nothing at this address.".into(),
            Self::MethodNotAllowed => "This address does not take this method.".into(),
            Self::Origin => "This page may not use this server.".into(),
            Self::NoWebSocket(refused) => refused.to_string().into(),
            Self::Stopping => "The server is stopping. Try again shortly.".into(),
        }
    }

    fn retry_after(&self) -> Option<RetryAfter> {
        match self {
            Self::TooMany(retry) => Some(*retry),
            Self::Stopping | Self::Code(ErrorCode::Unavailable) => {
                Some(RetryAfter(UNAVAILABLE_RETRY))
            }
            _ => None,
        }
    }

    /// In the shape that `validate` has had since version 1.
    pub fn as_invalid_room(&self) -> Response<Body> {
        let body = InvalidRoom {
            valid: false,
            message: self.detail().into_owned(),
            code: self.code().unwrap_or(ErrorCode::Unavailable),
        };
        self.respond(&body, HeaderValue::from_static("application/json"))
    }

    fn respond(&self, body: &impl serde::Serialize, kind: HeaderValue) -> Response<Body> {
        let mut headers = HeaderMap::with_capacity(3);
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        headers.insert(header::CONTENT_TYPE, kind);
        if let Some(retry) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, retry.whole_seconds().into());
        }
        if self.status() == StatusCode::UPGRADE_REQUIRED {
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            let version = HeaderValue::from_static("13");
            headers.insert(header::SEC_WEBSOCKET_VERSION, version);
        }
        let json = serde_json::to_vec(body).expect("the bodies hold nothing that JSON cannot");
        let mut response = (self.status(), headers, json).into_response();
        // For the metrics, which count what was refused.
        if let Some(code) = self.code() {
            response.extensions_mut().insert(RefusedCode(code));
        }
        response
    }
}

/// Told with a response to what wraps the router.
#[derive(Debug, Clone, Copy)]
pub struct RefusedCode(pub ErrorCode);

/// The one place where codes of the protocol become statuses of HTTP.
fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::RoomNotFound | ErrorCode::InvalidRoomId | ErrorCode::PeerNotFound => {
            StatusCode::NOT_FOUND
        }
        ErrorCode::RoomFull
        | ErrorCode::RoomLocked
        | ErrorCode::Removed
        | ErrorCode::InvalidHostToken
        | ErrorCode::InvalidResumeToken
        | ErrorCode::HostOnly => StatusCode::FORBIDDEN,
        ErrorCode::InvalidToken => StatusCode::UNAUTHORIZED,
        ErrorCode::MediaRefused => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::MessageTooLarge | ErrorCode::SdpTooLarge | ErrorCode::CandidateTooLarge => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        ErrorCode::NotJoined | ErrorCode::AlreadyJoined | ErrorCode::NotSupportedByPeer => {
            StatusCode::CONFLICT
        }
        ErrorCode::InvalidMessage
        | ErrorCode::UnknownType
        | ErrorCode::BinaryNotSupported
        | ErrorCode::InvalidName
        | ErrorCode::InvalidRoomName
        | ErrorCode::InvalidRoomOptions
        | ErrorCode::ChatTooLong => StatusCode::BAD_REQUEST,
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        let status = self.status();
        let problem = Problem {
            kind: "about:blank".into(),
            title: status.canonical_reason().unwrap_or("Error").into(),
            status: status.as_u16(),
            detail: self.detail().into_owned(),
            code: self.code(),
        };
        self.respond(
            &problem,
            HeaderValue::from_static("application/problem+json"),
        )
    }
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self::Code(code)
    }
}

impl From<RetryAfter> for Refusal {
    fn from(retry: RetryAfter) -> Self {
        Self::TooMany(retry)
    }
}
