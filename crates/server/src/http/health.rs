//! For those who watch the server. `livez` says that the process works, `readyz` whether it
//! shall get new clients.

use std::time::Duration;

use axum::{
    body::Body,
    extract::State,
    http::{Response, StatusCode},
    response::IntoResponse,
};
use serde::Serialize;
use utoipa::ToSchema;
use wecall_protocol::rest::Health;

use super::AppState;
use crate::lifecycle::Phase;

/// One command that was not answered is no outage yet.
const UNREADY_AFTER: Duration = Duration::from_secs(1);

/// Figures at a glance
#[utoipa::path(
    get,
    path = "/health",
    tag = "health",
    responses((status = 200, description = "The server works", body = Health))
)]
pub async fn health(State(app): State<AppState>) -> Response<Body> {
    super::json(&Health {
        status: "healthy".into(),
        rooms: app.rooms.room_count() as u64,
        active_connections: app.limits.open_sockets(),
    })
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Probe {
    /// "ok" or "unavailable".
    #[schema(value_type = String)]
    status: &'static str,
    /// Why it is not "ok".
    #[schema(value_type = Vec<String>)]
    reasons: Vec<&'static str>,
}

/// Whether the process works
#[utoipa::path(
    get,
    path = "/livez",
    tag = "health",
    responses((status = 200, description = "It does", body = Probe))
)]
pub async fn livez() -> Response<Body> {
    super::json(&Probe {
        status: "ok",
        reasons: vec![],
    })
}

/// Whether new clients are welcome
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    responses(
        (status = 200, description = "They are", body = Probe),
        (status = 503, description = "They are not: the server is starting or stopping, or cannot \
            reach Redis", body = Probe),
    )
)]
pub async fn readyz(State(app): State<AppState>) -> Response<Body> {
    let mut reasons = vec![];
    match app.phase() {
        Phase::Ready => {}
        Phase::Starting => reasons.push("the server is starting"),
        Phase::Leaving | Phase::Draining | Phase::Stopped => {
            reasons.push("the server is stopping");
        }
    }
    let down_for = app.rooms.store_down_for(app.clock.instant());
    if down_for.is_some_and(|time| time >= UNREADY_AFTER) {
        reasons.push("Redis does not answer");
    }
    if reasons.is_empty() {
        return livez().await;
    }
    let probe = Probe {
        status: "unavailable",
        reasons,
    };
    (StatusCode::SERVICE_UNAVAILABLE, super::json(&probe)).into_response()
}
