//! The machine: packets and time go in, and each packet says what is to be done with it.

mod head;
mod requests;

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Instant,
};

pub use head::Head;
use slab::Slab;

use crate::{
    Bounds, Figures, Own, PeerPolicy, Refused, Secret,
    allocation::Allocation,
    holders::Holders,
    stun::{Attribute, CHANNEL_HEADER_BYTES, CHANNELS, Class, Message, Method},
    users::Users,
};

/// A socket of ours that clients send to, or one of their connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkId(pub u32);

/// A client's end: with the link and the address that it sent to, the 5-tuple.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientId {
    pub link: LinkId,
    pub remote: SocketAddr,
    /// The address of ours that it uses, where a socket has several.
    pub local: Option<IpAddr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RelayId(pub usize);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortKind {
    Any,
    /// As those want who put RTCP on the next port.
    Even,
}

#[derive(Debug, Clone, Copy)]
pub struct Now {
    pub instant: Instant,
    pub unix_s: u64,
}

/// Who opens and closes the sockets of relayed addresses.
pub trait RelaySockets {
    /// Opens one for this client; the answer is its address as peers see it.
    fn open(
        &mut self,
        relay: RelayId,
        client: &ClientId,
        family: Family,
        ports: PortKind,
    ) -> Option<SocketAddr>;

    fn close(&mut self, relay: RelayId);
}

/// What is to be done with a packet.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    Nothing,
    /// Goes back to where the packet is from.
    Answer(&'a [u8]),
    /// Goes out of a relay's socket.
    ToPeer {
        relay: RelayId,
        to: SocketAddr,
        data: &'a [u8],
    },
    /// `head`, `data` and then zeros up to a multiple of four; the latter may be left away for
    /// ChannelData in a datagram.
    ToClient {
        client: ClientId,
        head: Head,
        data: &'a [u8],
    },
}

#[derive(Debug, Clone)]
pub struct Settings {
    pub realm: String,
    pub secret: Secret,
    pub bounds: Bounds,
    pub peers: PeerPolicy,
}

pub struct Turn {
    settings: Settings,
    figures: Arc<Figures>,
    own: Own,
    allocations: Slab<Allocation>,
    by_client: HashMap<ClientId, RelayId>,
    by_relayed: HashMap<SocketAddr, RelayId>,
    users: Users,
    holders: Holders,
    /// The answer that was made last.
    answer: Vec<u8>,
    /// Numbers the Data indications.
    indications: u64,
    is_closing: bool,
}

impl Turn {
    pub fn new(settings: Settings, figures: Arc<Figures>) -> Self {
        Self {
            settings,
            figures,
            own: Own::default(),
            allocations: Slab::new(),
            by_client: HashMap::new(),
            by_relayed: HashMap::new(),
            users: Users::default(),
            holders: Holders::default(),
            answer: Vec::new(),
            indications: 0,
            is_closing: false,
        }
    }

    /// What of this machine is closed to peers, whenever it changes.
    pub fn set_own(&mut self, own: Own) {
        self.own = own;
    }

