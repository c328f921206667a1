use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::Response,
};
use wecall_protocol::PeerId;

use super::{AppState, Stream, cors::origin_allowed, problem::Refusal};
use crate::{
    lifecycle::Phase,
    limits::ClientAddr,
    telemetry::SocketTrace,
    turn::host_of,
    ws::{
        Now,
        upgrade::{Upgrade, UpgradeRefused},
    },
};

/// `/ws`: the way into calls.
pub async fn web_socket(
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddr>,
    mut request: Request,
) -> Result<Response<Body>, Refusal> {
    // One judgement for the API and the WebSocket: the upgrade's own asks for the listed origins.
    let may = origin_allowed(request.headers(), &app.config.http.allowed_origins);
    let upgrade = match Upgrade::check(&mut request, |_| may) {
        Ok(upgrade) => upgrade,
        Err(UpgradeRefused::Origin) => return Err(Refusal::Origin),
        Err(refused) => return Err(Refusal::NoWebSocket(refused)),
    };
    if !matches!(app.phase(), Phase::Ready | Phase::Leaving) {
        return Err(Refusal::Stopping);
    }
    let host = host_of(request.uri(), request.headers());
    let permit = app.limits.open_socket(client, app.clock.instant())?;
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system gives no random bytes");
        Refusal::Stopping
    })?;
    let peer = PeerId::from_random(bytes);
    let (gateway, clock) = (app.gateway.clone(), app.clock);
    let now = move || Now {
        instant: clock.instant().into(),
        time: clock.now(),
    };
    let trace = SocketTrace::current();
    let handler = move || gateway.admit(client, permit, peer, host.as_deref(), trace);
    Ok(upgrade.serve::<Stream, _, _>(&app.sockets, now, handler))
}
