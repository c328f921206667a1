//! What is in the slots of a peer, and at which quality.

use std::time::{Duration, Instant};

use str0m::bwe::Bitrate;
use wecall_protocol::PeerId;

use crate::{
    engine::{
        Content, Engine, Event, Kind, PeerIndex, Refused, Slot, Source, Wanted, Watch,
        allocate::{self, Claim, Class},
        codec::Format,
        peer::{OutSlot, Peer},
    },
    limits,
};

/// Set aside for each voice: Opus with RED.
const VOICE_BPS: u64 = 64_000;

/// After something was lowered nothing is raised for so long.
const HOLD: Duration = Duration::from_secs(3);

/// What a member that never said what it shows is taken to show.
const DEFAULT_HEIGHT: u16 = 360;

/// A viewer has one picture, on a whole screen.
const VIEWER_HEIGHT: u16 = 1_080;

/// One picture that a receiver is to get.
struct Wish {
    owner: PeerIndex,
    source: Source,
    class: Class,
    height: u16,
}

impl Engine {
    /// What a member shows, most important first, and whom it pinned. What is not named is not
    /// sent. Those who are not in its room, or send no such thing, are passed over until they do.
    /// What is in its slots is told in any case, for the member may have missed it.
    pub fn view(
        &mut self,
        now: Instant,
        peer: PeerId,
        wanted: &[Wanted],
        pinned: Option<PeerId>,
    ) -> Result<(), Refused> {
        let index = self.by_id.get(&peer).copied().ok_or(Refused::Unknown)?;
        if let Some(peer) = self.peer_mut(index) {
            let mut kept: Vec<Wanted> = Vec::new();
            for wanted in wanted.iter().take(limits::WANTED) {
                let twice = kept
                    .iter()
                    .any(|kept| kept.peer == wanted.peer && kept.source == wanted.source);
                if !wanted.source.is_audio() && !twice {
                    kept.push(*wanted);
                }
            }
            peer.wanted = Some(kept);
            peer.pinned = pinned;
            peer.announced = None;
        }
        self.plan(index, now);
        self.mark_dirty(index);
        Ok(())
    }

    pub(super) fn plan(&mut self, index: PeerIndex, now: Instant) {
        let Some(mut peer) = self.peers[index as usize].take() else {
            return;
        };
        peer.replan = false;
        peer.planned_at = Some(now);
        let mut needs = Vec::new();
        if peer.slots.iter().any(|slot| !slot.audio) {
            let wishes = self.wishes(&peer, now);
            self.assign(index, &mut peer, &wishes);
            self.allocate(&mut peer, &wishes, now, &mut needs);
        }
        self.announce(&mut peer);
        self.peers[index as usize] = Some(peer);
        self.plan_audio(index);
        for (owner, source, layer) in needs {
            self.need_keyframe(owner, source, layer, now);
        }
    }

    /// The pictures that the peer is to get, most important first, no more than it has slots.
    fn wishes(&self, peer: &Peer, now: Instant) -> Vec<Wish> {
        let slots = peer.slots.iter().filter(|slot| !slot.audio).count();
        let Some(room) = self.rooms.get(&peer.room) else {
            return Vec::new();
        };
        let class = |owner: &Peer, owner_index: PeerIndex, source: Source| match source {
            Source::Screen => Class::Screen,
            _ if peer.pinned == Some(owner.id) => Class::Pinned,
            _ if room.speakers.rank(owner_index) == Some(0) => Class::Speaker,
            _ => Class::Other,
        };
        let mut wishes = Vec::new();
        if let (Kind::Member, Some(wanted)) = (peer.kind, &peer.wanted) {
            for wanted in wanted {
                let owner_index = self.by_id.get(&wanted.peer).copied();
                let owner = owner_index.and_then(|index| Some((index, self.peer(index)?)));
                if let Some((owner_index, owner)) = owner
                    && owner.room == peer.room
                    && owner.track(wanted.source).is_some()
                {
                    wishes.push(Wish {
                        owner: owner_index,
                        source: wanted.source,
                        class: class(owner, owner_index, wanted.source),
                        height: wanted.height,
                    });
                }
            }
        } else {
            let height = match peer.kind {
                Kind::Viewer(_) => VIEWER_HEIGHT,
                _ => DEFAULT_HEIGHT,
            };
            for owner_index in &room.peers {
                let Some(owner) = self.peer(*owner_index) else {
                    continue;
                };
                if matches!(peer.kind, Kind::Viewer(Watch::Peer(only)) if only != owner.id) {
                    continue;
                }
                for source in [Source::Screen, Source::Camera] {
                    if owner.track(source).is_some_and(|track| track.is_on(now)) {
                        wishes.push(Wish {
                            owner: *owner_index,
                            source,
                            class: class(owner, *owner_index, source),
                            height,
                        });
                    }
                }
            }
            let is_shown = |wish: &Wish| {
                peer.slots
                    .iter()
                    .any(|slot| slot.content == Some((wish.owner, wish.source)))
            };
            let rank = |wish: &Wish| {
                let spoke = room.speakers.rank(wish.owner).unwrap_or(usize::MAX);
                (wish.source != Source::Screen, spoke, !is_shown(wish))
            };
            wishes.sort_by_key(rank);
        }
        wishes.truncate(slots);
        wishes
    }

