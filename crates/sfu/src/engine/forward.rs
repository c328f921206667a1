//! The way of a packet: from its sender's connection into the slots that are pointed at it.

use std::time::Instant;

use str0m::{
    IceConnectionState,
    bwe::BweKind,
    media::{Mid, Pt},
    net::Protocol,
    rtp::{ExtensionValues, RtpPacket, RtpWrite, Vp8Descriptor, Vp8Patch},
};

use crate::{
    engine::{
        Engine, Event, Gone, PeerIndex, Source,
        codec::{Format, Payloads, inspect},
        peer::{OutSlot, Peer, State},
        rewrite::{Incoming, Outgoing},
        source::{Delivery, Media, Track},
    },
    limits,
};

impl Engine {
    pub(super) fn on_event(&mut self, index: PeerIndex, now: Instant, event: str0m::Event) {
        use str0m::Event as Of;
        match event {
            Of::RtpPacket(packet) => self.on_packet(index, now, &packet),
            Of::KeyframeRequest(request) => self.on_keyframe_request(index, now, request.mid),
            Of::Connected => self.on_connected(index, now),
            Of::IceConnectionStateChange(state) => self.on_ice(index, now, state),
            Of::Closed => {
                self.flush_one(index, now);
                self.forget(index, Gone::Closed);
            }
            Of::EgressBitrateEstimate(kind) => {
                if let Some(peer) = self.peer_mut(index) {
                    let estimate = match kind {
                        BweKind::Twcc { estimate, .. } => Some(estimate.as_u64()),
                        // Where the client knows no transport-wide feedback, that is all there is.
                        BweKind::Remb { estimate, .. } if peer.estimate.is_none() => {
                            Some(estimate.as_u64())
                        }
                        _ => None,
                    };
                    peer.estimate = estimate.or(peer.estimate);
                    peer.replan = true;
                }
            }
            Of::PeerStats(stats) => {
                if let Some(peer) = self.peer_mut(index) {
                    let figures = &mut peer.figures;
                    figures.round_trip = stats.rtt.or(figures.round_trip);
                    figures.loss_to_peer = stats.egress_loss_fraction;
                    figures.loss_from_peer = stats.ingress_loss_fraction;
                    figures.bytes_to_peer = stats.peer_bytes_tx;
                    figures.bytes_from_peer = stats.peer_bytes_rx;
                    let pair = stats.selected_candidate_pair;
                    figures.over_tcp = pair.is_some_and(|pair| pair.protocol != Protocol::Udp);
                    figures.estimate_bps = peer.estimate;
                    if peer.kind == super::Kind::Member {
                        let event = Event::Figures {
                            room: peer.room,
                            peer: peer.id,
                            figures: *figures,
                        };
                        self.events.push_back(event);
                    }
                }
            }
            _ => {}
        }
    }

    /// Lets a connection that closes say goodbye.
    fn flush_one(&mut self, index: PeerIndex, now: Instant) {
        let Some(peer) = self.peers[index as usize].as_mut() else {
            return;
        };
        let mut ignored = Vec::new();
        let mut sink = super::Sink {
            outbox: &mut self.outbox,
            events: &mut ignored,
        };
        // Whatever comes of it, the peer is forgotten next.
        drop(peer.wake(now, &mut sink));
    }

    fn on_connected(&mut self, index: PeerIndex, now: Instant) {
        let Some(peer) = self.peer_mut(index) else {
            return;
        };
        peer.state = State::Connected;
        let event = Event::Connected {
            room: peer.room,
            peer: peer.id,
        };
        self.events.push_back(event);
        self.plan(index, now);
        self.mark_dirty(index);
    }

