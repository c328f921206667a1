//! Frames of RFC 6455, and the writing of them: the server's go unmasked and in one piece.

/// Payload of a control frame (RFC 6455 section 5.5).
pub const CONTROL_BYTES: usize = 125;

/// Two bytes, eight of length, four of mask (RFC 6455 section 5.2).
pub const HEADER_BYTES: usize = 14;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    Continuation = 0x0,
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xA,
}

/// The status code of a close frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseCode(pub u16);

impl CloseCode {
    pub const NORMAL: Self = Self(1000);
    /// A browser sends it when the page is closed or left.
    pub const GOING_AWAY: Self = Self(1001);
    pub const PROTOCOL_ERROR: Self = Self(1002);
    pub const INVALID_TEXT: Self = Self(1007);
    pub const POLICY: Self = Self(1008);
    pub const TOO_BIG: Self = Self(1009);
    pub const RESTART: Self = Self(1012);
    pub const TRY_AGAIN: Self = Self(1013);
    /// The session lives on in another socket.
    pub const SESSION_TAKEN: Self = Self(wecall_protocol::close::SESSION_TAKEN);
}

impl Opcode {
    pub(super) fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    pub(super) fn is_control(self) -> bool {
        self as u8 >= Self::Close as u8
    }
}

/// Appends one whole frame, whose payload is all `parts` in a row.
pub fn put_frame(out: &mut Vec<u8>, opcode: Opcode, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.reserve(length + HEADER_BYTES);
    out.push(0x80 | opcode as u8);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..=125), _) => out.push(short),
        (_, Ok(medium)) => {
            out.push(126);
            out.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// Appends a close frame.
pub fn put_close(out: &mut Vec<u8>, code: Option<CloseCode>) {
    match code {
        Some(CloseCode(code)) => put_frame(out, Opcode::Close, &[&code.to_be_bytes()]),
        None => put_frame(out, Opcode::Close, &[]),
    }
}

/// Where the frame ends that byte `at` belongs to, among frames of [`put_frame`]; a frame that
/// begins at `at` is not begun.
pub fn frame_end(frames: &[u8], at: usize) -> usize {
    let mut boundary = 0;
    while boundary < at {
        let (header, payload) = match frames[boundary..] {
            [_, 127, a, b, c, d, e, f, g, h, ..] => {
                (10, u64::from_be_bytes([a, b, c, d, e, f, g, h]) as usize)
            }
            [_, 126, high, low, ..] => (4, usize::from(u16::from_be_bytes([high, low]))),
            [_, short, ..] => (2, usize::from(short)),
            _ => return frames.len(),
        };
        boundary += header + payload;
    }
    boundary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_the_rfc() {
        // Section 5.7.
        let mut out = Vec::new();
        put_frame(&mut out, Opcode::Text, &[b"Hel", b"", b"lo"]);
        assert_eq!(out, [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
        out.clear();
        put_frame(&mut out, Opcode::Pong, &[b"Hello"]);
        assert_eq!(out, [0x8a, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
        out.clear();
        put_frame(&mut out, Opcode::Binary, &[&[0; 256]]);
        assert_eq!(out[..4], [0x82, 0x7E, 0x01, 0x00]);
        out.clear();
        put_frame(&mut out, Opcode::Binary, &[&[0; 65536]]);
        assert_eq!(out[..10], [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn length_takes_the_shortest_form() {
        for (length, header) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let mut out = Vec::new();
            put_frame(&mut out, Opcode::Text, &[&vec![b'x'; length]]);
            assert_eq!(out.len(), header + length);
        }
    }

    #[test]
    fn close_frame_holds_its_code_or_nothing() {
        let mut out = Vec::new();
        put_close(&mut out, Some(CloseCode::TRY_AGAIN));
        put_close(&mut out, None);
        assert_eq!(out, [0x88, 2, 0x03, 0xF5, 0x88, 0]);
    }
}
