//! The real program, started on free ports.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

mod api;
mod assets;
#[path = "../kit/client.rs"]
mod client;
#[path = "../kit/collector.rs"]
mod collector;
mod command_line;
mod hostile;
mod limits;
mod media;
#[path = "../kit/media.rs"]
mod media_kit;
mod metrics;
mod pages;
#[path = "../kit/server.rs"]
mod server;
mod sessions;
mod shutdown;
mod slow_clients;
mod tls;
mod traces;
mod v1_conformance;
