//! Streams without a browser: WHIP (RFC 9725), and WHEP (draft-ietf-wish-whep) the other way.

use std::time::Duration;

use axum::{
    Extension,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use tokio::time::timeout;
use wecall_protocol::{
    ErrorCode, PeerId, RoomId, UserName, limits,
    rest::{IceServer, TokenKind},
};

use super::{App, AppState, body::read_text, create_token::bearer, lookup, problem::Refusal};
use crate::{
    limits::ClientAddr,
    media::{self, Ask, Reply},
    turn::host_of,
};

const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// 32 candidates of 512 bytes.
const FRAGMENT_BYTES: usize = 16 * 1024;

/// How long a node may take to answer, the way to it included.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// How a publisher is called whose token has no name for it.
const PUBLISHER: &str = "Broadcast";

pub async fn publish(
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddr>,
    Path(room): Path<String>,
    request: Request,
) -> Result<Response<Body>, Refusal> {
    begin(&app, client, &room, TokenKind::Publish, None, request).await
}

pub async fn watch(
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddr>,
    Path(room): Path<String>,
    request: Request,
) -> Result<Response<Body>, Refusal> {
    begin(&app, client, &room, TokenKind::Watch, None, request).await
}

pub async fn watch_one(
    State(app): State<AppState>,
    Extension(client): Extension<ClientAddr>,
    Path((room, peer)): Path<(String, String)>,
    request: Request,
) -> Result<Response<Body>, Refusal> {
    let peer = peer.parse().map_err(|_| ErrorCode::PeerNotFound)?;
    begin(&app, client, &room, TokenKind::Watch, Some(peer), request).await
}

pub async fn change_published(
    State(app): State<AppState>,
    Path((room, name)): Path<(String, String)>,
    request: Request,
) -> Result<Response<Body>, Refusal> {
    change(&app, &room, TokenKind::Publish, &name, request).await
}

pub async fn change_watched(
    State(app): State<AppState>,
    Path((room, name)): Path<(String, String)>,
    request: Request,
) -> Result<Response<Body>, Refusal> {
    change(&app, &room, TokenKind::Watch, &name, request).await
}

pub async fn end_published(
    State(app): State<AppState>,
    Path((room, name)): Path<(String, String)>,
) -> Result<Response<Body>, Refusal> {
    end(&app, &room, TokenKind::Publish, &name).await
}

pub async fn end_watched(
    State(app): State<AppState>,
    Path((room, name)): Path<(String, String)>,
) -> Result<Response<Body>, Refusal> {
    end(&app, &room, TokenKind::Watch, &name).await
}

/// What may be sent here, for those who ask first.
pub async fn options() -> Response<Body> {
    let kind = HeaderValue::from_static(SDP);
    (StatusCode::NO_CONTENT, [(ACCEPT_POST, kind)]).into_response()
}

async fn begin(
    app: &App,
    client: ClientAddr,
    room: &str,
    kind: TokenKind,
    of: Option<PeerId>,
    request: Request,
) -> Result<Response<Body>, Refusal> {
    let room = lookup::room_id(app, client, room)?;
    let token = bearer(request.headers())?;
    let now = app.clock.now();
    let grant = app.rooms.check_grant(room, kind, token, now).await;
    let grant = grant.map_err(|code| lookup::refused(app, client, code))?;
    let host = host_of(request.uri(), request.headers());
    let offer = read_text(request, SDP, limits::SDP_BYTES).await?;
    let peer = new_peer_id()?;
    let ask = match kind {
        TokenKind::Publish => Ask::Publish {
            peer,
            name: match grant.name {
                Some(name) => name,
                None => UserName::parse(PUBLISHER)?,
            },
            grant: grant.id,
            offer,
        },
        TokenKind::Watch => Ask::Watch { peer, of, offer },
    };
    let Reply::Accepted { answer } = ask_media(app, room, &ask).await? else {
        return Err(ErrorCode::Unavailable.into());
    };
    let door = match kind {
        TokenKind::Publish => "whip",
        TokenKind::Watch => "whep",
    };
    let name = app.rooms.stream_name(room, kind, peer);
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(SDP));
    headers.insert(ACCEPT_PATCH, HeaderValue::from_static(FRAGMENT));
    put(&mut headers, header::ETAG, media::etag(&answer));
    let location = format!("/{door}/{room}/streams/{name}");
    put(&mut headers, header::LOCATION, location);
    let servers = app.ice.for_client(host.as_deref(), &peer.to_string(), now);
    for link in servers.iter().flat_map(links) {
        if let Ok(link) = HeaderValue::try_from(link) {
            headers.append(header::LINK, link);
        }
    }
    Ok((StatusCode::CREATED, headers, answer).into_response())
}

