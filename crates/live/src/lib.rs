//! Live state: the rooms that are there now, and the sessions of those in them.
//!
//! A command takes this way: [`Live`] hands it to a [`RoomStore`], which runs the room machine
//! under the room's lock and tells the [`Hub`] what changed, still under the lock, so that all
//! hear of it in one order. The hub writes it into each member's [`Session`], from where their
//! socket takes it when it can. Messages from one participant to another change no room: they go
//! straight from [`Live::relay`] into the target's session.

mod checkpoint;
mod hub;
mod live;
mod memory;
mod outbox;
mod session;
mod store;
mod tokens;

pub use checkpoint::{CheckpointError, Checkpoints, Restored};
pub use hub::Hub;
pub use live::{JoinRequest, Joined, Live, Resumption};
pub use memory::Memory;
pub use outbox::bounds;
pub use session::{Poll, Session};
pub use store::{Audience, CreateError, LockedRoom, RoomStore};
pub use tokens::{InvalidToken, ResumeClaims, Tokens};
