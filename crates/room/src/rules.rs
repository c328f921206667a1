use std::time::Duration;

use wecall_protocol::limits;

use crate::NodeId;

/// What an operator decides about all rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How long a room outlives its last participant.
    pub empty_grace: Duration,
    /// How long a room that nobody has joined yet is kept: its link may be read hours later.
    pub unused_grace: Duration,
    /// How long a participant outlives their socket.
    pub resume_grace: Duration,
    /// The same when the node that had their socket is lost: it was noticed late already.
    pub lost_node_grace: Duration,
    pub media: MediaRules,
}

/// When rooms go over a media server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaRules {
    pub policy: TopologyPolicy,
    /// Up to so many go from browser to browser.
    pub mesh_participants: u16,
    /// The most in a room that has to go from browser to browser for the sake of a newcomer who
    /// cannot otherwise.
    pub mesh_with_newcomer: u16,
    /// How long a room that has become small stays on its media server: who leaves may come back.
    pub calm: Duration,
    /// The node that a room in need of a media server gets now; none when there is none.
    pub seat: Option<NodeId>,
}

/// What an operator decides of the way of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopologyPolicy {
    /// From browser to browser while rooms are small.
    Auto,
    AlwaysSfu,
    MeshOnly,
}

impl Default for MediaRules {
    fn default() -> Self {
        Self {
            policy: TopologyPolicy::Auto,
            mesh_participants: limits::MESH_PARTICIPANTS,
            mesh_with_newcomer: 8,
            calm: Duration::from_secs(10),
            seat: None,
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            empty_grace: Duration::from_secs(10 * 60),
            unused_grace: Duration::from_secs(24 * 60 * 60),
            resume_grace: Duration::from_secs(30),
            // Noticed after 5 to 6 s, so nobody is a ghost for more than 20.
            lost_node_grace: Duration::from_secs(13),
            media: MediaRules::default(),
        }
    }
}
