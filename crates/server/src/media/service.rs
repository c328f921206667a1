//! Between rooms and the media engine: what participants say becomes commands of the engine, and
//! what it tells goes to them.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    task::{JoinError, JoinSet},
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use wecall_live::{Live, ToMedia};
use wecall_protocol::{ErrorCode, MediaGoneReason, PeerId, RoomId};
use wecall_sfu::{Event, Kind, Refused, Sfu, ShardStats};
use wecall_turn::driver::Addresses;

use super::{
    addresses,
    streams::{self, Accepted, Offered, Restarted, Streams},
    wire::{self, FromMember},
};
use crate::{clock::Clock, telemetry::MediaMetrics};

/// How often the figures are read, and other nodes told how much there is to do here.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often the engine is asked whom it has: who left while its queue was full is there still.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

pub struct Service {
    pub sfu: Sfu,
    pub live: Arc<Live>,
    pub metrics: MediaMetrics,
    pub clock: Clock,
    pub from_this_machine: bool,
    /// By WHEP, of one room.
    pub most_viewers: usize,
    rooms: HashMap<RoomId, Room>,
    pub(super) streams: Streams,
    /// What was asked of the engine and of rooms, and has yet to be answered: the queues of the
    /// engine bound it, and the number of its peers.
    pub(super) asked: JoinSet<Answered>,
    /// The engine has yet to hear of the addresses of now.
    addresses_due: bool,
}

/// A room whose media server is here.
struct Room {
    media: PeerId,
    members: HashSet<PeerId>,
}

pub enum Answered {
    /// And passed on to whoever it was for.
    Done,
    Stats(Vec<ShardStats>),
    /// Whom the engine has, and which streams it should have had when it was asked.
    Peers {
        found: Vec<(RoomId, PeerId)>,
        expected: Vec<PeerId>,
    },
    Accepted(Accepted),
    Offered(Offered),
    Restarted(Restarted),
    /// A publisher was removed, or the room has ended.
    SessionOver(PeerId),
}

impl Service {
    pub fn new(
        sfu: Sfu,
        live: Arc<Live>,
        metrics: MediaMetrics,
        clock: Clock,
        from_this_machine: bool,
        most_viewers: usize,
    ) -> Self {
        Self {
            sfu,
            live,
            metrics,
            clock,
            from_this_machine,
            most_viewers,
            rooms: HashMap::new(),
            streams: Streams::default(),
            asked: JoinSet::new(),
            addresses_due: false,
        }
    }

