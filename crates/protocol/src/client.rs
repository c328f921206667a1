use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{DecodeError, ErrorCode, MediaSource, MediaState, Reach, Reaction, Topology, limits};

/// An enum of messages tagged by `type`, with a decoder that keeps relayed JSON as it came.
///
/// `serde`'s own decoder of tagged enums copies each value into a tree first, which loses the
/// original text that `offer`, `answer` and `candidate` are passed on as.
macro_rules! messages {
    (
        $(#[$doc:meta])*
        pub enum $name:ident<$a:lifetime> {
            $($(#[doc = $variant_doc:literal])* $variant:ident($body:ty) = $tag:literal,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, serde::Serialize)]
        #[serde(tag = "type")]
        #[cfg_attr(feature = "gen", derive(ts_rs::TS))]
        pub enum $name<$a> {
            $($(#[doc = $variant_doc])* #[serde(rename = $tag)] $variant($body),)*
        }

        impl<$a> $name<$a> {
            /// Each `type`, in the order of declaration.
            pub const TYPES: &'static [&'static str] = &[$($tag),*];

            /// The `type` of this message.
            pub const fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $tag,)*
                }
            }

            /// Reads one WebSocket text message. Unknown fields are ignored.
            pub fn decode(text: &$a str) -> Result<Self, $crate::DecodeError> {
                match $crate::client::message_type(text)?.as_ref() {
                    $($tag => serde_json::from_str(text)
                        .map(Self::$variant)
                        .map_err(|_| $crate::DecodeError::Fields($tag)),)*
                    _ => Err($crate::DecodeError::UnknownType),
                }
            }

            /// The WebSocket text of this message.
            pub fn encode(&self) -> String {
                serde_json::to_string(self).expect("the messages hold nothing that JSON cannot")
            }
        }

        #[cfg(feature = "gen")]
        impl<$a> $crate::reference::Documented for $name<$a> {
            fn entries(config: &ts_rs::Config) -> Vec<$crate::reference::Entry> {
                vec![$($crate::reference::Entry {
                    kind: $tag,
                    doc: concat!($($variant_doc),*).trim(),
                    body: <$body as ts_rs::TS>::ident(config),
                }),*]
            }
        }
    };
}
pub(crate) use messages;

pub(crate) fn message_type(text: &str) -> Result<Cow<'_, str>, DecodeError> {
    #[derive(Deserialize)]
    struct Tagged<'a> {
        #[serde(rename = "type", borrow)]
        kind: Cow<'a, str>,
    }

    // Without this an array would do as well: serde reads structs from both.
    if !text.trim_start().starts_with('{') {
        return Err(DecodeError::NoType);
    }
    match serde_json::from_str::<Tagged<'_>>(text) {
        Ok(tagged) => Ok(tagged.kind),
        Err(_) => Err(DecodeError::NoType),
    }
}

