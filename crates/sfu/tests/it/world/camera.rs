//! What a VP8 encoder puts out: frames of packets with picture ids, keyframes when asked.

use std::time::{Duration, Instant};

/// In each payload after the descriptor and the frame header: who, which layer, which frame, which
/// packet of it. The checker reads it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    pub sender: u8,
    pub layer: u8,
    pub frame: u32,
    pub part: u8,
    pub parts: u8,
    pub keyframe: bool,
}

const HEADER: usize = 5;
const PACKET: usize = 1_100;

pub struct Packet {
    pub number: u64,
    pub time: u32,
    pub marker: bool,
    pub payload: Vec<u8>,
}

pub struct Encoder {
    pub sender: u8,
    pub layer: u8,
    pub bits_per_second: u64,
    pub height: u16,
    pub on: bool,
    pub keyframe_wanted: bool,
    frame: u32,
    number: u64,
    picture_id: u16,
    base_layer: u8,
    time_base: u32,
    began: Instant,
    next: Instant,
}

const FRAME: Duration = Duration::from_millis(33);

impl Encoder {
    pub fn new(sender: u8, layer: u8, bits_per_second: u64, height: u16, now: Instant) -> Self {
        let salt = u64::from(sender) * 7_919 + u64::from(layer) * 104_729;
        Self {
            sender,
            layer,
            bits_per_second,
            height,
            on: true,
            keyframe_wanted: true,
            frame: 0,
            // Close to a rollover of each, as that is where mistakes show.
            number: 65_400 + salt % 100,
            picture_id: 32_700 + (salt % 60) as u16,
            base_layer: (salt % 256) as u8,
            time_base: (salt as u32).wrapping_mul(2_654_435_761),
            began: now,
            next: now,
        }
    }

    /// The RTP time that belongs to `now`.
    pub fn time(&self, now: Instant) -> u32 {
        let ticks = (now.duration_since(self.began).as_micros() * 9 / 100) as u32;
        self.time_base.wrapping_add(ticks)
    }

    /// The packets of the frame that is due.
    pub fn frame(&mut self, now: Instant) -> Vec<Packet> {
        if now < self.next {
            return Vec::new();
        }
        self.next += FRAME;
        if !self.on {
            return Vec::new();
        }
        let keyframe = std::mem::take(&mut self.keyframe_wanted);
        let bytes = self.bits_per_second / 8 * FRAME.as_millis() as u64 / 1_000;
        let bytes = bytes as usize * if keyframe { 4 } else { 1 };
        let parts = bytes.div_ceil(PACKET).clamp(1, 255);
        let size = (bytes / parts).clamp(40, PACKET);
        self.frame += 1;
        self.picture_id = (self.picture_id + 1) & 0x7fff;
        self.base_layer = self.base_layer.wrapping_add(1);
        let time = self.time(now);
        (0..parts)
            .map(|part| {
                self.number += 1;
                let stamp = Stamp {
                    sender: self.sender,
                    layer: self.layer,
                    frame: self.frame,
                    part: part as u8,
                    parts: parts as u8,
                    keyframe,
                };
                Packet {
                    number: self.number,
                    time,
                    marker: part + 1 == parts,
                    payload: self.payload(stamp, size),
                }
            })
            .collect()
    }

    fn payload(&self, stamp: Stamp, size: usize) -> Vec<u8> {
        let begins = if stamp.part == 0 { 0x10 } else { 0 };
        let [high, low] = self.picture_id.to_be_bytes();
        let mut payload = vec![0x80 | begins, 0xe0, 0x80 | high, low, self.base_layer, 0];
        // The frame tag: the lowest bit is clear in a keyframe. Then start code, width, height.
        payload.push(u8::from(!stamp.keyframe));
        payload.extend([0, 0, 0x9d, 0x01, 0x2a, 0, 0]);
        payload.extend(self.height.to_le_bytes());
        payload.extend([
            stamp.sender,
            stamp.layer,
            stamp.part,
            stamp.parts,
            u8::from(stamp.keyframe),
        ]);
        payload.extend(stamp.frame.to_be_bytes());
        payload.resize(size, 0);
        payload
    }
}

/// What a receiver finds in a payload: stamp, picture id, number of the base layer.
pub fn read(payload: &[u8]) -> Option<(Stamp, u16, u8)> {
    let descriptor = payload.get(..6)?;
    let picture_id = u16::from_be_bytes([descriptor[2] & 0x7f, descriptor[3]]);
    let stamp = payload.get(6 + 5 + HEADER..)?;
    let [sender, layer, part, parts, keyframe, a, b, c, d, ..] = *stamp else {
        return None;
    };
    Some((
        Stamp {
            sender,
            layer,
            frame: u32::from_be_bytes([a, b, c, d]),
            part,
            parts,
            keyframe: keyframe == 1,
        },
        picture_id,
        descriptor[4],
    ))
}
