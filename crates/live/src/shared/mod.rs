//! Rooms that several nodes share.
//!
//! [`Node`] is the whole of it without IO: a function of what it is told and of the time, so that
//! thousands of lives of a cluster can be replayed from a seed. It asks for what it needs by
//! [`Request`]s and gets [`Reply`]s; a driver takes the one to the store and brings the other
//! (`redis` does it for real).
//!
//! The truth about a room is one record in the store, with a version and a tag that no other write
//! has. A node with participants in a room holds a copy. To change a room, a node runs the room
//! machine on its copy and has the result written on the condition that the record still has the
//! tag of the copy; the same atomic step tells the other nodes that have participants in the room.
//! What they are told may be lost. A copy that a change does not follow on, or whose tag is not
//! that of the record when it is looked at every few seconds, is replaced by the record, and what
//! is different is told to the participants.
//!
//! Each participant has a home: the node that has their socket, and alone speaks for them. Nodes
//! send each other messages for their participants over links, in order.

mod adopt;
mod clock;
mod commit;
mod figures;
mod link;
mod liveness;
mod media;
mod node;
mod record;
mod relays;
mod request;
mod room;
mod rooms;
mod settle;
mod store;
mod takeover;
mod trace;
mod unfinished;
mod wire;

pub use clock::Now;
pub use figures::{Count, Figures, NoFigures};
pub use liveness::{NodeInfo, Registered, Registry};
pub use node::{Node, NodeSettings};
pub use record::{OLDEST_SCHEMA, Record, SCHEMA, Tag, Unreadable};
pub(crate) use request::outcome;
pub use request::{Commit, Loaded, Reply, Request, RequestId, StoreError};
pub use store::{Driver, Shared};
pub use trace::{NoTraces, TRACE_TARGET, Traces};
pub(crate) use wire::TakeOver;
