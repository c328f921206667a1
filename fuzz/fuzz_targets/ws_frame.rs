//! Whatever bytes a WebSocket client sends: they are read or refused within bounds, and however
//! the network cuts them, the same comes out.

#![no_main]

use libfuzzer_sys::fuzz_target;

// The codec alone, without the server around it.
#[path = "../../crates/server/src/ws/decode.rs"]
mod decode;
#[path = "../../crates/server/src/ws/frame.rs"]
#[expect(dead_code, reason = "half of it writes frames")]
mod frame;

use decode::{Decoder, Event};
use wecall_protocol::limits::MESSAGE_BYTES;

fuzz_target!(|input: (u8, &[u8])| {
    let (cut, bytes) = input;
    let whole = events(bytes.chunks(bytes.len().max(1)));
    assert_eq!(whole, events(bytes.chunks(1)));
    assert_eq!(whole, events(bytes.chunks(usize::from(cut) + 1)));

    // A mask of zeros, so that the fuzzer need not learn to write text through one.
    let mut unmasked = bytes.to_vec();
    if let Some(mask) = unmasked.get_mut(2..6) {
        mask.fill(0);
    }
    events(unmasked.chunks(usize::from(cut) + 1));
});

fn events<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    let mut ended = false;
    for chunk in chunks {
        let mut chunk = chunk.to_vec();
        let mut at = 0;
        loop {
            let (taken, event) = decoder.decode(&mut chunk[at..]);
            at += taken;
            let Some(event) = event else { break };
            assert!(!ended, "nothing comes after the end");
            match &event {
                Event::Text(text) => assert!(text.len() <= MESSAGE_BYTES),
                Event::Ping(payload) | Event::Pong(payload) => assert!(payload.len() <= 125),
                Event::Refused(_) => {}
                Event::Close(_) | Event::Violation(_) => ended = true,
            }
            events.push(format!("{event:?}"));
        }
        assert_eq!(at, chunk.len(), "all bytes are taken");
    }
    events
}
