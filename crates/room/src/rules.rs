use std::time::Duration;

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
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            empty_grace: Duration::from_secs(10 * 60),
            unused_grace: Duration::from_secs(24 * 60 * 60),
            resume_grace: Duration::from_secs(30),
            // Noticed after 5 to 6 s, so nobody is a ghost for more than 20.
            lost_node_grace: Duration::from_secs(13),
        }
    }
}
