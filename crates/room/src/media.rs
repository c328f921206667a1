//! Which way media goes: from browser to browser, or over a media server; and where that is.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wecall_protocol::{ErrorCode, MediaServer, PeerId, RoomId, Timestamp, Topology};

use crate::{Event, Join, NodeId, RoomState, Rules, TopologyPolicy};

/// Pairs that are remembered: one is enough for a room to go over its media server.
const UNREACHABLE_KEPT: usize = 16;

/// How long a media server waits for someone who was about to come.
pub(crate) const MEDIA_NEEDED_FOR: Duration = Duration::from_secs(30);

/// A room's media server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaSeat {
    /// The life of the node where it is. Written down only here: a node that finds another seat in
    /// the room serves it no more.
    pub node: NodeId,
    /// As participants know it. Another one with each seat.
    pub peer: PeerId,
}

impl MediaSeat {
    fn new(room: RoomId, version: u64, node: NodeId, now: Timestamp) -> Self {
        // Nobody must be kept from guessing it: it is told to everyone, and gives no right.
        let mut bits = now.as_unix_ms().cast_unsigned() ^ node.as_u64() ^ version.rotate_left(44);
        let mut bytes = [0; 16];
        for (index, half) in bytes.chunks_exact_mut(8).enumerate() {
            let id = room.to_string();
            let salt = id.bytes().fold(index as u64, |salt, byte| {
                salt.wrapping_mul(0x100_0000_01b3) ^ u64::from(byte)
            });
            bits = (bits ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            bits ^= bits >> 29;
            half.copy_from_slice(&bits.to_le_bytes());
        }
        Self {
            node,
            peer: PeerId::from_random(bytes),
        }
    }
}

impl RoomState {
    /// What clients are told of the media server.
    pub fn media_server(&self, rules: &Rules) -> Option<MediaServer> {
        self.media.map(|seat| MediaServer {
            peer_id: seat.peer,
            from_participants: match rules.media.policy {
                TopologyPolicy::AlwaysSfu => 1,
                TopologyPolicy::Auto | TopologyPolicy::MeshOnly => {
                    rules.media.mesh_participants.saturating_add(1)
                }
            },
        })
    }

    /// All that is decided here, to be compared.
    pub(crate) fn media_state(&self) -> impl PartialEq + use<> {
        (
            (self.topology, self.media, self.watched),
            (self.calm_since, self.media_needed_at),
            self.unreachable.len(),
        )
    }

    /// The topology and the media server as they have to be after what has just happened.
    pub(crate) fn settle_media(&mut self, now: Timestamp, rules: &Rules) {
        let is_over = |at: Timestamp| now.since(at) >= MEDIA_NEEDED_FOR;
        if self.media_needed_at.is_some_and(is_over) {
            self.media_needed_at = None;
        }
        if !self.may_have_media(rules) {
            self.media = None;
        } else if self.media.is_none() {
            // Also while it goes from browser to browser: so that everyone can try their way.
            let seat = rules.media.seat;
            self.media = seat.map(|node| MediaSeat::new(self.id, self.version, node, now));
        }
        let wanted = self.wanted_topology(rules);
        let may_wait =
            wanted == Topology::Mesh && self.topology == Topology::Sfu && self.may_stay(rules);
        let waits = may_wait && now.since(*self.calm_since.get_or_insert(now)) < rules.media.calm;
        if !waits {
            self.calm_since = None;
            self.topology = wanted;
        }
    }

    /// Whether it would get a media server now, if there was one.
    pub fn lacks_media(&self, rules: &Rules) -> bool {
        self.ended.is_none() && self.media.is_none() && self.may_have_media(rules)
    }

    fn may_have_media(&self, rules: &Rules) -> bool {
        let someone = self.watched
            || self.media_needed_at.is_some()
            || self.participants.iter().any(|one| one.capabilities.sfu);
        someone && rules.media.policy != TopologyPolicy::MeshOnly
    }

    /// Whether everyone can take part by the media server.
    fn may_stay(&self, rules: &Rules) -> bool {
        let all_can = self.participants.iter().all(|one| one.capabilities.sfu);
        self.media.is_some()
            && !self.participants.is_empty()
            && all_can
            && rules.media.policy != TopologyPolicy::MeshOnly
    }

    fn wanted_topology(&self, rules: &Rules) -> Topology {
        let is_needed = rules.media.policy == TopologyPolicy::AlwaysSfu
            || self.participant_count() > rules.media.mesh_participants
            || self.watched
            || !self.unreachable.is_empty()
            || self.participants.iter().any(|one| one.publisher);
        match self.may_stay(rules) && is_needed {
            true => Topology::Sfu,
            false => Topology::Mesh,
        }
    }

    /// Whether a room on its media server is too large to go from browser to browser for the sake
    /// of someone who cannot otherwise.
    pub(crate) fn cannot_take_to_mesh(&self, join: &Join, rules: &Rules) -> bool {
        self.topology == Topology::Sfu
            && !join.capabilities.sfu
            && self.participant_count() >= rules.media.mesh_with_newcomer
    }

    /// The media server at `node` is no more. Another takes its place when one is there.
    pub(crate) fn lose_media(&mut self, node: NodeId) {
        if self.media.is_some_and(|seat| seat.node == node) {
            self.media = None;
            self.watched = false;
            for one in &mut self.participants {
                one.path = Topology::Mesh;
            }
        }
    }

    pub(crate) fn set_watched(&mut self, node: NodeId, watched: bool) {
        if self.media.is_some_and(|seat| seat.node == node) {
            self.watched = watched;
        }
    }

    pub(crate) fn note_unreachable(
        &mut self,
        peer: PeerId,
        target: PeerId,
    ) -> Result<Vec<Event>, ErrorCode> {
        if peer == target || self.participant(target).is_none() {
            return Err(ErrorCode::PeerNotFound);
        }
        let pair = (peer.min(target), peer.max(target));
        if !self.unreachable.contains(&pair) && self.unreachable.len() < UNREACHABLE_KEPT {
            self.unreachable.push(pair);
        }
        Ok(Vec::new())
    }
}
