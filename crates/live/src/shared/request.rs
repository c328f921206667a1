use std::time::Duration;

use tracing::Span;
use wecall_protocol::RoomId;
use wecall_room::NodeId;

use super::{
    liveness::{NodeInfo, Registry},
    record::{Record, Tag, Unreadable},
};

/// Tells the reply to one request from that to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(crate) u64);

/// What a node asks of the store. Each gets one [`Reply`], or fails.
#[derive(Debug, Clone)]
pub enum Request {
    /// The record of a room, with its history from `since` on.
    Load {
        room: RoomId,
        /// The copy that is there already.
        known: Option<Tag>,
        since: u64,
    },
    /// Writes a record, if it is still the one that the change was made on.
    Commit(Box<Commit>),
    /// Looks whether copies are up to date. Records of rooms that are in use are kept from ageing.
    Check(Vec<RoomId>),
    /// This node lives; who else does?
    Beat { node: NodeId, info: Box<NodeInfo> },
    /// Who lives?
    Look { node: NodeId },
    /// This node goes, and whoever it had is to be told at once.
    Leave(NodeId),
    /// The channel of this node is another one from now on.
    Subscribe(NodeId),
    /// Gives a node up, unless it lives or another node is at it.
    Reap(NodeId),
    /// The rooms in which a node may have had participants.
    RoomsOf(NodeId),
    /// All is done that is to be done about a node that was given up.
    Reaped(NodeId),
    /// Remembers in which rooms this node has participants, and in which no more.
    Index {
        node: NodeId,
        add: Vec<RoomId>,
        remove: Vec<RoomId>,
    },
    /// Sends to the channel of another node.
    Publish { to: NodeId, payload: Box<str> },
}

impl Request {
    /// For figures.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Load { .. } => "load",
            Self::Commit(_) => "commit",
            Self::Beat { .. } | Self::Look { .. } => "beat",
            Self::Publish { .. } => "publish",
            Self::Check(_)
            | Self::Leave(_)
            | Self::Subscribe(_)
            | Self::Reap(_)
            | Self::RoomsOf(_)
            | Self::Reaped(_)
            | Self::Index { .. } => "other",
        }
    }
}

/// One write of a room's record.
#[derive(Debug, Clone)]
pub struct Commit {
    pub room: RoomId,
    /// What the record has to have; `None` when there must be none.
    pub expected: Option<Tag>,
    pub version: u64,
    pub tag: Tag,
    /// JSON, without the chat.
    pub state: String,
    /// JSON; `None` when it has not changed.
    pub chat: Option<String>,
    /// JSON, for the history.
    pub past: String,
    /// How long the record is kept without another write.
    pub keep_for: Duration,
    /// The room has ended, and takes no place any more.
    pub is_over: bool,
    /// Whether it takes a place among the rooms that the server may hold.
    pub is_new: bool,
    /// Whom to tell, by their channels: `note`, with the state inserted before its last two
    /// characters.
    pub tell: Vec<NodeId>,
    pub note: String,
    /// The node, when it has to be remembered that it has participants in this room.
    pub index: Option<NodeId>,
    /// For whoever carries it out; they note the `outcome` there.
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum Reply {
    Loaded(Loaded),
    Committed,
    /// The record is another one than the change was made on.
    Conflict(Loaded),
    /// The server holds as many rooms as it may.
    Full,
    /// The tags in the order of the rooms; `None` for those that have no record.
    Tags(Vec<Option<Tag>>),
    Registry(Registry),
    /// Whether this node is the one to do it.
    Claimed(bool),
    Rooms(Vec<RoomId>),
    Done,
}

#[derive(Debug, Clone)]
pub enum Loaded {
    Missing,
    /// It is the one that is known.
    Unchanged,
    Record(Box<Record>),
    Unreadable(Unreadable),
}

/// Why there is no reply. What was asked for may have been done all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("no answer in time")]
    Timeout,
    #[error("no connection")]
    Connection,
    #[error("refused by the store")]
    Server,
}

/// How a request ended, for traces.
pub(crate) fn outcome(answered: &Result<Reply, StoreError>) -> &'static str {
    match answered {
        Ok(Reply::Conflict(_)) => "conflict",
        Ok(Reply::Full) => "full",
        Ok(_) => "committed",
        Err(StoreError::Timeout) => "timeout",
        Err(StoreError::Connection) => "connection",
        Err(StoreError::Server) => "refused",
    }
}
