//! One connection of the crowd: a publisher's, a viewer's or a participant's.

use std::{
    io::{self, IoSliceMut},
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use quinn_udp::{RecvMeta, UdpSockRef, UdpSocketState};
use str0m::{
    Candidate, Event, Input, Output, Rtc,
    change::{SdpAnswer, SdpPendingOffer},
    format::Codec,
    media::{Direction, MediaKind, Mid, Pt, Simulcast, SimulcastLayer},
    net::{Protocol, Receive},
    rtp::Ssrc,
};

use crate::{
    clock,
    error::{During, Error},
    media::{
        camera::{Camera, SIMULCAST, STAMP, Voice},
        whip,
    },
    stats::Latencies,
};

/// GRO joins up to 64 datagrams.
const RECEIVE_BYTES: usize = 64 * 1_500;

/// Wakes of a connection are at least this far apart: the crowd is large, its acknowledgements can
/// wait.
const WAKES_APART: Duration = Duration::from_millis(4);

/// What a connection is for.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// One camera in one layer, by WHIP.
    Publisher,
    /// Only watches, by WHEP.
    Viewer { slots: usize },
    /// A camera in three layers and a microphone of this level; watches, and hears four voices.
    Member { slots: usize, level: i8 },
}

/// Voices that a participant hears, as the web client asks for.
const VOICES: usize = 4;

pub struct Peer {
    pub socket: UdpSocket,
    state: UdpSocketState,
    rtc: Rtc,
    own: SocketAddr,
    pub deadline: Instant,
    /// What the connection was told last.
    time: Instant,
    pub connected: bool,
    camera: Option<Camera>,
    voice: Option<Voice>,
    /// The highest number of each stream that came.
    highest: Vec<(Ssrc, u64)>,
    pub packets: u64,
    /// Numbers that never came.
    pub holes: u64,
}

pub struct Shared<'a> {
    pub buffer: &'a mut Vec<u8>,
    pub latencies: &'a mut Latencies,
    /// Only then do packets count.
    pub measuring: bool,
}

