use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wecall_protocol::{
    Capability, ChatMessage, ErrorCode, MediaState, ParticipantInfo, PeerId, Reach, Role,
    RoomEndReason, RoomId, RoomName, RoomSnapshot, Timestamp, Topology, UserName, limits,
};

use crate::{MediaSeat, NodeId, Rules, media::MEDIA_NEEDED_FOR};

/// A room, whole: what a store keeps and a node hands to another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomState {
    pub id: RoomId,
    pub name: Option<RoomName>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub max_participants: u16,
    /// Rises by one with each command that changes something.
    pub version: u64,
    pub locked: bool,
    /// How media flows.
    #[serde(default)]
    pub topology: Topology,
    /// Where its media server is.
    #[serde(default)]
    pub media: Option<MediaSeat>,
    /// Somebody watches without taking part.
    #[serde(default)]
    pub watched: bool,
    /// When somebody was last about to send or to watch without having joined.
    #[serde(default)]
    pub(crate) media_needed_at: Option<Timestamp>,
    /// Since when it could do without its media server.
    #[serde(default)]
    pub(crate) calm_since: Option<Timestamp>,
    /// Pairs of participants without a way from one browser to the other.
    #[serde(default)]
    pub(crate) unreachable: Vec<(PeerId, PeerId)>,
    /// In the order in which they joined.
    pub participants: Vec<Participant>,
    pub(crate) chat: VecDeque<ChatMessage>,
    /// Whom a host has removed: their sessions do not come back.
    pub(crate) removed: VecDeque<PeerId>,
    /// Who has just left: a reload leaves and comes back past a lock, with the role it had.
    pub(crate) recent: VecDeque<Recent>,
    /// Since when nobody is in; of a new room, since its creation.
    pub(crate) empty_since: Option<Timestamp>,
    /// Whether anyone has ever joined.
    pub(crate) used: bool,
    /// Until when participants of a room whose state was lost may come back by their tokens.
    pub(crate) recovering_until: Option<Timestamp>,
    /// Over, and never more; `participants` are those who were in at its end.
    pub ended: Option<RoomEndReason>,
    /// What a later version of the program has written here: kept, and handed on.
    #[serde(flatten)]
    pub(crate) unknown: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    pub id: PeerId,
    pub name: UserName,
    pub role: Role,
    pub media: MediaState,
    pub hand_raised_at: Option<Timestamp>,
    pub joined_at: Timestamp,
    /// The room's version when they first joined, kept over reloads.
    pub since_version: u64,
    pub capabilities: Capabilities,
    pub presence: Presence,
    /// By which way they get all that they are to get.
    #[serde(default)]
    pub path: Topology,
    /// How they reach the media server.
    #[serde(default)]
    pub reach: Option<Reach>,
    /// Sends by WHIP.
    #[serde(default)]
    pub publisher: bool,
    /// The node that has, or last had, their socket.
    #[serde(default)]
    pub home: NodeId,
    /// Since when their socket is, or last was, there.
    #[serde(default = "long_ago")]
    pub here_since: Timestamp,
    /// What a later version of the program has written here: kept, and handed on.
    #[serde(flatten)]
    pub(crate) unknown: BTreeMap<String, Value>,
}

/// Of participants that an earlier version of the program has written down.
const fn long_ago() -> Timestamp {
    Timestamp::from_unix_ms(0)
}

/// Whether a participant's socket is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    Connected,
    /// Gone without a word; the others are told when the grace time has passed.
    Away {
        since: Timestamp,
        /// When it has passed; without it, after the usual time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
}

