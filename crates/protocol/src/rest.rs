//! The bodies of the REST API.

use serde::{Deserialize, Serialize};

use crate::{ErrorCode, RoomId, RoomName, Timestamp, UserName};

/// `POST /api/rooms`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateRoomRequest {
    /// 1 to 100 characters; `null`, missing or empty for a room without a name.
    #[serde(default)]
    #[cfg_attr(feature = "gen", ts(optional))]
    #[cfg_attr(feature = "openapi", schema(example = "Team Meeting"))]
    pub room_name: Option<String>,
    /// From 2 to the server's maximum (`/api/config`), which is also the default.
    #[serde(default)]
    #[cfg_attr(feature = "gen", ts(optional))]
    #[cfg_attr(feature = "openapi", schema(example = 4))]
    pub max_participants: Option<u16>,
    /// The room ends this long after its creation, empty or not: 60 to 2,592,000 (30 days).
    /// Without it, the room ends when it has been empty for the server's grace time.
    #[serde(default)]
    #[cfg_attr(feature = "gen", ts(optional))]
    #[cfg_attr(feature = "openapi", schema(example = 86_400))]
    pub ttl_seconds: Option<u32>,
}

/// A room that was just created.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedRoom {
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "K7Q2M9XD"))]
    pub room_id: RoomId,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "Team Meeting"))]
    pub room_name: Option<RoomName>,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    pub participant_count: u16,
    pub max_participants: u16,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub expires_at: Option<Timestamp>,
    /// Whoever joins with this is a host. Shown once; keep it.
    pub host_token: String,
}

/// `GET /api/rooms/{room_id}`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomInfo {
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "K7Q2M9XD"))]
    pub room_id: RoomId,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "Team Meeting"))]
    pub room_name: Option<RoomName>,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    pub participant_count: u16,
    pub max_participants: u16,
    pub locked: bool,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub expires_at: Option<Timestamp>,
    /// The names of those in the room.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub participants: Vec<UserName>,
}

/// `POST /api/rooms/{room_id}/validate`, when one can join.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ValidRoom {
    /// Always `true`.
    pub valid: bool,
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "K7Q2M9XD"))]
    pub room_id: RoomId,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "Team Meeting"))]
    pub room_name: Option<RoomName>,
    pub participant_count: u16,
}

/// `POST /api/rooms/{room_id}/validate`, when one cannot.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvalidRoom {
    /// Always `false`.
    pub valid: bool,
    /// A sentence for a person, in English.
    pub message: String,
    pub code: ErrorCode,
}

/// `POST /api/rooms/{room_id}/tokens`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateTokenRequest {
    pub kind: TokenKind,
    /// How the publisher is called in the room, 1 to 64 characters; "Broadcast" without one.
    #[serde(default)]
    #[cfg_attr(feature = "gen", ts(optional))]
    #[cfg_attr(feature = "openapi", schema(example = "Main stage"))]
    pub name: Option<String>,
    /// From 60 to 2,592,000 (30 days); a day without it. What has begun by then goes on.
    #[serde(default)]
    #[cfg_attr(feature = "gen", ts(optional))]
    #[cfg_attr(feature = "openapi", schema(example = 86_400))]
    pub ttl_seconds: Option<u32>,
}

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TokenKind {
    /// One stream into the room, by WHIP. A second one takes the place of the first.
    Publish,
    /// Streams out of the room, by WHEP.
    Watch,
}

/// A token that was just made.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedToken {
    /// For `Authorization: Bearer`. Whoever has it may do what it is good for.
    pub token: String,
    /// Where to send the offer.
    pub url: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub expires_at: Timestamp,
}

/// An `RTCIceServer` of W3C WebRTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IceServer {
    pub urls: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "gen", ts(optional))]
    pub username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "gen", ts(optional))]
    pub credential: Option<String>,
}

/// `GET /api/config`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClientConfig {
    pub ice_servers: Vec<IceServer>,
    /// For how long credentials among `ice_servers` open new connections, in milliseconds. Ask
    /// again before that.
    pub ice_ttl_ms: u32,
    /// The most that a room of this server may hold.
    pub max_participants: u16,
    /// The server's version, as in `wecall --version`.
    pub version: String,
    /// The WebSockets of the nodes that do signaling, the best for this client first; when one
    /// does not answer, the next is tried. Empty: `/ws` of where this answer is from.
    pub signaling_urls: Vec<String>,
}

/// `GET /health`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// "healthy".
    pub status: String,
    pub rooms: u64,
    /// Open WebSockets.
    pub active_connections: u64,
}

/// A problem detail (RFC 9457), with the stable `code` as an extension member.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// "about:blank": the status and `code` tell all.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    pub status: u16,
    /// A sentence for a person, in English.
    pub detail: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "gen", ts(optional))]
    pub code: Option<ErrorCode>,
}
