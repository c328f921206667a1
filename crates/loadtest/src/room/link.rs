//! One connection of a participant: to another one, or to the room's media server.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::Arc,
    time::{Duration, Instant},
};

use str0m::{
    Candidate, Event, IceConnectionState, Input, Output, Rtc,
    change::{SdpAnswer, SdpOffer, SdpPendingOffer},
    format::Codec,
    media::{Direction, KeyframeRequestKind, MediaKind, Mid, Pt, Rid, Simulcast, SimulcastLayer},
    net::{Protocol, Receive},
    rtp::{ExtensionValues, RtpPacket, RtpWrite},
};

use crate::{
    error::{During, Error},
    room::{
        camera::{Film, Packet, SILENT, SPEAKING, Voice},
        clip::{Clips, Layer},
        frames::Frames,
        sdp,
    },
};

/// The largest datagram that comes without being split.
const RECEIVE_BYTES: usize = 2_048;

/// Datagrams read in one go, so that other connections have their turn.
const BURST: usize = 64;

/// What can be told of a picture that does not come on for so long: a browser waits as long before
/// it asks for a keyframe.
const STUCK_FOR: Duration = Duration::from_millis(300);

/// What one reading or waking has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    Connected,
    /// A packet of a picture, and how many frames can be decoded with it.
    Picture(Mid, usize),
    Sound(Mid),
    /// Nothing comes any more.
    Lost,
}

pub struct Link {
    pub socket: UdpSocket,
    own: SocketAddr,
    rtc: Rtc,
    pub deadline: Instant,
    pub connected: bool,
    pending: Option<SdpPendingOffer>,
    films: Vec<(Mid, Option<Rid>, Film)>,
    voice: Option<(Mid, Voice)>,
    pictures: HashMap<Mid, Picture>,
}

struct Picture {
    frames: Frames,
    moved_at: Instant,
    asked_at: Instant,
}

impl Link {
    pub fn open(ip: IpAddr, now: Instant) -> Result<Self, Error> {
        let socket = UdpSocket::bind((ip, 0)).during("opening a socket")?;
        let own = socket.local_addr().during("opening a socket")?;
        let nonblocking = socket.set_nonblocking(true);
        nonblocking.during("preparing a socket")?;
        let mut rtc = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .build(now);
        let candidate =
            Candidate::host(own, "udp").map_err(|error| Error::Media(error.to_string()))?;
        rtc.add_local_candidate(candidate);
        Ok(Self {
            socket,
            own,
            rtc,
            deadline: now,
            connected: false,
            pending: None,
            films: Vec::new(),
            voice: None,
            pictures: HashMap::new(),
        })
    }

    /// As the newcomer offers to another participant: a section for each thing that is sent, and
    /// one for each that the other one may send. Gives what is sent and received by `a=mid`.
    pub fn offer_to_participant(
        &mut self,
        video: bool,
    ) -> Result<(String, [Vec<String>; 2]), Error> {
        let mut api = self.rtc.sdp_api();
        let mut add = |kind, direction| api.add_media(kind, direction, None, None, None);
        let voice = add(MediaKind::Audio, Direction::SendOnly);
        let camera = video.then(|| add(MediaKind::Video, Direction::SendOnly));
        let mut receives = vec![add(MediaKind::Audio, Direction::RecvOnly).to_string()];
        receives.push(add(MediaKind::Video, Direction::RecvOnly).to_string());
        let (offer, pending) = api.apply().ok_or_else(nothing)?;
        self.pending = Some(pending);
        self.voice = Some((voice, Voice::default()));
        let mut sends = vec![voice.to_string()];
        if let Some(camera) = camera {
            self.films.push((camera, None, Film::new(Layer::Half)));
            sends.push(camera.to_string());
        }
        Ok((offer.to_sdp_string(), [sends, receives]))
    }

    /// The offer to a media server: microphone, camera, then slots.
    pub fn offer_to_media(
        &mut self,
        layers: &[Layer],
        slots: (usize, usize),
    ) -> Result<String, Error> {
        let mut api = self.rtc.sdp_api();
        let voice = api.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        let camera = (!layers.is_empty()).then(|| {
            let mut simulcast = Simulcast::new();
            for layer in layers {
                simulcast.add_send_layer(SimulcastLayer::new(layer.rid()));
            }
            let direction = Direction::SendOnly;
            api.add_media(MediaKind::Video, direction, None, None, Some(simulcast))
        });
        for _ in 0..slots.0 {
            api.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        }
        for _ in 0..slots.1 {
            api.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
        }
        let (offer, pending) = api.apply().ok_or_else(nothing)?;
        self.pending = Some(pending);
        self.voice = Some((voice, Voice::default()));
        for (camera, layer) in camera
            .iter()
            .flat_map(|mid| layers.iter().map(move |l| (*mid, *l)))
        {
            let film = Film::new(layer);
            self.films.push((camera, Some(layer.rid().into()), film));
        }
        Ok(offer.to_sdp_string())
    }

