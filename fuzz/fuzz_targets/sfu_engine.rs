//! What reaches the media engine from the network: STUN, DTLS, RTP, RTCP of strangers and of the
//! peer's own address, and offers.

#![no_main]

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use libfuzzer_sys::fuzz_target;
use wecall_protocol::{PeerId, RoomId};
use wecall_sfu::{Advertised, Datagram, Engine, EngineConfig, Kind, Transport, Watch};

const OFFER: &str = include_str!("../seeds/sfu_engine/offer.sdp");

// The first byte of each record tells what the rest is; records have a byte of length.
fuzz_target!(|bytes: &[u8]| {
    let mut now = Instant::now();
    let mut next = 0_u8;
    let config = EngineConfig {
        addresses: vec![Advertised {
            address: SocketAddr::from(([203, 0, 113, 1], 1)),
            transport: Transport::Udp,
        }],
        random: Box::new(move |bytes| {
            bytes.iter_mut().for_each(|byte| {
                next = next.wrapping_add(7);
                *byte = next;
            });
        }),
    };
    let mut engine = Engine::new(config, now);
    let (room, peer) = (RoomId::from_random([1; 8]), PeerId::from_random([1; 16]));
    if let Ok(text) = std::str::from_utf8(bytes) {
        // Whatever it is: refused or answered.
        drop(engine.accept(now, room, peer, Kind::Member, text));
        drop(engine.add_candidate(peer, text));
        engine.flush(now);
    }
    engine
        .accept(now, room, PeerId::from_random([2; 16]), Kind::Member, OFFER)
        .expect("a good offer");
    let mut rest = bytes;
    while let [kind, length, tail @ ..] = rest {
        let (contents, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = tail;
        now += Duration::from_millis(u64::from(kind >> 4));
        engine.receive(
            now,
            Datagram {
                transport: Transport::Udp,
                source: SocketAddr::from(([192, 0, 2, kind & 3], 5_000)),
                destination: None,
                contents,
            },
        );
        engine.flush(now);
        while engine.poll_transmit().is_some() {}
        while engine.poll_event().is_some() {}
    }
    drop(engine.accept(
        now,
        room,
        PeerId::from_random([3; 16]),
        Kind::Viewer(Watch::Room),
        OFFER,
    ));
    assert_eq!(engine.counters().panics, 0);
});
