use axum::{
    Extension,
    body::Body,
    extract::{Path, State},
    http::Response,
};
use wecall_protocol::rest::{InvalidRoom, ValidRoom};

use super::{App, AppState, lookup, problem::Refusal};
use crate::limits::ClientAddr;

/// Whether one can join a room
///
/// Refusals have the shape of protocol version 1.
#[utoipa::path(
    post,
    path = "/api/rooms/{room_id}/validate",
    tag = "rooms",
    params(("room_id" = String, Path, description = "The room code, in either case",
        example = "K7Q2M9XD")),
    responses(
        (status = 200, description = "One can", body = ValidRoom),
        (status = 403, description = "The room is full or locked", body = InvalidRoom),
        (status = 404, description = "No such room", body = InvalidRoom),
        (status = 429, description = "Too many unknown rooms in a short time", body = InvalidRoom),
    )
)]
pub async fn validate_room(
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddr>,
    Path(text): Path<String>,
) -> Response<Body> {
    match validate(&app, client, &text).await {
        Ok(valid) => super::json(&valid),
        Err(refusal) => refusal.as_invalid_room(),
    }
}

async fn validate(app: &App, client: ClientAddr, text: &str) -> Result<ValidRoom, Refusal> {
    let id = lookup::room_id(app, client, text)?;
    let room = app.rooms.check(id, app.clock.now()).await;
    let (room_name, participant_count) = room.map_err(|code| lookup::refused(app, client, code))?;
    Ok(ValidRoom {
        valid: true,
        room_id: id,
        room_name,
        participant_count,
    })
}
