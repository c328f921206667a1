//! One shard: rooms of peers, without threads, sockets or a clock.
//!
//! One input at a time: [`Engine::receive`], [`Engine::accept`], [`Engine::view`] and so on. After
//! one, or a batch of them, [`Engine::flush`] brings forth all outputs: [`Engine::poll_transmit`]
//! and [`Engine::poll_event`] until both have none. [`Engine::flush_some`] does the same in portions.
//! The next flush is due at [`Engine::next_timeout`] at the latest.
//!
//! Flushing after a batch is what makes forwarding cheap: the packets of one picture come together,
//! and each receiver's pacer is run once for all of them.

mod allocate;
mod api;
mod codec;
mod demux;
mod forward;
mod join;
mod keyframes;
mod offer;
mod outbox;
mod peer;
mod plan;
mod rewrite;
mod source;
mod speakers;
mod tick;

#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use rustc_hash::FxHashMap;
use str0m::{
    crypto::{CryptoProvider, dtls::DtlsCert},
    ice::StunMessage,
    net::{Protocol, Receive, TcpType},
};
use wecall_protocol::{PeerId, RoomId};

pub use self::api::{
    Advertised, Content, Counters, Datagram, Event, Figures, Gone, Kind, Refused, Slot, Source,
    Transmit, Transport, Wanted, Watch,
};
use self::{
    demux::Demux,
    outbox::Outbox,
    peer::{Fault, Peer, Sink},
    source::Track,
    speakers::Speakers,
};
use crate::limits;

/// Where a peer is kept. Used again after the peer is gone.
pub type PeerIndex = u32;

/// Fills bytes that nobody can guess.
pub type FillRandom = Box<dyn FnMut(&mut [u8]) + Send>;

pub struct EngineConfig {
    /// Where peers reach this shard.
    pub addresses: Vec<Advertised>,
    /// For names and passwords of ICE.
    pub random: FillRandom,
}

/// Bytes that are sent together: few, so that they are still in the processor's cache, and many, so
/// that whoever receives on the same machine is not woken for each peer.
const IN_CACHE: usize = 256 * 1024;

struct Room {
    peers: Vec<PeerIndex>,
    speakers: Speakers,
    /// Sources came or went.
    changed: bool,
}

/// One shard.
pub struct Engine {
    random: FillRandom,
    crypto: Arc<CryptoProvider>,
    /// One for all peers: making one is the dearest part of a join.
    certificate: DtlsCert,
    addresses: Vec<Advertised>,
    peers: Vec<Option<Box<Peer>>>,
    free: Vec<PeerIndex>,
    by_id: FxHashMap<PeerId, PeerIndex>,
    rooms: FxHashMap<RoomId, Room>,
    demux: Demux,
    timers: BinaryHeap<Reverse<(Instant, PeerIndex)>>,
    dirty: VecDeque<PeerIndex>,
    /// Sources of which packets came since the last flush, and those that this flush hands out.
    fresh: Vec<(PeerIndex, Source)>,
    handed: Vec<(PeerIndex, Source)>,
    /// Some of the peers had their turn.
    flushing: bool,
    next_tick: Instant,
    last_tick: Instant,
    outbox: Outbox,
    events: VecDeque<Event>,
    counters: Counters,
    /// Kept for its memory.
    of_str0m: Vec<str0m::Event>,
}

impl Engine {
    pub fn new(config: EngineConfig, now: Instant) -> Self {
        let crypto = str0m::crypto::from_feature_flags();
        let certificate = crypto
            .dtls_provider
            .generate_certificate()
            .expect("the provider makes certificates");
        Self {
            random: config.random,
            crypto: Arc::new(crypto),
            certificate,
            addresses: config.addresses,
            peers: Vec::new(),
            free: Vec::new(),
            by_id: FxHashMap::default(),
            rooms: FxHashMap::default(),
            demux: Demux::default(),
            timers: BinaryHeap::new(),
            dirty: VecDeque::new(),
            fresh: Vec::new(),
            handed: Vec::new(),
            flushing: false,
            next_tick: now + tick::EVERY,
            last_tick: now,
            outbox: Outbox::default(),
            events: VecDeque::new(),
            counters: Counters::default(),
            of_str0m: Vec::new(),
        }
    }

