use proptest::{collection::vec, prelude::*};

use super::*;

/// An [`Event`] that outlives its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Text(String),
    Refused(Refused),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<CloseCode>),
    Violation(CloseCode),
}

impl From<Event<'_>> for Seen {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Text(text) => Self::Text(text.into()),
            Event::Refused(refused) => Self::Refused(refused),
            Event::Ping(payload) => Self::Ping(payload.into()),
            Event::Pong(payload) => Self::Pong(payload.into()),
            Event::Close(code) => Self::Close(code),
            Event::Violation(code) => Self::Violation(code),
        }
    }
}

fn feed(decoder: &mut Decoder, bytes: &[u8], seen: &mut Vec<Seen>) {
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    loop {
        let (taken, event) = decoder.decode(&mut bytes[at..]);
        at += taken;
        match event {
            Some(event) => seen.push(event.into()),
            None => break,
        }
    }
    assert_eq!(at, bytes.len());
}

fn decode(bytes: &[u8]) -> Vec<Seen> {
    let mut seen = Vec::new();
    feed(&mut Decoder::default(), bytes, &mut seen);
    seen
}

/// A masked frame; `first` is its first byte.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = announce(first, payload.len() as u64);
    bytes.extend_from_slice(&mask);
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    bytes
}

/// A header up to its mask.
fn announce(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    if length < 126 {
        bytes.push(0x80 | length as u8);
    } else if length <= 0xFFFF {
        bytes.push(0x80 | 126);
        bytes.extend_from_slice(&(length as u16).to_be_bytes());
    } else {
        bytes.push(0x80 | 127);
        bytes.extend_from_slice(&length.to_be_bytes());
    }
    bytes
}

const TEXT: u8 = 0x81;
const TEXT_BEGINS: u8 = 0x01;
const CONTINUES: u8 = 0x00;
const CONTINUES_LAST: u8 = 0x80;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8A;

fn text(text: &str) -> Seen {
    Seen::Text(text.into())
}

#[test]
fn masked_message_of_the_rfc_is_read() {
    // Section 5.7.
    let bytes = [
        0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ];
    assert_eq!(decode(&bytes), [text("Hello")]);
}

#[test]
fn message_in_fragments_is_put_together_around_control_frames() {
    let bytes = [
        frame(TEXT_BEGINS, b"one "),
        frame(PING, b"are you there"),
        frame(CONTINUES, "m\u{20ac}".as_bytes()[..2].as_ref()),
        frame(CONTINUES, b""),
        frame(PONG, b""),
        frame(CONTINUES_LAST, "m\u{20ac}".as_bytes()[2..].as_ref()),
        frame(TEXT, b""),
    ]
    .concat();
    let expected = [
        Seen::Ping(b"are you there".into()),
        Seen::Pong(vec![]),
        text("one m\u{20ac}"),
        text(""),
    ];
    assert_eq!(decode(&bytes), expected);
}