async fn change(
    app: &App,
    room: &str,
    kind: TokenKind,
    name: &str,
    request: Request,
) -> Result<Response<Body>, Refusal> {
    let (room, peer) = stream(app, room, kind, name)?;
    let known = request.headers().get(header::IF_MATCH);
    let known = known.ok_or(Refusal::NoIfMatch)?.to_str();
    let known = known.map_err(|_| Refusal::Stale)?.to_owned();
    let ask = Ask::Change {
        peer,
        fragment: read_text(request, FRAGMENT, FRAGMENT_BYTES).await?,
        known,
    };
    match ask_media(app, room, &ask).await? {
        Reply::Changed => Ok(StatusCode::NO_CONTENT.into_response()),
        Reply::Restarted { fragment, etag } => {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(FRAGMENT));
            put(&mut headers, header::ETAG, etag);
            Ok((StatusCode::OK, headers, fragment).into_response())
        }
        _ => Err(ErrorCode::Unavailable.into()),
    }
}

async fn end(
    app: &App,
    room: &str,
    kind: TokenKind,
    name: &str,
) -> Result<Response<Body>, Refusal> {
    let (room, peer) = stream(app, room, kind, name)?;
    match ask_media(app, room, &Ask::End { peer }).await? {
        Reply::Ended => Ok(StatusCode::OK.into_response()),
        _ => Err(ErrorCode::Unavailable.into()),
    }
}

/// A stream by its address, which only whoever began it knows.
fn stream(app: &App, room: &str, kind: TokenKind, name: &str) -> Result<(RoomId, PeerId), Refusal> {
    let room = room.parse().map_err(|_| Refusal::NotFound)?;
    let peer = app.rooms.stream_named(room, kind, name);
    Ok((room, peer.ok_or(Refusal::NotFound)?))
}

async fn ask_media(app: &App, room: RoomId, ask: &Ask) -> Result<Reply, Refusal> {
    let asked = app.rooms.ask_media(room, ask, app.clock.now());
    let Ok(reply) = timeout(ANSWER_WITHIN, asked).await else {
        return Err(ErrorCode::Unavailable.into());
    };
    match reply? {
        Reply::Unknown => Err(Refusal::NotFound),
        Reply::Stale => Err(Refusal::Stale),
        Reply::Refused { code } => Err(code.into()),
        reply => Ok(reply),
    }
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

/// As RFC 9725 § 4.6 has them.
fn links(server: &IceServer) -> Vec<String> {
    let credentials = match (&server.username, &server.credential) {
        (Some(username), Some(credential)) => format!(
            "; username=\"{username}\"; credential=\"{credential}\"; credential-type=\"password\""
        ),
        _ => String::new(),
    };
    let urls = server.urls.iter();
    urls.map(|url| format!("<{url}>; rel=\"ice-server\"{credentials}"))
        .collect()
}

fn new_peer_id() -> Result<PeerId, ErrorCode> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system gives no random bytes");
        ErrorCode::Unavailable
    })?;
    Ok(PeerId::from_random(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ice_servers_are_told_as_links() {
        let server = IceServer {
            urls: vec!["turn:a.example?transport=udp".into()],
            username: Some("u".into()),
            credential: Some("p".into()),
        };
        assert_eq!(
            links(&server),
            [
                "<turn:a.example?transport=udp>; rel=\"ice-server\"; username=\"u\"; \
              credential=\"p\"; credential-type=\"password\""
            ]
        );
    }
}
