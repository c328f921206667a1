//! HTTP: the API, the web app, and the door to the WebSocket.

mod body;
mod client_address;
mod client_config;
mod cors;
mod create_room;
mod create_token;
mod get_room;
mod headers;
mod health;
mod listener;
mod lookup;
mod openapi;
mod problem;
mod redirect;
mod route;
mod service;
mod state;
mod stream;
mod streams;
mod validate_room;
mod web_app;
mod web_socket;

pub use client_address::is_trusted;
pub use cors::origin_allowed;
pub use listener::{Tls, bind, serve};
pub use openapi::openapi_json;
pub use problem::Refusal;
pub use route::Route;
pub use state::{App, AppState};
pub use stream::Stream;
pub use web_app::{ASSET_CACHE_CONTROL, embedded_assets};

use axum::{
    body::Body,
    http::{HeaderValue, Response, header},
};

fn json(body: &impl serde::Serialize) -> Response<Body> {
    let bytes = serde_json::to_vec(body).expect("the bodies hold nothing that JSON cannot");
    let mut response = Response::new(Body::from(bytes));
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Rooms are far smaller than what the number holds.
fn count<T>(items: &[T]) -> u16 {
    u16::try_from(items.len()).unwrap_or(u16::MAX)
}
