//! One connection of the crowd: a publisher's or a viewer's.

use std::{
    io::{self, IoSliceMut},
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::Arc,
    time::{Duration, Instant},
};

use quinn_udp::{RecvMeta, UdpSockRef, UdpSocketState};
use str0m::{
    Candidate, Event, Input, Output, Rtc,
    change::SdpAnswer,
    format::Codec,
    media::{Direction, KeyframeRequestKind, MediaKind, Mid, Pt},
    net::{Protocol, Receive},
    rtp::RtpWrite,
};

use crate::{
    error::{During, Error},
    media::whip,
    stats::Latencies,
};

/// What a camera of 1.5 Mbit/s makes of a frame at 30 a second: six packets of 1.1 kB, of which the
/// last is smaller.
const PACKETS: usize = 6;
const PACKET_BYTES: usize = 1_100;
const LAST_BYTES: usize = 750;
pub const FRAME: Duration = Duration::from_micros(33_333);

/// Where the time of sending lies in a payload, after descriptor and frame header.
const STAMP: std::ops::Range<usize> = 24..32;

/// GRO joins up to 64 datagrams.
const RECEIVE_BYTES: usize = 64 * 1_500;

/// Wakes of a connection are at least this far apart: the crowd is large, its acknowledgements can
/// wait.
const WAKES_APART: Duration = Duration::from_millis(4);

pub struct Peer {
    pub socket: UdpSocket,
    state: UdpSocketState,
    rtc: Rtc,
    own: SocketAddr,
    pub deadline: Instant,
    pub connected: bool,
    sends: Option<Camera>,
    highest: Option<u64>,
    pub packets: u64,
    /// Numbers that never came.
    pub holes: u64,
}

struct Camera {
    mid: Mid,
    pt: Pt,
    number: u64,
    frame: u64,
    keyframe: bool,
}

pub struct Shared<'a> {
    pub buffer: &'a mut Vec<u8>,
    pub latencies: &'a mut Latencies,
    pub origin: Instant,
    /// Only then do packets count.
    pub measuring: bool,
}

impl Peer {
    pub fn publish(server: SocketAddr, room: &str, now: Instant) -> Result<Self, Error> {
        Self::join(server, &format!("/whip/{room}"), Direction::SendOnly, now)
    }

    pub fn view(server: SocketAddr, room: &str, now: Instant) -> Result<Self, Error> {
        Self::join(server, &format!("/whep/{room}"), Direction::RecvOnly, now)
    }

