//! Whatever reaches the TURN server: from strangers, over the connection of somebody who has an
//! allocation, signed by them, and from peers. Only what a permission covers passes.

#![no_main]

use std::{
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::Instant,
};

use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use wecall_turn::{
    Bounds, ClientId, Family, Figures, LinkId, Now, PeerPolicy, PortKind, RelayId, RelaySockets,
    Secret, Settings, Step, Turn,
    client::{Client, Received},
    stun::{Attribute, Message, Method, frame_bytes},
};

const UNIX_S: u64 = 1_800_000_000;
const PEER: &str = "8.8.8.8:9000";

#[derive(Debug, Arbitrary)]
enum Packet<'a> {
    OfStranger(&'a [u8]),
    OfClient(&'a [u8]),
    /// A request with the client's password, and attributes that nobody would send.
    Signed(u8, Vec<(u16, &'a [u8])>),
    OfPeer(bool, &'a [u8]),
}

#[derive(Default)]
struct Ports(u16);

impl RelaySockets for Ports {
    fn open(
        &mut self,
        _: RelayId,
        _: &ClientId,
        family: Family,
        _: PortKind,
    ) -> Option<SocketAddr> {
        self.0 = self.0.checked_add(1)?;
        Some(match family {
            Family::V4 => ([198, 51, 99, 7], self.0).into(),
            Family::V6 => ([0x2a00_u16, 0, 0, 0, 0, 0, 0, 7], self.0).into(),
        })
    }

    fn close(&mut self, _: RelayId) {}
}

fuzz_target!(|packets: Vec<Packet<'_>>| {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let now = Now {
        instant: *START,
        unix_s: UNIX_S,
    };
    let figures = Arc::new(Figures::default());
    let settings = Settings {
        realm: "wecall".into(),
        secret: Secret::new("north"),
        bounds: Bounds::default(),
        peers: PeerPolicy::default(),
    };
    let mut turn = Turn::new(settings, figures.clone());
    let mut ports = Ports::default();
    let id = |port: u16| ClientId {
        link: LinkId(0),
        remote: ([203, 0, 113, 5], port).into(),
        local: None,
    };
    let mut client = Client::new(Secret::new("north").mint("ada", UNIX_S + 60), 0);
    let peer: SocketAddr = PEER.parse().expect("it is an address");
    for request in [
        |client: &mut Client| client.allocate(Family::V4),
        |client: &mut Client| client.allocate(Family::V4),
        |client: &mut Client| client.bind(0x4000, PEER.parse().expect("it is an address")),
    ] {
        let packet = request(&mut client);
        let Step::Answer(answer) = turn.from_client(id(1), &packet, now, &mut ports) else {
            panic!("a request is answered");
        };
        let received = client.receive(answer).expect("an answer is understood");
        assert!(matches!(
            received,
            Received::Success(_) | Received::Error { code: 401, .. }
        ));
    }
    for packet in packets {
        match packet {
            Packet::OfStranger(bytes) => {
                assert!(frame_bytes(bytes).is_ok_and(|length| length != Some(0)) || !bytes.is_empty());
                let allocated = figures.allocated();
                let step = turn.from_client(id(2), bytes, now, &mut ports);
                check_answer(&step);
                assert!(matches!(step, Step::Nothing | Step::Answer(_)));
                assert_eq!(figures.allocated(), allocated);
            }
            Packet::OfClient(bytes) => {
                let step = turn.from_client(id(1), bytes, now, &mut ports);
                check_answer(&step);
                if let Step::ToPeer { to, .. } = step {
                    assert!(PeerPolicy::default().permits(to, &Default::default()), "{to}");
                }
            }
            Packet::Signed(method, attributes) => {
                let method = Method(u16::from(method % 12));
                let packet = client.request(method, |request| {
                    let short = attributes.iter().take(16);
                    short.fold(request, |request, (kind, value)| {
                        let value = &value[..value.len().min(100)];
                        request.value(Attribute(*kind), value)
                    })
                });
                check_answer(&turn.from_client(id(1), &packet, now, &mut ports));
            }
            Packet::OfPeer(is_known, bytes) => {
                let from = if is_known { peer } else { ([8, 8, 4, 4], 1).into() };
                check_answer(&turn.from_peer(RelayId(0), from, bytes, now));
            }
        }
    }
});

fn check_answer(step: &Step<'_>) {
    if let Step::Answer(bytes) = step {
        assert!(Message::parse(bytes).is_ok());
        assert_eq!(frame_bytes(bytes), Ok(Some(bytes.len())));
    }
}
