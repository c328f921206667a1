//! Reads what a WebSocket client sends, without IO: bytes in, [`Event`]s out.
//!
//! A message that lies wholly in the bytes that came in is unmasked in place and handed out
//! without a copy. Only the beginning of a message that is not complete yet is kept, in a buffer
//! that grows with the bytes that really came and is freed with the message.

use std::ops::Range;

use wecall_protocol::limits::MESSAGE_BYTES;

use super::frame::{CONTROL_BYTES, CloseCode, HEADER_BYTES, Opcode};

/// A message that is thrown away is read until here; a longer one ends the connection. A client
/// of ours never comes near: this tells a mistake, which is answered, from an attack.
pub const REFUSED_BYTES: u64 = 1024 * 1024;

/// A message that is thrown away while it comes in; the socket stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// A text longer than `limits::MESSAGE_BYTES`.
    TooLarge,
    Binary,
}

/// What the peer did.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// One complete message.
    Text(&'a str),
    /// A message that is too large or binary has begun; its bytes are thrown away.
    Refused(Refused),
    Ping(&'a [u8]),
    Pong(&'a [u8]),
    /// The peer says goodbye; nothing comes after it.
    Close(Option<CloseCode>),
    /// The peer broke the protocol, and is to be told by this code; nothing comes after it.
    Violation(CloseCode),
}

/// Reads the frames of one client.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    message: Message,
    /// What came so far of the message that is being put together.
    text: Vec<u8>,
    /// What came so far of a control frame, which may stand between two fragments of a message.
    control: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Within a header, of which so many bytes have come.
    Header([u8; HEADER_BYTES], u8),
    Payload(Frame),
    /// After a close frame or a violation: the rest means nothing.
    Ended,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    opcode: Opcode,
    last_fragment: bool,
    /// Bytes of the payload that have not come yet.
    left: u64,
    /// Turned so that it begins with the key of the next byte.
    mask: [u8; 4],
}

/// The message whose fragments are coming in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    None,
    Text,
    /// A refused one, of which so many bytes are announced so far.
    Refused(u64),
}

/// An [`Event`] that does not hold its bytes yet.
#[derive(Debug)]
enum Found {
    Text(Bytes),
    Control(Opcode, Bytes),
    Refused(Refused),
    Violation(CloseCode),
}

/// Where the payload lies.
#[derive(Debug)]
enum Bytes {
    /// In the bytes that were just given.
    Given(Range<usize>),
    Kept,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            state: State::NEXT,
            message: Message::None,
            text: Vec::new(),
            control: Vec::new(),
        }
    }
}

