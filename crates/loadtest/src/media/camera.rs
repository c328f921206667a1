//! What a sender puts out: frames of a VP8 camera in one layer or three, and a voice.

use std::{sync::Arc, time::Instant};

use str0m::{
    Rtc,
    media::{Mid, Pt, Rid},
    rtp::{ExtensionValues, RtpWrite},
};

/// Packets as browsers and encoders make them. The last of a frame is smaller.
const PACKET_BYTES: usize = 1_100;

/// Where the time of sending lies in a payload, after descriptor and frame header: nanoseconds since
/// the epoch.
pub const STAMP: std::ops::Range<usize> = 24..32;

/// Opus at 32 kbit/s, 20 ms a packet.
const VOICE_BYTES: usize = 80;

/// Bytes of a frame at 30 a second, and the height of the picture.
struct Quality {
    frame_bytes: usize,
    height: u16,
}

/// 1.5 Mbit/s: six packets a frame.
const SINGLE: Quality = Quality {
    frame_bytes: 6_250,
    height: 720,
};

/// 150 and 500 kbit/s, then the same: what the web client asks a browser for.
pub const SIMULCAST: [&str; 3] = ["q", "h", "f"];
const LAYERS: [Quality; 3] = [
    Quality {
        frame_bytes: 625,
        height: 180,
    },
    Quality {
        frame_bytes: 2_083,
        height: 360,
    },
    SINGLE,
];

pub struct Camera {
    mid: Mid,
    pt: Pt,
    frame: u64,
    layers: Vec<Layer>,
}

struct Layer {
    rid: Option<Rid>,
    quality: &'static Quality,
    number: u64,
    keyframe: bool,
}

impl Camera {
    pub fn new(mid: Mid, pt: Pt, simulcast: bool) -> Self {
        let layer = |rid, quality| Layer {
            rid,
            quality,
            number: 0,
            keyframe: true,
        };
        let layers = match simulcast {
            false => vec![layer(None, &SINGLE)],
            true => SIMULCAST
                .iter()
                .zip(&LAYERS)
                .map(|(rid, quality)| layer(Some(Rid::from(*rid)), quality))
                .collect(),
        };
        Self {
            mid,
            pt,
            frame: 0,
            layers,
        }
    }

    pub fn want_keyframe(&mut self, rid: Option<Rid>) {
        for layer in &mut self.layers {
            layer.keyframe |= layer.rid == rid;
        }
    }

    /// Writes one frame of each layer.
    pub fn write(&mut self, rtc: &mut Rtc, now: Instant, stamp: u64) {
        self.frame += 1;
        let picture_id = (self.frame & 0x7fff) as u16 | 0x8000;
        let time = (self.frame * 3_000) as u32;
        let mut api = rtc.direct_api();
        for layer in &mut self.layers {
            let Some(stream) = api.stream_tx_by_mid(self.mid, layer.rid) else {
                continue;
            };
            let keyframe = std::mem::take(&mut layer.keyframe);
            let mut left = layer.quality.frame_bytes;
            while left > 0 {
                let mut payload = vec![0; left.clamp(STAMP.end, PACKET_BYTES)];
                let begins = left == layer.quality.frame_bytes;
                left = left.saturating_sub(payload.len());
                payload[0] = if begins { 0x90 } else { 0x80 };
                payload[1] = 0xe0;
                payload[2..4].copy_from_slice(&picture_id.to_be_bytes());
                payload[4] = self.frame as u8;
                // The frame tag, then start code, width and height.
                payload[6] = u8::from(!keyframe);
                payload[9..12].copy_from_slice(&[0x9d, 0x01, 0x2a]);
                payload[14..16].copy_from_slice(&layer.quality.height.to_le_bytes());
                payload[STAMP].copy_from_slice(&stamp.to_be_bytes());
                layer.number += 1;
                let payload: Arc<[u8]> = payload.into();
                stream.write_rtp(
                    RtpWrite::new(self.pt, layer.number.into(), time, now, payload)
                        .marker(left == 0)
                        .nackable(true),
                );
            }
        }
    }
}

pub struct Voice {
    mid: Mid,
    pt: Pt,
    number: u64,
    /// In dBov.
    level: i8,
}

impl Voice {
    pub const fn new(mid: Mid, pt: Pt, level: i8) -> Self {
        Self {
            mid,
            pt,
            number: 0,
            level,
        }
    }

    pub fn write(&mut self, rtc: &mut Rtc, now: Instant, stamp: u64) {
        self.number += 1;
        let mut payload = vec![0; VOICE_BYTES];
        payload[STAMP].copy_from_slice(&stamp.to_be_bytes());
        let payload: Arc<[u8]> = payload.into();
        let extensions = ExtensionValues {
            audio_level: Some(self.level),
            voice_activity: Some(self.level > -40),
            ..ExtensionValues::default()
        };
        if let Some(stream) = rtc.direct_api().stream_tx_by_mid(self.mid, None) {
            let time = (self.number * 960) as u32;
            let write = RtpWrite::new(self.pt, self.number.into(), time, now, payload);
            stream.write_rtp(write.ext_vals(extensions));
        }
    }
}
