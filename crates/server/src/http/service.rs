//! What every request goes through: who asks, whether they may, the router, and what every answer
//! carries. Written as one function: it runs for each request, and boxes nothing.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Request, Response, header},
    response::IntoResponse,
    routing::{get, patch, post},
};
use hyper::body::Incoming;
use tower_service::Service as _;
use tracing::Instrument as _;

use super::{
    AppState, Route,
    client_address::{client_address, is_trusted},
    client_config, cors, create_room, create_token, get_room, headers, health, openapi,
    problem::{Refusal, RefusedCode},
    streams, validate_room,
    web_app::{self, WebApp},
    web_socket,
};
use crate::{config::TlsMode, telemetry::traces};

#[derive(Clone)]
pub struct Service {
    router: Router,
    app: AppState,
    hsts: bool,
}

impl Service {
    pub fn new(app: AppState) -> Self {
        // A browser remembers HSTS for a year: not for an address in a local network.
        let hsts = !app.config.tls.lan && app.config.tls.mode() != TlsMode::Off;
        Self {
            router: router(app.clone()),
            app,
            hsts,
        }
    }

    /// The service of one connection.
    pub fn of(&self, peer: SocketAddr) -> OfPeer {
        OfPeer {
            service: self.clone(),
            peer: peer.ip(),
        }
    }

    async fn answer(mut self, peer: IpAddr, request: Request<Body>) -> Response<Body> {
        let started = self.app.clock.uptime();
        let route = Route::of(request.uri().path());
        let method = request.method().clone();
        let origin = match route.is_api() {
            true => cors::granted(request.headers(), &self.app.config.http.allowed_origins),
            false => None,
        };
        let trusted = &self.app.config.server.trusted_proxies;
        let span = traces::request(route, &method, request.headers(), peer, trusted);
        let passing = self.pass(peer, route, request).instrument(span.clone());
        let mut response = passing.await;
        traces::answered(&span, response.status());

        let headers = response.headers_mut();
        headers::complete(headers, self.hsts);
        if route.is_api() {
            headers.append(header::VARY, HeaderValue::from_static("origin"));
        }
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            let exposed =
                HeaderValue::from_static("accept-patch, etag, link, location, retry-after");
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
        let metrics = &self.app.metrics;
        if let Some(RefusedCode(code)) = response.extensions().get() {
            metrics.error(*code);
        }
        let took = self.app.clock.uptime() - started;
        metrics.request(route, &method, response.status(), took);
        response
    }

    async fn pass(
        &mut self,
        peer: IpAddr,
        route: Route,
        mut request: Request<Body>,
    ) -> Response<Body> {
        let trusted = &self.app.config.server.trusted_proxies;
        let client = client_address(peer, request.headers(), trusted);
        if !route.is_health()
            && let Err(retry) = self.app.limits.request(client, self.app.clock.instant())
        {
            return Refusal::from(retry).into_response();
        }
        if route.is_api() && cors::is_preflight(&request) {
            return cors::preflight();
        }
        request.extensions_mut().insert(client);
        match self.router.call(request).await {
            Ok(response) => response,
            Err(infallible) => match infallible {},
        }
    }
}

/// The service of one connection, which knows its other end.
pub struct OfPeer {
    service: Service,
    peer: IpAddr,
}

impl OfPeer {
    pub fn is_trusted_proxy(&self) -> bool {
        let trusted = &self.service.app.config.server.trusted_proxies;
        is_trusted(self.peer, trusted)
    }
}

impl hyper::service::Service<Request<Incoming>> for OfPeer {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let answer = self
            .service
            .clone()
            .answer(self.peer, request.map(Body::new));
        Box::pin(async { Ok(answer.await) })
    }
}

/// What the roles of this node serve; what they do not is as if it did not exist.
fn router(app: AppState) -> Router {
    let roles = app.config.cluster.roles;
    let mut router = Router::new()
        .route("/health", get(health::health))
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz));
    if roles.signal {
        router = router.route("/ws", get(web_socket::web_socket));
    }
    router = if roles.web {
        let sockets = app.config.cluster.socket_origins();
        let web = WebApp::new(&app.config.assets, &sockets);
        web_routes(router, Arc::new(web))
    } else {
        router.fallback(not_found)
    };
    router
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(app)
}

fn web_routes(router: Router<AppState>, web: Arc<WebApp>) -> Router<AppState> {
    router
        .route("/api/rooms", post(create_room::create_room))
        .route("/api/rooms/{room_id}", get(get_room::get_room))
        .route(
            "/api/rooms/{room_id}/validate",
            post(validate_room::validate_room),
        )
        .route(
            "/api/rooms/{room_id}/tokens",
            post(create_token::create_token),
        )
        .route(
            "/whip/{room_id}",
            post(streams::publish).options(streams::options),
        )
        .route(
            "/whip/{room_id}/streams/{name}",
            patch(streams::change_published).delete(streams::end_published),
        )
        .route(
            "/whep/{room_id}",
            post(streams::watch).options(streams::options),
        )
        .route(
            "/whep/{room_id}/{peer_id}",
            post(streams::watch_one).options(streams::options),
        )
        .route(
            "/whep/{room_id}/streams/{name}",
            patch(streams::change_watched).delete(streams::end_watched),
        )
        .route("/api/config", get(client_config::client_config))
        .route("/api/openapi.json", get(openapi::openapi))
        .route("/api", axum::routing::any(not_found))
        .route("/api/{*rest}", axum::routing::any(not_found))
        .route("/ca.pem", get(web_app::authority))
        .fallback(move |request: Request<Body>| {
            let web = web.clone();
            async move { web.answer(request).await }
        })
}

async fn not_found() -> Refusal {
    Refusal::NotFound
}

async fn method_not_allowed() -> Refusal {
    Refusal::MethodNotAllowed
}
