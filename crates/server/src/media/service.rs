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
use wecall_protocol::{MediaGoneReason, PeerId, RoomId};
use wecall_sfu::{Event, Kind, Refused, Sfu, ShardStats};
use wecall_turn::driver::Addresses;

use super::{
    addresses,
    wire::{self, FromMember},
};
use crate::telemetry::MediaMetrics;

/// How often the figures are read, and other nodes told how much there is to do here.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often the engine is asked whom it has: who left while its queue was full is there still.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

pub struct Service {
    pub sfu: Sfu,
    pub live: Arc<Live>,
    pub metrics: MediaMetrics,
    pub from_this_machine: bool,
    rooms: HashMap<RoomId, Room>,
    /// What the engine was asked and has yet to answer. Its queues bound it.
    asked: JoinSet<Answered>,
    /// The engine has yet to hear of the addresses of now.
    addresses_due: bool,
}

/// A room whose media server is here.
struct Room {
    media: PeerId,
    members: HashSet<PeerId>,
}

enum Answered {
    /// And passed on to whoever it was for.
    Done,
    Peers(Vec<(RoomId, PeerId)>),
    Stats(Vec<ShardStats>),
}

impl Service {
    pub fn new(sfu: Sfu, live: Arc<Live>, metrics: MediaMetrics, from_this_machine: bool) -> Self {
        Self {
            sfu,
            live,
            metrics,
            from_this_machine,
            rooms: HashMap::new(),
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
                Some(event) = events.recv() => self.tell(event),
                Some(answered) = self.asked.join_next() => self.take(answered),
                Ok(()) = addresses.changed() => self.addresses_due = true,
                _ = looks.tick() => {
                    self.live.set_media_load(Some(self.sfu.load()));
                    let sfu = self.sfu.clone();
                    self.ask(async move { sfu.stats().await.map(Answered::Stats) });
                }
                _ = sweeps.tick() => {
                    let sfu = self.sfu.clone();
                    self.ask(async move { sfu.peers().await.map(Answered::Peers) });
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
            Ok(Answered::Peers(peers)) => {
                for (room, peer) in peers {
                    let is_wanted = |known: &Room| known.members.contains(&peer);
                    if !self.rooms.get(&room).is_some_and(is_wanted) {
                        self.remove(room, peer);
                    }
                }
            }
            Err(error) => tracing::error!(%error, "an answer of the media engine was lost"),
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
                let now = &self.rooms[&room].members;
                let left = before.map_or_else(Vec::new, |before| {
                    before.members.difference(now).copied().collect()
                });
                for peer in left {
                    self.remove(room, peer);
                }
            }
            ToMedia::RoomGone { room } => {
                if let Some(gone) = self.rooms.remove(&room) {
                    for peer in gone.members {
                        self.remove(room, peer);
                    }
                }
            }
            ToMedia::Message {
                room,
                media,
                from,
                body,
            } => self.hear_member(room, media, from, &body),
            // Whoever asks hears that nobody answers.
            ToMedia::Ask { answer, .. } => drop(answer),
        }
    }

    /// The sweep finds who could not be removed now.
    fn remove(&self, room: RoomId, peer: PeerId) {
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