    /// The answer to another participant's offer; camera and microphone go where it has a section
    /// for them. Gives what is sent, by `a=mid`.
    pub fn answer(
        &mut self,
        offer: &str,
        video: bool,
        now: Instant,
    ) -> Result<(String, Vec<(String, bool)>), Error> {
        let parsed = SdpOffer::from_sdp_string(offer).map_err(media)?;
        let answer = self.rtc.sdp_api().accept_offer(parsed).map_err(media)?;
        self.pending = None;
        self.deadline = now;
        for section in sdp::sections(offer).iter().filter(|one| one.receives) {
            let mid = Mid::from(section.mid.as_str());
            if section.audio && self.voice.is_none() {
                self.voice = Some((mid, Voice::default()));
            } else if !section.audio && video && self.films.is_empty() {
                self.films.push((mid, None, Film::new(Layer::Half)));
            }
        }
        let voice = self.voice.iter().map(|(mid, _)| (mid.to_string(), true));
        let films = self.films.iter().map(|(mid, ..)| (mid.to_string(), false));
        Ok((answer.to_sdp_string(), voice.chain(films).collect()))
    }

    pub fn take_answer(&mut self, answer: &str, now: Instant) -> Result<(), Error> {
        let Some(pending) = self.pending.take() else {
            return Ok(());
        };
        self.deadline = now;
        let answer = SdpAnswer::from_sdp_string(answer).map_err(media)?;
        let accepted = self.rtc.sdp_api().accept_answer(pending, answer);
        accepted.map_err(media)
    }

    pub fn awaits_answer(&self) -> bool {
        self.pending.is_some()
    }

    /// One that cannot be read, or whose name only its own network knows, is passed over: ICE does
    /// with the others.
    pub fn add_candidate(&mut self, line: &str, now: Instant) {
        if let Ok(candidate) = Candidate::from_sdp_string(line) {
            self.rtc.add_remote_candidate(candidate);
            self.deadline = now;
        }
    }

    /// Which layers are sent from now on.
    pub fn set_needed(&mut self, rids: &[String]) {
        for (_, rid, film) in &mut self.films {
            let name = rid.as_ref().map(|rid| &**rid).unwrap_or_default();
            film.set_needed(rids.iter().any(|one| one == name));
        }
    }

    /// The camera's frame of the moment.
    pub fn film(&mut self, clips: &Clips, time: u32, per_second: u32, now: Instant) {
        let Some(pt) = self.pt(Codec::Vp8).filter(|_| self.connected) else {
            return;
        };
        let mut films = std::mem::take(&mut self.films);
        for (mid, rid, film) in films.iter_mut().filter(|(.., film)| film.needed) {
            for packet in film.packets(clips, time, per_second) {
                let extensions = ExtensionValues::default();
                self.write((*mid, *rid), pt, packet, extensions, now);
            }
        }
        self.films = films;
        self.deadline = now;
    }

    /// The next 20 ms of the microphone.
    pub fn speak(&mut self, clips: &Clips, speaks: bool, now: Instant) {
        let Some(pt) = self.pt(Codec::Opus).filter(|_| self.connected) else {
            return;
        };
        let Some((mid, voice)) = &mut self.voice else {
            return;
        };
        let mid = *mid;
        if let Some(packet) = voice.packet(clips, speaks) {
            let extensions = ExtensionValues {
                audio_level: Some(if speaks { SPEAKING } else { SILENT }),
                voice_activity: Some(speaks),
                ..ExtensionValues::default()
            };
            self.write((mid, None), pt, packet, extensions, now);
            self.deadline = now;
        }
    }

    fn pt(&self, codec: Codec) -> Option<Pt> {
        let mut params = self.rtc.codec_config().params().iter();
        params
            .find(|params| params.spec().codec == codec)
            .map(|params| params.pt())
    }

