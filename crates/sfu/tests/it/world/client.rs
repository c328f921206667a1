//! A browser, as far as its connection goes.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use str0m::{
    Candidate, Event, IceConnectionState, Input, Output, Rtc,
    change::{SdpAnswer, SdpPendingOffer},
    format::Codec,
    media::{Direction, KeyframeRequestKind, MediaKind, Mid, Pt, Rid, Simulcast, SimulcastLayer},
    net::{Protocol, Receive},
    rtp::{ExtensionValues, RtpWrite},
};
use wecall_protocol::PeerId;

use super::{
    Random,
    camera::{Encoder, Packet},
    checker::Checker,
    link::Link,
    peer_id, server,
};

const OPUS_FRAME: Duration = Duration::from_millis(20);

pub struct Client {
    pub id: PeerId,
    pub number: u8,
    pub rtc: Rtc,
    pub up: Link,
    pub down: Link,
    pub address: SocketAddr,
    pub connected: bool,
    pub closed: bool,
    pub lost: bool,
    /// What was decoded, by slot.
    pub video: HashMap<Mid, Checker>,
    /// Senders whose voice came, by slot, and how many packets.
    pub audio: HashMap<Mid, HashMap<u8, u64>>,
    pub video_slots: Vec<Mid>,
    pub encoders: Vec<(Mid, Option<Rid>, Encoder)>,
    pub microphone: Option<Mid>,
    /// What it says, in dBov.
    pub level: i8,
    pub keyframes_asked: usize,
    pub last_offer: String,
    plan: Vec<Planned>,
    outgoing: Vec<Vec<u8>>,
    now: Instant,
    pending: Option<SdpPendingOffer>,
    voice: u64,
    next_voice: Instant,
}

impl Client {
    pub fn new(number: u8, now: Instant) -> Self {
        let address = SocketAddr::from(([192, 0, 2, number], 40_000));
        let mut rtc = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .build(now);
        rtc.add_local_candidate(Candidate::host(address, "udp").expect("a candidate"));
        Self {
            id: peer_id(number),
            number,
            rtc,
            up: Link::new(),
            down: Link::new(),
            address,
            connected: false,
            closed: false,
            lost: false,
            video: HashMap::new(),
            audio: HashMap::new(),
            video_slots: Vec::new(),
            encoders: Vec::new(),
            microphone: None,
            level: -20,
            keyframes_asked: 0,
            last_offer: String::new(),
            plan: Vec::new(),
            outgoing: Vec::new(),
            now,
            pending: None,
            voice: 0,
            next_voice: now,
        }
    }

    pub fn adds_microphone(&mut self) {
        self.plan.push(Planned::Microphone);
    }

    /// No layers is a camera without simulcast.
    pub fn adds_camera(&mut self, layers: &[&str]) {
        self.plan.push(Planned::Video(
            layers.iter().map(|name| (*name).to_owned()).collect(),
        ));
    }

    pub fn adds_slots(&mut self, video: usize, audio: usize) {
        self.plan
            .extend((0..video).map(|_| Planned::Slot(MediaKind::Video)));
        self.plan
            .extend((0..audio).map(|_| Planned::Slot(MediaKind::Audio)));
    }

    /// An offer of all that was added since the last one.
    pub fn offer(&mut self) -> String {
        self.make_offer(false)
    }

    pub fn restart_offer(&mut self) -> String {
        self.make_offer(true)
    }