impl Peer {
    pub fn join(server: SocketAddr, room: &str, part: Part, now: Instant) -> Result<Self, Error> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).during("opening a socket")?;
        let own = socket.local_addr().during("opening a socket")?;
        let state = UdpSocketState::new(UdpSockRef::from(&socket)).during("preparing a socket")?;
        let mut rtc = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .set_rtcp_report_interval_video(Duration::from_secs(5))
            .build(now);
        let candidate = Candidate::host(own, "udp").map_err(media)?;
        rtc.add_local_candidate(candidate);
        let (camera, microphone, offer, pending) = offer(&mut rtc, part)?;
        let path = match part {
            Part::Publisher => format!("/whip/{room}"),
            Part::Viewer { .. } => format!("/whep/{room}"),
            Part::Member { .. } => format!("/join/{room}"),
        };
        let answer = whip::post(server, &path, &offer)?;
        let answer = SdpAnswer::from_sdp_string(&answer).map_err(media)?;
        let accepted = rtc.sdp_api().accept_answer(pending, answer);
        accepted.map_err(media)?;
        let simulcast = matches!(part, Part::Member { .. });
        let camera = match camera {
            Some(mid) => Some(Camera::new(mid, payload_type(&rtc, Codec::Vp8)?, simulcast)),
            None => None,
        };
        let voice = match (microphone, part) {
            (Some(mid), Part::Member { level, .. }) => {
                Some(Voice::new(mid, payload_type(&rtc, Codec::Opus)?, level))
            }
            _ => None,
        };
        Ok(Self {
            socket,
            state,
            rtc,
            own,
            deadline: now,
            time: now,
            connected: false,
            camera,
            voice,
            highest: Vec::new(),
            packets: 0,
            holes: 0,
        })
    }

    /// Sends one frame of each layer.
    pub fn send_frame(&mut self, now: Instant, shared: &mut Shared<'_>) -> Result<(), Error> {
        match &mut self.camera {
            Some(camera) if self.connected => {
                camera.write(&mut self.rtc, now, clock::since_epoch().as_nanos() as u64);
                self.wake(now, shared)
            }
            _ => Ok(()),
        }
    }

    pub fn speak(&mut self, now: Instant, shared: &mut Shared<'_>) -> Result<(), Error> {
        match &mut self.voice {
            Some(voice) if self.connected => {
                voice.write(&mut self.rtc, now, clock::since_epoch().as_nanos() as u64);
                self.wake(now, shared)
            }
            _ => Ok(()),
        }
    }

    pub fn wake(&mut self, now: Instant, shared: &mut Shared<'_>) -> Result<(), Error> {
        self.time = self.time.max(now);
        let handled = self.rtc.handle_input(Input::Timeout(self.time));
        handled.map_err(media)?;
        self.drain(None, shared)
    }

    /// Reads all that has come.
    pub fn read(&mut self, now: Instant, shared: &mut Shared<'_>) -> Result<(), Error> {
        loop {
            let mut buffer = std::mem::take(shared.buffer);
            buffer.resize(RECEIVE_BYTES, 0);
            let mut metas = [RecvMeta::default()];
            let received = self.state.recv(
                UdpSockRef::from(&self.socket),
                &mut [IoSliceMut::new(&mut buffer)],
                &mut metas,
            );
            let result = match received {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    *shared.buffer = buffer;
                    return Ok(());
                }
                Err(error) => Err(error).during("receiving media"),
                Ok(_) => buffer[..metas[0].len]
                    .chunks(metas[0].stride.max(1))
                    .try_for_each(|contents| self.receive(now, &metas[0], contents, shared)),
            };
            *shared.buffer = buffer;
            result?;
        }
    }

    fn receive(
        &mut self,
        now: Instant,
        meta: &RecvMeta,
        contents: &[u8],
        shared: &mut Shared<'_>,
    ) -> Result<(), Error> {
        let receive = Receive::new(Protocol::Udp, meta.addr, self.own, contents).map_err(media)?;
        // What the kernel says, as the crowd itself may read it late, and would acknowledge a path
        // that becomes congested.
        let read = clock::since_epoch();
        let came = meta.timestamp.unwrap_or(read);
        let waited = read.saturating_sub(came);
        self.time = self.time.max(now.checked_sub(waited).unwrap_or(now));
        let handled = self.rtc.handle_input(Input::Receive(self.time, receive));
        handled.map_err(media)?;
        self.drain(Some(came), shared)
    }

    fn drain(&mut self, came: Option<Duration>, shared: &mut Shared<'_>) -> Result<(), Error> {
        let now = self.time;
        loop {
            match self.rtc.poll_output().map_err(media)? {
                Output::Timeout(at) if at <= now => {
                    let handled = self.rtc.handle_input(Input::Timeout(now));
                    handled.map_err(media)?;
                }
                Output::Timeout(at) => {
                    self.deadline = at.max(now + WAKES_APART);
                    return Ok(());
                }
                Output::Transmit(transmit) => {
                    // A full queue of the kernel is a lost datagram, and shows as one.
                    drop(
                        self.socket
                            .send_to(&transmit.contents, transmit.destination),
                    );
                }
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(Event::KeyframeRequest(request)) => {
                    if let Some(camera) = &mut self.camera {
                        camera.want_keyframe(request.rid);
                    }
                }
                Output::Event(Event::RtpPacket(packet)) => {
                    let (ssrc, number) = (packet.header.ssrc, *packet.seq_no);
                    self.saw(ssrc, number, &packet.payload, came, shared);
                }
                Output::Event(_) => {}
            }
        }
    }

    fn saw(
        &mut self,
        ssrc: Ssrc,
        number: u64,
        payload: &[u8],
        came: Option<Duration>,
        shared: &mut Shared<'_>,
    ) {
        match self.highest.iter_mut().find(|(other, _)| *other == ssrc) {
            Some((_, highest)) if number > *highest => {
                if shared.measuring {
                    self.holes += number - *highest - 1;
                }
                *highest = number;
            }
            // It filled a hole.
            Some(_) if shared.measuring => self.holes = self.holes.saturating_sub(1),
            Some(_) => {}
            None => self.highest.push((ssrc, number)),
        }
        if !shared.measuring {
            return;
        }
        self.packets += 1;
        if let (Some(came), Some(stamp)) = (came, payload.get(STAMP)) {
            let stamp = u64::from_be_bytes(stamp.try_into().expect("eight bytes"));
            shared
                .latencies
                .record(came.saturating_sub(Duration::from_nanos(stamp)));
        }
    }
}

type Offered = (Option<Mid>, Option<Mid>, String, SdpPendingOffer);

/// Camera, microphone and slots of a part, in the order that the engine takes them in.
fn offer(rtc: &mut Rtc, part: Part) -> Result<Offered, Error> {
    use Direction::{RecvOnly, SendOnly};
    let mut api = rtc.sdp_api();
    let (mut camera, mut microphone) = (None, None);
    let (slots, voices) = match part {
        Part::Publisher => {
            camera = Some(api.add_media(MediaKind::Video, SendOnly, None, None, None));
            (0, 0)
        }
        Part::Viewer { slots } => (slots, 0),
        Part::Member { slots, .. } => {
            microphone = Some(api.add_media(MediaKind::Audio, SendOnly, None, None, None));
            let mut simulcast = Simulcast::new();
            for rid in SIMULCAST {
                simulcast.add_send_layer(SimulcastLayer::new(rid));
            }
            let mid = api.add_media(MediaKind::Video, SendOnly, None, None, Some(simulcast));
            camera = Some(mid);
            (slots, VOICES)
        }
    };
    for _ in 0..slots {
        api.add_media(MediaKind::Video, RecvOnly, None, None, None);
    }
    for _ in 0..voices {
        api.add_media(MediaKind::Audio, RecvOnly, None, None, None);
    }
    let (offer, pending) = api
        .apply()
        .ok_or_else(|| Error::Media("nothing to offer".into()))?;
    Ok((camera, microphone, offer.to_sdp_string(), pending))
}

fn payload_type(rtc: &Rtc, codec: Codec) -> Result<Pt, Error> {
    let mut params = rtc.codec_config().params().iter();
    let found = params.find(|params| params.spec().codec == codec);
    found
        .map(|params| params.pt())
        .ok_or_else(|| Error::Media(format!("the server takes no {codec:?}")))
}

fn media(error: impl ToString) -> Error {
    Error::Media(error.to_string())
}
