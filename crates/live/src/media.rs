//! The way from participants to the media server of their room, and back.
//!
//! A room's media server is at one node; its participants may be at others. What they tell it
//! takes the way of messages from one participant to another, and comes out of [`Live::open_media`]
//! at the node where it is.

use std::{
    fmt,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use dashmap::DashMap;
use tokio::sync::{mpsc, oneshot};
use wecall_protocol::{ErrorCode, PeerId, RoomId, Timestamp};
use wecall_room::{Command, Event, MediaSeat, NodeId, RoomState};

use crate::{
    Answer, Decision, Live, Refusal, Session,
    live::Store,
    store::{Task, command},
};

/// What waits for the media server of this node: a burst of joins, several times over. What finds
/// no place is dropped; clients ask again.
const WAITING: usize = 8_192;

/// What the media server of this node is told.
#[derive(Debug)]
pub enum ToMedia {
    /// By a participant: an `offer` or `ice-candidate` as the server passes it on, or a `view` as
    /// it came.
    Message {
        room: RoomId,
        media: PeerId,
        from: PeerId,
        body: Arc<str>,
    },
    /// Who is in a room whose media server is here; nobody else has any business with it.
    Room {
        room: RoomId,
        media: PeerId,
        members: Vec<PeerId>,
    },
    /// The media server of the room is here no more.
    RoomGone { room: RoomId },
    /// By an HTTP request, at this node or another one, for someone who may be no participant.
    Ask {
        room: RoomId,
        media: PeerId,
        body: Box<str>,
        answer: oneshot::Sender<Box<str>>,
    },
}

/// The side of the hub that faces the media server of this node.
#[derive(Default)]
pub(crate) struct MediaDoor {
    inbox: OnceLock<mpsc::Sender<ToMedia>>,
    /// The rooms whose media server is here, and what it is called in each.
    seats: DashMap<RoomId, PeerId>,
    /// What this node is called, and was.
    nodes: RwLock<Vec<NodeId>>,
}

impl fmt::Debug for MediaDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaDoor").finish_non_exhaustive()
    }
}

impl MediaDoor {
    fn open(&self) -> Option<mpsc::Receiver<ToMedia>> {
        let (sender, receiver) = mpsc::channel(WAITING);
        self.inbox.set(sender).ok().map(|()| receiver)
    }

    /// From now on the node is called so as well.
    pub(crate) fn add_node(&self, node: NodeId) {
        let mut nodes = self.nodes.write().unwrap_or_else(PoisonError::into_inner);
        nodes.push(node);
    }

    fn is_here(&self, seat: MediaSeat) -> bool {
        let nodes = self.nodes.read().unwrap_or_else(PoisonError::into_inner);
        nodes.contains(&seat.node)
    }

    /// What the media server of a room is called, if it is here.
    pub(crate) fn seat(&self, room: RoomId) -> Option<PeerId> {
        self.seats.get(&room).map(|seat| *seat)
    }

    /// Hands something over; false when the media server does not keep up.
    pub(crate) fn tell(&self, told: ToMedia) -> bool {
        let Some(inbox) = self.inbox.get() else {
            return false;
        };
        let taken = inbox.try_send(told);
        if let Err(error) = &taken {
            tracing::warn!(%error, "the media server does not take what it is told");
        }
        taken.is_ok()
    }

    /// A room has changed.
    pub(crate) fn changed(&self, room: &RoomState, events: &[Event]) {
        if self.inbox.get().is_none() {
            return;
        }
        let here = room.media.filter(|seat| self.is_here(*seat));
        let here = here.filter(|_| room.ended.is_none());
        let known = self.seat(room.id);
        let Some(seat) = here else {
            if known.is_some() && self.tell(ToMedia::RoomGone { room: room.id }) {
                self.seats.remove(&room.id);
            }
            return;
        };
        let concerns = |event: &Event| {
            matches!(
                event,
                Event::Joined(_) | Event::Left { .. } | Event::TopologySet
            )
        };
        if known == Some(seat.peer) && !events.iter().any(concerns) {
            return;
        }
        let told = ToMedia::Room {
            room: room.id,
            media: seat.peer,
            members: room.participants.iter().map(|one| one.id).collect(),
        };
        if self.tell(told) {
            self.seats.insert(room.id, seat.peer);
        }
    }