impl Decoder {
    /// Takes bytes up to the end of the next event. Answers how many it took, and the event;
    /// without an event all bytes are taken. To be called until there is no event, which also
    /// frees what the last event needed.
    pub fn decode<'a>(&'a mut self, bytes: &'a mut [u8]) -> (usize, Option<Event<'a>>) {
        self.release();
        let (taken, found) = self.find(bytes);
        let Some(found) = found else {
            return (taken, None);
        };
        let event = match found {
            Found::Refused(refused) => Event::Refused(refused),
            Found::Violation(code) => Event::Violation(code),
            Found::Text(place) => {
                let payload = match place {
                    Bytes::Given(range) => &bytes[range],
                    Bytes::Kept => &self.text,
                };
                match std::str::from_utf8(payload) {
                    Ok(text) => Event::Text(text),
                    Err(_) => Event::Violation(CloseCode::INVALID_TEXT),
                }
            }
            Found::Control(opcode, place) => {
                let payload = match place {
                    Bytes::Given(range) => &bytes[range],
                    Bytes::Kept => &self.control,
                };
                match opcode {
                    Opcode::Ping => Event::Ping(payload),
                    Opcode::Pong => Event::Pong(payload),
                    _ => match parse_close(payload) {
                        Ok(code) => Event::Close(code),
                        Err(code) => Event::Violation(code),
                    },
                }
            }
        };
        if matches!(event, Event::Close(_) | Event::Violation(_)) {
            self.state = State::Ended;
        }
        (taken, Some(event))
    }

    /// Frees what is not part of an unfinished message.
    fn release(&mut self) {
        if self.message == Message::None {
            self.text = Vec::new();
        }
        if !matches!(self.state, State::Payload(frame) if frame.opcode.is_control()) {
            self.control = Vec::new();
        }
    }

    fn find(&mut self, bytes: &mut [u8]) -> (usize, Option<Found>) {
        let mut at = 0;
        loop {
            match &mut self.state {
                State::Ended => return (bytes.len(), None),
                State::Header(header, have) => {
                    let Some(&byte) = bytes.get(at) else {
                        return (at, None);
                    };
                    at += 1;
                    header[usize::from(*have)] = byte;
                    *have += 1;
                    let begun = match parse_header(&header[..usize::from(*have)]) {
                        Ok(None) => continue,
                        Ok(Some(frame)) => self.begin(frame),
                        Err(code) => Err(code),
                    };
                    match begun {
                        Ok(None) => {}
                        Ok(Some(refused)) => return (at, Some(Found::Refused(refused))),
                        Err(code) => return (at, Some(Found::Violation(code))),
                    }
                }
                State::Payload(frame) => {
                    let rest = bytes.len() - at;
                    let here = usize::try_from(frame.left).map_or(rest, |left| left.min(rest));
                    frame.left -= here as u64;
                    let mask = frame.mask;
                    frame.mask.rotate_left(here % 4);
                    let frame = *frame;
                    let range = at..at + here;
                    at += here;
                    if let Some(found) = self.payload(frame, mask, range, bytes) {
                        return (at, Some(found));
                    }
                    if frame.left > 0 {
                        return (at, None);
                    }
                }
            }
        }
    }

    /// Enters the payload of a frame, if it may stand here.
    fn begin(&mut self, frame: Frame) -> Result<Option<Refused>, CloseCode> {
        self.state = State::Payload(frame);
        let so_far = match (frame.opcode, self.message) {
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => return Ok(None),
            (Opcode::Continuation, Message::Text) => self.text.len() as u64,
            (Opcode::Continuation, Message::Refused(bytes)) => bytes,
            (Opcode::Text | Opcode::Binary, Message::None) => 0,
            // A continuation of nothing, or a new message within another.
            _ => return Err(CloseCode::PROTOCOL_ERROR),
        };
        let announced = so_far.saturating_add(frame.left);
        if announced > REFUSED_BYTES {
            return Err(CloseCode::TOO_BIG);
        }
        let refused = if matches!(self.message, Message::Refused(_)) {
            None
        } else if frame.opcode == Opcode::Binary {
            Some(Refused::Binary)
        } else if announced > MESSAGE_BYTES as u64 {
            Some(Refused::TooLarge)
        } else {
            self.message = Message::Text;
            return Ok(None);
        };
        self.text = Vec::new();
        self.message = Message::Refused(announced);
        Ok(refused)
    }

    /// Takes the bytes of a payload that are here, which may be all of it or nothing.
    fn payload(
        &mut self,
        frame: Frame,
        mask: [u8; 4],
        range: Range<usize>,
        bytes: &mut [u8],
    ) -> Option<Found> {
        let complete = frame.left == 0;
        if complete {
            self.state = State::NEXT;
        }
        let control = frame.opcode.is_control();
        if let (false, Message::Refused(_)) = (control, self.message) {
            if complete && frame.last_fragment {
                self.message = Message::None;
            }
            return None;
        }

        let payload = &mut bytes[range.clone()];
        unmask(payload, mask);
        let kept = if control {
            &mut self.control
        } else {
            &mut self.text
        };
        let whole = complete && frame.last_fragment;
        let place = if whole && kept.is_empty() {
            Bytes::Given(range)
        } else {
            kept.extend_from_slice(payload);
            Bytes::Kept
        };
        if !whole {
            None
        } else if control {
            Some(Found::Control(frame.opcode, place))
        } else {
            self.message = Message::None;
            Some(Found::Text(place))
        }
    }
}

impl State {
    const NEXT: Self = Self::Header([0; HEADER_BYTES], 0);
}

/// Reads a header (RFC 6455 section 5.2) of which `bytes` have come; none while some are missing.
fn parse_header(bytes: &[u8]) -> Result<Option<Frame>, CloseCode> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(None);
    };
    let last_fragment = first & 0x80 != 0;
    let reserved = first & 0x70;
    let masked = second & 0x80 != 0;
    let short_length = second & 0x7F;
    let opcode = Opcode::from_bits(first & 0x0F).ok_or(CloseCode::PROTOCOL_ERROR)?;
    let control_in_parts =
        opcode.is_control() && (!last_fragment || usize::from(short_length) > CONTROL_BYTES);
    // No extension is ever agreed on that would use the reserved bits.
    if reserved != 0 || !masked || control_in_parts {
        return Err(CloseCode::PROTOCOL_ERROR);
    }

    let length_bytes = match short_length {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    if rest.len() < length_bytes {
        return Ok(None);
    }
    let (length, mask) = rest.split_at(length_bytes);
    let left = match length {
        [] => u64::from(short_length),
        long => long.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
    };
    // The shortest form is the only one, and the highest bit is 0.
    let shortest = match length_bytes {
        2 => left > 125,
        8 => left > u64::from(u16::MAX) && left >> 63 == 0,
        _ => true,
    };
    if !shortest {
        return Err(CloseCode::PROTOCOL_ERROR);
    }
    Ok(mask.try_into().ok().map(|mask| Frame {
        opcode,
        last_fragment,
        left,
        mask,
    }))
}

/// Reads the payload of a close frame (RFC 6455 sections 5.5.1 and 7.4).
fn parse_close(payload: &[u8]) -> Result<Option<CloseCode>, CloseCode> {
    let (code, reason) = match payload {
        [] => return Ok(None),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
        [_] => return Err(CloseCode::PROTOCOL_ERROR),
    };
    // 1004 to 1006 and 1015 never travel; 1012 to 1014 were registered after the RFC.
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(CloseCode::PROTOCOL_ERROR);
    }
    if std::str::from_utf8(reason).is_err() {
        return Err(CloseCode::INVALID_TEXT);
    }
    Ok(Some(CloseCode(code)))
}

fn unmask(bytes: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut chunks = bytes.chunks_exact_mut(8);
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        chunk.copy_from_slice(&(u64::from_ne_bytes(word) ^ wide).to_ne_bytes());
    }
    for (byte, key) in chunks.into_remainder().iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests;
