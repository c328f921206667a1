//! Peers that come, change and go.

use std::time::Instant;

use str0m::{
    Candidate, IceCreds, Rtc,
    bwe::Bitrate,
    change::SdpOffer,
    media::{Mid, Pt},
    rtp::{Extension, ExtensionMap},
};
use wecall_protocol::{PeerId, RoomId};

use crate::{
    engine::{
        Advertised, Engine, Event, Fault, Figures, Gone, Kind, PeerIndex, Refused, Room, Source,
        candidate,
        codec::Payloads,
        offer::{self, Offer, Role},
        peer::{OutSlot, Peer, State},
        rewrite::Rewriter,
        source::Track,
        speakers::Speakers,
    },
    limits,
};

/// Where the estimate of a path starts. Probes tell within a second whether it carries more; a
/// path that carries less loses a few packets at once and is found out as fast.
const FIRST_ESTIMATE: Bitrate = Bitrate::kbps(1_000);

/// How often figures of a connection are made.
const FIGURES_EVERY: std::time::Duration = std::time::Duration::from_secs(2);

impl Engine {
    /// Takes an offer and answers it. Of a peer that is there already it is a change, an ICE
    /// restart, or, with another certificate, a new connection in place of the old one.
    pub fn accept(
        &mut self,
        now: Instant,
        room: RoomId,
        peer: PeerId,
        kind: Kind,
        sdp: &str,
    ) -> Result<String, Refused> {
        let result = self.try_accept(now, room, peer, kind, sdp);
        if result.is_err() {
            self.counters.refused_offers += 1;
        }
        result
    }

    fn try_accept(
        &mut self,
        now: Instant,
        room: RoomId,
        id: PeerId,
        kind: Kind,
        sdp: &str,
    ) -> Result<String, Refused> {
        let offer = offer::look_over(sdp)?;
        let known = self.by_id.get(&id).copied();
        if let Some(index) = known {
            let peer = self.peer(index).ok_or(Refused::Unknown)?;
            if peer.room != room {
                return Err(Refused::InAnotherRoom);
            }
            if peer.fingerprint == offer.fingerprint && peer.kind == kind {
                return self.renegotiate(index, now, &offer);
            }
        }
        let addresses: Vec<Candidate> = self
            .addresses
            .iter()
            .copied()
            .filter_map(candidate)
            .collect();
        if addresses.is_empty() {
            return Err(Refused::NoAddress);
        }
        if known.is_none() {
            let in_room = self.rooms.get(&room).map_or(0, |room| room.peers.len());
            if in_room >= limits::ROOM_PEERS || self.by_id.len() >= limits::SHARD_PEERS {
                return Err(Refused::Full);
            }
        }
        let credentials = self.credentials();
        let mut peer = Box::new(Peer {
            id,
            room,
            kind,
            rtc: self.connection(credentials, now),
            state: State::Connecting { since: now },
            fingerprint: offer.fingerprint.clone(),
            name: String::new(),
            sections: Vec::new(),
            payloads: Payloads::default(),
            tracks: Default::default(),
            by_ssrc: Default::default(),
            ssrc_changes: 0,
            addresses_ever: 0,
            candidates: 0,
            slots: Vec::new(),
            inbox: Vec::new(),
            wanted: None,
            pinned: None,
            estimate: None,
            asked_bps: (0, 0),
            lowered_at: None,
            replan: true,
            planned_at: None,
            announced: Some(Vec::new()),
            figures: Figures::default(),
            dirty: false,
            deadline: now,
            time: now,
            #[cfg(test)]
            panic_next: false,
        });
        for address in addresses {
            peer.rtc.add_local_candidate(address);
        }
        let answer = self
            .negotiate(&mut peer, now, &offer)
            .map_err(|refused| match refused {
                Negotiation::Refused(refused) => refused,
                Negotiation::Broken(fault) => malformed(&fault),
            })?;
        if let Some(index) = known {
            self.forget(index, Gone::Replaced);
        }
        self.insert(peer, now);
        Ok(answer)
    }

    fn renegotiate(
        &mut self,
        index: PeerIndex,
        now: Instant,
        offer: &Offer,
    ) -> Result<String, Refused> {
        let mut peer = self.peers[index as usize].take().ok_or(Refused::Unknown)?;
        let name = peer.name.clone();
        let result = self.negotiate(&mut peer, now, offer);
        if peer.name != name {
            self.demux.remove_name(&name);
            self.demux.add_name(&peer.name, index);
            peer.addresses_ever = 0;
        }
        peer.candidates = 0;
        peer.replan = true;
        self.announce_change(&peer);
        self.peers[index as usize] = Some(peer);
        self.mark_dirty(index);
        match result {
            Ok(answer) => Ok(answer),
            Err(Negotiation::Refused(refused)) => Err(refused),
            // Half of an offer may have been taken: nothing of the connection can be trusted.
            Err(Negotiation::Broken(fault)) => {
                self.fail(index, &fault);
                Err(malformed(&fault))
            }
        }
    }

