//! What the engine takes and gives.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use wecall_protocol::{PeerId, RoomId};

/// What a peer may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    Microphone,
    Camera,
    Screen,
    ScreenAudio,
}

impl Source {
    pub const ALL: [Self; 4] = [
        Self::Microphone,
        Self::Camera,
        Self::Screen,
        Self::ScreenAudio,
    ];

    pub const fn is_audio(self) -> bool {
        matches!(self, Self::Microphone | Self::ScreenAudio)
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A participant's browser: sends and receives.
    Member,
    /// Sends only, by WHIP.
    Publisher,
    /// Receives only, by WHEP.
    Viewer(Watch),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// Screens first, then whoever speaks.
    Room,
    Peer(PeerId),
}

/// One picture that a member shows, and how large: in pixels of its display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub peer: PeerId,
    /// A camera or a screen; anything else is ignored.
    pub source: Source,
    pub width: u16,
    pub height: u16,
}

/// Whose what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    pub peer: PeerId,
    pub source: Source,
}

/// One receive section of a peer and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    pub mid: String,
    pub content: Option<Content>,
    /// The simulcast layer that flows, where the source has layers.
    pub layer: Option<String>,
    /// Something is in it, and nothing is sent: the receiver's connection is too narrow, or
    /// the source sends nothing.
    pub paused: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    Udp,
    Tcp,
}

/// An address that peers are told to reach the engine at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advertised {
    pub address: SocketAddr,
    pub transport: Transport,
}

/// One datagram, or one frame of a TCP stream, from the network.
#[derive(Debug, Clone, Copy)]
pub struct Datagram<'a> {
    pub transport: Transport,
    pub source: SocketAddr,
    /// Where it was sent to, if the socket can tell. Behind a NAT that is none of the advertised
    /// addresses; then it counts as sent to the first one of its kind.
    pub destination: Option<IpAddr>,
    pub contents: &'a [u8],
}

/// Datagrams to the network, all to one destination.
#[derive(Debug, Clone, Copy)]
pub struct Transmit<'a> {
    pub transport: Transport,
    pub source: SocketAddr,
    pub destination: SocketAddr,
    /// The size of each datagram; the last may be shorter.
    pub segment: usize,
    pub contents: &'a [u8],
}

impl<'a> Transmit<'a> {
    pub fn datagrams(&self) -> std::slice::Chunks<'a, u8> {
        self.contents.chunks(self.segment.max(1))
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Connected {
        room: RoomId,
        peer: PeerId,
    },
    /// Nothing has come from it for some seconds. It may come back by itself, or by an ICE restart.
    Disconnected {
        room: RoomId,
        peer: PeerId,
    },
    /// The engine has forgotten it.
    Gone {
        room: RoomId,
        peer: PeerId,
        why: Gone,
    },
    /// All slots of a peer, after any of them changed.
    SlotsChanged {
        room: RoomId,
        peer: PeerId,
        slots: Vec<Slot>,
    },
    /// Who speaks, loudest first, in dBov (0 is the loudest).
    Speakers {
        room: RoomId,
        speakers: Vec<(PeerId, i8)>,
    },
    /// The layers of a source that anyone needs. The publisher may turn off the others. A source
    /// without layers has the one layer `""`.
    LayersWanted {
        room: RoomId,
        peer: PeerId,
        source: Source,
        layers: Vec<String>,
    },
    /// How a member's connection does, every other second.
    Figures {
        room: RoomId,
        peer: PeerId,
        figures: Figures,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// By [`Engine::remove`](super::Engine::remove).
    Removed,
    /// Another connection of the same peer took its place.
    Replaced,
    /// It never connected.
    NeverConnected,
    /// It was away for too long.
    Lost,
    /// It closed the connection.
    Closed,
    /// It broke the rules of the transport, or met a bug of ours.
    Failed,
}

/// For a stats panel.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    /// What the path to the peer carries, as far as known.
    pub estimate_bps: Option<u64>,
    /// What its slots were given of it, and what they would like.
    pub allocated_bps: u64,
    pub desired_bps: u64,
    pub round_trip: Option<Duration>,
    /// Shares of packets, of the last second.
    pub loss_to_peer: Option<f32>,
    pub loss_from_peer: Option<f32>,
    pub bytes_to_peer: u64,
    pub bytes_from_peer: u64,
    pub over_tcp: bool,
}

/// Why an offer or a candidate was not taken. None of it changed anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the offer is too large")]
    TooLarge,
    #[error("the offer cannot be read: {0}")]
    Malformed(String),
    #[error("the offer has more sections, sources, slots or layers than allowed")]
    TooMany,
    #[error("a section of this kind is not allowed here")]
    NotAllowed,
    #[error("the room or the server is full")]
    Full,
    #[error("the peer is in another room")]
    InAnotherRoom,
    #[error("no such peer")]
    Unknown,
    #[error("the server has no address to be reached at")]
    NoAddress,
    #[error("the media engine is busy")]
    Busy,
    #[error("the media engine has stopped")]
    Stopped,
}

/// What the engine did, and what it kept from happening. Only ever rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    pub packets_in: u64,
    pub packets_out: u64,
    pub packets_forwarded: u64,
    /// Neither from a known address nor the STUN of a known peer.
    pub from_strangers: u64,
    /// STUN with the name of a peer and not its password.
    pub stun_forged: u64,
    /// Cannot be any of STUN, DTLS, RTP or RTCP.
    pub malformed: u64,
    /// Above the agreed bitrate of its source.
    pub over_bitrate: u64,
    /// Too large to be sent on.
    pub oversized: u64,
    /// From sections or layers that were not agreed.
    pub unexpected_media: u64,
    pub refused_offers: u64,
    pub refused_candidates: u64,
    pub addresses_refused: u64,
    pub keyframes_requested: u64,
    /// Requests of receivers that were answered by one already on its way.
    pub keyframes_merged: u64,
    pub peers_failed: u64,
    pub panics: u64,
}
