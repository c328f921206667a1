//! The load tool: thousands of participants over real WebSockets, measured with HDR histograms.
//!
//! Client and server share the machine's cores in most measurements, so the client is lean on
//! purpose: one thread, one epoll, one read buffer for all sockets, frames prepared beforehand.

pub mod bench;
mod clock;
mod connection;
mod error;
mod frame;
mod media;
mod open_loop;
mod payload;
mod poller;
mod process;
pub mod report;
mod rest;
pub mod room;
pub mod signal;
mod socket;
mod stats;
mod swarm;

pub use error::Error;
pub use payload::ClientVersion;
pub use report::Report;
