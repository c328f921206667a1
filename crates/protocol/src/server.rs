use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    ChatMessage, ErrorCode, LeaveReason, MediaServer, MediaSource, MediaState, ParticipantInfo,
    PeerId, Reach, Reaction, Role, RoomEndReason, RoomId, RoomSnapshot, Timestamp, Topology,
    UserName, rest::IceServer,
};

crate::client::messages! {
    /// What the server sends.
    ///
    /// In a session that can be resumed each message also carries `seq`, which starts at 1 with
    /// `joined` and rises by one; `peer-id`, `resumed`, `reconnect` and `error` belong to the socket,
    /// not to the session, and carry none.
    pub enum ServerMessage<'a> {
        /// Greets at once after the upgrade.
        PeerId(Greeting) = "peer-id",
        /// The answer to `join`.
        Joined(Box<Joined>) = "joined",
        /// The others in the room, right after `joined`: the newcomer offers to each.
        Participants(Participants) = "participants",
        /// The answer to `resume`; what was missed follows when `recovered` is true.
        Resumed(Box<Resumed>) = "resumed",
        /// A new resume token in place of the one before, as the role in it has changed.
        Session(Session) = "session",
        /// Someone has joined; they will offer.
        PeerJoined(PeerJoined) = "peer-joined",
        /// Someone is gone.
        PeerLeft(PeerLeft) = "peer-left",
        /// A WebRTC offer of another participant.
        Offer(RelayedOffer<'a>) = "offer",
        /// A WebRTC answer of another participant.
        Answer(RelayedAnswer<'a>) = "answer",
        /// An ICE candidate of another participant.
        IceCandidate(RelayedCandidate<'a>) = "ice-candidate",
        /// What someone sends from now on; also told to them when a host lowered it.
        MediaState(PeerMediaState) = "media-state",
        /// The room goes another way from now on, or over another media server. The way before is
        /// good until everyone's `path` is the new one.
        Topology(TopologySet) = "topology",
        /// How someone's media goes, also told to themselves.
        MediaPath(PeerMediaPath) = "media-path",
        /// What is in one's receive sections from now on, all of them.
        Slots(Slots) = "slots",
        /// Who speaks, the loudest first; nobody else does.
        Speakers(Speakers) = "speakers",
        /// The layers of one's own source that anyone needs; the others may be turned off.
        Layers(Layers) = "layers",
        /// How one's connection to the media server does, as the server sees it.
        MediaFigures(MediaFigures) = "media-figures",
        /// The media server has let one's connection go, or has not taken the offer.
        MediaGone(MediaGone) = "media-gone",
        /// A chat message, also to its writer.
        Chat(ChatMessage) = "chat",
        /// Someone raised or lowered their hand.
        Hand(PeerHand) = "hand",
        /// Someone shows a feeling.
        Reaction(PeerReaction) = "reaction",
        /// Someone has a new name.
        Rename(PeerRename) = "rename",
        /// Someone has a new role.
        Role(PeerRole) = "role",
        /// The host has locked or unlocked the room.
        Lock(RoomLock) = "lock",
        /// To whom a host has switched the microphone off.
        LowerMicrophone(By) = "lower-microphone",
        /// To whom a host has removed; the socket closes.
        Removed(By) = "removed",
        /// The room is over; the socket closes.
        RoomEnded(RoomEnded) = "room-ended",
        /// This node is going away: resume over a new socket after `after_ms`. This socket stays
        /// open until then, or until the new one has taken the session up.
        Reconnect(Reconnect) = "reconnect",
        /// Something was refused; the socket stays open unless a close follows.
        Error(Refused<'a>) = "error",
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Greeting {
    /// The id under which this socket joins; `resume` and `join.session` bring an older one back.
    pub peer_id: PeerId,
    /// The protocol version of the server: 2.
    #[serde(default = "first_version")]
    pub protocol: u16,
}

fn first_version() -> u16 {
    1
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Joined {
    pub room_id: RoomId,
    /// One's own id.
    pub peer_id: PeerId,
    pub room: RoomSnapshot,
    /// For `resume` and `join.session`; only to clients that announced `resume`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "gen", ts(optional))]
    pub resume_token: Option<String>,
    /// How long the others are not told of a lost socket, in milliseconds.
    pub resume_grace_ms: u32,
    /// As in `/api/config`, with credentials that are this participant's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ice_servers: Vec<IceServer>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Participants {
    pub participants: Vec<PeerId>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Resumed {
    pub peer_id: PeerId,
    /// True: each message after `last_seq` follows, nothing was lost. False: messages may have
    /// been lost in both directions; `room` is how things stand, `seq` starts anew at 1.
    pub recovered: bool,
    /// How many messages of this session the server has received since `joined` (or since the
    /// last `resumed` that was not recovered); the client sends those after it again.
    #[cfg_attr(feature = "gen", ts(type = "number"))]
    pub received: u64,
    /// In place of the token before.
    pub resume_token: String,
    /// How things stand; only when `recovered` is false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "gen", ts(optional))]
    pub room: Option<RoomSnapshot>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Session {
    pub resume_token: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct PeerJoined {
    pub peer_id: PeerId,
    pub participant: ParticipantInfo,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct PeerLeft {
    pub peer_id: PeerId,
    pub reason: LeaveReason,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct RelayedOffer<'a> {
    /// The sender.
    pub peer_id: PeerId,
    #[serde(borrow)]
    #[cfg_attr(feature = "gen", ts(type = "RTCSessionDescriptionInit"))]
    pub offer: &'a RawValue,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct RelayedAnswer<'a> {
    /// The sender.
    pub peer_id: PeerId,
    #[serde(borrow)]
    #[cfg_attr(feature = "gen", ts(type = "RTCSessionDescriptionInit"))]
    pub answer: &'a RawValue,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct RelayedCandidate<'a> {
    /// The sender.
    pub peer_id: PeerId,
    #[serde(borrow)]
    #[cfg_attr(feature = "gen", ts(type = "RTCIceCandidateInit"))]
    pub candidate: &'a RawValue,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct PeerMediaState {
    pub peer_id: PeerId,
    pub microphone: bool,
    pub camera: bool,
    pub screen: bool,
}

impl PeerMediaState {
    pub const fn new(peer_id: PeerId, media: MediaState) -> Self {
        let MediaState {
            microphone,
            camera,
            screen,
        } = media;
        Self {
            peer_id,
            microphone,
            camera,
            screen,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct TopologySet {
    pub topology: Topology,
    pub media: Option<MediaServer>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct PeerMediaPath {
    pub peer_id: PeerId,
    pub path: Topology,
    pub reach: Option<Reach>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Slots {
    /// The media server that they are of.
    pub peer_id: PeerId,
    pub slots: Vec<Slot>,
}

/// One receive section.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Slot {
    /// The `a=mid` of the section.
    pub mid: String,
    /// Whose media it carries; `null` when it is empty.
    pub content: Option<SlotContent>,
    /// The simulcast layer that flows, where the source has layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "gen", ts(optional))]
    pub layer: Option<String>,
    /// Nothing flows: the receiver's connection is too narrow, or the source sends nothing.
    pub paused: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct SlotContent {
    pub peer_id: PeerId,
    pub source: MediaSource,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Speakers {
    pub speakers: Vec<Speaker>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Speaker {
    pub peer_id: PeerId,
    /// In dBov (RFC 6464): 0 is the loudest, -127 is silence.
    pub level: i8,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Layers {
    pub source: MediaSource,
    /// The `rid`s; of a source without layers, `""` when anyone needs it.
    pub layers: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct MediaFigures {
    /// What the path to the client carries, as far as known, in kbit/s.
    pub estimate_kbps: Option<u32>,
    /// What its slots were given of it.
    pub allocated_kbps: u32,
    /// What they would like.
    pub desired_kbps: u32,
    pub round_trip_ms: Option<u32>,
    /// Shares of packets, from 0 to 1, of the last second.
    pub loss_to_client: Option<f32>,
    pub loss_from_client: Option<f32>,
    /// ICE-TCP.
    pub over_tcp: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct MediaGone {
    /// The media server.
    pub peer_id: PeerId,
    pub reason: MediaGoneReason,
}

/// Why there is no connection to the media server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub enum MediaGoneReason {
    /// The offer or candidate is not allowed. The same one again is refused again.
    Refused,
    /// The media server takes no more just now.
    Busy,
    /// No media server serves this room here; a `topology` names another one, or none.
    NotHere,
    /// Nothing came over the connection for too long.
    Lost,
    /// It was closed, or another one of the same client took its place.
    Closed,
    /// It broke.
    Failed,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct PeerHand {
    pub peer_id: PeerId,
    pub raised: bool,
    /// Since when it is raised; hands are served in this order.
    pub hand_raised_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct PeerReaction {
    pub peer_id: PeerId,
    pub reaction: Reaction,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct PeerRename {
    pub peer_id: PeerId,
    pub user_name: UserName,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct PeerRole {
    pub peer_id: PeerId,
    pub role: Role,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct RoomLock {
    pub locked: bool,
    /// The host who did it.
    pub peer_id: PeerId,
}

/// The host who did it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct By {
    pub peer_id: PeerId,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct RoomEnded {
    pub reason: RoomEndReason,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Reconnect {
    /// Each client gets a time of its own, so that they do not all come at once.
    pub after_ms: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct Refused<'a> {
    pub code: ErrorCode,
    /// A sentence for a person, in English.
    #[serde(borrow)]
    pub message: Cow<'a, str>,
    /// The `type` of the message that was refused, when it was understood so far.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "gen", ts(optional))]
    pub in_reply_to: Option<Cow<'a, str>>,
    /// The target that it was about.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "gen", ts(optional))]
    pub target_peer_id: Option<Cow<'a, str>>,
}

/// Application close codes of the WebSocket (RFC 6455 section 7.4.2), beside the standard
/// 1000 (left, removed, room ended), 1008 (abuse), 1009 (far too large), 1012 (server restarts)
/// and 1013 (reads too slowly).
pub mod close {
    /// The session was taken up by another socket: a duplicated tab, or a resume that overtook
    /// the loss of the old socket. The client must not reconnect by itself.
    pub const SESSION_TAKEN: u16 = 4001;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greeting_is_a_greeting_of_version_1() {
        let greeting = ServerMessage::PeerId(Greeting {
            peer_id: PeerId::from_random([7; 16]),
            protocol: crate::PROTOCOL_VERSION,
        });
        assert_eq!(
            greeting.encode(),
            r#"{"type":"peer-id","peer_id":"BwcHBwcHBwcHBwcHBwcHBw","protocol":2}"#
        );
    }

    #[test]
    fn relayed_offer_is_passed_on_to_the_byte() {
        let offer = RawValue::from_string(r#"{"sdp":"a\r\n" ,"type":"offer"}"#.into()).unwrap();
        let message = ServerMessage::Offer(RelayedOffer {
            peer_id: PeerId::from_random([0; 16]),
            offer: &offer,
        });
        let text = message.encode();
        assert!(text.contains(offer.get()), "{text}");
        assert_eq!(ServerMessage::decode(&text).unwrap().encode(), text);
    }
}