    fn negotiate(
        &mut self,
        peer: &mut Peer,
        now: Instant,
        offer: &Offer,
    ) -> Result<String, Negotiation> {
        let known = |mid: &str| {
            peer.sections
                .iter()
                .find(|(other, _)| other == mid)
                .map(|(_, role)| *role)
        };
        let roles =
            offer::roles(&offer.sections, peer.kind, known).map_err(Negotiation::Refused)?;
        let parsed = SdpOffer::from_sdp_string(&offer.sdp)
            .map_err(|error| Negotiation::Refused(Refused::Malformed(error.to_string())))?;
        let before = peer.rtc.direct_api().local_ice_credentials();
        let answer = peer
            .guarded(|peer| peer.rtc.sdp_api().accept_offer(parsed))
            .map_err(Negotiation::Broken)?;
        let mut answer = answer.to_sdp_string();
        // On an ICE restart str0m makes up new credentials from randomness that is none.
        let after = peer.rtc.direct_api().local_ice_credentials();
        if after.ufrag != before.ufrag {
            let own = self.credentials();
            answer = answer
                .replace(
                    &format!("a=ice-ufrag:{}", after.ufrag),
                    &format!("a=ice-ufrag:{}", own.ufrag),
                )
                .replace(
                    &format!("a=ice-pwd:{}", after.pass),
                    &format!("a=ice-pwd:{}", own.pass),
                )
                .replace(
                    &format!(" ufrag {}", after.ufrag),
                    &format!(" ufrag {}", own.ufrag),
                );
            peer.rtc.direct_api().set_local_ice_credentials(own);
        }
        peer.name = peer.rtc.direct_api().local_ice_credentials().ufrag;
        let mut named: Vec<Pt> = Vec::new();
        for (section, role) in offer.sections.iter().zip(&roles) {
            let mid = Mid::from(section.mid.as_str());
            if let Some(media) = peer.rtc.media(mid) {
                named.extend_from_slice(media.remote_pts());
            }
            if peer.sections.iter().any(|(other, _)| *other == section.mid) {
                continue;
            }
            peer.sections.push((section.mid.clone(), *role));
            match role {
                Role::Sends(source) => {
                    peer.tracks[source.index()] =
                        Some(Track::new(*source, mid, &section.layers, now));
                }
                Role::Slot { audio } => {
                    if let Some(slot) = self.slot(peer, mid, *audio) {
                        peer.slots.push(slot);
                    }
                }
                Role::Nothing => {}
            }
        }
        peer.payloads = Payloads::new(peer.rtc.codec_config().params(), &named);
        Ok(answer)
    }

