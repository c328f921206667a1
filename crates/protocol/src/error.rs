use serde::{Deserialize, Serialize};

/// Why something was refused. Stable: clients act on it and choose their own words by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ErrorCode {
    /// Not JSON, not one object, or a field is missing or of the wrong kind.
    InvalidMessage,
    /// The `type` is none that the server knows.
    UnknownType,
    /// The message is longer than 64 KiB.
    MessageTooLarge,
    /// The WebSocket message is binary.
    BinaryNotSupported,
    /// More messages in a short time than a call needs.
    RateLimited,
    /// The message needs a room, and this socket has joined none.
    NotJoined,
    /// This socket is in a room already.
    AlreadyJoined,
    /// The name is empty, too long, or holds characters that do not show.
    InvalidName,
    /// The room's name is too long, or holds characters that do not show.
    InvalidRoomName,
    /// `max_participants` or `ttl_seconds` is out of its range.
    InvalidRoomOptions,
    /// The room code is not 8 letters and digits.
    InvalidRoomId,
    /// No such room, or not any more.
    RoomNotFound,
    /// All places of the room are taken.
    RoomFull,
    /// The host has locked the room.
    RoomLocked,
    /// The host has removed this participant.
    Removed,
    /// The host token is not valid for this room.
    InvalidHostToken,
    /// The resume token is not valid, or its time has passed.
    InvalidResumeToken,
    /// The target is not in the room.
    PeerNotFound,
    /// The session description is longer than 48 KiB.
    SdpTooLarge,
    /// The ICE candidate is longer than 512 bytes.
    CandidateTooLarge,
    /// The chat message is longer than 2,000 characters.
    ChatTooLong,
    /// Only a host may do this.
    HostOnly,
    /// The target's client cannot do this: it speaks protocol version 1.
    NotSupportedByPeer,
    /// The bearer token is not valid for this, or its time has passed.
    InvalidToken,
    /// The media server cannot take this session description: it is malformed, or asks for more
    /// than is allowed.
    MediaRefused,
    /// The server cannot take this now; try again after a short while.
    Unavailable,
}

impl ErrorCode {
    /// Every code, in the order of declaration.
    pub const ALL: &'static [Self] = &[
        Self::InvalidMessage,
        Self::UnknownType,
        Self::MessageTooLarge,
        Self::BinaryNotSupported,
        Self::RateLimited,
        Self::NotJoined,
        Self::AlreadyJoined,
        Self::InvalidName,
        Self::InvalidRoomName,
        Self::InvalidRoomOptions,
        Self::InvalidRoomId,
        Self::RoomNotFound,
        Self::RoomFull,
        Self::RoomLocked,
        Self::Removed,
        Self::InvalidHostToken,
        Self::InvalidResumeToken,
        Self::PeerNotFound,
        Self::SdpTooLarge,
        Self::CandidateTooLarge,
        Self::ChatTooLong,
        Self::HostOnly,
        Self::NotSupportedByPeer,
        Self::InvalidToken,
        Self::MediaRefused,
        Self::Unavailable,
    ];

    /// The code as it stands on the wire and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidMessage => "invalid-message",
            Self::UnknownType => "unknown-type",
            Self::MessageTooLarge => "message-too-large",
            Self::BinaryNotSupported => "binary-not-supported",
            Self::RateLimited => "rate-limited",
            Self::NotJoined => "not-joined",
            Self::AlreadyJoined => "already-joined",
            Self::InvalidName => "invalid-name",
            Self::InvalidRoomName => "invalid-room-name",
            Self::InvalidRoomOptions => "invalid-room-options",
            Self::InvalidRoomId => "invalid-room-id",
            Self::RoomNotFound => "room-not-found",
            Self::RoomFull => "room-full",
            Self::RoomLocked => "room-locked",
            Self::Removed => "removed",
            Self::InvalidHostToken => "invalid-host-token",
            Self::InvalidResumeToken => "invalid-resume-token",
            Self::PeerNotFound => "peer-not-found",
            Self::SdpTooLarge => "sdp-too-large",
            Self::CandidateTooLarge => "candidate-too-large",
            Self::ChatTooLong => "chat-too-long",
            Self::HostOnly => "host-only",
            Self::NotSupportedByPeer => "not-supported-by-peer",
            Self::InvalidToken => "invalid-token",
            Self::MediaRefused => "media-refused",
            Self::Unavailable => "unavailable",
        }
    }

    /// A sentence for a person, in English; clients with a catalogue go by the code.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::InvalidMessage => "The message could not be understood.",
            Self::UnknownType => "The server does not know this type of message.",
            Self::MessageTooLarge => "The message is larger than 64 KiB.",
            Self::BinaryNotSupported => "Only text messages are understood here.",
            Self::RateLimited => "Too much at once. Wait a moment, then try again.",
            Self::NotJoined => "Join a room first.",
            Self::AlreadyJoined => "This connection is in a room already.",
            Self::InvalidName => "A name has 1 to 64 visible characters.",
            Self::InvalidRoomName => "A room's name has 1 to 100 visible characters.",
            Self::InvalidRoomOptions => "An option of the room is out of its range.",
            Self::InvalidRoomId => "A room code has 8 letters and digits.",
            Self::RoomNotFound => "There is no such room. It may have ended.",
            Self::RoomFull => "This room is full.",
            Self::RoomLocked => "The host has locked this room.",
            Self::Removed => "The host has removed you from this room.",
            Self::InvalidHostToken => "This host link does not belong to this room.",
            Self::InvalidResumeToken => "This session cannot be taken up again. Join anew.",
            Self::PeerNotFound => "This person is not in the room.",
            Self::SdpTooLarge => "The session description is larger than 48 KiB.",
            Self::CandidateTooLarge => "The ICE candidate is longer than 512 bytes.",
            Self::ChatTooLong => "A message has 2,000 characters at most.",
            Self::HostOnly => "Only a host can do this.",
            Self::NotSupportedByPeer => "This person's app is too old for this.",
            Self::InvalidToken => "This token is not valid for this, or not any more.",
            Self::MediaRefused => "The media server cannot take this session description.",
            Self::Unavailable => "The server cannot take this just now. Try again shortly.",
        }
    }
}

/// A WebSocket text that is no message of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("not a JSON object with a `type`")]
    NoType,
    #[error("unknown `type`")]
    UnknownType,
    #[error("a field of `{0}` is missing or of the wrong kind")]
    Fields(&'static str),
}

impl DecodeError {
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::NoType | Self::Fields(_) => ErrorCode::InvalidMessage,
            Self::UnknownType => ErrorCode::UnknownType,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_one_spelling() {
        for code in ErrorCode::ALL {
            let json = serde_json::to_string(code).unwrap();
            assert_eq!(json, format!("\"{}\"", code.as_str()));
        }
    }
}
