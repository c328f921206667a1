//! Where media servers are, and what goes to them and comes from them.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;
use wecall_protocol::{PeerId, RoomId};
use wecall_room::{Command, MediaSeat, NodeId, RoomState, Rules};

use super::{
    Now,
    link::{Envelope, Sent},
    node::Node,
    record::to_json,
    wire::{Item, MediaQuestion, MediaReply},
};
use crate::{ToMedia, session::Stamp};

/// How long someone waits for the answer of a media server at another node.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Questions that are under way at once.
const QUESTIONS: usize = 1_024;

#[derive(Default)]
pub(super) struct Media {
    /// Nodes that have said nothing for a while.
    pub suspects: Vec<NodeId>,
    stamp: Stamp,
    next_question: u64,
    /// Of this node, and whoever waits for the answer.
    asked: BTreeMap<u64, (Instant, oneshot::Sender<Box<str>>)>,
    /// Of others, which the media server here is to answer.
    to_answer: Vec<(NodeId, u64, oneshot::Receiver<Box<str>>)>,
}

/// Whether someone is in the room, or is its media server.
pub(super) fn is_heard(room: &RoomState, peer: PeerId) -> bool {
    room.participant(peer).is_some() || room.media.is_some_and(|seat| seat.peer == peer)
}

impl Node {
    /// How many connections the media server here has; `None` without one.
    pub fn set_media_load(&mut self, load: Option<u64>) {
        self.info.media_load = load;
    }

    /// The rules, and with them where the media server of a room in need of one would be.
    pub(super) fn rules_for(&self, room: RoomId) -> Rules {
        let mut rules = self.rules;
        rules.media.seat = self.choose_media_node(room);
        rules
    }

    /// Of the nodes in this region, else of all, two that all nodes agree on; of these the one that
    /// has less to do.
    fn choose_media_node(&self, room: RoomId) -> Option<NodeId> {
        let others = self.nodes().filter(|(id, _)| **id != self.id);
        let others = others.map(|(id, info)| (*id, info));
        let candidates: Vec<_> = others
            .chain([(self.id, &self.info)])
            .filter_map(|(id, info)| {
                let load = info.media_load.filter(|_| self.may_have_media(id))?;
                Some((id, load, info.region == self.info.region))
            })
            .collect();
        let is_near = candidates.iter().any(|(.., near)| *near);
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        let mut ranked: Vec<(u64, u64, NodeId)> = candidates
            .into_iter()
            .filter(|(.., near)| *near == is_near)
            .map(|(id, load, _)| (hasher.hash_one((room, id)), load, id))
            .collect();
        ranked.sort_unstable();
        ranked.truncate(2);
        let chosen = ranked.into_iter().min_by_key(|(_, load, _)| *load);
        chosen.map(|(_, _, id)| id)
    }

    fn may_have_media(&self, node: NodeId) -> bool {
        if node == self.id {
            return !self.info.draining;
        }
        let mut known = self.liveness.known();
        let info = known.find(|(id, _)| **id == node).map(|(_, info)| info);
        info.is_some_and(|info| !info.draining)
            && !self.media.suspects.contains(&node)
            && !self.liveness.is_dead(node)
    }

    /// Takes media away from nodes that do not answer or are about to go, when it can go elsewhere.
    pub(super) fn move_media(&mut self, now: Now) {
        let leaves = |seat: &MediaSeat| {
            let is_known =
                seat.node == self.id || self.liveness.known().any(|(id, _)| *id == seat.node);
            is_known && !self.may_have_media(seat.node)
        };
        let to_move: Vec<(RoomId, NodeId)> = self
            .rooms
            .iter()
            .filter_map(|(id, room)| {
                let seat = room.copy.as_ref()?.state.media.filter(leaves)?;
                self.choose_media_node(*id)?;
                Some((*id, seat.node))
            })
            .collect();
        for (room, node) in to_move {
            self.run_command(room, Command::MediaLost { node }, now);
        }
        // Those that had to do without, as no media server was known.
        let lacks_it = |room: &&RoomId| {
            let copy = self.rooms.get(room).and_then(|room| room.copy.as_ref());
            copy.is_some_and(|copy| copy.state.lacks_media(&self.rules))
        };
        let rooms: Vec<RoomId> = self.rooms.keys().filter(lacks_it).copied().collect();
        for room in rooms {
            if self.choose_media_node(room).is_some() {
                self.run_command(room, Command::Tick, now);
            }
        }
    }