#[test]
fn malformed_frames_are_violations() {
    let cases: [(&str, Vec<u8>); 15] = [
        ("not masked", vec![0x81, 0x05]),
        ("reserved bit 1", frame(0xC1, b"x")),
        ("reserved bit 2", frame(0xA1, b"x")),
        ("reserved bit 3", frame(0x91, b"x")),
        ("reserved data opcode", frame(0x83, b"x")),
        ("reserved control opcode", frame(0x8B, b"x")),
        ("control frame in fragments", frame(0x09, b"x")),
        ("control frame too long", frame(PING, &[0; 126])),
        ("continuation of nothing", frame(CONTINUES_LAST, b"x")),
        (
            "message within a message",
            [frame(TEXT_BEGINS, b"x"), frame(TEXT, b"y")].concat(),
        ),
        (
            "16 bits for a short length",
            vec![0x81, 0xFE, 0, 125, 0, 0, 0, 0],
        ),
        (
            "64 bits for a medium length",
            vec![0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0],
        ),
        (
            "highest bit of the length",
            vec![0x81, 0xFF, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
        ),
        ("close frame of one byte", frame(CLOSE, &[3])),
        (
            "close code that never travels",
            frame(CLOSE, &1006_u16.to_be_bytes()),
        ),
    ];
    for (name, bytes) in cases {
        let mut seen = decode(&bytes);
        let last = seen.pop();
        assert_eq!(
            last,
            Some(Seen::Violation(CloseCode::PROTOCOL_ERROR)),
            "{name}"
        );
        assert!(seen.is_empty(), "{name}: {seen:?}");
    }
}

#[test]
fn text_that_is_no_utf_8_is_a_violation() {
    let invalid = [Seen::Violation(CloseCode::INVALID_TEXT)];
    assert_eq!(decode(&frame(TEXT, b"\xC3\x28")), invalid);
    assert_eq!(
        decode(&frame(TEXT, "\u{20ac}".as_bytes()[..2].as_ref())),
        invalid
    );
    assert_eq!(decode(&frame(CLOSE, b"\x03\xE8\xFF")), invalid);
    let in_fragments = [frame(TEXT_BEGINS, b"\xC3"), frame(CONTINUES_LAST, b"\x28")];
    assert_eq!(decode(&in_fragments.concat()), invalid);
}

#[test]
fn close_frame_tells_its_code_if_it_may_travel() {
    assert_eq!(decode(&frame(CLOSE, b"")), [Seen::Close(None)]);
    for code in 0..=u16::MAX {
        let travels = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
        let expected = match travels {
            true => Seen::Close(Some(CloseCode(code))),
            false => Seen::Violation(CloseCode::PROTOCOL_ERROR),
        };
        assert_eq!(decode(&frame(CLOSE, &code.to_be_bytes())), [expected]);
    }
}

#[test]
fn nothing_is_read_after_the_end() {
    let after = [frame(TEXT, b"x"), vec![0xFF; 100]].concat();
    let closed = [frame(CLOSE, b""), after.clone()].concat();
    assert_eq!(decode(&closed), [Seen::Close(None)]);
    let violated = [vec![0x81, 0x05], after].concat();
    assert_eq!(
        decode(&violated),
        [Seen::Violation(CloseCode::PROTOCOL_ERROR)]
    );
}

#[test]
fn largest_message_is_read_and_a_larger_one_refused_once() {
    let largest = "x".repeat(MESSAGE_BYTES);
    assert_eq!(decode(&frame(TEXT, largest.as_bytes())), [text(&largest)]);

    let larger = format!("{largest}x");
    let refused = Seen::Refused(Refused::TooLarge);
    let whole = [frame(TEXT, larger.as_bytes()), frame(TEXT, b"next")].concat();
    assert_eq!(decode(&whole), [refused.clone(), text("next")]);
    let parts = [
        frame(TEXT_BEGINS, largest.as_bytes()),
        frame(CONTINUES, b"x"),
        frame(CONTINUES, b"x"),
        frame(PING, b"still here"),
        frame(CONTINUES_LAST, b"x"),
        frame(TEXT, b"next"),
    ];
    let expected = [refused, Seen::Ping(b"still here".into()), text("next")];
    assert_eq!(decode(&parts.concat()), expected);
}

#[test]
fn binary_message_is_refused_once() {
    let bytes = [
        frame(0x02, &[0xFF; 300]),
        frame(CONTINUES_LAST, &[0; 300]),
        frame(BINARY, b""),
        frame(TEXT, b"next"),
    ];
    let refused = Seen::Refused(Refused::Binary);
    assert_eq!(
        decode(&bytes.concat()),
        [refused.clone(), refused, text("next")]
    );
}

#[test]
fn message_beyond_all_bounds_is_a_violation_before_it_comes() {
    let huge = [announce(TEXT, REFUSED_BYTES + 1), vec![0; 4]].concat();
    assert_eq!(decode(&huge), [Seen::Violation(CloseCode::TOO_BIG)]);

    let mut parts = frame(0x02, &[0; 1000]);
    parts.extend(announce(CONTINUES, REFUSED_BYTES - 999));
    parts.extend([0; 4]);
    let expected = [
        Seen::Refused(Refused::Binary),
        Seen::Violation(CloseCode::TOO_BIG),
    ];
    assert_eq!(decode(&parts), expected);
}

#[test]
fn decoder_between_messages_holds_no_memory() {
    let mut decoder = Decoder::default();
    let mut seen = Vec::new();
    let bytes = [frame(PING, &[7; 125]), frame(TEXT, &[b'x'; 10_000])].concat();
    for chunk in bytes.chunks(100) {
        feed(&mut decoder, chunk, &mut seen);
    }
    assert_eq!(seen.len(), 2);
    assert_eq!(decoder.text.capacity() + decoder.control.capacity(), 0);

    // Nor while it throws away what it refused.
    let large = frame(TEXT, &[b'x'; 2 * MESSAGE_BYTES]);
    feed(&mut decoder, &large[..MESSAGE_BYTES], &mut seen);
    assert_eq!(decoder.text.capacity(), 0);
}

#[test]
fn unfinished_message_holds_no_more_than_twice_what_came() {
    let mut decoder = Decoder::default();
    let bytes = frame(TEXT, &[b'x'; MESSAGE_BYTES]);
    feed(&mut decoder, &bytes[..1_014], &mut Vec::new());
    assert!(
        decoder.text.capacity() <= 2_000,
        "{}",
        decoder.text.capacity()
    );
}

fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        4 => Just(TEXT),
        2 => Just(TEXT_BEGINS),
        3 => Just(CONTINUES),
        3 => Just(CONTINUES_LAST),
        1 => Just(BINARY),
        2 => Just(PING),
        1 => Just(PONG),
        1 => Just(CLOSE),
        1 => any::<u8>(),
    ];
    let payload = prop_oneof![
        8 => "[a-z\u{e4}\u{20ac}]{0,40}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..130),
        1 => (65_530_usize..65_540).prop_map(|length| vec![b'x'; length]),
    ];
    (first, payload).prop_map(|(first, payload)| frame(first, &payload))
}

