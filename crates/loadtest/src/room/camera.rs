//! A camera and a microphone, as far as their packets go: recorded frames, each stream with numbers
//! of its own.

use std::time::Duration;

use crate::room::clip::{Clips, Layer};

/// Below what fits into an IPv6 packet beside the headers of SRTP and TURN.
const PACKET_BYTES: usize = 1_100;

/// How much larger than others browsers let keyframes become.
const KEYFRAME_TIMES: usize = 4;

/// Opus of nothing (RFC 6716 section 2.1.9): what an encoder that may be silent says now and then.
const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];
const SILENCE_EVERY: u64 = 20;

pub const OPUS_PACKET: Duration = Duration::from_millis(20);
const OPUS_TICKS: u64 = 960;

/// In dBov (RFC 6464).
pub const SPEAKING: i8 = -18;
pub const SILENT: i8 = -127;

pub struct Packet {
    pub number: u64,
    /// In the clock of its kind of media.
    pub time: u32,
    pub marker: bool,
    pub payload: Vec<u8>,
}

/// One layer that goes out over one connection.
pub struct Film {
    layer: Layer,
    /// Not sent while nobody needs it.
    pub needed: bool,
    frame: usize,
    number: u64,
    picture: u16,
    base: u8,
}

impl Film {
    pub fn new(layer: Layer) -> Self {
        Self {
            layer,
            needed: true,
            frame: 0,
            number: 0,
            picture: 0,
            base: 0,
        }
    }

    /// Someone needs a keyframe: the film begins anew.
    pub fn restart(&mut self) {
        self.frame = 0;
    }

    pub fn set_needed(&mut self, needed: bool) {
        if needed && !self.needed {
            self.restart();
        }
        self.needed = needed;
    }

    /// The frame of the moment, padded to the size that a camera's has: a decoder passes over what
    /// follows the last partition (RFC 6386 section 9.5).
    pub fn packets(&mut self, clips: &Clips, time: u32, per_second: u32) -> Vec<Packet> {
        let frames = clips.camera(self.layer);
        let keyframe = self.frame == 0;
        let mut data = frames[self.frame].to_vec();
        self.frame = (self.frame + 1) % frames.len();
        let usual = self.layer.bytes_per_second() / per_second.max(1) as usize;
        let size = usual * if keyframe { KEYFRAME_TIMES } else { 1 };
        data.resize(size.max(data.len()), 0);
        self.picture = (self.picture + 1) & 0x7fff;
        self.base = self.base.wrapping_add(1);
        let count = data.len().div_ceil(PACKET_BYTES);
        let chunks = data.chunks(data.len().div_ceil(count));
        chunks
            .enumerate()
            .map(|(part, chunk)| {
                self.number += 1;
                Packet {
                    number: self.number,
                    time,
                    marker: part + 1 == count,
                    payload: self.payload(part == 0, chunk),
                }
            })
            .collect()
    }

    /// RFC 7741 section 4.2: with the picture's number, and that of its only temporal layer.
    fn payload(&self, begins: bool, chunk: &[u8]) -> Vec<u8> {
        let [high, low] = self.picture.to_be_bytes();
        let first = if begins { 0x90 } else { 0x80 };
        let mut payload = Vec::with_capacity(6 + chunk.len());
        payload.extend([first, 0xe0, 0x80 | high, low, self.base, 0]);
        payload.extend(chunk);
        payload
    }
}

/// A microphone that goes out over one connection.
#[derive(Default)]
pub struct Voice {
    number: u64,
    /// Since the start, in packets.
    ticks: u64,
    spoke: bool,
}

impl Voice {
    /// What is to be said in the next 20 ms; in silence there is mostly nothing.
    pub fn packet(&mut self, clips: &Clips, speaks: bool) -> Option<Packet> {
        self.ticks += 1;
        let begins = speaks && !self.spoke;
        self.spoke = speaks;
        if !speaks && !self.ticks.is_multiple_of(SILENCE_EVERY) {
            return None;
        }
        self.number += 1;
        let payload = if speaks {
            clips.tone[self.ticks as usize % clips.tone.len()].clone()
        } else {
            SILENCE.to_vec()
        };
        Some(Packet {
            number: self.number,
            time: (self.ticks * OPUS_TICKS) as u32,
            marker: begins,
            payload,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::frames::Frames;

    #[test]
    fn film_is_as_large_as_a_camera_and_decodes_from_its_start() {
        let clips = Clips::load();
        for layer in Layer::ALL {
            let mut film = Film::new(layer);
            let mut frames = Frames::default();
            let (mut bytes, mut decoded) = (0, 0);
            for frame in 0..300 {
                for packet in film.packets(&clips, frame * 3_000, 30) {
                    bytes += packet.payload.len();
                    assert!(packet.payload.len() <= PACKET_BYTES + 6);
                    decoded +=
                        frames.saw(&packet.payload, packet.number, packet.time, packet.marker);
                }
            }
            assert_eq!(decoded, 300);
            let seconds = 10;
            let usual = layer.bytes_per_second() * seconds;
            assert!((usual..usual * 5 / 4).contains(&bytes), "{layer:?} {bytes}");
        }
    }

    #[test]
    fn silence_is_said_now_and_then() {
        let clips = Clips::load();
        let mut voice = Voice::default();
        let count = |voice: &mut Voice, speaks| {
            (0..100)
                .filter_map(|_| voice.packet(&clips, speaks))
                .count()
        };
        assert_eq!(count(&mut voice, true), 100);
        assert_eq!(count(&mut voice, false), 5);
        let packet = voice.packet(&clips, true).expect("speaks");
        assert!(packet.marker);
        assert_eq!((packet.number, packet.time), (106, 201 * 960));
    }
}
