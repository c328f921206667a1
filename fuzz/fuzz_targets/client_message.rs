//! Whatever text a client sends: it is decoded or refused, and what was decoded encodes to text
//! that means the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wecall_protocol::{ClientMessage, check_candidate, check_description};

fuzz_target!(|text: &str| {
    let Ok(message) = ClientMessage::decode(text) else {
        return;
    };
    match &message {
        // Only the verdict matters here: there must be one.
        ClientMessage::Offer(body) => drop(check_description(body.offer, "offer")),
        ClientMessage::Answer(body) => drop(check_description(body.answer, "answer")),
        ClientMessage::IceCandidate(body) => drop(check_candidate(body.candidate)),
        _ => {}
    }
    let encoded = message.encode();
    let again = ClientMessage::decode(&encoded).expect("our own encoding decodes");
    assert_eq!(again.encode(), encoded);
});
