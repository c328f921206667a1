//! Selective forwarding for WeCall.
//!
//! [`Engine`] is one shard: rooms of peers, each with one connection, as a machine without threads,
//! sockets or a clock. [`Sfu`] runs engines, one a thread, over real sockets.
//!
//! # The offer of a client
//!
//! The client offers, the server answers, always. Of the sections of an offer
//! - those it may send on (`sendonly`, `sendrecv` or `inactive` when first seen) are, in the order
//!   of the offer, audio: the microphone, the sound of the screen; video: the camera, the screen.
//!   The camera and the screen may have up to three `a=rid`s by `a=simulcast:send`: `q`, `h` and
//!   `f`, or any others in the order from small to large;
//! - those that are `recvonly` are slots, told apart by `a=mid`. Any video slot may carry any
//!   camera or screen, any audio slot any voice or sound. What is in a slot changes without
//!   another offer, and is told by [`Event::SlotsChanged`].
//!
//! A section keeps its meaning as long as the connection lives. A client that may share a screen
//! later offers the section at once and puts a track into it later (`replaceTrack`), or makes
//! another offer with one section more. Another offer with new ICE credentials is an ICE restart;
//! one with another certificate is a new connection that takes the place of the old one.
//!
//! # What a receiver gets
//!
//! By default all screens, then cameras in the order of speaking, as many as it has slots. From its
//! first [`Engine::view`] on, what it asked for. Each slot is one RTP stream with its own SSRC for
//! as long as the connection lives: sequence numbers without holes of our making, timestamps that
//! only rise, and a keyframe at each change of what is in it.

pub mod limits;

mod driver;
mod engine;

pub use driver::{Addresses, Listening, PublicAddress, Sfu, SfuConfig, ShardStats, framing};
pub use engine::{
    Advertised, Content, Counters, Datagram, Engine, EngineConfig, Event, Figures, Gone, Kind,
    Refused, Slot, Source, Transmit, Transport, Wanted, Watch,
};
