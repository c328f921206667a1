//! Coming and going. What participants do in the room is in `moderation`.

use std::{collections::BTreeMap, time::Duration};

use wecall_protocol::{ErrorCode, LeaveReason, PeerId, Role, RoomEndReason, Timestamp, Topology};

use crate::{
    Change, Command, Event, Join, NodeId, Participant, Presence, RoomState, Rules, state::Recent,
};

/// Sessions that a host has removed: as many as ever fit into a room, several times over.
pub(crate) const REMOVED_KEPT: usize = 512;

/// Those who have just left: as many as ever fit into a room.
pub(crate) const RECENT_KEPT: usize = 128;

/// How long a reload may take, on a slow phone over a slow network.
const RECENT_FOR: Duration = Duration::from_secs(60);

impl RoomState {
    /// Runs one command. When it is refused, nothing has changed.
    pub fn apply(
        &mut self,
        command: Command,
        now: Timestamp,
        rules: &Rules,
    ) -> Result<Change, ErrorCode> {
        if self.ended.is_some() {
            return Err(ErrorCode::RoomNotFound);
        }
        let before = self.media_state();
        let mut events = match command {
            Command::Join(join) => self.join(join, now, rules)?,
            Command::Resume {
                peer,
                home,
                returning,
            } => self.resume(peer, home, returning, now)?,
            Command::Disconnect { peer, home } => self.disconnect(peer, home, now)?,
            Command::Leave { peer, home } => self.leave(peer, home, now)?,
            Command::NodeLost { home } => self.node_lost(home, now, rules),
            Command::MediaLost { node } => {
                self.lose_media(node);
                Vec::new()
            }
            Command::NeedMedia => {
                self.media_needed_at = Some(now);
                Vec::new()
            }
            Command::SetWatched { node, watched } => {
                self.set_watched(node, watched);
                Vec::new()
            }
            Command::Act { peer, action } => self.act(peer, action, now)?,
            Command::Tick => self.tick(now, rules),
        };
        if self.ended.is_none() {
            self.settle_media(now, rules);
            if self.media_state() != before {
                events.push(Event::TopologySet);
            }
        }
        if !events.is_empty() {
            self.version += 1;
        }
        Ok(Change {
            version: self.version,
            events,
        })
    }

    fn join(&mut self, join: Join, now: Timestamp, rules: &Rules) -> Result<Vec<Event>, ErrorCode> {
        if self.removed.contains(&join.peer) {
            return Err(ErrorCode::Removed);
        }
        let present = self.participant(join.peer).map(|participant| Recent {
            peer: join.peer,
            role: participant.role,
            since_version: participant.since_version,
            left_at: now,
        });
        let before = present.or_else(|| self.recently_left(join.peer, now));

        if present.is_none() {
            if self.locked && !join.host && before.is_none() {
                return Err(ErrorCode::RoomLocked);
            }
            if self.participant_count() >= self.max_participants
                || self.cannot_take_to_mesh(&join, rules)
            {
                return Err(ErrorCode::RoomFull);
            }
        } else if join.returning.is_none() {
            // Peer ids are unguessable, so only a token can name one that is in the room.
            return Err(ErrorCode::AlreadyJoined);
        }

        let mut events = Vec::with_capacity(2);
        if present.is_some() {
            events.extend(self.remove_participant(join.peer, LeaveReason::Replaced, now));
        }
        self.recent.retain(|recent| recent.peer != join.peer);
        let since_version = match (before, join.returning) {
            (Some(before), _) => before.since_version,
            (None, Some(returning)) => returning.since_version,
            (None, None) => self.version,
        };
        let was_host = before.is_some_and(|before| before.role == Role::Host);
        self.add_participant(join, was_host, since_version, &mut events, now);
        Ok(events)
    }

    fn resume(
        &mut self,
        peer: PeerId,
        home: NodeId,
        returning: Option<Box<Join>>,
        now: Timestamp,
    ) -> Result<Vec<Event>, ErrorCode> {
        if self.removed.contains(&peer) {
            return Err(ErrorCode::Removed);
        }
        if let Ok(participant) = self.participant_mut(peer) {
            let is_here = participant.presence == Presence::Connected && participant.home == home;
            if is_here && home == NodeId::SINGLE {
                return Ok(Vec::new());
            }
            // Among several nodes it is a change even so: what another one was asked before, and
            // does too late, must not find the room as it was.
            participant.presence = Presence::Connected;
            participant.home = home;
            participant.here_since = now;
            return Ok(vec![Event::Back(peer)]);
        }
        // Who has left, or was away for too long, joins anew: the others have closed their media.
        let Some(join) = returning.filter(|_| self.is_recovering(now)) else {
            return Err(ErrorCode::InvalidResumeToken);
        };
        if self.participant_count() >= self.max_participants {
            return Err(ErrorCode::RoomFull);
        }
        let mut events = Vec::with_capacity(1);
        let (role, since_version, joined_at) = match join.returning {
            Some(returning) => (
                returning.role,
                returning.since_version,
                returning.joined_at.unwrap_or(now),
            ),
            None => (Role::Participant, self.version, now),
        };
        // The same person with the same connections: whoever knows them from before the loss shall
        // not take them for someone new.
        self.add_participant(*join, role == Role::Host, since_version, &mut events, now);
        if let Some(participant) = self.participants.last_mut() {
            participant.joined_at = joined_at.min(now);
        }
        Ok(events)
    }

