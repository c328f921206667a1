//! What of a payload the engine looks at: codec, beginning of a keyframe, picture height.

use str0m::{
    format::{Codec, PayloadParams},
    media::Pt,
    rtp::Vp8Descriptor,
};

/// A codec as far as it must be the same at both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Opus,
    /// Opus with older frames before the newest (RFC 2198).
    Red,
    Vp8,
    /// Profile (without its level) and packetization mode.
    H264 {
        profile: u16,
        mode: u8,
    },
}

impl Format {
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Opus | Self::Red => 48_000,
            Self::Vp8 | Self::H264 { .. } => 90_000,
        }
    }
}

/// The payload types of one connection.
#[derive(Debug, Default, Clone)]
pub struct Payloads(Vec<(Pt, Format)>);

impl Payloads {
    /// Of those `params` that the peer named too.
    pub fn new(params: &[PayloadParams], named: &[Pt]) -> Self {
        let mut payloads = Vec::new();
        for params in params.iter().filter(|params| named.contains(&params.pt())) {
            let spec = params.spec();
            let format = match spec.codec {
                Codec::Opus => Format::Opus,
                Codec::Vp8 => Format::Vp8,
                Codec::H264 => Format::H264 {
                    profile: (spec.format.profile_level_id.unwrap_or(0x42_00_1f) >> 8) as u16,
                    mode: spec.format.packetization_mode.unwrap_or(0),
                },
                _ => continue,
            };
            payloads.push((params.pt(), format));
            if let (Format::Opus, Some(red)) = (format, params.red()) {
                payloads.push((red, Format::Red));
            }
        }
        Self(payloads)
    }

    pub fn format(&self, pt: Pt) -> Option<Format> {
        self.0
            .iter()
            .find(|(other, _)| *other == pt)
            .map(|(_, format)| *format)
    }

    /// The payload type to send `format` with. Of H.264 another profile will do, as decoders take
    /// all that matter, another packetization will not.
    pub fn pt(&self, format: Format) -> Option<Pt> {
        let exact = self.0.iter().find(|(_, other)| *other == format);
        let similar = || {
            self.0.iter().find(|(_, other)| match (format, *other) {
                (Format::H264 { mode, .. }, Format::H264 { mode: other, .. }) => mode == other,
                _ => false,
            })
        };
        exact.or_else(similar).map(|(pt, _)| *pt)
    }
}

/// What was found in one packet, for all its receivers.
#[derive(Debug, Clone, Copy)]
pub struct Inspected {
    pub format: Format,
    pub begins_keyframe: bool,
    pub vp8: Option<Vp8Descriptor>,
    /// Of the picture, where a keyframe tells.
    pub height: Option<u16>,
}

pub fn inspect(format: Format, payload: &[u8]) -> Inspected {
    let mut inspected = Inspected {
        format,
        begins_keyframe: true,
        vp8: None,
        height: None,
    };
    match format {
        Format::Opus | Format::Red => {}
        Format::Vp8 => {
            inspected.vp8 = Vp8Descriptor::parse(payload).ok();
            inspected.begins_keyframe = inspected
                .vp8
                .is_some_and(|descriptor| descriptor.starts_keyframe(payload));
            if inspected.begins_keyframe {
                inspected.height = vp8_height(payload);
            }
        }
        Format::H264 { .. } => inspected.begins_keyframe = begins_h264_keyframe(payload),
    }
    inspected
}

/// After the frame tag, a keyframe has a start code, width and height (RFC 6386 § 9.1).
fn vp8_height(payload: &[u8]) -> Option<u16> {
    let after = payload
        .windows(3)
        .take(16)
        .position(|bytes| bytes == [0x9d, 0x01, 0x2a])?
        + 3;
    let height = payload.get(after + 2..after + 4)?;
    Some(u16::from_le_bytes([height[0], height[1]]) & 0x3fff)
}

/// Encoders send the parameter sets before each keyframe, alone or with others in one packet
/// (RFC 6184 § 5.7.1); a decoder can start there.
fn begins_h264_keyframe(payload: &[u8]) -> bool {
    const PARAMETERS: u8 = 7;
    const AGGREGATE: u8 = 24;
    let kind = |header: u8| header & 0x1f;
    match payload.first().map(|header| kind(*header)) {
        Some(PARAMETERS) => true,
        Some(AGGREGATE) => {
            let mut rest = &payload[1..];
            while let [high, low, unit @ ..] = rest {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                match unit.get(..length).and_then(|unit| unit.first()) {
                    Some(header) if kind(*header) == PARAMETERS => return true,
                    _ => rest = unit.get(length..).unwrap_or_default(),
                }
            }
            false
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vp8_keyframe_tells_its_height() {
        // A descriptor with a 15 bit picture id; frame tag; start code; 640 × 360.
        let keyframe = [
            0x90, 0x80, 0x80, 0x01, 0x10, 0, 0, 0x9d, 1, 0x2a, 0x80, 2, 0x68, 1,
        ];
        let inspected = inspect(Format::Vp8, &keyframe);
        assert!(inspected.begins_keyframe);
        assert_eq!(inspected.height, Some(360));
        let delta = [0x90, 0x80, 0x80, 0x01, 0x11, 0, 0];
        assert!(!inspect(Format::Vp8, &delta).begins_keyframe);
        let not_the_first_packet = [0x80, 0x80, 0x80, 0x01, 0x10, 0, 0];
        assert!(!inspect(Format::Vp8, &not_the_first_packet).begins_keyframe);
    }

    #[test]
    fn h264_keyframe_begins_with_its_parameters() {
        let format = Format::H264 {
            profile: 0x42e0,
            mode: 1,
        };
        let begins = |payload: &[u8]| inspect(format, payload).begins_keyframe;
        assert!(begins(&[0x67, 0x42]));
        assert!(begins(&[
            0x78, 0, 2, 0x09, 0x10, 0, 2, 0x67, 0x42, 0, 1, 0x68
        ]));
        assert!(!begins(&[0x78, 0, 1, 0x68, 0, 200, 0x67]), "cut off");
        assert!(!begins(&[0x78, 0, 0, 0, 0]));
        assert!(!begins(&[0x41, 0x9a]));
        assert!(!begins(&[]));
    }
}