    fn slot(&mut self, peer: &mut Peer, mid: Mid, audio: bool) -> Option<OutSlot> {
        let mut start = [0; 2];
        (self.random)(&mut start);
        let mut api = peer.rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None)?;
        if !audio {
            stream.set_rtx_cache(
                limits::RESEND_PACKETS,
                limits::RESEND_AGE,
                Some(limits::RESEND_SHARE),
            );
        }
        Some(OutSlot {
            mid,
            audio,
            ssrc: stream.ssrc(),
            content: None,
            assigned: None,
            current: None,
            wished: None,
            rewriter: Rewriter::new(u16::from_ne_bytes(start)),
        })
    }

    fn connection(&self, credentials: IceCreds, now: Instant) -> Rtc {
        let mut extensions = ExtensionMap::empty();
        extensions.set(1, Extension::AudioLevel);
        extensions.set(2, Extension::AbsoluteSendTime);
        extensions.set(3, Extension::TransportSequenceNumber);
        extensions.set(4, Extension::RtpMid);
        extensions.set(10, Extension::RtpStreamId);
        extensions.set(11, Extension::RepairedRtpStreamId);
        extensions.set(13, Extension::VideoOrientation);
        Rtc::builder()
            .set_crypto_provider(self.crypto.clone())
            .set_dtls_cert(self.certificate.clone())
            .set_local_ice_credentials(credentials)
            .set_ice_lite(true)
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, true)
            .enable_vp8(true)
            .enable_h264(true)
            .set_extension_map(extensions)
            .enable_bwe(Some(FIRST_ESTIMATE))
            .set_stats_interval(Some(FIGURES_EVERY))
            .set_send_buffer_video(limits::RESEND_PACKETS)
            .build(now)
    }

    fn credentials(&mut self) -> IceCreds {
        // 6 bits a character: 48 bits of name, 192 of password (RFC 8445 § 5.3 asks for 24 and 128).
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut bytes = [0; 40];
        (self.random)(&mut bytes);
        let text: String = bytes
            .iter()
            .map(|byte| char::from(ALPHABET[usize::from(byte % 64)]))
            .collect();
        let (ufrag, pass) = text.split_at(8);
        IceCreds {
            ufrag: ufrag.to_owned(),
            pass: pass.to_owned(),
        }
    }

    fn insert(&mut self, peer: Box<Peer>, now: Instant) {
        let index = self.free.pop().unwrap_or_else(|| {
            self.peers.push(None);
            (self.peers.len() - 1) as PeerIndex
        });
        self.demux.add_name(&peer.name, index);
        self.by_id.insert(peer.id, index);
        let room = self.rooms.entry(peer.room).or_insert_with(|| Room {
            peers: Vec::new(),
            speakers: Speakers::default(),
            changed: true,
        });
        room.peers.push(index);
        room.changed = true;
        self.timers.push(std::cmp::Reverse((now, index)));
        self.peers[index as usize] = Some(peer);
        self.mark_dirty(index);
    }

    fn announce_change(&mut self, peer: &Peer) {
        if let Some(room) = self.rooms.get_mut(&peer.room) {
            room.changed = true;
        }
    }

    /// A candidate that the peer found after its offer.
    pub fn add_candidate(&mut self, peer: PeerId, line: &str) -> Result<(), Refused> {
        let result = self.try_add_candidate(peer, line);
        if result.is_err() {
            self.counters.refused_candidates += 1;
        }
        result
    }

    fn try_add_candidate(&mut self, peer: PeerId, line: &str) -> Result<(), Refused> {
        let index = *self.by_id.get(&peer).ok_or(Refused::Unknown)?;
        if line.len() > limits::CANDIDATE_BYTES {
            return Err(Refused::TooLarge);
        }
        // The end of candidates, and names of the client's own network, tell nothing.
        if line.trim().is_empty() || !offer::is_usable_candidate(line) {
            return Ok(());
        }
        let candidate = Candidate::from_sdp_string(line)
            .map_err(|error| Refused::Malformed(error.to_string()))?;
        let peer = self.peer_mut(index).ok_or(Refused::Unknown)?;
        if peer.candidates == limits::CANDIDATES {
            return Err(Refused::TooMany);
        }
        peer.candidates += 1;
        let added = peer.guarded(|peer| {
            peer.rtc.add_remote_candidate(candidate);
            Ok(())
        });
        if let Err(fault) = added {
            self.fail(index, &fault);
            return Err(malformed(&fault));
        }
        self.mark_dirty(index);
        Ok(())
    }

    /// Where peers reach the engine from now on. Those who are there keep what they have.
    pub fn set_addresses(&mut self, addresses: Vec<Advertised>) {
        for index in 0..self.peers.len() {
            let Some(peer) = &mut self.peers[index] else {
                continue;
            };
            for address in addresses.iter().copied().filter_map(candidate) {
                peer.rtc.add_local_candidate(address);
            }
            self.mark_dirty(index as PeerIndex);
        }
        self.addresses = addresses;
    }

    /// The peer leaves. It is told so.
    pub fn remove(&mut self, now: Instant, peer: PeerId) {
        let Some(index) = self.by_id.get(&peer).copied() else {
            return;
        };
        self.with_peer(index, now, |peer, sink| {
            peer.guarded(|peer| peer.rtc.close())?;
            peer.wake(now, sink)
        });
        self.forget(index, Gone::Removed);
    }

    pub(super) fn forget(&mut self, index: PeerIndex, why: Gone) {
        let Some(peer) = self.peers[index as usize].take() else {
            return;
        };
        self.demux.remove_name(&peer.name);
        self.demux.remove_peer(index);
        self.by_id.remove(&peer.id);
        self.free.push(index);
        for (slot_index, slot) in peer.slots.iter().enumerate() {
            if let Some((owner, source)) = slot.content {
                self.unsubscribe(owner, source, (index, slot_index));
            }
        }
        if let Some(room) = self.rooms.get_mut(&peer.room) {
            room.peers.retain(|other| *other != index);
            room.speakers.forget(|voice| voice.0 == index);
            room.changed = true;
            let others = room.peers.clone();
            if others.is_empty() {
                self.rooms.remove(&peer.room);
            }
            // The index may be another's tomorrow.
            for other in others {
                if let Some(other) = self.peer_mut(other) {
                    for slot in &mut other.slots {
                        if slot.content.is_some_and(|(owner, _)| owner == index) {
                            slot.empty();
                            other.replan = true;
                        }
                    }
                }
            }
        }
        self.events.push_back(Event::Gone {
            room: peer.room,
            peer: peer.id,
            why,
        });
    }

    pub(super) fn unsubscribe(
        &mut self,
        owner: PeerIndex,
        source: Source,
        receiver: (PeerIndex, usize),
    ) {
        if let Some(track) = self.peer_mut(owner).and_then(|peer| peer.track_mut(source)) {
            track.receivers.retain(|other| *other != receiver);
        }
    }
}

enum Negotiation {
    /// Nothing happened.
    Refused(Refused),
    /// The connection is in an unknown state.
    Broken(Fault),
}

fn malformed(fault: &Fault) -> Refused {
    Refused::Malformed(match fault {
        Fault::Panicked => "it cannot be dealt with".into(),
        Fault::Failed(error) => error.to_string(),
    })
}