    /// A datagram, or a frame of a stream, from a client or a stranger.
    pub fn from_client<'a>(
        &'a mut self,
        client: ClientId,
        packet: &'a [u8],
        now: Now,
        sockets: &mut impl RelaySockets,
    ) -> Step<'a> {
        match packet.first() {
            Some(first) if first >> 6 == 1 => self.channel_data(&client, packet, now),
            Some(first) if first >> 6 == 0 => {
                let Ok(message) = Message::parse(packet) else {
                    return Step::Nothing;
                };
                match (message.class(), message.method()) {
                    (Class::Request, _) => self.request(client, &message, now, sockets),
                    (Class::Indication, Method::SEND) => self.send(&client, &message, now),
                    _ => Step::Nothing,
                }
            }
            _ => Step::Nothing,
        }
    }

    /// A datagram that came to the socket of a relay.
    pub fn from_peer<'a>(
        &mut self,
        relay: RelayId,
        peer: SocketAddr,
        data: &'a [u8],
        now: Now,
    ) -> Step<'a> {
        let Some(allocation) = self.allocations.get(relay.0) else {
            return Step::Nothing;
        };
        if allocation.expires_at <= now.instant || !allocation.is_permitted(peer.ip(), now.instant)
        {
            self.figures.count_refused(Refused::NoPermission);
            return Step::Nothing;
        }
        let (user, bounds) = (allocation.user, &self.settings.bounds);
        if !self.users.spend(user, data.len(), bounds, now.instant) {
            self.figures.count_refused(Refused::Bandwidth);
            return Step::Nothing;
        }
        self.figures.count_to_client(data.len());
        let head = match allocation.channel_to(peer, now.instant) {
            Some(number) => Head::channel(number, data.len()),
            None => {
                self.indications += 1;
                Head::indication(self.indications, peer, data.len())
            }
        };
        Step::ToClient {
            client: allocation.client,
            head,
            data,
        }
    }

    fn channel_data<'a>(&mut self, client: &ClientId, packet: &'a [u8], now: Now) -> Step<'a> {
        let Some((&[a, b, c, d], rest)) = packet.split_first_chunk::<CHANNEL_HEADER_BYTES>() else {
            return Step::Nothing;
        };
        let number = u16::from_be_bytes([a, b]);
        let Some(data) = rest.get(..usize::from(u16::from_be_bytes([c, d]))) else {
            return Step::Nothing;
        };
        if !CHANNELS.contains(&number) {
            return Step::Nothing;
        }
        let Some(&relay) = self.by_client.get(client) else {
            return Step::Nothing;
        };
        match self.allocations[relay.0].peer_of(number, now.instant) {
            Some(to) => self.relay(relay, to, data, now),
            None => Step::Nothing,
        }
    }

    /// A Send indication (RFC 8656 section 11.2): errors are dropped without a word.
    fn send<'a>(&mut self, client: &ClientId, message: &Message<'a>, now: Now) -> Step<'a> {
        let Some(&relay) = self.by_client.get(client) else {
            return Step::Nothing;
        };
        let (Some(to), Some(data)) = (
            message.address(Attribute::XOR_PEER_ADDRESS),
            message.value(Attribute::DATA),
        ) else {
            return Step::Nothing;
        };
        let known = &[
            Attribute::XOR_PEER_ADDRESS,
            Attribute::DATA,
            Attribute::DONT_FRAGMENT,
        ];
        let to = SocketAddr::new(to.ip().to_canonical(), to.port());
        let allocation = &self.allocations[relay.0];
        if message.unknown(known).next().is_some()
            || Family::of(to.ip()) != Family::of(allocation.relayed.ip())
        {
            return Step::Nothing;
        }
        if !allocation.is_permitted(to.ip(), now.instant) {
            self.figures.count_refused(Refused::NoPermission);
            return Step::Nothing;
        }
        self.relay(relay, to, data, now)
    }

    fn relay<'a>(&mut self, relay: RelayId, to: SocketAddr, data: &'a [u8], now: Now) -> Step<'a> {
        let allocation = &self.allocations[relay.0];
        if allocation.expires_at <= now.instant {
            return Step::Nothing;
        }
        let (user, bounds) = (allocation.user, &self.settings.bounds);
        if !self.users.spend(user, data.len(), bounds, now.instant) {
            self.figures.count_refused(Refused::Bandwidth);
            return Step::Nothing;
        }
        // From one relayed address to another the packet never leaves the process. It costs less,
        // and works where the machine does not reach itself by its public address.
        if let Some(&other) = self.by_relayed.get(&to) {
            let from = allocation.relayed;
            self.figures.count_to_peer(data.len());
            return self.from_peer(other, from, data, now);
        }
        if !self.settings.peers.permits(to, &self.own) {
            self.figures.count_refused(Refused::ForbiddenPeer);
            return Step::Nothing;
        }
        self.figures.count_to_peer(data.len());
        Step::ToPeer { relay, to, data }
    }

    /// Ends what has expired.
    pub fn expire(&mut self, now: Now, sockets: &mut impl RelaySockets) {
        let expired: Vec<RelayId> = self
            .allocations
            .iter()
            .filter(|(_, allocation)| allocation.expires_at <= now.instant)
            .map(|(index, _)| RelayId(index))
            .collect();
        for relay in expired {
            self.free(relay, sockets);
        }
    }

    /// A connection is closed: what was allocated over it is of no use any more.
    pub fn disconnected(&mut self, client: &ClientId, sockets: &mut impl RelaySockets) {
        if let Some(&relay) = self.by_client.get(client) {
            self.free(relay, sockets);
        }
    }

    pub fn has_allocation(&self, client: &ClientId) -> bool {
        self.by_client.contains_key(client)
    }

    /// From now on nothing is allocated; what is open works on.
    pub fn close(&mut self) {
        self.is_closing = true;
    }

    fn free(&mut self, relay: RelayId, sockets: &mut impl RelaySockets) {
        let allocation = self.allocations.remove(relay.0);
        self.by_client.remove(&allocation.client);
        self.by_relayed.remove(&allocation.relayed);
        self.users.give_back(allocation.user);
        self.holders.give_back(allocation.client.remote.ip());
        self.figures.set_allocations(self.allocations.len());
        sockets.close(relay);
    }
}

#[cfg(test)]
mod tests;