    /// Puts the wishes into slots. What is in a slot stays there.
    fn assign(&mut self, index: PeerIndex, peer: &mut Peer, wishes: &[Wish]) {
        let wanted: Vec<(PeerIndex, Source)> = wishes
            .iter()
            .map(|wish| (wish.owner, wish.source))
            .collect();
        self.point(index, peer, false, &wanted);
    }

    fn point(
        &mut self,
        index: PeerIndex,
        peer: &mut Peer,
        audio: bool,
        wanted: &[(PeerIndex, Source)],
    ) {
        for (at, slot) in peer
            .slots
            .iter_mut()
            .enumerate()
            .filter(|(_, slot)| slot.audio == audio)
        {
            if let Some(content) = slot.content
                && !wanted.contains(&content)
            {
                self.unsubscribe(content.0, content.1, (index, at));
                slot.empty();
            }
        }
        for content in wanted {
            if peer.slots.iter().any(|slot| slot.content == Some(*content)) {
                continue;
            }
            let free = peer
                .slots
                .iter_mut()
                .enumerate()
                .find(|(_, slot)| slot.audio == audio && slot.content.is_none());
            let Some((at, slot)) = free else {
                break;
            };
            if let Some(track) = self
                .peer_mut(content.0)
                .and_then(|owner| owner.track_mut(content.1))
            {
                track.receivers.push((index, at));
                slot.content = Some(*content);
            }
        }
    }

    /// Voices into audio slots: the loudest, and never its own.
    pub(super) fn plan_audio(&mut self, index: PeerIndex) {
        let Some(mut peer) = self.peers[index as usize].take() else {
            return;
        };
        let slots = peer.slots.iter().filter(|slot| slot.audio).count();
        if let (Some(room), true) = (self.rooms.get(&peer.room), slots > 0) {
            let mut voices = room.speakers.by_loudness();
            voices.retain(|(owner, _)| {
                let only = match peer.kind {
                    Kind::Viewer(Watch::Peer(only)) => Some(only),
                    _ => None,
                };
                *owner != index
                    && only
                        .is_none_or(|only| self.peer(*owner).is_some_and(|owner| owner.id == only))
            });
            // Those that are heard stay, as long as they are among the forwarded, and the loudest
            // fill up: taking places from each other would cut words.
            voices.truncate(slots);
            self.point(index, &mut peer, true, &voices);
            for slot in peer
                .slots
                .iter_mut()
                .filter(|slot| slot.audio && slot.content.is_some())
            {
                slot.assigned = Some(0);
            }
            self.announce(&mut peer);
        }
        self.peers[index as usize] = Some(peer);
    }