    fn make_offer(&mut self, restart: bool) -> String {
        let plan = std::mem::take(&mut self.plan);
        let mut api = self.rtc.sdp_api();
        if restart {
            api.ice_restart(true);
        }
        let mut added = Vec::new();
        for planned in &plan {
            let mid = match planned {
                Planned::Microphone => {
                    api.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None)
                }
                Planned::Video(layers) => {
                    let simulcast = (!layers.is_empty()).then(|| {
                        let mut simulcast = Simulcast::new();
                        layers
                            .iter()
                            .for_each(|rid| simulcast.add_send_layer(SimulcastLayer::new(rid)));
                        simulcast
                    });
                    api.add_media(MediaKind::Video, Direction::SendOnly, None, None, simulcast)
                }
                Planned::Slot(kind) => api.add_media(*kind, Direction::RecvOnly, None, None, None),
            };
            added.push(mid);
        }
        let (offer, pending) = api.apply().expect("something changed");
        self.pending = Some(pending);
        for (planned, mid) in plan.iter().zip(added) {
            self.added(planned, mid);
        }
        self.last_offer = offer.to_sdp_string();
        self.last_offer.clone()
    }

    fn added(&mut self, planned: &Planned, mid: Mid) {
        match planned {
            Planned::Microphone => self.microphone = Some(mid),
            Planned::Slot(MediaKind::Video) => self.video_slots.push(mid),
            Planned::Slot(MediaKind::Audio) => {}
            Planned::Video(layers) if layers.is_empty() => {
                let encoder = Encoder::new(self.number, 9, 1_500_000, 720, self.now);
                self.encoders.push((mid, None, encoder));
            }
            Planned::Video(layers) => {
                for (rank, name) in layers.iter().enumerate() {
                    let (rate, height) = [(150_000, 180), (500_000, 360), (1_500_000, 720)][rank];
                    let encoder = Encoder::new(self.number, rank as u8, rate, height, self.now);
                    self.encoders
                        .push((mid, Some(Rid::from(name.as_str())), encoder));
                }
            }
        }
    }

    pub fn answer(&mut self, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).expect("the answer can be read");
        let pending = self.pending.take().expect("an offer is pending");
        self.rtc
            .sdp_api()
            .accept_answer(pending, answer)
            .expect("the answer fits");
    }

    pub fn owns(&self, address: SocketAddr) -> bool {
        self.address == address
    }

    /// The network gave it another address.
    pub fn moves_to(&mut self, address: SocketAddr) {
        self.address = address;
        let candidate = Candidate::host(address, "udp").expect("a candidate");
        self.rtc.add_local_candidate(candidate);
    }

    fn pt(&self, codec: Codec) -> Option<Pt> {
        let params = self.rtc.codec_config().params().iter();
        params
            .filter(|params| params.spec().codec == codec)
            .map(|params| params.pt())
            .next()
    }

    /// Camera and microphone.
    pub fn step(&mut self, now: Instant) {
        self.now = now;
        if !self.connected {
            return;
        }
        let Some(pt) = self.pt(Codec::Vp8) else {
            return;
        };
        let mut encoders = std::mem::take(&mut self.encoders);
        for (mid, rid, encoder) in &mut encoders {
            for packet in encoder.frame(now) {
                self.write(*mid, *rid, pt, packet, true, ExtensionValues::default());
            }
        }
        self.encoders = encoders;
        self.speak(now);
    }

    fn speak(&mut self, now: Instant) {
        let (Some(mid), Some(pt)) = (self.microphone, self.pt(Codec::Opus)) else {
            return;
        };
        if now < self.next_voice {
            return;
        }
        self.next_voice = now + OPUS_FRAME;
        self.voice += 1;
        let packet = Packet {
            number: 65_500 + self.voice,
            time: (self.voice * 960) as u32,
            marker: false,
            payload: vec![self.number; 80],
        };
        let extensions = ExtensionValues {
            audio_level: Some(self.level),
            voice_activity: Some(self.level > -40),
            ..ExtensionValues::default()
        };
        self.write(mid, None, pt, packet, false, extensions);
    }

    pub fn write(
        &mut self,
        mid: Mid,
        rid: Option<Rid>,
        pt: Pt,
        packet: Packet,
        nackable: bool,
        extensions: ExtensionValues,
    ) {
        let now = self.now;
        let mut api = self.rtc.direct_api();
        if let Some(stream) = api.stream_tx_by_mid(mid, rid) {
            let payload: Arc<[u8]> = packet.payload.into();
            // The first number decides the rollover counter, which a receiver takes to be 0.
            stream.write_rtp(
                RtpWrite::new(pt, packet.number.into(), packet.time, now, payload)
                    .marker(packet.marker)
                    .nackable(nackable)
                    .ext_vals(extensions),
            );
        }
    }

    pub fn receive(&mut self, now: Instant, source: SocketAddr, contents: &[u8]) {
        let receive = Receive::new(Protocol::Udp, source, self.address, contents);
        let Ok(receive) = receive else {
            panic!("the server sent what is nothing");
        };
        // One that closed takes nothing any more.
        drop(self.rtc.handle_input(Input::Receive(now, receive)));
        self.poll(now);
    }

    pub fn drain(&mut self, now: Instant, random: &mut Random) {
        drop(self.rtc.handle_input(Input::Timeout(now)));
        self.poll(now);
        for contents in std::mem::take(&mut self.outgoing) {
            self.up.send(now, random, self.address, contents);
        }
    }

    fn poll(&mut self, now: Instant) {
        while let Ok(output) = self.rtc.poll_output() {
            match output {
                Output::Timeout(at) if at <= now && self.rtc.is_alive() => {
                    drop(self.rtc.handle_input(Input::Timeout(now)));
                }
                Output::Timeout(_) => break,
                Output::Transmit(transmit) => {
                    if transmit.destination == server() && transmit.source == self.address {
                        self.outgoing.push(transmit.contents.into());
                    }
                }
                Output::Event(event) => self.on_event(event),
            }
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Connected => self.connected = true,
            Event::Closed => self.closed = true,
            Event::IceConnectionStateChange(state) => {
                self.lost = state == IceConnectionState::Disconnected
            }
            Event::KeyframeRequest(request) => {
                self.keyframes_asked += 1;
                let asked = self
                    .encoders
                    .iter_mut()
                    .filter(|(mid, rid, _)| (*mid, *rid) == (request.mid, request.rid));
                asked.for_each(|(_, _, encoder)| encoder.keyframe_wanted = true);
            }
            Event::RtpPacket(packet) => {
                let Some(mid) = self
                    .rtc
                    .direct_api()
                    .stream_rx(&packet.header.ssrc)
                    .map(|stream| stream.mid())
                else {
                    return;
                };
                if self.video_slots.contains(&mid) {
                    let checker = self.video.entry(mid).or_default();
                    if checker.is_stuck()
                        && let Some(stream) = self.rtc.direct_api().stream_rx(&packet.header.ssrc)
                    {
                        // The beginning came before the keys to it, and is lost. A browser asks too.
                        stream.request_keyframe(KeyframeRequestKind::Pli);
                    }
                    checker.saw(
                        *packet.seq_no,
                        packet.header.timestamp,
                        packet.header.marker,
                        &packet.payload,
                    );
                } else {
                    let voices = self.audio.entry(mid).or_default();
                    *voices.entry(packet.payload[0]).or_default() += 1;
                }
            }
            _ => {}
        }
    }

    /// Whose voices it heard.
    pub fn heard(&self) -> Vec<u8> {
        let mut heard: Vec<u8> = self
            .audio
            .values()
            .flat_map(|voices| voices.keys().copied())
            .collect();
        heard.sort_unstable();
        heard.dedup();
        heard
    }

    /// The slot in which the sender's picture is now.
    pub fn shows(&self, sender: u8) -> Option<u8> {
        let newest = self.video.values().filter_map(Checker::newest);
        newest
            .filter(|(from, _)| *from == sender)
            .map(|(_, layer)| layer)
            .next()
    }

    pub fn frames(&self) -> usize {
        self.video
            .values()
            .map(|checker| checker.check().frames)
            .sum()
    }
}

enum Planned {
    Microphone,
    Video(Vec<String>),
    Slot(MediaKind),
}
