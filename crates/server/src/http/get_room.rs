use axum::{
    Extension,
    body::Body,
    extract::{Path, State},
    http::Response,
};
use wecall_protocol::rest::{Problem, RoomInfo};

use super::{AppState, lookup, problem::Refusal};
use crate::limits::ClientAddr;

/// What a room is, and who is in it
#[utoipa::path(
    get,
    path = "/api/rooms/{room_id}",
    tag = "rooms",
    params(("room_id" = String, Path, description = "The room code, in either case",
        example = "K7Q2M9XD")),
    responses(
        (status = 200, description = "The room", body = RoomInfo),
        (status = 404, description = "No such room", body = Problem,
            content_type = "application/problem+json"),
        (status = 429, description = "Too many unknown rooms in a short time", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub async fn get_room(
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddr>,
    Path(text): Path<String>,
) -> Result<Response<Body>, Refusal> {
    let id = lookup::room_id(&app, client, &text)?;
    let room = app.rooms.get(id, app.clock.now()).await;
    let room = room.map_err(|code| lookup::refused(&app, client, code))?;
    Ok(super::json(&RoomInfo {
        room_id: room.id,
        room_name: room.name,
        created_at: room.created_at,
        participant_count: super::count(&room.participants),
        max_participants: room.max_participants,
        locked: room.locked,
        expires_at: room.expires_at,
        participants: room.participants,
    }))
}
