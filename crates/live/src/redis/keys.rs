use wecall_protocol::RoomId;
use wecall_room::NodeId;

/// The names of everything in Redis. What one script touches has one hash tag, so that it is on
/// one server of a cluster.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.into(),
        }
    }

    /// A room's record: a hash.
    pub fn room(&self, room: RoomId) -> String {
        format!("{}:room:{{{room}}}", self.prefix)
    }

    /// The last changes of a room: a stream.
    pub fn changes(&self, room: RoomId) -> String {
        format!("{}:room:{{{room}}}:changes", self.prefix)
    }

    /// Nodes by their last heartbeats.
    pub fn alive(&self) -> String {
        format!("{}:{{nodes}}:alive", self.prefix)
    }

    /// What nodes tell of themselves.
    pub fn info(&self) -> String {
        format!("{}:{{nodes}}:info", self.prefix)
    }

    /// Nodes that were given up and whose rooms are to be told.
    pub fn lost(&self) -> String {
        format!("{}:{{nodes}}:lost", self.prefix)
    }

    /// Stands while a node must not come back under its old id.
    pub fn fence(&self, node: NodeId) -> String {
        format!("{}:{{nodes}}:fence:{node}", self.prefix)
    }

    /// The rooms in which a node has participants.
    pub fn rooms_of(&self, node: NodeId) -> String {
        format!("{}:{{nodes}}:rooms:{node}", self.prefix)
    }

    /// All rooms, by when they end if nothing happens.
    pub fn places(&self) -> String {
        format!("{}:{{places}}", self.prefix)
    }

    pub fn schema(&self) -> String {
        format!("{}:{{nodes}}:schema", self.prefix)
    }

    /// What tokens are signed with, unless it is configured.
    pub fn session_key(&self) -> String {
        format!("{}:{{nodes}}:session-key", self.prefix)
    }

    pub fn channel(&self, node: NodeId) -> String {
        format!("{}:node:{node}", self.prefix)
    }
}