    fn on_ice(&mut self, index: PeerIndex, now: Instant, state: IceConnectionState) {
        let Some(peer) = self.peer_mut(index) else {
            return;
        };
        let (room, id) = (peer.room, peer.id);
        match (peer.state, state) {
            (State::Connected, IceConnectionState::Disconnected) => {
                peer.state = State::Lost { since: now };
                self.events
                    .push_back(Event::Disconnected { room, peer: id });
            }
            (State::Lost { .. }, IceConnectionState::Connected | IceConnectionState::Completed) => {
                peer.state = State::Connected;
                peer.replan = true;
                self.events.push_back(Event::Connected { room, peer: id });
            }
            _ => {}
        }
    }

    /// A receiver cannot go on without a keyframe.
    fn on_keyframe_request(&mut self, index: PeerIndex, now: Instant, mid: Mid) {
        let Some(peer) = self.peer(index) else {
            return;
        };
        let slot = peer.slots.iter().find(|slot| slot.mid == mid);
        let Some((owner, source, layer)) = slot.and_then(|slot| {
            let (owner, source) = slot.content?;
            Some((owner, source, slot.current.or(slot.assigned)?))
        }) else {
            return;
        };
        self.need_keyframe(owner, source, layer, now);
    }

    pub(super) fn need_keyframe(
        &mut self,
        owner: PeerIndex,
        source: Source,
        layer: usize,
        now: Instant,
    ) {
        let Some(peer) = self.peer_mut(owner) else {
            return;
        };
        let Some(layer) = peer
            .track_mut(source)
            .and_then(|track| track.layers.get_mut(layer))
        else {
            return;
        };
        let merged = layer.requests.is_needed();
        layer.requests.need();
        let asked = peer.request_keyframes(now);
        self.counters.keyframes_requested += asked;
        self.counters.keyframes_merged += u64::from(merged && asked == 0);
        if asked > 0 {
            self.mark_dirty(owner);
        }
    }

    fn on_packet(&mut self, from: PeerIndex, now: Instant, packet: &RtpPacket) {
        let Some(peer) = self.peers[from as usize].as_mut() else {
            return;
        };
        let format = peer.payloads.format(packet.header.payload_type);
        let (Some((source, layer)), Some(format)) = (peer.layer_of(packet), format) else {
            self.counters.unexpected_media += 1;
            if peer.ssrc_changes > limits::SSRC_CHANGES {
                self.counters.peers_failed += 1;
                self.forget(from, Gone::Failed);
            }
            return;
        };
        // Audio in a video section, or the other way round, would reach a decoder of the wrong kind.
        if source.is_audio() != (format.clock_rate() == 48_000) {
            self.counters.unexpected_media += 1;
            return;
        }
        if packet.payload.len() > limits::PAYLOAD_BYTES {
            self.counters.oversized += 1;
            return;
        }
        let Some(track) = peer.tracks[source.index()].as_mut() else {
            return;
        };
        if !track.bucket.takes(packet.payload.len(), now) {
            self.counters.over_bitrate += 1;
            return;
        }
        let inspected = inspect(format, &packet.payload);
        track.came(layer, packet.payload.len(), inspected.height, now);
        let of_layer = &mut track.layers[layer];
        of_layer.format = Some(format);
        if let Some(info) = packet.last_sender_info {
            of_layer.report = Some((info.ntp_time, info.rtp_time.numer() as u32));
        }
        if inspected.begins_keyframe {
            of_layer.requests.came();
        }
        let media = Media {
            number: *packet.seq_no,
            time: packet.header.timestamp,
            marker: packet.header.marker,
            audio_level: packet.header.ext_vals.audio_level,
            voice_activity: packet.header.ext_vals.voice_activity,
            orientation: packet.header.ext_vals.video_orientation,
            payload: packet.payload.clone(),
            inspected,
        };
        let first = track.fresh.is_empty();
        track.deliver(layer, media, now);
        if first {
            self.fresh.push((from, source));
        }
        if source.is_audio() {
            self.on_voice(from, source, packet.header.ext_vals.audio_level, now);
        }
    }

