use axum::{body::Body, extract::State, http::Response};
use wecall_protocol::rest::ClientConfig;

use super::AppState;

/// What a client needs to know before a call
#[utoipa::path(
    get,
    path = "/api/config",
    tag = "server",
    responses((status = 200, description = "The configuration for clients", body = ClientConfig))
)]
pub async fn client_config(State(app): State<AppState>) -> Response<Body> {
    super::json(&ClientConfig {
        ice_servers: app.ice_servers.clone(),
        max_participants: app.config.rooms.max_participants,
        version: env!("CARGO_PKG_VERSION").into(),
        signaling_urls: app.rooms.signaling_urls(&app.config.cluster.region),
    })
}