    fn write(
        &mut self,
        (mid, rid): (Mid, Option<Rid>),
        pt: Pt,
        packet: Packet,
        extensions: ExtensionValues,
        now: Instant,
    ) {
        let mut api = self.rtc.direct_api();
        if let Some(stream) = api.stream_tx_by_mid(mid, rid) {
            let payload: Arc<[u8]> = packet.payload.into();
            stream.write_rtp(
                RtpWrite::new(pt, packet.number.into(), packet.time, now, payload)
                    .marker(packet.marker)
                    .nackable(rid.is_some() || extensions.audio_level.is_none())
                    .ext_vals(extensions),
            );
        }
    }

    /// Reads what has come, up to a burst of it.
    pub fn read(&mut self, now: Instant, heard: &mut Vec<Heard>) -> Result<(), Error> {
        let mut buffer = [0; RECEIVE_BYTES];
        for _ in 0..BURST {
            let (length, source) = match self.socket.recv_from(&mut buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // An ICMP message: the other end has closed its socket, which ICE finds out.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
                Err(error) => return Err(error).during("receiving media"),
            };
            // Anyone may send to a port of ours.
            let Ok(receive) = Receive::new(Protocol::Udp, source, self.own, &buffer[..length])
            else {
                continue;
            };
            let handled = self.rtc.handle_input(Input::Receive(now, receive));
            handled.map_err(media)?;
            self.drain(now, heard)?;
        }
        Ok(())
    }

    pub fn wake(&mut self, now: Instant, heard: &mut Vec<Heard>) -> Result<(), Error> {
        self.rtc.handle_input(Input::Timeout(now)).map_err(media)?;
        self.drain(now, heard)?;
        self.ask_for_keyframes(now);
        Ok(())
    }

    fn drain(&mut self, now: Instant, heard: &mut Vec<Heard>) -> Result<(), Error> {
        loop {
            match self.rtc.poll_output().map_err(media)? {
                Output::Timeout(at) if at <= now && self.rtc.is_alive() => {
                    self.rtc.handle_input(Input::Timeout(now)).map_err(media)?;
                }
                Output::Timeout(at) => {
                    self.deadline = at;
                    return Ok(());
                }
                Output::Transmit(transmit) => {
                    // A full queue of the kernel is a lost datagram, and shows as one.
                    drop(
                        self.socket
                            .send_to(&transmit.contents, transmit.destination),
                    );
                }
                Output::Event(event) => self.on_event(event, now, heard),
            }
        }
    }

    fn on_event(&mut self, event: Event, now: Instant, heard: &mut Vec<Heard>) {
        match event {
            Event::Connected => {
                self.connected = true;
                heard.push(Heard::Connected);
            }
            Event::Closed | Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                heard.push(Heard::Lost);
            }
            Event::KeyframeRequest(request) => {
                let asked = |(mid, rid, _): &&mut (Mid, Option<Rid>, Film)| {
                    (*mid, *rid) == (request.mid, request.rid)
                };
                let films = self.films.iter_mut().filter(asked);
                films.for_each(|(.., film)| film.restart());
            }
            Event::RtpPacket(packet) => self.saw(&packet, now, heard),
            _ => {}
        }
    }

    fn saw(&mut self, packet: &RtpPacket, now: Instant, heard: &mut Vec<Heard>) {
        let mut api = self.rtc.direct_api();
        let Some(mid) = api.stream_rx(&packet.header.ssrc).map(|one| one.mid()) else {
            return;
        };
        let kind = self.rtc.media(mid).map(|media| media.kind());
        if kind == Some(MediaKind::Audio) {
            heard.push(Heard::Sound(mid));
            return;
        }
        let picture = self.pictures.entry(mid).or_insert_with(|| Picture {
            frames: Frames::default(),
            moved_at: now,
            asked_at: now,
        });
        let header = &packet.header;
        let number = *packet.seq_no;
        let decoded = picture
            .frames
            .saw(&packet.payload, number, header.timestamp, header.marker);
        if decoded > 0 {
            picture.moved_at = now;
        }
        heard.push(Heard::Picture(mid, decoded));
    }

    fn ask_for_keyframes(&mut self, now: Instant) {
        for (mid, picture) in &mut self.pictures {
            let is_due = picture.frames.is_waiting()
                && now.saturating_duration_since(picture.moved_at) > STUCK_FOR
                && now.saturating_duration_since(picture.asked_at) > STUCK_FOR;
            if is_due && let Some(stream) = self.rtc.direct_api().stream_rx_by_mid(*mid, None) {
                stream.request_keyframe(KeyframeRequestKind::Pli);
                picture.asked_at = now;
            }
        }
    }
}

fn media(error: impl std::error::Error) -> Error {
    Error::Media(error.to_string())
}

fn nothing() -> Error {
    Error::Media("nothing to offer".into())
}
