//! The wire protocol of WeCall: everything that crosses between a client and a server.
//!
//! [`ClientMessage`] and [`ServerMessage`] are the WebSocket messages, [`rest`] holds the HTTP
//! bodies. Both are the one source from which the TypeScript types, the message reference and the
//! OpenAPI schemas are generated.
//!
//! The messages of protocol version 1 are a subset: version 2 adds fields and types, and changes
//! none of what version 1 fixed.

mod client;
mod error;
mod ids;
pub mod limits;
#[cfg(feature = "gen")]
pub mod reference;
pub mod rest;
mod room;
mod server;
mod text;
mod time;

pub use client::*;
pub use error::{DecodeError, ErrorCode};
pub use ids::{PeerId, RoomId};
pub use room::*;
pub use server::*;
pub use text::{ChatText, RoomName, UserName};
pub use time::Timestamp;

/// The version that this server speaks; sent in `peer-id`.
pub const PROTOCOL_VERSION: u16 = 2;
