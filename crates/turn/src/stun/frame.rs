//! Where messages end on a stream (RFC 8656 section 12.5, RFC 8489 section 6.2.2).

use super::{CHANNEL_HEADER_BYTES, HEADER_BYTES, padded};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither a STUN message nor ChannelData")]
pub struct FrameError;

/// The bytes of the first message, padding included; `None` while too few are there to tell.
pub fn frame_bytes(stream: &[u8]) -> Result<Option<usize>, FrameError> {
    let Some(&[first, _, high, low]) = stream.first_chunk::<4>() else {
        // A foreign protocol is told by its first byte.
        return match stream.first() {
            Some(first) if first >> 6 > 1 => Err(FrameError),
            _ => Ok(None),
        };
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    match first >> 6 {
        0 if length.is_multiple_of(4) => Ok(Some(HEADER_BYTES + length)),
        1 => Ok(Some(padded(CHANNEL_HEADER_BYTES + length))),
        _ => Err(FrameError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_known_from_four_bytes() {
        assert_eq!(frame_bytes(b"\x00\x01\x00"), Ok(None));
        assert_eq!(frame_bytes(b"\x00\x01\x00\x08"), Ok(Some(28)));
        assert_eq!(frame_bytes(b"\x40\x01\x00\x05"), Ok(Some(12)));
        assert_eq!(frame_bytes(b"\x7f\xff\xff\xff"), Ok(Some(65_540)));
    }

    #[test]
    fn other_protocols_are_told_by_the_first_byte() {
        assert_eq!(frame_bytes(b"\x80"), Err(FrameError));
        assert_eq!(frame_bytes(b"\x00\x01\x00\x07"), Err(FrameError));
        // "G" of an HTTP request looks like ChannelData of an odd channel, which is bound to nothing.
        assert_eq!(frame_bytes(b"GET "), Ok(Some(21_540)));
    }
}