messages! {
    /// What a client sends.
    pub enum ClientMessage<'a> {
        /// Enters a room.
        Join(Join) = "join",
        /// Takes up the session of a socket that was lost.
        Resume(Resume) = "resume",
        /// Leaves the room; the others are told at once.
        Leave(Leave) = "leave",
        /// A WebRTC offer for one participant.
        Offer(Offer<'a>) = "offer",
        /// A WebRTC answer for one participant.
        Answer(Answer<'a>) = "answer",
        /// An ICE candidate for one participant.
        IceCandidate(IceCandidate<'a>) = "ice-candidate",
        /// What the sender sends from now on.
        MediaState(MediaState) = "media-state",
        /// What the sender shows of what the room's media server has: it sends no more than that.
        View(View) = "view",
        /// How the sender's media goes.
        MediaPath(MediaPath) = "media-path",
        /// There is no way to another participant, browser to browser: the room needs its media
        /// server.
        Unreachable(Target) = "unreachable",
        /// Writes to all.
        Chat(Chat) = "chat",
        /// Raises or lowers one's own hand.
        Hand(Hand) = "hand",
        /// Shows a feeling for a moment.
        Reaction(SendReaction) = "reaction",
        /// Changes one's own name.
        Rename(Rename) = "rename",
        /// Host: switches someone's microphone off; only they can switch it on again.
        LowerMicrophone(Target) = "lower-microphone",
        /// Host: removes someone, who cannot come back with the same session.
        Remove(Target) = "remove",
        /// Host: nobody else can join, or everybody again.
        Lock(Lock) = "lock",
        /// Host: makes someone else the host, and oneself a participant.
        TransferHost(Target) = "transfer-host",
        /// Host: ends the call for all, and the room with it.
        EndCall(EndCall) = "end-call",
    }
}

/// Enters a room. A client of version 1 sends `room_id` and `user_name` alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Join {
    pub room_id: String,
    /// "Anonymous" when it is missing.
    #[serde(default)]
    #[cfg_attr(feature = "gen", ts(optional))]
    pub user_name: Option<String>,
    /// What this client can do (see `Capability`); at most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// What this client sends from the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "gen", ts(optional))]
    pub media: Option<MediaState>,
    /// The token of the room's creation: joins as host, past a lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "gen", ts(optional))]
    pub host_token: Option<String>,
    /// The resume token of the page's life before a reload: the same person under the same id,
    /// with new WebRTC connections. A token that is not valid any more is ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "gen", ts(optional))]
    pub session: Option<String>,
}

/// Takes up the session of a socket that was lost; the WebRTC connections have lived on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Resume {
    /// The last `resume_token` received.
    pub token: String,
    /// The highest `seq` received; the server replays what came after it.
    #[cfg_attr(feature = "gen", ts(type = "number"))]
    pub last_seq: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Leave {}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Offer<'a> {
    #[serde(borrow)]
    pub target_peer_id: Cow<'a, str>,
    /// At most 48 KiB of SDP; the object is passed on untouched.
    #[serde(borrow)]
    #[cfg_attr(feature = "gen", ts(type = "RTCSessionDescriptionInit"))]
    pub offer: &'a RawValue,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Answer<'a> {
    #[serde(borrow)]
    pub target_peer_id: Cow<'a, str>,
    /// At most 48 KiB of SDP; the object is passed on untouched.
    #[serde(borrow)]
    #[cfg_attr(feature = "gen", ts(type = "RTCSessionDescriptionInit"))]
    pub answer: &'a RawValue,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct IceCandidate<'a> {
    #[serde(borrow)]
    pub target_peer_id: Cow<'a, str>,
    /// A candidate line of at most 512 bytes; the object is passed on untouched.
    #[serde(borrow)]
    #[cfg_attr(feature = "gen", ts(type = "RTCIceCandidateInit"))]
    pub candidate: &'a RawValue,
}

/// In place of the view before. Until the first, the media server chooses: screens, then cameras in
/// the order of speaking.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct View {
    /// The media server that it is for.
    pub target_peer_id: String,
    /// At most 64; the first are served first.
    pub shown: Vec<Shown>,
    /// Whom the sender wants to see well, whatever else there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "gen", ts(optional))]
    pub pinned: Option<String>,
}

/// One picture, and how large it is shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Shown {
    pub peer_id: String,
    /// `camera` or `screen`.
    pub source: MediaSource,
    /// In pixels of the display.
    pub width: u16,
    pub height: u16,
}

/// What is missing is as it was.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct MediaPath {
    /// The way by which the sender gets all that it is to get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "gen", ts(optional))]
    pub path: Option<Topology>,
    /// How it reaches the media server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "gen", ts(optional))]
    pub reach: Option<Reach>,
}

