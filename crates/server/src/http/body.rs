//! Reads the JSON body of a request, within a size and a time.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, Request, header},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use wecall_protocol::limits::REST_BODY_BYTES;

use super::problem::Refusal;

/// 16 KiB at modem speed.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A body that says that it is of this kind.
pub async fn read_text(
    request: Request<Body>,
    kind: &'static str,
    most: usize,
) -> Result<String, Refusal> {
    if essence(request.headers()).is_none_or(|essence| !essence.eq_ignore_ascii_case(kind)) {
        return Err(Refusal::NotOfKind(kind));
    }
    let bytes = read(request, most).await?;
    String::from_utf8(bytes.into()).map_err(|_| Refusal::Body("The body is no text.".into()))
}

async fn read(request: Request<Body>, most: usize) -> Result<Bytes, Refusal> {
    let limited = Limited::new(request.into_body(), most);
    match timeout(BODY_TIMEOUT, limited.collect()).await {
        Err(_) => Err(Refusal::BodyTooSlow),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::BodyTooLarge(most)),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a request body broke off");
            Err(Refusal::Body("The body is not complete.".into()))
        }
        Ok(Ok(body)) => Ok(body.to_bytes()),
    }
}

/// The body, or the default for none at all.
pub async fn read_json<T: DeserializeOwned + Default>(
    request: Request<Body>,
) -> Result<T, Refusal> {
    // A body without a type is taken at its word.
    let is_json = essence(request.headers())
        .is_none_or(|essence| essence.eq_ignore_ascii_case("application/json"));
    let bytes = read(request, REST_BODY_BYTES).await?;
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

/// What the body says it is, without parameters.
fn essence(headers: &HeaderMap) -> Option<&str> {
    let kind = headers.get(header::CONTENT_TYPE)?;
    let essence = kind.to_str().unwrap_or_default().split(';').next();
    Some(essence.unwrap_or_default().trim())
}
