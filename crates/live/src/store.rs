use wecall_protocol::{ErrorCode, RoomId, Timestamp};
use wecall_room::{Change, Command, RoomState};

/// Where rooms live. Whatever happens in a room happens under its lock, one thing after the other.
pub trait RoomStore: Send + Sync + 'static {
    fn create(&self, state: RoomState) -> Result<(), CreateError>;

    /// Works on the room while nothing else happens in it. `work` must not block, nor come back
    /// to the store.
    fn with<T>(
        &self,
        room: RoomId,
        work: impl FnOnce(&mut dyn LockedRoom) -> T,
    ) -> Result<T, ErrorCode>;

    /// Whether a room of this id has ended not long ago, and must not come back.
    fn has_ended(&self, room: RoomId) -> bool;

    /// Lets time have its effect on the rooms whose deadlines have passed.
    fn expire(&self, now: Timestamp);

    fn room_count(&self) -> usize;
}

/// A room that nobody else can touch meanwhile.
pub trait LockedRoom {
    fn state(&self) -> &RoomState;

    /// Runs a command. The audience has heard of the change when this returns, and hears of all
    /// changes of one room in the order of their versions.
    fn apply(&mut self, command: Command, now: Timestamp) -> Result<Change, ErrorCode>;
}

/// Who hears what changed in a room.
pub trait Audience: Send + Sync + 'static {
    /// Called under the room's lock: it must not call the store.
    fn changed(&self, room: &RoomState, change: &Change, now: Timestamp);
}

/// Why a room was not created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// Another room has this id, or had it not long ago.
    #[error("the room id is taken")]
    IdTaken,
    #[error("the server holds as many rooms as it may")]
    TooManyRooms,
}
