//! Every bound on what a client may send, each with its reason.

/// One WebSocket text message. Real offers are 8 to 13 kB, see [`SDP_BYTES`].
pub const MESSAGE_BYTES: usize = 64 * 1024;

/// One session description. Browsers' offers for a call of audio, camera and screen are 8 to
/// 13 kB (measured with Chromium and Firefox); three times that leaves room for more codecs.
pub const SDP_BYTES: usize = 48 * 1024;

/// The `candidate` line of an ICE candidate. RFC 8839 lines with all extensions stay below 300.
pub const CANDIDATE_BYTES: usize = 512;

/// The whole JSON object around a candidate line, unknown fields included.
pub const CANDIDATE_OBJECT_BYTES: usize = 2 * CANDIDATE_BYTES;

/// A participant's name, in Unicode scalar values.
pub const USER_NAME_CHARS: usize = 64;

/// A room's name, in Unicode scalar values.
pub const ROOM_NAME_CHARS: usize = 100;

/// A chat message, in Unicode scalar values.
pub const CHAT_CHARS: usize = 2_000;

/// A client's own reference of a chat message: a UUID fits.
pub const CHAT_REF_BYTES: usize = 36;

/// A resume or host token. The longest that the server makes holds a room's and a participant's
/// name of four-byte characters in base64: below 1,300 bytes.
pub const TOKEN_BYTES: usize = 2_048;

/// Entries of `capabilities` in `join`.
pub const CAPABILITIES: usize = 16;

/// Participants of a room in mesh: above four, each browser encodes its camera more than three
/// times, which a laptop does not keep up with.
pub const MESH_PARTICIPANTS: u16 = 4;

/// Pictures of one `view`: what the largest grid shows, and its screens, twice over.
pub const VIEW_SHOWN: usize = 64;

/// The largest `max_participants` that a room may ask for, if the operator allows no less.
pub const ROOM_PARTICIPANTS: u16 = 100;

/// The shortest and longest lifetime that a room may ask for, in seconds.
pub const TTL_SECONDS: std::ops::RangeInclusive<u32> = 60..=30 * 24 * 60 * 60;

/// A REST request body: a room's options are below 1 kB.
pub const REST_BODY_BYTES: usize = 16 * 1024;