/// At most 2,000 characters.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Chat {
    pub text: String,
    /// The writer's own reference, at most 36 bytes; comes back with the message. The same
    /// reference sent again (after a resume that lost messages) is not shown twice.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "gen", ts(optional))]
    pub client_ref: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Hand {
    pub raised: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct SendReaction {
    pub reaction: Reaction,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Rename {
    pub user_name: String,
}

/// The participant whom an action of the host is about.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Target {
    pub target_peer_id: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Lock {
    pub locked: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct EndCall {}

/// Whether `raw` is a session description of the given type ("offer" or "answer") within bounds.
pub fn check_description(raw: &RawValue, kind: &str) -> Result<(), ErrorCode> {
    #[derive(Deserialize)]
    struct Description<'a> {
        #[serde(rename = "type", borrow)]
        kind: Cow<'a, str>,
        #[serde(borrow)]
        sdp: &'a RawValue,
    }

    let description: Description<'_> = object(raw)?;
    if !description.sdp.get().starts_with('"') {
        return Err(ErrorCode::InvalidMessage);
    }
    // Text is never longer than its JSON. Only what may be too long is unescaped, which takes
    // a copy: each line break of an SDP is an escape.
    if description.sdp.get().len() > limits::SDP_BYTES {
        let sdp: Cow<'_, str> =
            serde_json::from_str(description.sdp.get()).map_err(|_| ErrorCode::InvalidMessage)?;
        if sdp.len() > limits::SDP_BYTES {
            return Err(ErrorCode::SdpTooLarge);
        }
    }
    if description.kind != kind {
        return Err(ErrorCode::InvalidMessage);
    }
    Ok(())
}

/// Whether `raw` is an ICE candidate within bounds.
pub fn check_candidate(raw: &RawValue) -> Result<(), ErrorCode> {
    #[derive(Deserialize)]
    struct Candidate<'a> {
        #[serde(borrow)]
        candidate: Cow<'a, str>,
    }

    let candidate: Candidate<'_> = object(raw)?;
    let too_large = candidate.candidate.len() > limits::CANDIDATE_BYTES
        || raw.get().len() > limits::CANDIDATE_OBJECT_BYTES;
    if too_large {
        return Err(ErrorCode::CandidateTooLarge);
    }
    Ok(())
}

fn object<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, ErrorCode> {
    if !raw.get().starts_with('{') {
        return Err(ErrorCode::InvalidMessage);
    }
    serde_json::from_str(raw.get()).map_err(|_| ErrorCode::InvalidMessage)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn join_of_version_1_is_understood() {
        let text = r#"{"type":"join","room_id":"ABC12345","user_name":"John Doe"}"#;
        let Ok(ClientMessage::Join(join)) = ClientMessage::decode(text) else {
            panic!("no join");
        };
        assert_eq!(join.user_name.as_deref(), Some("John Doe"));
        assert!(join.capabilities.is_empty() && join.session.is_none());
    }

    #[test]
    fn relayed_object_keeps_its_text_to_the_byte() {
        let candidate = r#"{"candidate":"candidate:1 1 udp 1 ::1 9 typ host", "x-new" : [1e2]}"#;
        let text = format!(
            r#"{{"candidate":{candidate},"target_peer_id":"p","type":"ice-candidate","n":1}}"#
        );
        let Ok(ClientMessage::IceCandidate(message)) = ClientMessage::decode(&text) else {
            panic!("no candidate");
        };
        assert_eq!(message.candidate.get(), candidate);
        assert_eq!(check_candidate(message.candidate), Ok(()));
    }

    #[test]
    fn what_is_no_message_gets_its_code() {
        let cases = [
            ("", ErrorCode::InvalidMessage),
            ("nonsense", ErrorCode::InvalidMessage),
            ("[]", ErrorCode::InvalidMessage),
            (r#"["leave"]"#, ErrorCode::InvalidMessage),
            ("null", ErrorCode::InvalidMessage),
            (r#"{"type":7}"#, ErrorCode::InvalidMessage),
            (r#"{"type":"join"}"#, ErrorCode::InvalidMessage),
            (
                r#"{"type":"offer","target_peer_id":"p"}"#,
                ErrorCode::InvalidMessage,
            ),
            (
                r#"{"type":"leave","type":"leave"}"#,
                ErrorCode::InvalidMessage,
            ),
            (
                r#"{"type":"reaction","reaction":"spam"}"#,
                ErrorCode::InvalidMessage,
            ),
            (r#"{"type":"dance"}"#, ErrorCode::UnknownType),
        ];
        for (text, code) in cases {
            let error = ClientMessage::decode(text).expect_err(text);
            assert_eq!(error.code(), code, "{text}");
        }
    }

    #[test]
    fn description_is_bounded_and_of_the_right_kind() {
        let description = |kind: &str, bytes: usize| {
            let json = format!(r#"{{"type":"{kind}","sdp":"{}"}}"#, "v".repeat(bytes));
            RawValue::from_string(json).unwrap()
        };
        let largest = limits::SDP_BYTES;
        assert_eq!(
            check_description(&description("offer", largest), "offer"),
            Ok(())
        );
        assert_eq!(
            check_description(&description("offer", largest + 1), "offer"),
            Err(ErrorCode::SdpTooLarge)
        );
        assert_eq!(
            check_description(&description("answer", 9), "offer"),
            Err(ErrorCode::InvalidMessage)
        );
        let no_text = RawValue::from_string(r#"{"type":"offer","sdp":7}"#.into()).unwrap();
        assert_eq!(
            check_description(&no_text, "offer"),
            Err(ErrorCode::InvalidMessage)
        );
        // Longer than the bound as JSON only.
        let escaped = format!(r#"{{"type":"offer","sdp":"{}"}}"#, "\\n".repeat(largest));
        let escaped = RawValue::from_string(escaped).unwrap();
        assert_eq!(check_description(&escaped, "offer"), Ok(()));
        let no_object = RawValue::from_string("[\"offer\",\"v=0\"]".into()).unwrap();
        assert_eq!(
            check_description(&no_object, "offer"),
            Err(ErrorCode::InvalidMessage)
        );
    }

    proptest! {
        #[test]
        fn hostile_text_never_panics(text: String) {
            if let Ok(message) = ClientMessage::decode(&text) {
                prop_assert!(ClientMessage::TYPES.contains(&message.kind()));
            }
        }
    }
}