    /// A datagram or a frame has come. Anyone may have sent it.
    pub fn receive(&mut self, now: Instant, datagram: Datagram<'_>) {
        self.counters.packets_in += 1;
        let Some(destination) = self.local_address(&datagram) else {
            self.counters.from_strangers += 1;
            return;
        };
        let remote = (datagram.transport, datagram.source);
        // STUN begins with two zero bits, and nothing else here does (RFC 7983).
        let index = match datagram.contents.first() {
            Some(0..=3) => match self.owner_by_stun(remote, datagram.contents) {
                Some(index) => index,
                None => return,
            },
            _ => match self.demux.by_address(remote) {
                Some(index) => index,
                None => {
                    self.counters.from_strangers += 1;
                    return;
                }
            },
        };
        let protocol = match datagram.transport {
            Transport::Udp => Protocol::Udp,
            Transport::Tcp => Protocol::Tcp,
        };
        let receive = Receive::new(protocol, datagram.source, destination, datagram.contents);
        let Ok(receive) = receive else {
            self.counters.malformed += 1;
            return;
        };
        self.with_peer(index, now, |peer, sink| peer.receive(now, receive, sink));
    }

    /// The name in the STUN message counts, not the address it comes from, and only with the
    /// password that belongs to the name. Whoever passes owns the address from then on.
    fn owner_by_stun(
        &mut self,
        remote: (Transport, SocketAddr),
        contents: &[u8],
    ) -> Option<PeerIndex> {
        let Ok(message) = StunMessage::parse(contents) else {
            self.counters.malformed += 1;
            return None;
        };
        let name = message.split_username().map(|(local, _)| local);
        let Some(index) = name.and_then(|name| self.demux.by_name(name)) else {
            self.counters.from_strangers += 1;
            return None;
        };
        let peer = self.peers[index as usize].as_mut()?;
        let password = peer.rtc.direct_api().local_ice_credentials().pass;
        let hmac = self.crypto.sha1_hmac_provider;
        if !message.is_binding_request()
            || !message.verify(password.as_bytes(), |key, parts| hmac.sha1_hmac(key, parts))
        {
            self.counters.stun_forged += 1;
            return None;
        }
        if self.demux.by_address(remote) != Some(index) {
            if peer.addresses_ever == limits::PEER_ADDRESSES_EVER {
                self.counters.addresses_refused += 1;
                return None;
            }
            peer.addresses_ever += 1;
            self.demux.add_address(remote, index);
        }
        Some(index)
    }

    /// The advertised address that the datagram was meant for, as ICE knows no other.
    fn local_address(&self, datagram: &Datagram<'_>) -> Option<SocketAddr> {
        let alike = |address: &&Advertised| {
            address.transport == datagram.transport
                && address.address.is_ipv4() == datagram.source.ip().to_canonical().is_ipv4()
        };
        let mut alike = self
            .addresses
            .iter()
            .filter(alike)
            .map(|address| address.address);
        let first = alike.next()?;
        let meant = |address: &SocketAddr| {
            Some(address.ip()) == datagram.destination.map(|ip: IpAddr| ip.to_canonical())
        };
        Some(
            std::iter::once(first)
                .chain(alike)
                .find(meant)
                .unwrap_or(first),
        )
    }

    /// Lets time pass and brings forth what there is to send and to tell.
    pub fn flush(&mut self, now: Instant) {
        self.begin_flush(now);
        while self.flush_next(now) {}
    }

    /// The same for some of the peers at a time, handing out what there is to send while it is still
    /// in the processor's cache. To be called, with the time that it is by then, until it is false:
    /// a thousand receivers take milliseconds, which an estimator must not take for their network's.
    pub fn flush_some(&mut self, now: Instant, mut send: impl FnMut(Transmit<'_>)) -> bool {
        if !self.flushing {
            self.begin_flush(now);
        }
        let mut more = true;
        while more && self.outbox.bytes() < IN_CACHE {
            more = self.flush_next(now);
        }
        while let Some(transmit) = self.poll_transmit() {
            send(transmit);
        }
        more
    }

    /// Whether the rest of a picture has to come: waiting for it for a moment makes one batch of
    /// what would be two.
    pub fn expects_more(&self) -> bool {
        self.fresh.iter().any(|(from, source)| {
            let track = self.peer(*from).and_then(|peer| peer.track(*source));
            track.is_some_and(Track::is_within_picture)
        })
    }

    fn begin_flush(&mut self, now: Instant) {
        self.flushing = true;
        if now >= self.next_tick {
            self.tick(now);
        }
        while let Some(Reverse((at, index))) = self.timers.peek().copied() {
            if at > now {
                break;
            }
            self.timers.pop();
            let is_due = self.peers[index as usize]
                .as_ref()
                .is_some_and(|peer| peer.deadline == at);
            if is_due {
                self.mark_dirty(index);
            }
        }
        self.announce_fresh();
    }

    /// Runs one peer that has something to send. False if there is none.
    fn flush_next(&mut self, now: Instant) -> bool {
        // In the order in which they became dirty: each receiver of a stream has its place in it.
        let Some(index) = self.dirty.pop_front() else {
            self.forget_handed();
            self.flushing = false;
            return false;
        };
        if self.peer(index).is_some_and(|peer| peer.dirty) {
            self.take_inbox(index);
            self.with_peer(index, now, |peer, sink| peer.wake(now, sink));
        }
        true
    }

    pub fn next_timeout(&self) -> Instant {
        match self.timers.peek() {
            Some(Reverse((at, _))) => self.next_tick.min(*at),
            None => self.next_tick,
        }
    }

    pub fn poll_transmit(&mut self) -> Option<Transmit<'_>> {
        let transmit = self.outbox.pop()?;
        self.counters.packets_out += transmit.datagrams().len() as u64;
        Some(transmit)
    }

    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    pub fn counters(&self) -> Counters {
        self.counters
    }

