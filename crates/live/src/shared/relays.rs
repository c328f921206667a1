//! Messages from one participant to another, over nodes, in order for each pair.
//!
//! While a participant moves from one node to another, what went to the first is on its way by
//! that one still. What comes after it waits until the first has acknowledged what it got, for it
//! passes on what it gets for those who have left, before it does.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::value::RawValue;
use wecall_protocol::{ErrorCode, PeerId, RoomId};
use wecall_room::NodeId;

use super::{
    Now,
    figures::Count,
    link::{Envelope, Sent},
    media::is_heard,
    node::Node,
    record::to_json,
    room::Waiting,
    wire::{Direct, ForAll, Item},
};
use crate::{Session, session::Standing};

/// Messages for one participant who is on the move: as many as their session would hold.
const HELD: usize = crate::bounds::MESSAGES;

/// A node that has not acknowledged for so long is not waited for: it may be dead.
const HOLD_FOR: Duration = Duration::from_millis(500);

/// Nobody is on the move for longer than this: those of a dead node are lost before.
const FORGET_AFTER: Duration = Duration::from_secs(30);

/// Where the last message to a participant went.
#[derive(Debug)]
pub(super) struct Pending {
    node: NodeId,
    number: u64,
}

#[derive(Debug)]
pub(super) struct Held {
    room: RoomId,
    since: Instant,
    queue: VecDeque<Envelope>,
}

impl Node {
    /// Hands a message of a participant of this node to another in the same room.
    pub fn relay(
        &mut self,
        from: &Session,
        to: PeerId,
        body: Arc<str>,
        now: Now,
    ) -> Result<(), ErrorCode> {
        let copy = self
            .rooms
            .get(&from.room)
            .and_then(|room| room.copy.as_ref());
        let copy = copy.ok_or(ErrorCode::PeerNotFound)?;
        if to == from.peer || !is_heard(&copy.state, to) {
            return Err(ErrorCode::PeerNotFound);
        }
        let envelope = Envelope {
            room: from.room,
            version: copy.state.version,
            from: from.peer,
            to,
            stamp: from.next_stamp(),
            body,
        };
        let taken = self.dispatch(envelope, now);
        self.flush_links(now);
        match taken {
            true => Ok(()),
            false => Err(ErrorCode::Unavailable),
        }
    }

    /// Tells something to everyone in a room that the room does not remember.
    pub fn tell_all(&mut self, id: RoomId, body: &Arc<str>, now: Now) -> Result<(), ErrorCode> {
        let room = self.rooms.get(&id).and_then(|room| room.copy.as_ref());
        let room = room.ok_or(ErrorCode::NotJoined)?;
        self.hub.tell_all_text(&room.state, body);
        let homes = self.other_homes(&room.state);
        if let Ok(body) = serde_json::from_str::<&RawValue>(body) {
            let text: Arc<str> = to_json(&Item::All(ForAll { room: id, body })).into();
            for home in homes {
                let sent = Sent {
                    text: text.clone(),
                    envelope: None,
                };
                // A feeling that is not shown is no harm; it is counted.
                self.send(home, sent, now);
            }
        }
        self.flush_links(now);
        Ok(())
    }

    /// Sends an envelope to where its receiver is. False when too many wait already.
    pub(super) fn dispatch(&mut self, envelope: Envelope, now: Now) -> bool {
        let to = envelope.to;
        if let Some(held) = self.held.get_mut(&to) {
            if held.queue.len() >= HELD {
                self.figures.count(Count::LinkDropped, 1);
                return false;
            }
            held.queue.push_back(envelope);
            return true;
        }
        let Some(home) = self.home_of(envelope.room, to) else {
            // Gone meanwhile.
            return true;
        };
        let must_wait =
            self.is_behind(to, home) || (!self.is_mine(home) && self.liveness.is_dead(home));
        if must_wait {
            let held = Held {
                room: envelope.room,
                since: now.instant,
                queue: VecDeque::from([envelope]),
            };
            self.held.insert(to, held);
            return true;
        }
        self.send_to(home, envelope, now)
    }

    fn send_to(&mut self, home: NodeId, envelope: Envelope, now: Now) -> bool {
        let to = envelope.to;
        if self.is_mine(home) {
            if self.hub.media.seat(envelope.room) == Some(to) {
                return self.hand_to_media(envelope);
            }
            let session = self.hub.session(to);
            let session = session.filter(|session| session.room == envelope.room);
            // Whoever has left meanwhile is not heard of again.
            let room = self.rooms.get(&envelope.room);
            let copy = room.and_then(|room| room.copy.as_ref());
            let is_in = copy.is_none_or(|copy| is_heard(&copy.state, envelope.from));
            let is_of_media = self.is_of_media(&envelope);
            if let Some(session) = session.filter(|_| is_in) {
                if is_of_media && !session.is_attached() {
                    return true;
                }
                session.settle();
                let Envelope {
                    from, stamp, body, ..
                } = envelope;
                session.relay_stamped(from, stamp, body, now.instant);
            }
            return true;
        }
        let body: Result<&RawValue, _> = serde_json::from_str(&envelope.body);
        let Ok(body) = body else {
            // What this server has encoded is JSON.
            return true;
        };
        let item = Item::Direct(Direct {
            room: envelope.room,
            version: envelope.version,
            from: envelope.from,
            to,
            stamp: envelope.stamp,
            to_media: self.is_to_media(&envelope),
            body,
        });
        let text = to_json(&item).into();
        let sent = Sent {
            text,
            envelope: Some(envelope),
        };
        match self.send(home, sent, now) {
            Some(number) => {
                let way = Pending { node: home, number };
                self.last_ways.insert(to, way);
                true
            }
            None => false,
        }
    }

