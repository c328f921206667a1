use std::time::Duration;

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::{Response, StatusCode, header},
    response::IntoResponse,
};
use wecall_protocol::{
    ErrorCode, RoomId, RoomName, limits,
    rest::{CreateRoomRequest, CreatedRoom, Problem},
};
use wecall_room::RoomOptions;

use super::{App, AppState, body::read_json, problem::Refusal};
use crate::limits::ClientAddr;

/// Create a room
///
/// An empty body, or none, creates a room without a name, of the server's size. Whoever holds the
/// `host_token` of the answer can join as host.
#[utoipa::path(
    post,
    path = "/api/rooms",
    tag = "rooms",
    request_body = CreateRoomRequest,
    responses(
        (status = 201, description = "The room", body = CreatedRoom),
        (status = 400, description = "An option is not valid", body = Problem,
            content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem,
            content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem,
            content_type = "application/problem+json"),
        (status = 429, description = "Too many rooms in a short time", body = Problem,
            content_type = "application/problem+json"),
        (status = 503, description = "The server holds as many rooms as it may", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub async fn create_room(
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddr>,
    request: Request,
) -> Result<Response<Body>, Refusal> {
    app.limits.create_room(client, app.clock.instant())?;
    let asked = read_json(request).await?;
    let options = options(&app, &asked)?;
    let now = app.clock.now();
    let room = app.rooms.create(new_room_id, &options, now).await?;
    let body = CreatedRoom {
        room_id: room.id,
        room_name: options.name,
        created_at: now,
        participant_count: 0,
        max_participants: options.max_participants,
        expires_at: options.ttl.map(|ttl| now + ttl),
        host_token: room.host_token,
    };
    let location = format!("/api/rooms/{}", room.id);
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        super::json(&body),
    )
        .into_response())
}

fn options(app: &App, asked: &CreateRoomRequest) -> Result<RoomOptions, ErrorCode> {
    let name = match asked.room_name.as_deref().map(str::trim) {
        None | Some("") => None,
        // The text as it came: a line break at its end is not to be trimmed away unseen.
        Some(_) => asked
            .room_name
            .as_deref()
            .map(RoomName::parse)
            .transpose()?,
    };
    let most = app.config.rooms.max_participants;
    let max_participants = asked.max_participants.unwrap_or(most);
    let ttl_is_valid = asked
        .ttl_seconds
        .is_none_or(|ttl| limits::TTL_SECONDS.contains(&ttl));
    if !(2..=most).contains(&max_participants) || !ttl_is_valid {
        return Err(ErrorCode::InvalidRoomOptions);
    }
    Ok(RoomOptions {
        name,
        max_participants,
        ttl: asked.ttl_seconds.map(|ttl| Duration::from_secs(ttl.into())),
    })
}

fn new_room_id() -> Result<RoomId, ErrorCode> {
    let mut bytes = [0; RoomId::LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system gives no random bytes");
        ErrorCode::Unavailable
    })?;
    Ok(RoomId::from_random(bytes))
}
