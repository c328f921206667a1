//! Two views of one room: what happened between them, and one that holds what both hold.

use std::collections::BTreeSet;

use wecall_protocol::{ChatMessage, LeaveReason, PeerId, Timestamp};

use crate::{Event, RoomState, machine, moderation, state::Recent};

impl RoomState {
    /// What someone who knows the room as `before` has to be told, so that they know it as it is
    /// now. What a state does not show, such as who lowered a microphone, is not in it.
    pub fn events_since(&self, before: &Self) -> Vec<Event> {
        if let Some(reason) = self.ended {
            let is_news = before.ended.is_none();
            return is_news
                .then_some(Event::Ended(reason))
                .into_iter()
                .collect();
        }
        let mut events = Vec::new();
        for old in &before.participants {
            let peer = old.id;
            match self.participant(peer) {
                // The same person anew, with new connections.
                Some(new) if new.joined_at != old.joined_at => events.push(Event::Left {
                    peer,
                    reason: LeaveReason::Replaced,
                }),
                Some(_) => {}
                None => self.tell_departure(peer, &mut events),
            }
        }
        for new in &self.participants {
            let peer = new.id;
            let old = before.participant(peer);
            let Some(old) = old.filter(|old| old.joined_at == new.joined_at) else {
                events.push(Event::Joined(peer));
                continue;
            };
            if new.name != old.name {
                events.push(Event::Renamed(peer));
            }
            if (new.path, new.reach) != (old.path, old.reach) {
                events.push(Event::PathSet(peer));
            }
            if new.media != old.media {
                let media = new.media;
                events.push(Event::MediaSet { peer, media });
            }
            if new.hand_raised_at != old.hand_raised_at {
                events.push(Event::HandSet(peer));
            }
            if new.role != old.role {
                let role = new.role;
                events.push(Event::RoleSet { peer, role });
            }
        }
        if (self.topology, self.media) != (before.topology, before.media) {
            events.push(Event::TopologySet);
        }
        let known: BTreeSet<u64> = before.chat.iter().map(|message| message.id).collect();
        let oldest = before.chat.front().map_or(0, |message| message.id);
        let news = self
            .chat
            .iter()
            .filter(|message| message.id > oldest && !known.contains(&message.id));
        events.extend(news.cloned().map(Event::Chat));
        if self.locked != before.locked
            && let Some(by) = self.someone_to_name()
        {
            let locked = self.locked;
            events.push(Event::LockSet { locked, by });
        }
        events
    }

    fn tell_departure(&self, peer: PeerId, events: &mut Vec<Event>) {
        if !self.removed.contains(&peer) {
            let reason = LeaveReason::Lost;
            return events.push(Event::Left { peer, reason });
        }
        let reason = LeaveReason::Removed;
        events.push(Event::Left { peer, reason });
        if let Some(by) = self.someone_to_name() {
            events.push(Event::Removed { peer, by });
        }
    }

    /// Who did it is not known any more; a host can have.
    fn someone_to_name(&self) -> Option<PeerId> {
        let host =
            |participant: &&crate::Participant| participant.role == wecall_protocol::Role::Host;
        let named = self.participants.iter().find(host);
        named
            .or(self.participants.first())
            .map(|participant| participant.id)
    }

