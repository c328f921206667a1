//! What a peer may ask for, and how much of it is kept: each bound with its reason.

use std::time::Duration;

use crate::Source;

/// An offer with 27 video and 6 audio slots, as Chromium writes it, has about 48 KiB.
pub const OFFER_BYTES: usize = 64 * 1024;

/// 4 sent, 27 + 6 received, and a few that were stopped.
pub const OFFER_SECTIONS: usize = 48;

/// Chromium names two numbers a section, four lines each.
pub const OFFER_SSRC_LINES: usize = 256;

/// Candidates in one offer, and later ones of one peer until its next offer.
pub const CANDIDATES: usize = 32;
pub const CANDIDATE_BYTES: usize = 512;

/// A page of 25 tiles and two shared screens.
pub const VIDEO_SLOTS: usize = 27;

/// Four voices, and the sound of two screens.
pub const AUDIO_SLOTS: usize = 6;

/// Simulcast layers of one source.
pub const LAYERS: usize = 3;

/// What one `view` may name: a page and the page before and after.
pub const WANTED: usize = 96;

/// Peers of one room, and of one shard. The room machine has its own, lower, limit.
pub const ROOM_PEERS: usize = 1_000;
pub const SHARD_PEERS: usize = 4_000;

/// Addresses of one peer that are mapped to it at a time: interfaces times address families.
pub const PEER_ADDRESSES: usize = 8;

/// Addresses that one peer may come from between two offers. Each is remembered by ICE.
pub const PEER_ADDRESSES_EVER: usize = 64;

/// Times a source may change its SSRC. Each is remembered for its sequence numbers.
pub const SSRC_CHANGES: u32 = 64;

/// Until the first connection, and after a lost one until the peer is removed.
pub const CONNECT_WITHIN: Duration = Duration::from_secs(30);
pub const LOST_FOR: Duration = Duration::from_secs(60);

/// What is kept for retransmission of a video slot. str0m keeps 432 bytes a packet beside the
/// payload, which all receivers share, and never gives them back: it is the age that keeps them few,
/// 72 packets of 1.5 Mbit/s. What comes later than that is of no use to a conversation.
pub const RESEND_AGE: Duration = Duration::from_millis(400);

/// As much of 5 Mbit/s.
pub const RESEND_PACKETS: usize = 256;

/// Above this share of retransmitted bytes str0m drops what was asked for: its default of 0.15
/// gives up on any lossy Wi-Fi; with half, a path that became narrow drowns in resends.
pub const RESEND_SHARE: f32 = 0.3;

/// The most that a source may send, all layers together. More is dropped before anyone gets it.
pub const fn bits_per_second(source: Source) -> u64 {
    match source {
        // Opus stereo at its maximum, RED with two old frames.
        Source::Microphone | Source::ScreenAudio => 1_600_000,
        // 720p, 360p and 180p of a browser make 2.3 Mbit/s; an encoder over WHIP may send 1080p60.
        Source::Camera => 10_000_000,
        Source::Screen => 12_000_000,
    }
}

/// What waits longer in a receiver's pacer is followed by nothing until it is out: beyond that a
/// conversation is none.
pub const QUEUE: Duration = Duration::from_millis(400);

/// Payload of one packet. Browsers and encoders keep below 1,200; str0m panics at sending what does
/// not fit into 2,000 with its header, and each receiver has a header of its own.
pub const PAYLOAD_BYTES: usize = 1_400;

/// A keyframe of a 4K screen is above a megabyte.
pub const BURST: Duration = Duration::from_secs(1);
