//! How the session of a participant who comes back at another node gets there.

use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use wecall_protocol::{PeerId, RoomId};
use wecall_room::NodeId;

use super::{
    Now,
    figures::Count,
    link::Sent,
    node::Node,
    record::to_json,
    room::Waiting,
    trace,
    wire::{HandedOver, Item, TakeOver},
};
use crate::session::Handover;

/// A node that lives answers within milliseconds; the client waits.
const ANSWER_WITHIN: Duration = Duration::from_millis(400);

/// How long a session that has left waits to be asked for, and its messages are passed on.
const KEPT_FOR: Duration = Duration::from_secs(10);

/// Someone who came back here, and whose session is at another node.
pub(super) struct Arrival {
    version: u64,
    until: Instant,
    answer: oneshot::Sender<Option<Handover>>,
}

/// Someone who was here, and where they are.
#[derive(Debug)]
pub(super) struct Moved {
    room: RoomId,
    to: NodeId,
    until: Instant,
}

impl Node {
    /// Fetches the session of someone who came back here with the change to `version`. Nothing,
    /// when the other node is gone or has not kept it.
    pub(crate) fn take_over(
        &mut self,
        takeover: TakeOver,
        from: NodeId,
        now: Now,
    ) -> oneshot::Receiver<Option<Handover>> {
        let TakeOver { peer, version, .. } = takeover;
        let (answer, receiver) = oneshot::channel();
        let is_gone = from == NodeId::SINGLE || self.is_mine(from) || self.liveness.is_dead(from);
        let item = Item::TakeOver(TakeOver {
            trace: self.traces.carry(&tracing::Span::current()),
            ..takeover
        });
        let sent = Sent {
            text: to_json(&item).into(),
            envelope: None,
        };
        if is_gone || self.send(from, sent, now).is_none() {
            self.figures.count(Count::HandedSnapshot, 1);
            // Whoever waits hears that nobody answers.
            drop(answer);
            return receiver;
        }
        let until = now.instant + ANSWER_WITHIN;
        let arrival = Arrival {
            version,
            until,
            answer,
        };
        self.arrivals.insert(peer, arrival);
        self.flush_links(now);
        receiver
    }

    pub(super) fn on_takeover(&mut self, from: NodeId, takeover: TakeOver, now: Now) {
        let copy = self
            .rooms
            .get(&takeover.room)
            .and_then(|room| room.copy.as_ref());
        match copy {
            // They have to have been told everything up to where they left.
            Some(copy) if copy.state.version < takeover.version => {
                let room = takeover.room;
                self.wait_for_version(room, Waiting::TakeOver(from, takeover), now);
            }
            _ => self.answer_takeover(from, takeover, now),
        }
    }

    pub(super) fn answer_takeover(&mut self, from: NodeId, takeover: TakeOver, now: Now) {
        let TakeOver { peer, version, .. } = takeover;
        let span = trace::takeover(&*self.traces, takeover.trace.as_deref());
        let session = self.hub.session(peer);
        let session = session.filter(|session| session.room == takeover.room);
        let handover = session
            .as_ref()
            .and_then(|session| session.hand_over(takeover.line, takeover.last_seq, version));
        if handover.is_some()
            && let Some(session) = session
        {
            self.hub.forget(&session);
        }
        span.record(
            "outcome",
            if handover.is_some() {
                "handed over"
            } else {
                "nothing"
            },
        );
        let item = Item::HandedOver(Box::new(HandedOver {
            peer,
            version,
            handover,
        }));
        let sent = Sent {
            text: to_json(&item).into(),
            envelope: None,
        };
        // Should too much wait for that node, it takes a snapshot.
        self.send(from, sent, now);
    }

    pub(super) fn on_handed_over(&mut self, handed: HandedOver) {
        let is_awaited = |arrival: &Arrival| arrival.version == handed.version;
        if !self.arrivals.get(&handed.peer).is_some_and(is_awaited) {
            return;
        }
        if let Some(arrival) = self.arrivals.remove(&handed.peer) {
            let what = match handed.handover {
                Some(_) => Count::HandedOver,
                None => Count::HandedSnapshot,
            };
            self.figures.count(what, 1);
            // Whoever asked may be gone: then their session is away, and waits for them.
            drop(arrival.answer.send(handed.handover));
        }
    }

    pub(super) fn note_move(&mut self, peer: PeerId, room: RoomId, to: NodeId, now: Now) {
        let until = now.instant + KEPT_FOR;
        self.moved.insert(peer, Moved { room, to, until });
    }

    pub(super) fn moved_to(&self, peer: PeerId) -> Option<NodeId> {
        self.moved.get(&peer).map(|moved| moved.to)
    }

    pub(super) fn tick_takeovers(&mut self, now: Now) {
        let figures = &self.figures;
        self.arrivals.retain(|_, arrival| {
            let waits = arrival.until > now.instant;
            if !waits {
                figures.count(Count::HandedSnapshot, 1);
            }
            waits
        });
        let is_over = |moved: &Moved| moved.until <= now.instant;
        let over: Vec<PeerId> = self
            .moved
            .iter()
            .filter(|(_, moved)| is_over(moved))
            .map(|(peer, _)| *peer)
            .collect();
        for peer in over {
            if let Some(moved) = self.moved.remove(&peer)
                && let Some(session) = self.hub.session(peer)
                && session.room == moved.room
                && session.has_departed()
            {
                self.hub.forget(&session);
            }
        }
    }
}
