use axum::{
    Extension,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, Response, StatusCode, Uri, header, uri::Authority},
    response::IntoResponse,
};
use wecall_live::Grant;
use wecall_protocol::{
    ErrorCode, UserName, limits,
    rest::{CreateTokenRequest, CreatedToken, Problem, TokenKind},
};

use super::{App, AppState, body::read_json, lookup, problem::Refusal};
use crate::{config::TlsMode, limits::ClientAddr, turn::host_of};

/// A day: an event, and its rehearsal.
const DEFAULT_TTL_SECONDS: u32 = 24 * 60 * 60;

/// Make a token for a stream
///
/// With the host token of the room. The stream goes over WHIP (RFC 9725) or WHEP, for which the
/// answer has the address.
#[utoipa::path(
    post,
    path = "/api/rooms/{room_id}/tokens",
    tag = "rooms",
    params(
        ("room_id" = String, Path, description = "The room code, in either case",
            example = "K7Q2M9XD"),
        ("authorization" = String, Header, description = "`Bearer`, and the host token"),
    ),
    request_body = CreateTokenRequest,
    responses(
        (status = 201, description = "The token", body = CreatedToken),
        (status = 400, description = "An option is not valid", body = Problem,
            content_type = "application/problem+json"),
        (status = 401, description = "No bearer token", body = Problem,
            content_type = "application/problem+json"),
        (status = 403, description = "Not the host token of this room", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "No such room", body = Problem,
            content_type = "application/problem+json"),
        (status = 429, description = "Too many requests in a short time", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub async fn create_token(
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddr>,
    Path(text): Path<String>,
    request: Request,
) -> Result<Response<Body>, Refusal> {
    let room = lookup::room_id(&app, client, &text)?;
    let host_token = bearer(request.headers())?.to_owned();
    let origin = origin_of(&app, request.uri(), request.headers());
    let asked = read_json::<Option<CreateTokenRequest>>(request).await?;
    let asked = asked.ok_or_else(|| Refusal::Body("The body must tell the `kind`.".into()))?;
    let ttl = asked.ttl_seconds.unwrap_or(DEFAULT_TTL_SECONDS);
    if !limits::TTL_SECONDS.contains(&ttl) {
        return Err(ErrorCode::InvalidRoomOptions.into());
    }
    let now = app.clock.now();
    let grant = Grant {
        id: random_number()?,
        kind: asked.kind,
        room,
        room_created_at: now,
        name: asked.name.as_deref().map(UserName::parse).transpose()?,
        expires_at: now + std::time::Duration::from_secs(ttl.into()),
    };
    let expires_at = grant.expires_at;
    let granted = app.rooms.grant(grant, &host_token, now).await;
    let token = granted.map_err(|code| lookup::refused(&app, client, code))?;
    let path = match asked.kind {
        TokenKind::Publish => format!("/whip/{room}"),
        TokenKind::Watch => format!("/whep/{room}"),
    };
    let body = CreatedToken {
        token,
        url: format!("{}{path}", origin.unwrap_or_default()),
        expires_at,
    };
    Ok((StatusCode::CREATED, super::json(&body)).into_response())
}

/// What the request carries as `Authorization: Bearer`.
pub fn bearer(headers: &HeaderMap) -> Result<&str, ErrorCode> {
    let value = headers.get(header::AUTHORIZATION);
    let value = value.and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.split_once(' '));
    match token {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            match token.trim().len() {
                1..=limits::TOKEN_BYTES => Ok(token.trim()),
                _ => Err(ErrorCode::InvalidToken),
            }
        }
        _ => Err(ErrorCode::InvalidToken),
    }
}

/// Where the request was sent to. It goes back to the one who sent it and to nobody else, so that
/// what a proxy says of it needs no trust.
fn origin_of(app: &App, uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let host = host_of(uri, headers)?;
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let port = text("host").and_then(|host| host.parse::<Authority>().ok()?.port_u16());
    let is_https = app.config.tls.mode() != TlsMode::Off
        || text("x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    let scheme = if is_https { "https" } else { "http" };
    Some(match port {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

fn random_number() -> Result<u64, ErrorCode> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system gives no random bytes");
        ErrorCode::Unavailable
    })?;
    Ok(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bearer_is_what_follows_the_scheme() {
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(with("Bearer abc").unwrap(), "abc");
        assert_eq!(with("bearer  abc").unwrap(), "abc");
        for bad in ["", "Bearer", "Bearer ", "Basic abc", "abc"] {
            assert_eq!(with(bad), Err(ErrorCode::InvalidToken), "{bad}");
        }
        assert!(with(&format!("Bearer {}", "a".repeat(2_049))).is_err());
        assert!(bearer(&HeaderMap::new()).is_err());
    }
}
