use wecall_protocol::{ErrorCode, Timestamp};
use wecall_room::{Change, Command, RoomState};

/// Who hears what changed in a room.
pub trait Audience: Send + Sync + 'static {
    /// Called while nothing else happens in the room: it must not call the store.
    fn changed(&self, room: &RoomState, change: &Change, now: Timestamp);
}

/// Something that is done with one room, in one step as far as anyone can see.
///
/// Rooms may be shared with other nodes, so what is decided may come too late: then it is decided
/// again, on the room as it is by then.
pub trait Work: Send + 'static {
    type Output: Send + 'static;

    /// What to do with the room as it is; `None` when there is none.
    fn decide(&mut self, room: Option<&RoomState>) -> Result<Decision, Refusal>;

    /// Called once, before anything else happens in the room: with the room after what was
    /// decided, or with why it was not done.
    fn finish(self, outcome: Result<&RoomState, Refusal>) -> Self::Output;

    /// Whether the room as this node last knew it will do while no other can be asked. A command
    /// is not run then.
    fn content_with_the_past(&self) -> bool {
        false
    }
}

#[derive(Debug)]
pub enum Decision {
    /// Nothing is to be changed.
    Look,
    Run(Command),
    /// The room is to be there; then it is decided again.
    Create(Box<RoomState>),
}

/// Why nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("refused: {0:?}")]
    Code(ErrorCode),
    #[error("the room id is taken")]
    IdTaken,
    #[error("the server holds as many rooms as it may")]
    TooManyRooms,
}

impl Refusal {
    /// What a participant is told.
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Code(code) => code,
            Self::IdTaken | Self::TooManyRooms => ErrorCode::Unavailable,
        }
    }
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self::Code(code)
    }
}

/// Work made of two closures.
pub(crate) struct Task<D, F> {
    pub decide: D,
    pub finish: F,
}

impl<T, D, F> Work for Task<D, F>
where
    T: Send + 'static,
    D: FnMut(Option<&RoomState>) -> Result<Decision, Refusal> + Send + 'static,
    F: FnOnce(Result<&RoomState, Refusal>) -> T + Send + 'static,
{
    type Output = T;

    fn decide(&mut self, room: Option<&RoomState>) -> Result<Decision, Refusal> {
        (self.decide)(room)
    }

    fn finish(self, outcome: Result<&RoomState, Refusal>) -> T {
        (self.finish)(outcome)
    }
}

/// Runs a command on a room that is there.
pub(crate) fn command(command: Command) -> impl Work<Output = Result<(), Refusal>> {
    Task {
        decide: move |room: Option<&RoomState>| match room {
            Some(_) => Ok(Decision::Run(command.clone())),
            None => Err(ErrorCode::RoomNotFound.into()),
        },
        finish: |outcome: Result<&RoomState, Refusal>| outcome.map(|_| ()),
    }
}

/// Looks at a room that is there.
pub(crate) fn look<T: Send + 'static>(
    look: impl FnOnce(&RoomState) -> T + Send + 'static,
) -> impl Work<Output = Result<T, Refusal>> {
    Task {
        decide: |room: Option<&RoomState>| match room {
            Some(_) => Ok(Decision::Look),
            None => Err(ErrorCode::RoomNotFound.into()),
        },
        finish: |outcome: Result<&RoomState, Refusal>| outcome.map(look),
    }
}
