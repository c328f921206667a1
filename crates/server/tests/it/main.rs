//! The real program, started on free ports.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

mod api;
mod command_line;
mod limits;
mod pages;
mod server;
mod shutdown;
mod tls;
