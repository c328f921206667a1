//! Live state: the rooms that are there now, and the sessions of those in them.
//!
//! A command takes this way: [`Live`] hands it as [`Work`] to the store, which runs the room
//! machine while nothing else happens in the room, and tells the [`Hub`] what changed, so that all
//! hear of it in one order. The hub writes it into each member's [`Session`], from where their
//! socket takes it when it can. Messages from one participant to another change no room: they go
//! straight from [`Live::relay`] into the target's session, or to the node that has it.
//!
//! There are two stores. [`Memory`] keeps the rooms of the only node. In a [`Shared`] one, several
//! nodes hold copies of the rooms that their participants are in: [`shared`] says how they agree.

mod answer;
mod broadcast;
mod checkpoint;
mod entering;
mod hub;
mod live;
mod media;
mod memory;
mod outbox;
pub mod redis;
mod session;
pub mod shared;
mod store;
mod tokens;

pub use answer::Answer;
pub use checkpoint::{CheckpointError, Checkpoints, Restored};
pub use hub::Hub;
pub use live::{CreateError, JoinRequest, Joined, Live, Resumption};
pub use media::ToMedia;
pub use memory::Memory;
pub use outbox::bounds;
pub use session::{Poll, Session};
pub use shared::Shared;
pub use store::{Audience, Decision, Refusal, Work};
pub use tokens::{Grant, InvalidToken, ResumeClaims, Tokens};
