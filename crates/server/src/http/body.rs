//! Reads the JSON body of a request, within a size and a time.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, Request, header},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use wecall_protocol::limits::REST_BODY_BYTES;

use super::problem::Refusal;

/// 16 KiB at modem speed.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The body, or the default for none at all.
pub async fn read_json<T: DeserializeOwned + Default>(
    request: Request<Body>,
) -> Result<T, Refusal> {
    let is_json = says_json(request.headers());
    let limited = Limited::new(request.into_body(), REST_BODY_BYTES);
    let bytes = match timeout(BODY_TIMEOUT, limited.collect()).await {
        Err(_) => return Err(Refusal::BodyTooSlow),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(Refusal::BodyTooLarge),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a request body broke off");
            return Err(Refusal::Body("The body is not complete.".into()));
        }
        Ok(Ok(body)) => body.to_bytes(),
    };
    if bytes.is_empty() {
        return Ok(T::default());
    }
    if !is_json {
        return Err(Refusal::NotJson);
    }
    // Structs are read from arrays too, which would make `[]` a valid room.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(Refusal::Body("The body must be a JSON object.".into()));
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let what = match error.classify() {
            serde_json::error::Category::Data => "A field of the body is of the wrong kind",
            _ => "The body is not valid JSON",
        };
        Refusal::Body(format!("{what}: {place}.").into())
    })
}

/// A body without a type is taken at its word.
fn says_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        return true;
    };
    let essence = kind.to_str().unwrap_or_default().split(';').next();
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}