    fn allocate(
        &mut self,
        peer: &mut Peer,
        wishes: &[Wish],
        now: Instant,
        needs: &mut Vec<(PeerIndex, Source, usize)>,
    ) {
        let slot_of = |wish: &Wish| {
            peer.slots
                .iter()
                .position(|slot| slot.content == Some((wish.owner, wish.source)))
        };
        let placed: Vec<(usize, &Wish)> = wishes
            .iter()
            .filter_map(|wish| Some((slot_of(wish)?, wish)))
            .collect();
        let claims: Vec<Claim> = placed
            .iter()
            .map(|(slot, wish)| Claim {
                class: wish.class,
                height: wish.height,
                layers: self.costs(peer, wish, now),
                current: peer.slots[*slot].assigned,
            })
            .collect();
        let voices = peer
            .slots
            .iter()
            .filter(|slot| slot.audio && slot.content.is_some())
            .count();
        let budget = peer
            .estimate
            .map(|estimate| estimate.saturating_sub(voices as u64 * VOICE_BPS));
        let hold = peer
            .lowered_at
            .is_some_and(|at| now.saturating_duration_since(at) < HOLD);
        let allocation = allocate::allocate(&claims, budget, hold);
        // What flows now is far too much: going on with it until the smaller layer's keyframe comes
        // would fill the pacer's queue with seconds of it.
        let flowing = placed.iter().zip(&claims).filter_map(|((slot, _), claim)| {
            Some(
                claim
                    .layers
                    .get(peer.slots[*slot].current?)?
                    .bits_per_second,
            )
        });
        let flowing: u64 = flowing.sum();
        let too_much = budget.is_some_and(|budget| flowing > budget + budget / 4);
        let mut lowered = false;
        for (at, (slot, wish)) in placed.iter().enumerate() {
            let slot: &mut OutSlot = &mut peer.slots[*slot];
            let (before, after) = (slot.assigned, allocation.layers[at]);
            let best = claims[at]
                .layers
                .get(allocate::fitting(&claims[at].layers, wish.height));
            let for_the_path =
                after < allocation.wished[at].or(after) || best.is_some_and(|best| best.live);
            lowered |=
                after < before && for_the_path && allocation.allocated_bps < allocation.desired_bps;
            slot.assigned = after;
            slot.wished = allocation.wished[at];
            match after {
                None => {
                    slot.current = None;
                    slot.rewriter.stop();
                }
                Some(layer) if slot.current != Some(layer) => {
                    if too_much && slot.current > Some(layer) {
                        slot.current = None;
                    }
                    needs.push((wish.owner, wish.source, layer));
                }
                Some(_) => {}
            }
        }
        if lowered {
            peer.lowered_at = Some(now);
        }
        let voices_bps = voices as u64 * VOICE_BPS;
        peer.figures.allocated_bps = allocation.allocated_bps + voices_bps;
        peer.figures.desired_bps = allocation.desired_bps + voices_bps;
        ask_estimator(
            peer,
            allocation.next_bps + voices_bps,
            allocation.desired_bps + voices_bps,
        );
    }

    /// What the layers cost, and none where the receiver cannot decode them.
    fn costs(&self, peer: &Peer, wish: &Wish, now: Instant) -> Vec<allocate::LayerCost> {
        let Some(track) = self
            .peer(wish.owner)
            .and_then(|owner| owner.track(wish.source))
        else {
            return Vec::new();
        };
        let format = track
            .layers
            .iter()
            .find_map(|layer| layer.format)
            .unwrap_or(Format::Vp8);
        match peer.payloads.pt(format) {
            Some(_) => track.costs(now),
            None => Vec::new(),
        }
    }

    /// Tells what is in the slots, if that changed.
    fn announce(&mut self, peer: &mut Peer) {
        let slots: Vec<Slot> = peer.slots.iter().map(|slot| self.describe(slot)).collect();
        if peer.announced.as_ref() != Some(&slots) {
            peer.announced = Some(slots.clone());
            self.events.push_back(Event::SlotsChanged {
                room: peer.room,
                peer: peer.id,
                slots,
            });
        }
    }

    fn describe(&self, slot: &OutSlot) -> Slot {
        let owner = slot
            .content
            .and_then(|(owner, source)| Some((self.peer(owner)?, source)));
        let layer = owner.and_then(|(owner, source)| {
            let layer = owner.track(source)?.layers.get(slot.assigned?)?;
            layer.rid.is_some().then(|| layer.name.clone())
        });
        Slot {
            mid: slot.mid.to_string(),
            content: owner.map(|(owner, source)| Content {
                peer: owner.id,
                source,
            }),
            layer,
            paused: owner.is_some() && slot.assigned.is_none(),
        }
    }
}

/// The estimate never rises above what is sent unless it is asked to look for more: for the next
/// layer's rate by padding, for everything by probes.
fn ask_estimator(peer: &mut Peer, next: u64, desired: u64) {
    let next = next.min(desired);
    let differs = |a: u64, b: u64| a.abs_diff(b) * 10 > b;
    if differs(next, peer.asked_bps.0) || differs(desired, peer.asked_bps.1) {
        peer.asked_bps = (next, desired);
        peer.rtc
            .bwe()
            .set_bitrate(Bitrate::bps(next), Bitrate::bps(desired));
    }
}
