//! WebSocket framing (RFC 6455 section 5.2) of a client that sends prepared text frames and reads
//! whole, unfragmented ones out of a buffer that it does not own.

/// The longest message taken from a server: a `joined` with a room's chat stays far below.
const MAX_PAYLOAD_BYTES: u64 = 1024 * 1024;

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;

/// A client must mask (RFC 6455 section 5.3). One key for all lets frames be prepared once and
/// sent often; to unmask costs a server the same with any key.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    Text = 1,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("a frame of kind {0:#04x}, or a fragment")]
    Kind(u8),
    #[error("a masked frame")]
    Masked,
    #[error("a frame of {0} bytes")]
    TooLong(u64),
}

/// One frame, and how many bytes it took in the buffer.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    pub opcode: Opcode,
    pub payload: &'a [u8],
    pub consumed: usize,
}

/// Reads the frame at the start of `buffer`; `None` when it is not whole yet.
pub fn decode(buffer: &[u8]) -> Result<Option<Frame<'_>>, FrameError> {
    let [first, second, rest @ ..] = buffer else {
        return Ok(None);
    };
    let opcode = match *first {
        0x81 => Opcode::Text,
        0x88 => Opcode::Close,
        0x89 => Opcode::Ping,
        0x8a => Opcode::Pong,
        other => return Err(FrameError::Kind(other)),
    };
    if second & MASKED != 0 {
        return Err(FrameError::Masked);
    }
    let (length, header) = match (second, rest) {
        (126, [a, b, ..]) => (u64::from(u16::from_be_bytes([*a, *b])), 4),
        (127, [a, b, c, d, e, f, g, h, ..]) => {
            let length = u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
            (length, 10)
        }
        (126 | 127, _) => return Ok(None),
        (short, _) => (u64::from(*short), 2),
    };
    if length > MAX_PAYLOAD_BYTES {
        return Err(FrameError::TooLong(length));
    }
    let consumed = header + usize::try_from(length).expect("bounded by MAX_PAYLOAD_BYTES");
    Ok(buffer.get(header..consumed).map(|payload| Frame {
        opcode,
        payload,
        consumed,
    }))
}

/// A masked frame, ready to be sent.
pub fn encode(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 14);
    frame.push(FIN | opcode as u8);
    match payload.len() {
        length @ ..126 => frame.push(MASKED | u8::try_from(length).expect("below 126")),
        length => match u16::try_from(length) {
            Ok(length) => {
                frame.push(MASKED | 126);
                frame.extend(length.to_be_bytes());
            }
            Err(_) => {
                frame.push(MASKED | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        },
    }
    frame.extend(MASK);
    let masked = payload.iter().zip(MASK.iter().cycle()).map(|(b, m)| b ^ m);
    frame.extend(masked);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_server(payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![0x81];
        match payload.len() {
            length @ ..126 => frame.push(u8::try_from(length).unwrap()),
            length @ 126..65536 => {
                frame.push(126);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            length => {
                frame.push(127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend(payload);
        frame
    }

    #[test]
    fn frame_of_each_length_form_is_read_and_leaves_the_rest() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            let mut buffer = from_server(&payload);
            let whole = buffer.len();
            buffer.extend(b"\x81\x00");
            let frame = decode(&buffer).unwrap().expect("whole");
            assert_eq!((frame.payload.len(), frame.consumed), (length, whole));
        }
    }

    #[test]
    fn frame_that_is_not_whole_waits() {
        let buffer = from_server(&[b'x'; 300]);
        for cut in 0..buffer.len() {
            assert_eq!(decode(&buffer[..cut]), Ok(None), "{cut}");
        }
    }

    #[test]
    fn fragment_mask_and_absurd_length_are_refused() {
        assert_eq!(decode(&[0x01, 0]), Err(FrameError::Kind(0x01)));
        assert_eq!(decode(&[0x82, 0]), Err(FrameError::Kind(0x82)));
        assert_eq!(decode(&[0x81, 0x80]), Err(FrameError::Masked));
        let absurd = [0x81, 127, 0xff, 0, 0, 0, 0, 0, 0, 0];
        assert!(matches!(decode(&absurd), Err(FrameError::TooLong(_))));
    }

    #[test]
    fn encoded_frame_is_masked_and_unmasks_to_the_text() {
        let frame = encode(Opcode::Text, b"hello");
        assert_eq!(frame[..2], [0x81, 0x85]);
        let text: Vec<u8> = frame[6..]
            .iter()
            .zip(frame[2..6].iter().cycle())
            .map(|(b, m)| b ^ m)
            .collect();
        assert_eq!(text, b"hello");
    }
}