    fn on_voice(&mut self, from: PeerIndex, source: Source, level: Option<i8>, now: Instant) {
        let Some(room) = self.peer(from).map(|peer| peer.room) else {
            return;
        };
        let Some(room) = self.rooms.get_mut(&room) else {
            return;
        };
        if room.speakers.heard((from, source), level, now) {
            let peers = room.peers.clone();
            for peer in peers {
                self.plan_audio(peer);
            }
        }
    }

    /// Tells the receivers of what is fresh that there is something for them.
    pub(super) fn announce_fresh(&mut self) {
        let mut fresh = std::mem::take(&mut self.fresh);
        for (from, source) in fresh.drain(..) {
            // Nobody receives what it sends, so its place may be empty meanwhile.
            let Some(mut sender) = self.peers[from as usize].take() else {
                continue;
            };
            if let Some(track) = sender.track_mut(source) {
                std::mem::swap(&mut track.fresh, &mut track.handed);
                for (receiver, slot) in &track.receivers {
                    if let Some(peer) = self.peer_mut(*receiver) {
                        peer.inbox.push((from, source, *slot));
                        self.mark_dirty(*receiver);
                    }
                }
                self.handed.push((from, source));
            }
            self.peers[from as usize] = Some(sender);
        }
        self.fresh = fresh;
    }

    /// After all receivers had what is theirs.
    pub(super) fn forget_handed(&mut self) {
        let mut handed = std::mem::take(&mut self.handed);
        for (from, source) in handed.drain(..) {
            if let Some(track) = self
                .peer_mut(from)
                .and_then(|sender| sender.track_mut(source))
            {
                track.handed.clear();
            }
        }
        self.handed = handed;
    }

    /// Writes all that came for a peer into its slots: one after the other, while its connection is
    /// in the processor's cache.
    pub(super) fn take_inbox(&mut self, index: PeerIndex) {
        let Some(mut peer) = self.peers[index as usize].take() else {
            return;
        };
        let mut inbox = std::mem::take(&mut peer.inbox);
        for (from, source, slot) in inbox.drain(..) {
            if let Some(sender) = self.peer(from)
                && let Some(track) = sender.track(source)
            {
                let opus = sender.payloads.pt(Format::Opus);
                self.counters.packets_forwarded += peer.deliver((from, source), slot, track, opus);
            }
        }
        peer.inbox = inbox;
        self.peers[index as usize] = Some(peer);
    }
}

impl Peer {
    /// The layer that a packet belongs to, if it was agreed.
    fn layer_of(&mut self, packet: &RtpPacket) -> Option<(Source, usize)> {
        let ssrc = packet.header.ssrc;
        if let Some(known) = self.by_ssrc.get(&ssrc) {
            return Some(*known);
        }
        let (mid, rid) = {
            let mut api = self.rtc.direct_api();
            let stream = api.stream_rx(&ssrc)?;
            (stream.mid(), stream.rid())
        };
        self.ssrc_changes += 1;
        if self.ssrc_changes > limits::SSRC_CHANGES {
            return None;
        }
        let track = self
            .tracks
            .iter()
            .flatten()
            .find(|track| track.mid == mid)?;
        let found = (track.source, track.layer_of(rid)?);
        self.by_ssrc.retain(|_, known| *known != found);
        self.by_ssrc.insert(ssrc, found);
        Some(found)
    }

    /// Writes packets into a slot, where they are what it waits for or is in the midst of. Gives
    /// their number. `opus` is the payload type that the sender's RED names inside.
    fn deliver(
        &mut self,
        content: (PeerIndex, Source),
        slot: usize,
        track: &Track,
        opus: Option<Pt>,
    ) -> u64 {
        let Some(slot) = self.slots.get_mut(slot) else {
            return 0;
        };
        // It may have been given to another meanwhile.
        if slot.content != Some(content) {
            return 0;
        }
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx(&slot.ssrc) else {
            return 0;
        };
        let waits_since = stream.queue_info().and_then(|queue| queue.first_unsent());
        let mut delivered = 0;
        for delivery in &track.handed {
            // The smallest there is goes on whatever happens: the pacer catches up by itself.
            if slot.current > Some(0) && is_behind(waits_since, delivery.came) {
                slot.current = None;
                continue;
            }
            if let Some(write) = slot.write(delivery, track, &self.payloads, opus) {
                stream.write_rtp(write);
                delivered += 1;
            }
        }
        delivered
    }
}