impl Participant {
    /// Takes over what another view knows better.
    pub(crate) fn merge(&mut self, theirs: Self) {
        let is_later = theirs.last_seen() > self.last_seen();
        if theirs.joined_at == self.joined_at {
            if is_later {
                self.home = theirs.home;
                self.here_since = theirs.here_since;
                self.presence = theirs.presence;
            }
            return;
        }
        // They came once more, and one side has missed it. That side may have them by now all the
        // same: then they know themselves as it does.
        let once_more = if theirs.joined_at > self.joined_at {
            (theirs.joined_at, theirs.since_version)
        } else {
            (self.joined_at, self.since_version)
        };
        if is_later {
            *self = theirs;
        }
        (self.joined_at, self.since_version) = once_more;
    }

    /// Orders what is known of where they are. Who came to a node last is there, though the one
    /// before may have seen their old socket close only later.
    fn last_seen(&self) -> (Timestamp, Option<Timestamp>) {
        match self.presence {
            Presence::Connected => (self.here_since, None),
            Presence::Away { since, .. } => (self.here_since, Some(since)),
        }
    }
}

impl Presence {
    /// When a participant who is away is lost.
    pub(crate) fn lost_at(self, rules: &Rules) -> Option<Timestamp> {
        match self {
            Self::Connected => None,
            Self::Away { since, until } => Some(until.unwrap_or(since + rules.resume_grace)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recent {
    pub peer: PeerId,
    pub role: Role,
    pub since_version: u64,
    pub left_at: Timestamp,
}

/// What a client can do, of all that the server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Capabilities {
    pub resume: bool,
    pub media_state: bool,
    #[serde(default)]
    pub sfu: bool,
}

impl Capabilities {
    /// Unknown names are of later versions, and ignored.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut capabilities = Self::default();
        for name in names.into_iter().take(limits::CAPABILITIES) {
            match name {
                "resume" => capabilities.resume = true,
                "media-state" => capabilities.media_state = true,
                "sfu" => capabilities.sfu = true,
                _ => {}
            }
        }
        capabilities
    }

    pub fn list(self) -> Vec<Capability> {
        let known = [
            (self.resume, Capability::Resume),
            (self.media_state, Capability::MediaState),
            (self.sfu, Capability::Sfu),
        ];
        let announced = known.into_iter().filter(|(announced, _)| *announced);
        announced.map(|(_, capability)| capability).collect()
    }
}

/// What the creator of a room chooses, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomOptions {
    pub name: Option<RoomName>,
    pub max_participants: u16,
    pub ttl: Option<Duration>,
}

impl RoomState {
    pub fn new(id: RoomId, options: RoomOptions, now: Timestamp) -> Self {
        Self {
            id,
            name: options.name,
            created_at: now,
            expires_at: options.ttl.map(|ttl| now + ttl),
            max_participants: options.max_participants,
            version: 0,
            locked: false,
            topology: Topology::Mesh,
            media: None,
            watched: false,
            media_needed_at: None,
            calm_since: None,
            unreachable: Vec::new(),
            participants: Vec::new(),
            chat: VecDeque::new(),
            removed: VecDeque::new(),
            recent: VecDeque::new(),
            empty_since: Some(now),
            used: false,
            recovering_until: None,
            ended: None,
            unknown: BTreeMap::new(),
        }
    }

    /// A room that participants remember and the server does not: it takes them back, one by one
    /// as they resume, for the grace time.
    pub fn recovering(mut self, version: u64, now: Timestamp, rules: &Rules) -> Self {
        self.version = version;
        self.recovering_until = Some(now + rules.resume_grace);
        self
    }

    /// The room as a restarted server finds it: nobody's socket is there any more. Clients that
    /// cannot resume are gone. What was written down may be a moment behind, so those who joined
    /// in that moment may come back by their tokens.
    pub fn restarted(mut self, now: Timestamp, rules: &Rules) -> Self {
        self.recovering_until = Some(now + rules.resume_grace);
        self.participants
            .retain(|participant| participant.capabilities.resume);
        for participant in &mut self.participants {
            participant.presence = Presence::Away {
                since: now,
                until: None,
            };
        }
        self.lose_media(NodeId::SINGLE);
        self.watched = false;
        self.settle_media(now, rules);
        self.note_emptiness(now);
        self
    }

