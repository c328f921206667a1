use serde::{Deserialize, Serialize};
use wecall_protocol::{
    ChatMessage, ChatText, LeaveReason, MediaState, PeerId, Reach, Role, RoomEndReason, Timestamp,
    Topology, UserName,
};

use crate::{Capabilities, NodeId};

/// What someone, or time, wants of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Join(Join),
    /// The socket of a participant is back, at the node `home`. With `Returning`, also one of whom
    /// the room has lost all memory.
    Resume {
        peer: PeerId,
        home: NodeId,
        returning: Option<Box<Join>>,
    },
    /// The socket of a participant is gone, without a `leave`. Of a node that is their home no
    /// more it means nothing.
    Disconnect {
        peer: PeerId,
        home: NodeId,
    },
    /// The participant says goodbye, at the node that is their home.
    Leave {
        peer: PeerId,
        home: NodeId,
    },
    /// A node is gone, and with it the sockets of all whose home it was.
    NodeLost {
        home: NodeId,
    },
    /// The media server of the room at `node` is gone, whether or not the node is.
    MediaLost {
        node: NodeId,
    },
    /// Somebody is about to send or to watch without having joined.
    NeedMedia,
    /// Whether somebody watches without taking part, as the media server at `node` knows.
    SetWatched {
        node: NodeId,
        watched: bool,
    },
    Act {
        peer: PeerId,
        action: Action,
    },
    /// Time has passed; see [`crate::RoomState::next_deadline`].
    Tick,
}

/// Who wants to be in the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    pub peer: PeerId,
    pub name: UserName,
    pub capabilities: Capabilities,
    pub media: MediaState,
    /// Sends by WHIP.
    pub publisher: bool,
    /// The node that has their socket.
    pub home: NodeId,
    /// Has shown the room's host token.
    pub host: bool,
    /// Has shown a resume token of this room.
    pub returning: Option<Returning>,
}

/// What a resume token states of someone who was in the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returning {
    pub role: Role,
    /// The room's version when they first joined: chat after it is theirs to read.
    pub since_version: u64,
    /// When they joined, for one who takes up their session again.
    pub joined_at: Option<Timestamp>,
}

/// What a participant does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    SetMedia(MediaState),
    SetPath {
        path: Option<Topology>,
        reach: Option<Reach>,
    },
    /// There is no way to this one, browser to browser.
    Unreachable(PeerId),
    Chat {
        text: ChatText,
        client_ref: Option<Box<str>>,
    },
    SetHand(bool),
    Rename(UserName),
    LowerMicrophone(PeerId),
    Remove(PeerId),
    SetLocked(bool),
    TransferHost(PeerId),
    EndCall,
}

/// All that one command changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The room's version after it; one more than before, unless there are no events.
    pub version: u64,
    pub events: Vec<Event>,
}

impl Change {
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

/// What happened; details that the state tells are not repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    Joined(PeerId),
    Away(PeerId),
    /// Their socket is there again, maybe at another node.
    Back(PeerId),
    Left {
        peer: PeerId,
        reason: LeaveReason,
    },
    MediaSet {
        peer: PeerId,
        media: MediaState,
    },
    /// The topology, or the media server, is another one.
    TopologySet,
    PathSet(PeerId),
    MicrophoneLowered {
        peer: PeerId,
        by: PeerId,
    },
    Chat(ChatMessage),
    HandSet(PeerId),
    Renamed(PeerId),
    RoleSet {
        peer: PeerId,
        role: Role,
    },
    LockSet {
        locked: bool,
        by: PeerId,
    },
    /// Follows the `Left` of the one who was removed.
    Removed {
        peer: PeerId,
        by: PeerId,
    },
    /// The last event of a room; everyone in it is gone with it, without a `Left` each.
    Ended(RoomEndReason),
}
