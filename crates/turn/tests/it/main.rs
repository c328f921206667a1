//! The server over real sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

mod kit;
mod sockets;
mod turnutils;