    /// One room out of two views that have parted, as after the loss of what the store had
    /// acknowledged. Nobody who was in on one side is dropped, unless the other knows that they
    /// are out; the nodes then correct who is not theirs any more.
    pub fn merged(self, other: Self) -> Self {
        let version = self.version.max(other.version) + 1;
        let (mut room, mut older) = if self.version >= other.version {
            (self, other)
        } else {
            (other, self)
        };
        if room.ended.is_none() && older.ended.is_some() && older.created_at == room.created_at {
            std::mem::swap(&mut room, &mut older);
        }
        room.version = version;
        if room.ended.is_some() {
            return room;
        }
        for peer in older.removed {
            if !room.removed.contains(&peer) {
                room.removed.push_back(peer);
            }
        }
        for recent in older.recent {
            if !room.recent.contains(&recent) {
                room.recent.push_back(recent);
            }
        }
        for theirs in older.participants {
            match room.participants.iter_mut().find(|one| one.id == theirs.id) {
                Some(one) => one.merge(theirs),
                None => room.participants.push(theirs),
            }
        }
        let (removed, recent) = (&room.removed, &room.recent);
        room.participants.retain(|one| {
            let has_left =
                |recent: &Recent| recent.peer == one.id && recent.left_at >= one.joined_at;
            !removed.contains(&one.id) && !recent.iter().any(has_left)
        });
        let surplus = room.recent.len().saturating_sub(machine::RECENT_KEPT);
        room.recent.drain(..surplus);
        let surplus = room.removed.len().saturating_sub(machine::REMOVED_KEPT);
        room.removed.drain(..surplus);
        room.chat = merged_chat(room.chat, older.chat);
        room.locked |= older.locked;
        let is_in = |peer: PeerId| room.participants.iter().any(|one| one.id == peer);
        room.unreachable
            .retain(|pair| is_in(pair.0) && is_in(pair.1));
        room.used |= older.used;
        room.empty_since = match (room.participants.is_empty(), room.empty_since) {
            (true, None) => older
                .empty_since
                .or(room.recent.back().map(|recent| recent.left_at))
                .or(Some(room.created_at)),
            (true, since) => since,
            (false, _) => None,
        };
        room
    }

    /// Whether nobody can tell the two apart, but for their versions and what only this program
    /// sees.
    pub fn is_like(&self, other: &Self) -> bool {
        let is_same = self.locked == other.locked
            && (self.topology, self.media) == (other.topology, other.media)
            && self.ended == other.ended
            && self.participants.len() == other.participants.len()
            && self.removed.iter().all(|peer| other.removed.contains(peer))
            && self.chat.len() == other.chat.len();
        is_same
            && self.participants.iter().all(|one| {
                other.participant(one.id).is_some_and(|theirs| {
                    let joined_at = one.joined_at;
                    let here = crate::Participant {
                        since_version: one.since_version,
                        ..theirs.clone()
                    };
                    joined_at == theirs.joined_at && *one == here
                })
            })
            && self
                .chat
                .iter()
                .zip(&other.chat)
                .all(|(mine, theirs)| mine == theirs)
    }

    /// The state without its chat, and the chat: it is long, and changes on its own.
    pub fn split_chat(mut self) -> (Self, Vec<ChatMessage>) {
        let chat = std::mem::take(&mut self.chat);
        (self, chat.into())
    }

    /// Takes over chat that was split off.
    pub fn with_chat(mut self, chat: impl IntoIterator<Item = ChatMessage>) -> Self {
        self.chat = chat.into_iter().collect();
        self
    }

    /// This state, which came without chat, after `before` and what was written since.
    pub fn after(mut self, before: &Self, events: &[Event], now: Timestamp) -> Self {
        self.chat.clone_from(&before.chat);
        for event in events {
            if let Event::Chat(message) = event {
                self.chat.push_back(message.clone());
            }
        }
        self.forget_chat(now);
        self
    }

    pub fn kept_chat(&self) -> impl ExactSizeIterator<Item = &ChatMessage> {
        self.chat.iter()
    }
}

fn merged_chat(
    one: impl IntoIterator<Item = ChatMessage>,
    other: impl IntoIterator<Item = ChatMessage>,
) -> std::collections::VecDeque<ChatMessage> {
    let mut chat: Vec<ChatMessage> = one.into_iter().collect();
    for message in other {
        let is_same = |known: &ChatMessage| {
            known.peer_id == message.peer_id
                && known.sent_at == message.sent_at
                && known.text == message.text
        };
        if !chat.iter().any(is_same) {
            chat.push(message);
        }
    }
    chat.sort_by_key(|message| message.id);
    let surplus = chat.len().saturating_sub(moderation::CHAT_KEPT);
    chat.drain(..surplus);
    chat.into()
}