    fn join(
        server: SocketAddr,
        path: &str,
        direction: Direction,
        now: Instant,
    ) -> Result<Self, Error> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).during("opening a socket")?;
        let own = socket.local_addr().during("opening a socket")?;
        let state = UdpSocketState::new(UdpSockRef::from(&socket)).during("preparing a socket")?;
        let mut rtc = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_vp8(true)
            .set_rtcp_report_interval_video(Duration::from_secs(5))
            .build(now);
        let candidate =
            Candidate::host(own, "udp").map_err(|error| Error::Media(error.to_string()))?;
        rtc.add_local_candidate(candidate);
        let mut api = rtc.sdp_api();
        let mid = api.add_media(MediaKind::Video, direction, None, None, None);
        let (offer, pending) = api
            .apply()
            .ok_or_else(|| Error::Media("nothing to offer".into()))?;
        let answer = whip::post(server, path, &offer.to_sdp_string())?;
        let answer =
            SdpAnswer::from_sdp_string(&answer).map_err(|error| Error::Media(error.to_string()))?;
        let accepted = rtc.sdp_api().accept_answer(pending, answer);
        accepted.map_err(|error| Error::Media(error.to_string()))?;
        let params = rtc.codec_config().params().iter();
        let pt = params
            .filter(|params| params.spec().codec == Codec::Vp8)
            .map(|params| params.pt())
            .next();
        let pt = pt.ok_or_else(|| Error::Media("the server takes no VP8".into()))?;
        Ok(Self {
            socket,
            state,
            rtc,
            own,
            deadline: now,
            connected: false,
            sends: direction.is_sending().then_some(Camera {
                mid,
                pt,
                number: 0,
                frame: 0,
                keyframe: true,
            }),
            highest: None,
            packets: 0,
            holes: 0,
        })
    }

    /// Sends one frame. Gives the number of its packets.
    pub fn send_frame(&mut self, now: Instant, shared: &mut Shared<'_>) -> Result<u64, Error> {
        let Some(camera) = &mut self.sends else {
            return Ok(0);
        };
        if !self.connected {
            return Ok(0);
        }
        let keyframe = std::mem::take(&mut camera.keyframe);
        camera.frame += 1;
        let picture_id = (camera.frame & 0x7fff) as u16 | 0x8000;
        let stamp = now.saturating_duration_since(shared.origin).as_nanos() as u64;
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(camera.mid, None) else {
            return Ok(0);
        };
        for part in 0..PACKETS {
            let last = part + 1 == PACKETS;
            let mut payload = vec![0; if last { LAST_BYTES } else { PACKET_BYTES }];
            payload[0] = if part == 0 { 0x90 } else { 0x80 };
            payload[1] = 0xe0;
            payload[2..4].copy_from_slice(&picture_id.to_be_bytes());
            payload[4] = camera.frame as u8;
            payload[6] = u8::from(!keyframe);
            payload[9..16].copy_from_slice(&[0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02]);
            payload[STAMP].copy_from_slice(&stamp.to_be_bytes());
            camera.number += 1;
            let time = (camera.frame * 3_000) as u32;
            let payload: Arc<[u8]> = payload.into();
            stream.write_rtp(
                RtpWrite::new(camera.pt, camera.number.into(), time, now, payload)
                    .marker(last)
                    .nackable(true),
            );
        }
        self.wake(now, shared)?;
        Ok(PACKETS as u64)
    }

    pub fn wake(&mut self, now: Instant, shared: &mut Shared<'_>) -> Result<(), Error> {
        let handled = self.rtc.handle_input(Input::Timeout(now));
        handled.map_err(|error| Error::Media(error.to_string()))?;
        self.drain(now, shared)
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
                Ok(_) => metas[0]
                    .take(&buffer)
                    .try_for_each(|contents| self.receive(now, metas[0].addr, contents, shared)),
            };
            *shared.buffer = buffer;
            result?;
        }
    }

    fn receive(
        &mut self,
        now: Instant,
        source: SocketAddr,
        contents: &[u8],
        shared: &mut Shared<'_>,
    ) -> Result<(), Error> {
        let receive = Receive::new(Protocol::Udp, source, self.own, contents);
        let receive = receive.map_err(|error| Error::Media(error.to_string()))?;
        let handled = self.rtc.handle_input(Input::Receive(now, receive));
        handled.map_err(|error| Error::Media(error.to_string()))?;
        self.drain(now, shared)
    }

    fn drain(&mut self, now: Instant, shared: &mut Shared<'_>) -> Result<(), Error> {
        loop {
            match self
                .rtc
                .poll_output()
                .map_err(|error| Error::Media(error.to_string()))?
            {
                Output::Timeout(at) if at <= now => {
                    let handled = self.rtc.handle_input(Input::Timeout(now));
                    handled.map_err(|error| Error::Media(error.to_string()))?;
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
                    debug_assert!(matches!(
                        request.kind,
                        KeyframeRequestKind::Pli | KeyframeRequestKind::Fir
                    ));
                    if let Some(camera) = &mut self.sends {
                        camera.keyframe = true;
                    }
                }
                Output::Event(Event::RtpPacket(packet)) => {
                    self.saw(now, *packet.seq_no, &packet.payload, shared)
                }
                Output::Event(_) => {}
            }
        }
    }

    fn saw(&mut self, now: Instant, number: u64, payload: &[u8], shared: &mut Shared<'_>) {
        match self.highest {
            Some(highest) if number > highest => {
                if shared.measuring {
                    self.holes += number - highest - 1;
                }
                self.highest = Some(number);
            }
            // It filled a hole.
            Some(_) if shared.measuring => self.holes = self.holes.saturating_sub(1),
            Some(_) => {}
            None => self.highest = Some(number),
        }
        if !shared.measuring {
            return;
        }
        self.packets += 1;
        if let Some(stamp) = payload.get(STAMP) {
            let sent =
                Duration::from_nanos(u64::from_be_bytes(stamp.try_into().expect("eight bytes")));
            let now = now.saturating_duration_since(shared.origin);
            shared.latencies.record(now.saturating_sub(sent));
        }
    }
}

trait Datagrams {
    fn take<'a>(&self, buffer: &'a [u8]) -> std::slice::Chunks<'a, u8>;
}

impl Datagrams for RecvMeta {
    /// The datagrams of one receive.
    fn take<'a>(&self, buffer: &'a [u8]) -> std::slice::Chunks<'a, u8> {
        buffer[..self.len].chunks(self.stride.max(1))
    }
}
