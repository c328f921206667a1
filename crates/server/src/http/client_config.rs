use axum::{
    body::Body,
    extract::{Request, State},
    http::Response,
    response::IntoResponse,
};
use data_encoding::BASE64URL_NOPAD;
use wecall_protocol::{ErrorCode, rest::ClientConfig};

use super::{AppState, problem::Refusal};
use crate::turn::host_of;

/// What a client needs to know before a call
///
/// Credentials of TURN servers are made for whoever asks, and expire (`ice_ttl_ms`).
#[utoipa::path(
    get,
    path = "/api/config",
    tag = "server",
    responses((status = 200, description = "The configuration for clients", body = ClientConfig))
)]
pub async fn client_config(State(app): State<AppState>, request: Request) -> Response<Body> {
    let mut random = [0; 12];
    if let Err(error) = getrandom::fill(&mut random) {
        tracing::error!(%error, "the system gives no random bytes");
        return Refusal::from(ErrorCode::Unavailable).into_response();
    }
    let host = host_of(request.uri(), request.headers());
    let now = app.clock.now();
    let lifetime_ms = app.config.turn.credential_lifetime.as_millis();
    super::json(&ClientConfig {
        ice_servers: app
            .ice
            .for_client(host.as_deref(), &BASE64URL_NOPAD.encode(&random), now),
        ice_ttl_ms: u32::try_from(lifetime_ms).unwrap_or(u32::MAX),
        max_participants: app.config.rooms.max_participants,
        version: env!("CARGO_PKG_VERSION").into(),
        signaling_urls: app.rooms.signaling_urls(&app.config.cluster.region),
    })
}