    /// Where a participant is, as far as is known.
    fn home_of(&self, room: RoomId, peer: PeerId) -> Option<NodeId> {
        let copy = self.rooms.get(&room).and_then(|room| room.copy.as_ref());
        let home = copy.and_then(|copy| copy.state.participant(peer).map(|one| one.home));
        let seat = copy.and_then(|copy| copy.state.media);
        let seat = seat.filter(|seat| seat.peer == peer).map(|seat| seat.node);
        home.or(seat).or_else(|| self.moved_to(peer))
    }

    /// Whether messages to `peer` may still be on their way by another node than `home`.
    fn is_behind(&self, peer: PeerId, home: NodeId) -> bool {
        self.last_ways.get(&peer).is_some_and(|way| {
            way.node != home
                && self
                    .links
                    .get(&way.node)
                    .is_some_and(|link| !link.is_acknowledged(way.number))
        })
    }

    /// Sends on what need not wait any more.
    pub(super) fn release_held(&mut self, now: Now) {
        let waiting: Vec<PeerId> = self.held.keys().copied().collect();
        for peer in waiting {
            let Some(held) = self.held.get(&peer) else {
                continue;
            };
            let age = now.instant.saturating_duration_since(held.since);
            let Some(home) = self.home_of(held.room, peer) else {
                self.held.remove(&peer);
                continue;
            };
            let is_dead = !self.is_mine(home) && self.liveness.is_dead(home);
            let is_behind = self.is_behind(peer, home);
            if age > FORGET_AFTER {
                self.held.remove(&peer);
                continue;
            }
            if is_dead || (is_behind && age < HOLD_FOR) {
                continue;
            }
            let Some(held) = self.held.remove(&peer) else {
                continue;
            };
            let mut envelopes = VecDeque::new();
            if is_behind && let Some(way) = self.last_ways.remove(&peer) {
                // The node does not answer. Should it have passed them on, the stamps tell.
                let link = self.links.get_mut(&way.node);
                let again = link.map(|link| link.take_unacknowledged_to(peer));
                envelopes.extend(again.unwrap_or_default());
            }
            envelopes.extend(held.queue);
            for envelope in envelopes {
                self.send_to(home, envelope, now);
            }
        }
    }

    /// What was on its way to a node that is dead goes to where its receivers are by now, or waits
    /// until they are anywhere.
    pub(super) fn send_anew(&mut self, link: super::link::Link, now: Now) {
        // What is held already was sent later.
        let mut held = BTreeMap::new();
        for envelope in link.into_unacknowledged() {
            let to = envelope.to;
            self.last_ways.remove(&to);
            if let Some(later) = self.held.remove(&to) {
                held.insert(to, later);
            }
            self.dispatch(envelope, now);
        }
        for envelope in held.into_values().flat_map(|later| later.queue) {
            self.dispatch(envelope, now);
        }
    }

    /// Someone is at another node now: what is on its way to where they were has to get there, or
    /// goes once more.
    pub(super) fn follow(&mut self, room: RoomId, peer: PeerId, home: NodeId, now: Now) {
        if self.is_behind(peer, home) {
            self.held.entry(peer).or_insert_with(|| Held {
                room,
                since: now.instant,
                queue: VecDeque::new(),
            });
        }
    }

    pub(super) fn tick_relays(&mut self, now: Now) {
        self.release_held(now);
        if self.last_ways.len() > WAYS_KEPT {
            let links = &self.links;
            self.last_ways.retain(|_, way| {
                links
                    .get(&way.node)
                    .is_some_and(|link| !link.is_acknowledged(way.number))
            });
        }
    }

    /// Something came from another node.
    pub(super) fn on_item(&mut self, from: NodeId, text: &str, now: Now) {
        let item: Item<'_> = match serde_json::from_str(text) {
            Ok(item) => item,
            Err(error) => {
                tracing::warn!(%error, node = %from, "an item of another node cannot be read");
                return;
            }
        };
        match item {
            Item::Direct(direct) => self.on_direct(&direct, now),
            Item::All(message) => {
                let room = self
                    .rooms
                    .get(&message.room)
                    .and_then(|room| room.copy.as_ref());
                if let Some(copy) = room {
                    self.hub
                        .tell_all_text(&copy.state, &message.body.get().into());
                }
            }
            Item::AskMedia(ask) => self.on_media_ask(from, ask, now),
            Item::MediaAnswer(answer) => self.on_media_answer(answer),
            Item::TakeOver(takeover) => self.on_takeover(from, takeover, now),
            Item::HandedOver(handed) => self.on_handed_over(*handed),
        }
    }

    fn on_direct(&mut self, direct: &Direct<'_>, now: Now) {
        let envelope = Envelope {
            room: direct.room,
            version: direct.version,
            from: direct.from,
            to: direct.to,
            stamp: direct.stamp,
            body: direct.body.get().into(),
        };
        let session = self.hub.session(envelope.to);
        let is_here = session.is_some_and(|session| {
            session.room == envelope.room && session.standing() != Standing::Over
        });
        let copy = self
            .rooms
            .get(&envelope.room)
            .and_then(|room| room.copy.as_ref());
        let knows = copy.is_some_and(|copy| copy.state.version >= envelope.version);
        if !knows && (is_here || direct.to_media || self.rooms.contains_key(&envelope.room)) {
            // The receiver would hear of someone whose coming they have not been told, or is on
            // their way here or from here.
            let room = envelope.room;
            return self.wait_for_version(room, Waiting::Envelope(envelope), now);
        }
        self.dispatch(envelope, now);
    }
}

/// Entries that are of no use any more are looked for when there are so many.
const WAYS_KEPT: usize = 1_024;