    pub async fn run(
        mut self,
        mut told: mpsc::Receiver<ToMedia>,
        mut events: mpsc::Receiver<Event>,
        mut addresses: watch::Receiver<Addresses>,
        stop: CancellationToken,
    ) {
        let mut looks = interval(LOOK_EVERY);
        let mut sweeps = interval(SWEEP_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Some(told) = told.recv() => self.hear(told),
                Some(event) = events.recv() => {
                    if let Event::Gone { peer, .. } = event {
                        self.end_stream(peer);
                    }
                    self.tell(event);
                }
                Some(answered) = self.asked.join_next() => self.take(answered),
                Ok(()) = addresses.changed() => self.addresses_due = true,
                _ = looks.tick() => {
                    self.live.set_media_load(Some(self.sfu.load()));
                    let sfu = self.sfu.clone();
                    self.ask(async move { sfu.stats().await.map(Answered::Stats) });
                }
                _ = sweeps.tick() => {
                    let (sfu, expected) = (self.sfu.clone(), self.streams.established());
                    self.ask(async move {
                        let found = sfu.peers().await?;
                        Ok(Answered::Peers { found, expected })
                    });
                }
            }
            if self.addresses_due {
                let told = addresses::told(&addresses.borrow_and_update(), self.from_this_machine);
                self.addresses_due = self.sfu.set_addresses(&told).is_err();
            }
        }
    }

    /// For what is asked again soon, so that a failure costs nothing.
    fn ask(&mut self, asked: impl Future<Output = Result<Answered, Refused>> + Send + 'static) {
        self.asked
            .spawn(async { asked.await.unwrap_or(Answered::Done) });
    }

    fn take(&mut self, answered: Result<Answered, JoinError>) {
        match answered {
            Ok(Answered::Done) => {}
            Ok(Answered::Stats(stats)) => self.metrics.copy(&stats),
            Ok(Answered::Peers { found, expected }) => self.sweep(&found, &expected),
            Ok(Answered::Accepted(accepted)) => self.accepted(accepted),
            Ok(Answered::Offered(offered)) => self.offered(offered),
            Ok(Answered::Restarted(restarted)) => self.restarted(restarted),
            Ok(Answered::SessionOver(peer)) => self.end_stream(peer),
            Err(error) if error.is_cancelled() => {}
            Err(error) => tracing::error!(%error, "an answer of the media engine was lost"),
        }
    }

    /// Makes the engine and this service agree, whatever was lost between them.
    fn sweep(&mut self, found: &[(RoomId, PeerId)], expected: &[PeerId]) {
        for &(room, peer) in found {
            let is_member = |known: &Room| known.members.contains(&peer);
            if !self.streams.has(peer) && !self.rooms.get(&room).is_some_and(is_member) {
                self.remove(room, peer);
            }
        }
        let found: HashSet<PeerId> = found.iter().map(|(_, peer)| *peer).collect();
        for peer in expected {
            if !found.contains(peer) {
                self.end_stream(*peer);
            }
        }
    }

    fn hear(&mut self, told: ToMedia) {
        match told {
            ToMedia::Room {
                room,
                media,
                members,
            } => {
                let members = members.into_iter().collect();
                let before = self.rooms.insert(room, Room { media, members });
                let is_another = before.as_ref().is_some_and(|before| before.media != media);
                let now = &self.rooms[&room].members;
                let left = before.map_or_else(Vec::new, |before| {
                    before.members.difference(now).copied().collect()
                });
                for peer in left {
                    self.remove(room, peer);
                    self.end_stream(peer);
                }
                if is_another {
                    self.watch_again(room);
                }
            }
            ToMedia::RoomGone { room } => {
                if let Some(gone) = self.rooms.remove(&room) {
                    for peer in gone.members {
                        self.remove(room, peer);
                    }
                }
                for stream in self.streams.of_room(room) {
                    self.end_stream(stream);
                }
            }
            ToMedia::Message {
                room,
                media,
                from,
                body,
            } => self.hear_member(room, media, from, &body),
            ToMedia::Ask {
                room,
                media,
                body,
                answer,
            } => match self.rooms.get(&room) {
                Some(known) if known.media == media => self.hear_ask(room, &body, answer),
                _ => streams::refuse(answer, ErrorCode::Unavailable),
            },
        }
    }

    /// The sweep finds who could not be removed now.
    pub(super) fn remove(&self, room: RoomId, peer: PeerId) {
        if let Err(refused) = self.sfu.remove(room, peer) {
            tracing::debug!(%peer, %refused, "not removed from the media engine yet");
        }
    }

    fn hear_member(&mut self, room: RoomId, media: PeerId, from: PeerId, body: &str) {
        let is_member = |known: &Room| known.media == media && known.members.contains(&from);
        if !self.rooms.get(&room).is_some_and(is_member) {
            let gone = wire::gone(media, MediaGoneReason::NotHere);
            self.live.tell_from_media(room, media, from, gone);
            return;
        }
        let live = self.live.clone();
        let reply = move |body| live.tell_from_media(room, media, from, body);
        match wire::decode(body) {
            Some(FromMember::Offer(sdp)) => {
                let accepted = self.sfu.accept(room, from, Kind::Member, sdp);
                let refusals = self.metrics.refusals.clone();
                self.asked.spawn(async move {
                    reply(match accepted.await {
                        Ok(sdp) => wire::answer(media, sdp),
                        Err(refused) => {
                            tracing::info!(peer = %from, %refused, "an offer was not accepted");
                            refusals.count(&refused);
                            wire::gone(media, wire::why_refused(&refused))
                        }
                    });
                    Answered::Done
                });
            }
            Some(FromMember::Candidate(candidate)) => {
                let added = self.sfu.add_candidate(room, from, candidate);
                let refusals = self.metrics.refusals.clone();
                self.asked.spawn(async move {
                    // Without it the connection may work as well, by others.
                    if let Err(refused) = added.await {
                        refusals.count(&refused);
                    }
                    Answered::Done
                });
            }
            Some(FromMember::View { wanted, pinned }) => {
                let viewed = self.sfu.view(room, from, wanted, pinned);
                let refusals = self.metrics.refusals.clone();
                self.asked.spawn(async move {
                    if let Err(refused) = viewed.await {
                        refusals.count(&refused);
                        reply(wire::gone(media, wire::why_refused(&refused)));
                    }
                    Answered::Done
                });
            }
            None => {
                self.metrics.refusals.count_unreadable();
                reply(wire::gone(media, MediaGoneReason::Refused));
            }
        }
    }

    fn tell(&self, event: Event) {
        match event {
            Event::Connected { peer, .. } => tracing::debug!(%peer, "connected"),
            Event::Disconnected { peer, .. } => tracing::debug!(%peer, "disconnected"),
            Event::Gone { room, peer, why } => {
                tracing::debug!(%peer, ?why, "gone from the media engine");
                if let Some(reason) = wire::why_gone(why) {
                    self.tell_member(room, peer, |media| wire::gone(media, reason));
                }
            }
            Event::SlotsChanged { room, peer, slots } => {
                self.tell_member(room, peer, |media| wire::slots(media, slots));
            }
            Event::LayersWanted {
                room,
                peer,
                source,
                layers,
            } => self.tell_member(room, peer, |_| wire::layers(source, layers)),
            Event::Figures {
                room,
                peer,
                figures,
            } => self.tell_member(room, peer, |_| wire::figures(&figures)),
            Event::Speakers { room, speakers } => {
                let Some(known) = self.rooms.get(&room) else {
                    return;
                };
                let body = wire::speakers(&speakers);
                for member in &known.members {
                    self.live
                        .tell_from_media(room, known.media, *member, body.clone());
                }
            }
        }
    }

    fn tell_member(&self, room: RoomId, peer: PeerId, body: impl FnOnce(PeerId) -> Arc<str>) {
        let known = self.rooms.get(&room);
        if let Some(known) = known.filter(|known| known.members.contains(&peer)) {
            self.live
                .tell_from_media(room, known.media, peer, body(known.media));
        }
    }
}