    /// The node has nothing to do with the room any more.
    pub(crate) fn forget(&self, room: RoomId) {
        if self.seat(room).is_some() && self.tell(ToMedia::RoomGone { room }) {
            self.seats.remove(&room);
        }
    }
}

impl Live {
    /// What the media server of this node is told from now on. Once.
    pub fn open_media(&self) -> Option<mpsc::Receiver<ToMedia>> {
        self.hub.media.open()
    }

    /// Hands what a participant wants to the room's media server, wherever it is.
    pub fn relay_to_media(
        &self,
        from: &Session,
        media: PeerId,
        body: Arc<str>,
    ) -> Result<(), ErrorCode> {
        if self.hub.media.seat(from.room) == Some(media) {
            let told = ToMedia::Message {
                room: from.room,
                media,
                from: from.peer,
                body,
            };
            return match self.hub.media.tell(told) {
                true => Ok(()),
                false => Err(ErrorCode::Unavailable),
            };
        }
        match &self.store {
            Store::Memory(_) => Err(ErrorCode::PeerNotFound),
            Store::Shared(shared) => shared.with(|node, now| {
                if node.media_of(from.room).map(|seat| seat.peer) != Some(media) {
                    return Err(ErrorCode::PeerNotFound);
                }
                node.relay(from, media, body, now)
            }),
        }
    }

    /// Tells a participant something of the room's media server, which is at this node. It is of
    /// the moment: who is away does not hear it.
    pub fn tell_from_media(&self, room: RoomId, media: PeerId, to: PeerId, body: Arc<str>) {
        match (self.hub.session(to), &self.store) {
            (Some(session), _) if session.room == room && session.is_attached() => {
                session.tell(body);
            }
            (_, Store::Memory(_)) => {}
            (_, Store::Shared(shared)) => {
                shared.with(|node, now| node.relay_from_media(room, media, to, body, now));
            }
        }
    }

    /// Asks the media server of a room something, wherever it is. The room gets one if it has none.
    pub fn ask_media(
        &self,
        room: RoomId,
        question: Box<str>,
        now: Timestamp,
    ) -> Answer<Result<Box<str>, ErrorCode>> {
        let seat = Task {
            decide: |room: Option<&RoomState>| match room {
                None => Err(Refusal::Code(ErrorCode::RoomNotFound)),
                Some(room) if room.media.is_some() => Ok(Decision::Look),
                Some(_) => Ok(Decision::Run(Command::NeedMedia)),
            },
            finish: |outcome: Result<&RoomState, Refusal>| {
                let room = outcome.map_err(Refusal::code)?;
                room.media.ok_or(ErrorCode::Unavailable)
            },
        };
        let live = self.clone();
        self.run(room, seat, now).then(move |seat| match seat {
            Err(code) => Answer::Ready(Err(code)),
            Ok(seat) => live.ask_seat(room, seat, question),
        })
    }

    fn ask_seat(
        &self,
        room: RoomId,
        seat: MediaSeat,
        body: Box<str>,
    ) -> Answer<Result<Box<str>, ErrorCode>> {
        let receiver = match &self.store {
            Store::Shared(shared) if !shared.is_mine(seat.node) => {
                shared.with(|node, now| node.ask_media(room, seat, body, now))
            }
            Store::Shared(_) | Store::Memory(_) => {
                let (answer, receiver) = oneshot::channel();
                self.hub.media.tell(ToMedia::Ask {
                    room,
                    media: seat.peer,
                    body,
                    answer,
                });
                receiver
            }
        };
        Answer::later(async { receiver.await.map_err(|_| ErrorCode::Unavailable) })
    }

    /// Tells the room whether somebody watches it without taking part.
    pub fn set_watched(
        &self,
        room: RoomId,
        watched: bool,
        now: Timestamp,
    ) -> Answer<Result<(), ErrorCode>> {
        let node = self.home();
        let told = self.run(room, command(Command::SetWatched { node, watched }), now);
        told.map(|told| told.map_err(Refusal::code))
    }

    /// How many connections the media server of this node has, so that others know where there is
    /// room; `None` when there is no media server.
    pub fn set_media_load(&self, load: Option<u64>) {
        if let Store::Shared(shared) = &self.store {
            shared.with(|node, _| node.set_media_load(load));
        }
    }
}
