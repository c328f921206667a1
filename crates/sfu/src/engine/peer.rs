//! One peer: its connection, what it sends, what it receives.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use rustc_hash::FxHashMap;
use str0m::{Input, Output, Reason, Rtc, RtcError, media::Mid, net::Receive, rtp::Ssrc};
use wecall_protocol::{PeerId, RoomId};

use crate::engine::{
    PeerIndex,
    api::{Figures, Kind, Slot, Source, Transport, Wanted},
    codec::Payloads,
    offer::Role,
    outbox::Outbox,
    rewrite::Rewriter,
    source::Track,
};

/// Wakes of one peer are at least this far apart: its pacer would like one for each packet.
const WAKES_APART: Duration = Duration::from_millis(1);

/// The estimator looks at its state every 25 ms (libwebrtc's `kUpdateInterval`) and at each packet.
/// This much later, one who gets a picture 30 times a second is woken by the pictures alone.
const ESTIMATE_LATER: Duration = Duration::from_millis(15);

/// After each packet the pacer asks to be woken a microsecond later, as it wants time to pass
/// between two of them. It is told that it has: the packets of a picture leave together.
const PACER_STEP: Duration = Duration::from_micros(1);

/// Packets that one wake may send. A pacer that wants more has to wait for the next.
const ROUNDS: usize = 2_000;

pub struct Peer {
    pub id: PeerId,
    pub room: RoomId,
    pub kind: Kind,
    pub rtc: Rtc,
    pub state: State,
    pub fingerprint: String,
    /// Its name in STUN.
    pub name: String,
    pub sections: Vec<(String, Role)>,
    pub payloads: Payloads,
    pub tracks: [Option<Track>; Source::ALL.len()],
    pub by_ssrc: FxHashMap<Ssrc, (Source, usize)>,
    pub ssrc_changes: u32,
    pub addresses_ever: usize,
    pub candidates: usize,
    pub slots: Vec<OutSlot>,
    /// Sources of which something new is for it, and the slots that they are in.
    pub inbox: Vec<(PeerIndex, Source, usize)>,
    pub wanted: Option<Vec<Wanted>>,
    pub pinned: Option<PeerId>,
    pub estimate: Option<u64>,
    /// The last thing asked of the estimator.
    pub asked_bps: (u64, u64),
    pub lowered_at: Option<Instant>,
    pub replan: bool,
    pub planned_at: Option<Instant>,
    pub announced: Option<Vec<Slot>>,
    pub figures: Figures,
    /// Has something to send.
    pub dirty: bool,
    pub deadline: Instant,
    /// What the connection was told last. A few microseconds ahead of the clock after a batch.
    pub time: Instant,
    #[cfg(test)]
    pub panic_next: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Connecting { since: Instant },
    Connected,
    Lost { since: Instant },
}

/// A receive section, and what is in it.
#[derive(Debug)]
pub struct OutSlot {
    pub mid: Mid,
    pub audio: bool,
    pub ssrc: Ssrc,
    pub content: Option<(PeerIndex, Source)>,
    /// The layer it should get, and the one that it gets.
    pub assigned: Option<usize>,
    pub current: Option<usize>,
    /// The layer it would get if the source sent it.
    pub wished: Option<usize>,
    pub rewriter: Rewriter,
}

/// The peer has to go.
#[derive(Debug)]
pub enum Fault {
    Panicked,
    Failed(RtcError),
}

/// Where the outputs of a peer go.
pub struct Sink<'a> {
    pub outbox: &'a mut Outbox,
    pub events: &'a mut Vec<str0m::Event>,
}

impl Peer {
    pub fn receive(
        &mut self,
        now: Instant,
        receive: Receive<'_>,
        sink: &mut Sink<'_>,
    ) -> Result<(), Fault> {
        self.time = self.time.max(now);
        self.guarded(|peer| {
            peer.rtc.handle_input(Input::Receive(peer.time, receive))?;
            peer.drain(now, sink)
        })
    }

    /// Lets time pass, and sends what was written since the last time.
    pub fn wake(&mut self, now: Instant, sink: &mut Sink<'_>) -> Result<(), Fault> {
        self.dirty = false;
        self.time = self.time.max(now);
        self.guarded(|peer| {
            peer.rtc.handle_input(Input::Timeout(peer.time))?;
            peer.drain(now, sink)
        })
    }

    fn drain(&mut self, now: Instant, sink: &mut Sink<'_>) -> Result<(), RtcError> {
        for _ in 0..ROUNDS {
            match self.rtc.poll_output()? {
                Output::Timeout(at) if at <= self.time + PACER_STEP => {
                    self.time = self.time.max(at);
                    self.rtc.handle_input(Input::Timeout(self.time))?;
                }
                Output::Timeout(at) => {
                    let at = match self.rtc.last_timeout_reason() {
                        Reason::BweDelayControl => at + ESTIMATE_LATER,
                        _ => at,
                    };
                    self.deadline = at.max(now + WAKES_APART);
                    return Ok(());
                }
                Output::Transmit(transmit) => {
                    let transport = match transmit.proto {
                        str0m::net::Protocol::Udp => Transport::Udp,
                        _ => Transport::Tcp,
                    };
                    let (source, destination) = (transmit.source, transmit.destination);
                    sink.outbox
                        .push(transport, source, destination, &transmit.contents);
                }
                Output::Event(event) => sink.events.push(event),
            }
        }
        self.deadline = now + WAKES_APART;
        Ok(())
    }

    /// A panic in the machinery of one peer ends that peer alone: nothing of it is used again.
    pub fn guarded<T>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<T, RtcError>,
    ) -> Result<T, Fault> {
        let guarded = catch_unwind(AssertUnwindSafe(|| {
            #[cfg(test)]
            assert!(!self.panic_next, "asked for by a test");
            run(self)
        }));
        match guarded {
            Ok(result) => result.map_err(Fault::Failed),
            Err(_) => Err(Fault::Panicked),
        }
    }

    pub fn track(&self, source: Source) -> Option<&Track> {
        self.tracks[source.index()].as_ref()
    }

    pub fn track_mut(&mut self, source: Source) -> Option<&mut Track> {
        self.tracks[source.index()].as_mut()
    }

    /// Asks for the keyframes that are due.
    pub fn request_keyframes(&mut self, now: Instant) -> u64 {
        let round_trip = self.figures.round_trip;
        let mut asked = 0;
        for track in self.tracks.iter_mut().flatten() {
            for layer in &mut track.layers {
                if !layer.requests.ask(now, round_trip) {
                    continue;
                }
                let mut api = self.rtc.direct_api();
                if let Some(stream) = api.stream_rx_by_mid(track.mid, layer.rid) {
                    stream.request_keyframe(str0m::media::KeyframeRequestKind::Pli);
                    asked += 1;
                }
            }
        }
        asked
    }
}
