//! The room machine: what a room is and what may happen in it.
//!
//! [`RoomState::apply`] is a function of (state, command, now) alone: no clock, no randomness, no
//! IO. Stores run it, on one node under a lock, on many by compare-and-set; replaying the same
//! commands gives the same state.
//!
//! The calling contract: a command that is refused changes nothing; one that changes something
//! raises [`RoomState::version`] by exactly one and tells all of it in one [`Change`].

mod command;
mod machine;
mod media;
mod moderation;
mod node_id;
mod reconcile;
mod rules;
mod state;

pub use command::{Action, Change, Command, Event, Join, Returning};
pub use media::MediaSeat;
pub use node_id::{InvalidNodeId, NodeId};
pub use rules::{MediaRules, Rules, TopologyPolicy};
pub use state::{Capabilities, Participant, Presence, RoomOptions, RoomState};
