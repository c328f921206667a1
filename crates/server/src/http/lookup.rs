//! Finding the room of a request, without telling someone who guesses more than they may know.

use wecall_protocol::{ErrorCode, RoomId};

use super::{App, problem::Refusal};
use crate::limits::ClientAddr;

/// The id in a path, and the right to look it up.
pub fn room_id(app: &App, client: ClientAddr, text: &str) -> Result<RoomId, Refusal> {
    app.limits.look_up_room(client, app.clock.instant())?;
    // No room can have such an id, so it tells nothing about those that exist, and costs nothing.
    text.parse()
        .map_err(|_| Refusal::Code(ErrorCode::InvalidRoomId))
}

/// Counts a room that is not there against the one who asked.
pub fn refused(app: &App, client: ClientAddr, code: ErrorCode) -> Refusal {
    if code == ErrorCode::RoomNotFound {
        app.limits.room_missed(client, app.clock.instant());
    }
    Refusal::Code(code)
}
