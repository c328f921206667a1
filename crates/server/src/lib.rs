//! The server of WeCall: configuration, HTTP API, WebSocket gateway, telemetry and lifecycle.

pub mod cli;
pub mod clock;
pub mod config;
pub mod doctor;
pub mod export;
pub mod gateway;
pub mod healthcheck;
pub mod http;
pub mod keeper;
pub mod lan;
pub mod lifecycle;
pub mod limits;
pub mod media;
pub mod own_addresses;
pub mod rooms;
pub mod secret;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod turn;
pub mod ws;