impl OutSlot {
    fn write(
        &mut self,
        delivery: &Delivery,
        track: &Track,
        payloads: &Payloads,
        opus: Option<Pt>,
    ) -> Option<RtpWrite> {
        let packet = &delivery.media;
        let format = packet.inspected.format;
        let (pt, payload) = match format {
            Format::Red => {
                let inner_fits = payloads.pt(Format::Opus) == opus;
                match payloads.pt(Format::Red).filter(|_| inner_fits) {
                    Some(pt) => (pt, None),
                    None => (payloads.pt(Format::Opus)?, Some(delivery.without_red()?)),
                }
            }
            format => (payloads.pt(format)?, None),
        };
        let out = self.admit(delivery, track)?;
        let payload = payload.unwrap_or_else(|| packet.payload.clone());
        let extensions = ExtensionValues {
            audio_level: packet.audio_level,
            voice_activity: packet.voice_activity,
            video_orientation: packet.orientation,
            ..ExtensionValues::default()
        };
        let write = RtpWrite::new(pt, out.number.into(), out.time, delivery.came, payload)
            .marker(packet.marker)
            .ext_vals(extensions)
            .nackable(!self.audio);
        Some(
            match packet.inspected.vp8.and_then(|vp8| patch(vp8, &out)) {
                Some(patch) => write.vp8_patch(patch),
                None => write,
            },
        )
    }

    fn admit(&mut self, delivery: &Delivery, track: &Track) -> Option<Outgoing> {
        let (layer, packet, now) = (delivery.layer, &delivery.media, delivery.came);
        let vp8 = packet.inspected.vp8;
        let incoming = Incoming {
            number: packet.number,
            time: packet.time,
            picture_id: vp8.and_then(|vp8| vp8.picture_id()),
            base_layer: vp8.and_then(|vp8| vp8.tl0_pic_idx()),
        };
        if delivery.began_with.is_some() {
            let began = self.rewriter.began_with();
            if self.current != Some(layer) || began != delivery.began_with {
                return None;
            }
        } else if self.current != Some(layer) {
            if self.assigned != Some(layer) || !packet.inspected.begins_keyframe {
                return None;
            }
            let aligned = self
                .current
                .and_then(|current| track.align(layer, current, incoming.time))
                .and_then(|time| self.rewriter.translate(time));
            let rate = packet.inspected.format.clock_rate();
            self.rewriter.switch(incoming, aligned, rate, now);
            self.current = Some(layer);
        }
        let out = self.rewriter.rewrite(incoming, now);
        if !self.rewriter.is_running() {
            self.current = None;
        }
        out
    }

    pub fn empty(&mut self) {
        self.content = None;
        self.assigned = None;
        self.current = None;
        self.wished = None;
        self.rewriter.stop();
    }
}

/// The path became narrower than what is sent, and the pacer holds back what does not fit. More of
/// the same would only be late: a keyframe of what fits, once the rest is out, shows sooner.
fn is_behind(waits_since: Option<Instant>, now: Instant) -> bool {
    waits_since.is_some_and(|at| now.saturating_duration_since(at) > limits::QUEUE)
}

/// The ids of a receiver in the place of the sender's. Senders with 7 bit picture ids keep that
/// width.
fn patch(vp8: Vp8Descriptor, out: &Outgoing) -> Option<Vp8Patch> {
    let build = |mask: u16| {
        let mut builder = vp8.patch();
        if let Some(id) = out.picture_id {
            builder = builder.picture_id(id & mask);
        }
        if let Some(id) = out.base_layer {
            builder = builder.tl0_pic_idx(id);
        }
        builder.build()
    };
    build(0x7fff).or_else(|_| build(0x7f)).ok()
}