    pub fn figures(&self, peer: PeerId) -> Option<Figures> {
        let index = *self.by_id.get(&peer)?;
        self.peers[index as usize].as_ref().map(|peer| peer.figures)
    }

    pub fn peers(&self) -> usize {
        self.by_id.len()
    }

    pub fn all_peers(&self) -> impl Iterator<Item = (RoomId, PeerId)> {
        let peers = self.peers.iter().flatten();
        peers.map(|peer| (peer.room, peer.id))
    }

    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// Whether a frame of a fresh TCP connection is STUN for one of the peers here.
    pub fn knows(&self, contents: &[u8]) -> bool {
        let message = StunMessage::parse(contents).ok();
        let name = message
            .as_ref()
            .and_then(|message| message.split_username());
        name.is_some_and(|(local, _)| self.demux.by_name(local).is_some())
    }

    /// Runs one peer, and deals with what comes out of it.
    fn with_peer(
        &mut self,
        index: PeerIndex,
        now: Instant,
        run: impl FnOnce(&mut Peer, &mut Sink<'_>) -> Result<(), Fault>,
    ) {
        let Some(peer) = self.peers[index as usize].as_mut() else {
            return;
        };
        let mut events = std::mem::take(&mut self.of_str0m);
        let before = peer.deadline;
        let mut sink = Sink {
            outbox: &mut self.outbox,
            events: &mut events,
        };
        let result = run(peer, &mut sink);
        if peer.deadline != before {
            self.timers.push(Reverse((peer.deadline, index)));
        }
        for event in events.drain(..) {
            self.on_event(index, now, event);
        }
        self.of_str0m = events;
        if let Err(fault) = result {
            self.fail(index, &fault);
        }
    }

    fn fail(&mut self, index: PeerIndex, fault: &Fault) {
        let Some(peer) = &self.peers[index as usize] else {
            return;
        };
        self.counters.peers_failed += 1;
        match fault {
            Fault::Panicked => {
                self.counters.panics += 1;
                tracing::error!(peer = %peer.id, "a peer's connection panicked and was ended");
            }
            Fault::Failed(error) => {
                tracing::info!(peer = %peer.id, %error, "a peer's connection failed")
            }
        }
        self.forget(index, Gone::Failed);
    }

    fn mark_dirty(&mut self, index: PeerIndex) {
        if let Some(peer) = self.peers[index as usize].as_mut()
            && !peer.dirty
        {
            peer.dirty = true;
            self.dirty.push_back(index);
        }
    }

    fn peer_mut(&mut self, index: PeerIndex) -> Option<&mut Peer> {
        self.peers.get_mut(index as usize)?.as_deref_mut()
    }

    fn peer(&self, index: PeerIndex) -> Option<&Peer> {
        self.peers.get(index as usize)?.as_deref()
    }
}

/// TCP candidates of the engine wait for the client to connect.
fn candidate(address: Advertised) -> Option<str0m::Candidate> {
    let builder = str0m::Candidate::builder();
    let built = match address.transport {
        Transport::Udp => builder.udp().host(address.address).build(),
        Transport::Tcp => builder
            .tcp()
            .host(address.address)
            .tcptype(TcpType::Passive)
            .build(),
    };
    built.ok()
}

/// Any instant will do where only differences count.
#[cfg(test)]
pub(crate) fn test_clock() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    Instant::now()
}
