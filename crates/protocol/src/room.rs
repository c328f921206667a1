use serde::{Deserialize, Serialize};

use crate::{ChatText, PeerId, RoomId, RoomName, Timestamp, UserName};

/// What a client says it can do. Unknown entries of `join.capabilities` are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub enum Capability {
    /// Comes back with `resume` after a lost socket, and says `leave` when its page goes away.
    Resume,
    /// Tells its own `media-state` and obeys `lower-microphone`.
    MediaState,
    /// Takes part by the room's media server when the room asks for it with `topology`.
    Sfu,
}

/// What a participant may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub enum Role {
    #[default]
    Participant,
    /// May lower microphones, remove people, lock the room, hand the role on and end the call.
    Host,
}

/// What a participant sends. A microphone that is off is silenced by the receivers too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct MediaState {
    pub microphone: bool,
    pub camera: bool,
    pub screen: bool,
}

impl Default for MediaState {
    /// What is known of a client that never tells: it joins with camera and microphone.
    fn default() -> Self {
        Self {
            microphone: true,
            camera: true,
            screen: false,
        }
    }
}

/// Small feelings, shown for a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub enum Reaction {
    ThumbsUp,
    Clap,
    Heart,
    Laugh,
    Surprised,
    Celebrate,
}

/// How the media of a room flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub enum Topology {
    /// Browser to browser; the newcomer offers to each participant.
    #[default]
    Mesh,
    /// Over the room's media server, with one connection each.
    Sfu,
}

/// The media server of a room: a peer to whom one's own offer goes. It answers; it never offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct MediaServer {
    /// Another one than before: connections to the one before are of no use any more.
    pub peer_id: PeerId,
    /// From how many participants on the room goes over it.
    pub from_participants: u16,
}

/// How a participant reaches the room's media server, as far as they have tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub enum Reach {
    Udp,
    /// ICE-TCP: UDP is blocked.
    Tcp,
    /// Over a TURN server: there is no direct way.
    Relay,
    /// Not at all.
    Nothing,
}

/// What a receive section shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub enum MediaSource {
    Microphone,
    Camera,
    Screen,
    ScreenAudio,
}

/// Why a participant is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub enum LeaveReason {
    /// Left, or is a version 1 client whose socket closed.
    Left,
    /// Did not come back within the grace time.
    Lost,
    /// A host removed them.
    Removed,
    /// The same person joined again (a reload); `peer-joined` with the same id follows.
    Replaced,
}

/// Why a room is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub enum RoomEndReason {
    /// A host ended the call for all.
    Host,
    /// The lifetime asked for at its creation has passed.
    Expired,
}

/// A participant, as the others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct ParticipantInfo {
    pub peer_id: PeerId,
    pub user_name: UserName,
    pub role: Role,
    pub media: MediaState,
    /// Since when the hand is raised; `null` when it is down.
    pub hand_raised_at: Option<Timestamp>,
    pub joined_at: Timestamp,
    pub capabilities: Vec<Capability>,
    /// By which way they get all that they are to get. A connection of the other way to them is
    /// needed until this is the room's topology, on both sides.
    #[serde(default)]
    pub path: Topology,
    /// `null` while they have not tried.
    #[serde(default)]
    pub reach: Option<Reach>,
    /// Sends by WHIP, and neither sees nor hears the others.
    #[serde(default)]
    pub publisher: bool,
}

/// A chat message as everyone gets it, its writer too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct ChatMessage {
    /// Unique in its room, rising.
    #[cfg_attr(feature = "gen", ts(type = "number"))]
    pub id: u64,
    pub peer_id: PeerId,
    /// The writer's name then: it stays readable when they have left.
    pub user_name: UserName,
    pub text: ChatText,
    pub sent_at: Timestamp,
    /// The writer's own reference, as sent.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "gen", ts(optional))]
    pub client_ref: Option<Box<str>>,
}

/// All that a participant may know of their room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS))]
pub struct RoomSnapshot {
    pub room_id: RoomId,
    pub room_name: Option<RoomName>,
    pub created_at: Timestamp,
    /// When the room ends, if it was created with a lifetime.
    pub expires_at: Option<Timestamp>,
    /// Rises by one with each change of the room.
    #[cfg_attr(feature = "gen", ts(type = "number"))]
    pub version: u64,
    pub max_participants: u16,
    pub locked: bool,
    /// True while a server that lost this room's state collects its participants again: who is
    /// not listed may still come back, so keep their media for `resume_grace_ms`.
    #[serde(default)]
    pub recovering: bool,
    pub topology: Topology,
    /// `null` when the server has none for this room.
    #[serde(default)]
    pub media: Option<MediaServer>,
    /// In the order in which they joined, the receiver included.
    pub participants: Vec<ParticipantInfo>,
    /// What was written since the receiver first joined, as far as it is kept.
    pub chat: Vec<ChatMessage>,
}