    pub fn participant(&self, peer: PeerId) -> Option<&Participant> {
        self.participants
            .iter()
            .find(|participant| participant.id == peer)
    }

    pub(crate) fn participant_mut(&mut self, peer: PeerId) -> Result<&mut Participant, ErrorCode> {
        self.participants
            .iter_mut()
            .find(|participant| participant.id == peer)
            .ok_or(ErrorCode::PeerNotFound)
    }

    pub fn participant_count(&self) -> u16 {
        u16::try_from(self.participants.len()).unwrap_or(u16::MAX)
    }

    /// Whether someone new could join, were they no host.
    pub fn admits_newcomers(&self) -> Result<(), ErrorCode> {
        if self.ended.is_some() {
            Err(ErrorCode::RoomNotFound)
        } else if self.locked {
            Err(ErrorCode::RoomLocked)
        } else if self.participant_count() >= self.max_participants {
            Err(ErrorCode::RoomFull)
        } else {
            Ok(())
        }
    }

    /// When the next [`crate::Command::Tick`] has something to do, or the room may be forgotten.
    pub fn next_deadline(&self, rules: &Rules) -> Option<Timestamp> {
        if self.ended.is_some() {
            return None;
        }
        let lost = self
            .participants
            .iter()
            .filter_map(|participant| participant.presence.lost_at(rules));
        lost.chain(self.expires_at)
            .chain(self.calm_since.map(|since| since + rules.media.calm))
            .chain(self.media_needed_at.map(|at| at + MEDIA_NEEDED_FOR))
            .chain(self.abandoned_at(rules))
            .min()
    }

    /// Whether nobody will miss the room: it has ended, or was empty for its grace time.
    pub fn is_over(&self, now: Timestamp, rules: &Rules) -> bool {
        self.ended.is_some() || self.abandoned_at(rules).is_some_and(|at| at <= now)
    }

    /// A room with a lifetime of its own is kept for it, empty or not.
    pub fn abandoned_at(&self, rules: &Rules) -> Option<Timestamp> {
        let grace = if self.used {
            rules.empty_grace
        } else {
            rules.unused_grace
        };
        match self.expires_at {
            Some(_) => None,
            None => self.empty_since.map(|since| since + grace),
        }
    }

    pub(crate) fn note_emptiness(&mut self, now: Timestamp) {
        self.empty_since = match (self.participants.is_empty(), self.empty_since) {
            (true, Some(since)) => Some(since),
            (true, None) => Some(now),
            (false, _) => None,
        };
    }

    pub(crate) fn is_recovering(&self, now: Timestamp) -> bool {
        self.recovering_until.is_some_and(|until| now < until)
    }

    /// The room as `viewer` may see it.
    pub fn snapshot(&self, viewer: PeerId, now: Timestamp, rules: &Rules) -> RoomSnapshot {
        let since = self.participant(viewer).map(|viewer| viewer.since_version);
        let readable = |message: &&ChatMessage| since.is_some_and(|since| message.id > since);
        RoomSnapshot {
            room_id: self.id,
            room_name: self.name.clone(),
            created_at: self.created_at,
            expires_at: self.expires_at,
            version: self.version,
            max_participants: self.max_participants,
            locked: self.locked,
            recovering: self.is_recovering(now),
            topology: self.topology,
            media: self.media_server(rules),
            participants: self.participants.iter().map(Participant::info).collect(),
            chat: self.chat.iter().filter(readable).cloned().collect(),
        }
    }
}

impl Participant {
    pub fn info(&self) -> ParticipantInfo {
        ParticipantInfo {
            peer_id: self.id,
            user_name: self.name.clone(),
            role: self.role,
            media: self.media,
            hand_raised_at: self.hand_raised_at,
            joined_at: self.joined_at,
            capabilities: self.capabilities.list(),
            path: self.path,
            reach: self.reach,
            publisher: self.publisher,
        }
    }
}