/// Frames that a library and this decoder have to understand alike.
fn common_frame() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        4 => Just(TEXT),
        3 => Just(TEXT_BEGINS),
        4 => Just(CONTINUES),
        4 => Just(CONTINUES_LAST),
        1 => Just(BINARY),
        2 => Just(PING),
        2 => Just(PONG),
        1 => prop_oneof![Just(0xC1), Just(0x83), Just(0x8B), Just(0x09)],
    ];
    (first, "[a-z\u{e4}\u{20ac}]{0,60}").prop_map(|(first, text)| frame(first, text.as_bytes()))
}

/// What tungstenite reads from the same bytes, and whether it found a violation.
fn decode_by_tungstenite(bytes: &[u8]) -> (Vec<Seen>, bool) {
    use tungstenite::{Error, Message, WebSocket, error::ProtocolError, protocol::Role::Server};

    /// Takes answers and forgets them.
    struct Input<'a>(&'a [u8]);
    impl std::io::Read for Input<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0.read(buffer)
        }
    }
    impl std::io::Write for Input<'_> {
        fn write(&mut self, answer: &[u8]) -> std::io::Result<usize> {
            Ok(answer.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let mut socket = WebSocket::from_raw_socket(Input(bytes), Server, None);
    let mut seen = Vec::new();
    loop {
        seen.push(match socket.read() {
            Ok(Message::Text(text)) => Seen::Text(text.as_str().into()),
            Ok(Message::Binary(_)) => Seen::Refused(Refused::Binary),
            Ok(Message::Ping(payload)) => Seen::Ping(payload.into()),
            Ok(Message::Pong(payload)) => Seen::Pong(payload.into()),
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                return (seen, false);
            }
            Err(Error::Protocol(_)) => return (seen, true),
            other => panic!("{other:?}"),
        });
    }
}

proptest! {
    #[test]
    fn library_reads_the_same(frames in vec(common_frame(), 0..12)) {
        let bytes = frames.concat();
        let mut seen = decode(&bytes);
        let violated = seen.pop_if(|last| matches!(last, Seen::Violation(_))).is_some();
        prop_assert_eq!((seen, violated), decode_by_tungstenite(&bytes));
    }

    #[test]
    fn cuts_between_bytes_change_nothing(
        frames in vec(any_frame(), 0..12),
        cuts in vec(1_usize..200, 1..8),
    ) {
        let bytes = frames.concat();
        let mut seen = Vec::new();
        let mut decoder = Decoder::default();
        let mut rest = bytes.as_slice();
        for cut in cuts.iter().cycle() {
            let (chunk, after) = rest.split_at((*cut).min(rest.len()));
            feed(&mut decoder, chunk, &mut seen);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(seen, decode(&bytes));
    }

    #[test]
    fn hostile_bytes_never_panic(bytes in vec(any::<u8>(), 0..2_000)) {
        let seen = decode(&bytes);
        let ends = |seen: &Seen| matches!(seen, Seen::Close(_) | Seen::Violation(_));
        prop_assert!(seen.iter().rev().skip(1).all(|seen| !ends(seen)));
    }
}
