//! What can only be seen from inside.

use std::time::Instant;

use wecall_protocol::{PeerId, RoomId};

use super::*;

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
    m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\n\
    a=rtpmap:96 VP8/90000\r\na=rtcp-mux\r\na=ice-ufrag:abcd\r\n\
    a=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=setup:actpass\r\n\
    a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:\
10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n";

fn engine(now: Instant) -> Engine {
    let mut next = 0_u8;
    let config = EngineConfig {
        addresses: vec![Advertised {
            address: "203.0.113.1:1".parse().expect("an address"),
            transport: Transport::Udp,
        }],
        random: Box::new(move |bytes| {
            for byte in bytes {
                next = next.wrapping_add(1);
                *byte = next;
            }
        }),
    };
    Engine::new(config, now)
}

#[test]
fn panic_in_one_peer_ends_that_peer_alone() {
    let now = test_clock();
    let mut engine = engine(now);
    let room = RoomId::from_random([1; 8]);
    let (first, second) = (PeerId::from_random([1; 16]), PeerId::from_random([2; 16]));
    for peer in [first, second] {
        engine
            .accept(now, room, peer, Kind::Publisher, OFFER)
            .expect("let in");
    }
    let index = engine.by_id[&first];
    engine.peer_mut(index).expect("there").panic_next = true;
    engine.flush(now);
    assert_eq!(engine.counters().panics, 1);
    assert_eq!(engine.peers(), 1);
    assert!(engine.by_id.contains_key(&second));
    let gone = std::iter::from_fn(|| engine.poll_event()).find_map(|event| match event {
        Event::Gone { peer, why, .. } => Some((peer, why)),
        _ => None,
    });
    assert_eq!(gone, Some((first, Gone::Failed)));
}

#[test]
fn what_is_gone_leaves_nothing_behind() {
    let now = test_clock();
    let mut engine = engine(now);
    for round in 0..50 {
        let peer = PeerId::from_random([round; 16]);
        engine
            .accept(
                now,
                RoomId::from_random([round; 8]),
                peer,
                Kind::Publisher,
                OFFER,
            )
            .expect("let in");
        engine.flush(now);
        engine.remove(now, peer);
        engine.flush(now);
    }
    assert_eq!(
        (engine.peers(), engine.rooms(), engine.peers.len()),
        (0, 0, 1)
    );
    assert_eq!(engine.demux.addresses(), 0);
}