    fn add_participant(
        &mut self,
        join: Join,
        was_host: bool,
        since_version: u64,
        events: &mut Vec<Event>,
        now: Timestamp,
    ) {
        let role = if join.host || was_host {
            Role::Host
        } else {
            Role::Participant
        };
        self.participants.push(Participant {
            id: join.peer,
            name: join.name,
            role,
            media: join.media,
            hand_raised_at: None,
            joined_at: now,
            // A token may know a later version than a room that was restored from a second before.
            since_version: since_version.min(self.version),
            capabilities: join.capabilities,
            presence: Presence::Connected,
            path: Topology::Mesh,
            reach: None,
            publisher: join.publisher,
            home: join.home,
            here_since: now,
            unknown: BTreeMap::new(),
        });
        self.used = true;
        self.empty_since = None;
        events.push(Event::Joined(join.peer));
    }

    fn disconnect(
        &mut self,
        peer: PeerId,
        home: NodeId,
        now: Timestamp,
    ) -> Result<Vec<Event>, ErrorCode> {
        let participant = self.participant_mut(peer)?;
        if participant.home != home {
            return Ok(Vec::new());
        }
        if !participant.capabilities.resume {
            return self.leave(peer, home, now);
        }
        if participant.presence != Presence::Connected {
            return Ok(Vec::new());
        }
        participant.presence = Presence::Away {
            since: now,
            until: None,
        };
        Ok(vec![Event::Away(peer)])
    }

    fn leave(
        &mut self,
        peer: PeerId,
        home: NodeId,
        now: Timestamp,
    ) -> Result<Vec<Event>, ErrorCode> {
        if self.participant_mut(peer)?.home != home {
            return Ok(Vec::new());
        }
        let left = self.remove_participant(peer, LeaveReason::Left, now);
        Ok(left.into_iter().collect())
    }

    fn node_lost(&mut self, home: NodeId, now: Timestamp, rules: &Rules) -> Vec<Event> {
        let connected = |participant: &&mut Participant| {
            participant.home == home && participant.presence == Presence::Connected
        };
        self.lose_media(home);
        let mut events = Vec::new();
        let mut gone = Vec::new();
        for participant in self.participants.iter_mut().filter(connected) {
            if participant.capabilities.resume {
                participant.presence = Presence::Away {
                    since: now,
                    until: Some(now + rules.lost_node_grace.min(rules.resume_grace)),
                };
                events.push(Event::Away(participant.id));
            } else {
                gone.push(participant.id);
            }
        }
        let left = gone
            .into_iter()
            .filter_map(|peer| self.remove_participant(peer, LeaveReason::Lost, now));
        events.extend(left);
        events
    }

    pub(crate) fn remove_participant(
        &mut self,
        peer: PeerId,
        reason: LeaveReason,
        now: Timestamp,
    ) -> Option<Event> {
        let index = self.participants.iter().position(|p| p.id == peer)?;
        let participant = self.participants.remove(index);
        self.unreachable
            .retain(|pair| pair.0 != peer && pair.1 != peer);
        if reason == LeaveReason::Removed {
            if self.removed.len() == REMOVED_KEPT {
                self.removed.pop_front();
            }
            self.removed.push_back(peer);
        } else {
            self.recent
                .retain(|recent| now.since(recent.left_at) <= RECENT_FOR);
            if self.recent.len() == RECENT_KEPT {
                self.recent.pop_front();
            }
            self.recent.push_back(Recent {
                peer,
                role: participant.role,
                since_version: participant.since_version,
                left_at: now,
            });
        }
        self.note_emptiness(now);
        Some(Event::Left { peer, reason })
    }

    fn recently_left(&self, peer: PeerId, now: Timestamp) -> Option<Recent> {
        let recently =
            |recent: &&Recent| recent.peer == peer && now.since(recent.left_at) <= RECENT_FOR;
        self.recent.iter().find(recently).copied()
    }

    fn tick(&mut self, now: Timestamp, rules: &Rules) -> Vec<Event> {
        if self.expires_at.is_some_and(|expires_at| expires_at <= now) {
            return self.end(RoomEndReason::Expired);
        }
        let lost: Vec<PeerId> = self
            .participants
            .iter()
            .filter(|participant| {
                participant
                    .presence
                    .lost_at(rules)
                    .is_some_and(|at| at <= now)
            })
            .map(|participant| participant.id)
            .collect();
        lost.into_iter()
            .filter_map(|peer| self.remove_participant(peer, LeaveReason::Lost, now))
            .collect()
    }

    pub(crate) fn end(&mut self, reason: RoomEndReason) -> Vec<Event> {
        self.ended = Some(reason);
        vec![Event::Ended(reason)]
    }
}