    /// Where the media server of a room is, as far as this node knows.
    pub(crate) fn media_of(&self, room: RoomId) -> Option<MediaSeat> {
        let copy = self.rooms.get(&room).and_then(|room| room.copy.as_ref());
        copy.and_then(|copy| copy.state.media)
    }

    pub(super) fn is_to_media(&self, envelope: &Envelope) -> bool {
        let seat = self.media_of(envelope.room);
        seat.is_some_and(|seat| seat.peer == envelope.to)
    }

    pub(super) fn is_of_media(&self, envelope: &Envelope) -> bool {
        let seat = self.media_of(envelope.room);
        seat.is_some_and(|seat| seat.peer == envelope.from)
    }

    /// False when the media server does not keep up.
    pub(super) fn hand_to_media(&self, envelope: Envelope) -> bool {
        self.hub.media.tell(ToMedia::Message {
            room: envelope.room,
            media: envelope.to,
            from: envelope.from,
            body: envelope.body,
        })
    }

    /// Something of the media server here for a participant who may be anywhere.
    pub(crate) fn relay_from_media(
        &mut self,
        room: RoomId,
        media: PeerId,
        to: PeerId,
        body: Arc<str>,
        now: Now,
    ) {
        let copy = self.rooms.get(&room).and_then(|room| room.copy.as_ref());
        let Some(version) = copy.map(|copy| copy.state.version) else {
            return;
        };
        self.media.stamp = self.media.stamp.next(now.time);
        let envelope = Envelope {
            room,
            version,
            from: media,
            to,
            stamp: self.media.stamp,
            body,
        };
        // What does not fit is counted there; the next of its kind says the same.
        self.dispatch(envelope, now);
        self.flush_links(now);
    }

    /// Asks the media server of a room at another node. Whoever waits hears nothing when it does
    /// not answer.
    pub(crate) fn ask_media(
        &mut self,
        room: RoomId,
        seat: MediaSeat,
        body: Box<str>,
        now: Now,
    ) -> oneshot::Receiver<Box<str>> {
        let (answer, receiver) = oneshot::channel();
        self.media.next_question += 1;
        let number = self.media.next_question;
        let item = Item::AskMedia(MediaQuestion {
            number,
            room,
            media: seat.peer,
            body,
        });
        let sent = Sent {
            text: to_json(&item).into(),
            envelope: None,
        };
        let may_ask = self.media.asked.len() < QUESTIONS && !self.liveness.is_dead(seat.node);
        if may_ask && self.send(seat.node, sent, now).is_some() {
            let until = now.instant + ANSWER_WITHIN;
            self.media.asked.insert(number, (until, answer));
            self.flush_links(now);
        }
        receiver
    }

    pub(super) fn on_media_ask(&mut self, from: NodeId, question: MediaQuestion, now: Now) {
        let MediaQuestion {
            number,
            room,
            media,
            body,
        } = question;
        let (answer, receiver) = oneshot::channel();
        let asked = self.media.to_answer.len() < QUESTIONS
            && self.hub.media.tell(ToMedia::Ask {
                room,
                media,
                body,
                answer,
            });
        if asked {
            self.media.to_answer.push((from, number, receiver));
        } else {
            self.answer_question(from, number, None, now);
        }
    }

    pub(super) fn on_media_answer(&mut self, reply: MediaReply) {
        if let Some((_, answer)) = self.media.asked.remove(&reply.number)
            && let Some(body) = reply.body
            && answer.send(body).is_err()
        {
            tracing::debug!("nobody waits for the answer of a media server any more");
        }
    }

    fn answer_question(&mut self, to: NodeId, number: u64, body: Option<Box<str>>, now: Now) {
        let item = Item::MediaAnswer(MediaReply { number, body });
        let sent = Sent {
            text: to_json(&item).into(),
            envelope: None,
        };
        // Without a place on the link it is counted there, and whoever asked gives up in time.
        self.send(to, sent, now);
    }

    pub(super) fn tick_media(&mut self, now: Now) {
        self.media
            .asked
            .retain(|_, (until, _)| *until > now.instant);
        let mut answered = Vec::new();
        self.media.to_answer.retain_mut(|(node, number, receiver)| {
            let body = match receiver.try_recv() {
                Ok(body) => Some(body),
                Err(oneshot::error::TryRecvError::Empty) => return true,
                Err(oneshot::error::TryRecvError::Closed) => None,
            };
            answered.push((*node, *number, body));
            false
        });
        for (node, number, body) in answered {
            self.answer_question(node, number, body, now);
        }
    }
}
