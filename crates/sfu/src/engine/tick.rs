//! What is done ten times a second: meters, speakers, plans, layers nobody needs, peers that are gone.

use std::time::{Duration, Instant};

use wecall_protocol::RoomId;

use crate::{
    engine::{Engine, Event, Gone, PeerIndex, Source, peer::State, source::FEWER_AFTER},
    limits,
};

pub const EVERY: Duration = Duration::from_millis(100);

/// A plan is made again after this long, whatever happened: holds end, measured costs drift.
const PLAN_AGAIN: Duration = Duration::from_secs(1);

impl Engine {
    pub(super) fn tick(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.last_tick);
        self.last_tick = now;
        self.next_tick = now + EVERY;
        let rooms: Vec<RoomId> = self.rooms.keys().copied().collect();
        for room in rooms {
            self.tick_room(room, now, elapsed);
        }
    }

    fn tick_room(&mut self, id: RoomId, now: Instant, elapsed: Duration) {
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        let mut changed = std::mem::take(&mut room.changed);
        let peers = room.peers.clone();
        if let Some(news) = room.speakers.news(now) {
            changed = true;
            let named = news
                .into_iter()
                .filter_map(|(index, level)| Some((self.peer(index)?.id, level)));
            let speakers = named.collect();
            self.events
                .push_back(Event::Speakers { room: id, speakers });
        }
        for index in &peers {
            changed |= self.tick_peer(*index, now, elapsed);
        }
        for index in &peers {
            let Some(peer) = self.peer(*index) else {
                continue;
            };
            let again = peer
                .planned_at
                .is_none_or(|at| now.saturating_duration_since(at) >= PLAN_AGAIN);
            if peer.state == State::Connected && (changed || peer.replan || again) {
                self.plan(*index, now);
                self.mark_dirty(*index);
            }
        }
        for index in &peers {
            for source in [Source::Camera, Source::Screen] {
                self.tell_layers(*index, source, now);
            }
            if let Some(peer) = self.peer_mut(*index) {
                let asked = peer.request_keyframes(now);
                if asked > 0 {
                    self.counters.keyframes_requested += asked;
                    self.mark_dirty(*index);
                }
            }
        }
    }

    /// True if other layers of it come than before.
    fn tick_peer(&mut self, index: PeerIndex, now: Instant, elapsed: Duration) -> bool {
        let Some(peer) = self.peer_mut(index) else {
            return false;
        };
        let gone = match peer.state {
            State::Connecting { since } => (now.saturating_duration_since(since)
                >= limits::CONNECT_WITHIN)
                .then_some(Gone::NeverConnected),
            State::Lost { since } => {
                (now.saturating_duration_since(since) >= limits::LOST_FOR).then_some(Gone::Lost)
            }
            State::Connected => None,
        };
        if let Some(why) = gone {
            self.forget(index, why);
            return true;
        }
        let mut changed = false;
        for track in peer.tracks.iter_mut().flatten() {
            changed |= track.tick(elapsed, now);
        }
        changed
    }

    /// Tells the publisher which layers anyone needs: at once if it is more, after a while if less.
    fn tell_layers(&mut self, index: PeerIndex, source: Source, now: Instant) {
        let Some(track) = self.peer(index).and_then(|peer| peer.track(source)) else {
            return;
        };
        let mut needed = vec![false; track.layers.len()];
        for (receiver, slot) in &track.receivers {
            let slot = self.peer(*receiver).and_then(|peer| peer.slots.get(*slot));
            // What flows is needed until what is to take its place has come.
            let layers = slot.map_or([None; 3], |slot| [slot.wished, slot.assigned, slot.current]);
            for layer in layers.into_iter().flatten() {
                if let Some(needed) = needed.get_mut(layer) {
                    *needed = true;
                }
            }
        }
        let told = track.told.clone();
        let more = needed
            .iter()
            .zip(&told)
            .any(|(needed, told)| *needed && !told);
        let Some(peer) = self.peer_mut(index) else {
            return;
        };
        let (room, id) = (peer.room, peer.id);
        let Some(track) = peer.track_mut(source) else {
            return;
        };
        if needed == told {
            track.fewer_since = None;
            return;
        }
        let since = *track.fewer_since.get_or_insert(now);
        if !more && now.saturating_duration_since(since) < FEWER_AFTER {
            return;
        }
        track.fewer_since = None;
        let layers = track
            .layers
            .iter()
            .zip(&needed)
            .filter(|(_, needed)| **needed);
        let layers = layers.map(|(layer, _)| layer.name.clone()).collect();
        track.told = needed;
        self.events.push_back(Event::LayersWanted {
            room,
            peer: id,
            source,
            layers,
        });
    }
}
