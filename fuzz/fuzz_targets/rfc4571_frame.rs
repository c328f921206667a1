//! Frames in a TCP stream come out the same however the stream is cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wecall_sfu::framing::{FRAME_BYTES, Unframer};

fn frames(bytes: &[u8], cut: usize) -> (Vec<Vec<u8>>, bool) {
    let mut unframer = Unframer::default();
    let mut frames = Vec::new();
    for chunk in bytes.chunks(cut) {
        let fed = unframer.feed(chunk, |frame| {
            assert!(frame.len() <= FRAME_BYTES);
            frames.push(frame.to_vec());
        });
        if fed.is_err() {
            return (frames, false);
        }
    }
    (frames, true)
}

fuzz_target!(|bytes: &[u8]| {
    let [cut, bytes @ ..] = bytes else {
        return;
    };
    assert_eq!(
        frames(bytes, usize::from(*cut) + 1),
        frames(bytes, usize::MAX)
    );
});
