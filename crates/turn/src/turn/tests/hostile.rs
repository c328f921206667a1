use proptest::prelude::*;

use super::*;
use crate::stun::{Class, Method, Writer};

#[test]
fn strangers_and_those_whose_time_is_over_get_nothing() {
    let mut world = World::new();
    let guessed = Secret::new("south").mint("ada", START_UNIX_S + 3_600);
    let wrong = Person::with(guessed, 1).allocate(&mut world);
    assert_eq!(wrong, Err(code::UNAUTHORIZED));
    let expired = Secret::new("north").mint("ada", START_UNIX_S);
    let late = Person::with(expired, 2).allocate(&mut world);
    assert_eq!(late, Err(code::UNAUTHORIZED));
    // The time in a name is part of what the password is made from.
    let mut stretched = Secret::new("north").mint("ada", START_UNIX_S);
    stretched.username = format!("{}:ada", START_UNIX_S + 3_600);
    let forged = Person::with(stretched, 3).allocate(&mut world);
    assert_eq!(forged, Err(code::UNAUTHORIZED));
    assert_eq!(world.figures.allocated(), 0);
    assert_eq!(world.refused(Refused::BadCredentials), 2);
    assert_eq!(world.refused(Refused::ExpiredCredentials), 1);
}

#[test]
fn allocation_of_another_is_not_touched() {
    let mut world = World::new();
    let mut ada = Person::new("ada", 1);
    ada.allocate(&mut world).unwrap();
    // The same 5-tuple, as a NAT may give it to two people one after the other.
    let mut mallory = Person::new("mallory", 1);
    let taken = mallory.ask(&mut world, |client| client.refresh(0));
    assert_eq!(taken, Err(code::WRONG_CREDENTIALS));
    assert_eq!(world.figures.allocations(), 1);
}

#[test]
fn request_replayed_from_elsewhere_is_stale() {
    let mut world = World::new();
    let mut ada = Person::new("ada", 1);
    ada.allocate(&mut world).unwrap();
    let seen = ada.client.refresh(0);
    let elsewhere = Person::new("mallory", 2).id;
    assert!(matches!(world.client(elsewhere, &seen), Done::Answer(_)));
    assert_eq!(world.refused(Refused::StaleNonce), 1);
    assert_eq!(world.figures.allocations(), 1);
}

#[test]
fn private_peers_are_forbidden_by_permission_and_by_channel() {
    let mut world = World::new();
    let mut ada = Person::new("ada", 1);
    ada.allocate(&mut world).unwrap();
    for peer in [
        "127.0.0.1:80",
        "10.0.0.1:80",
        "169.254.169.254:80",
        "0.0.0.0:80",
        "224.0.0.1:80",
        "[::ffff:127.0.0.1]:80",
    ] {
        assert_eq!(ada.permit(&mut world, peer), Err(code::FORBIDDEN), "{peer}");
        assert_eq!(
            ada.bind(&mut world, 0x4000, peer),
            Err(code::FORBIDDEN),
            "{peer}"
        );
        assert_eq!(ada.send(&mut world, peer, b"x"), Done::Nothing, "{peer}");
    }
    // One bad peer among good ones: none is permitted.
    let (good, bad) = (PEER.parse().unwrap(), "127.0.0.1:80".parse().unwrap());
    let both = ada.ask(&mut world, |client| client.permit(&[good, bad]));
    assert_eq!(both, Err(code::FORBIDDEN));
    assert_eq!(world.peer(0, PEER, b"x"), Done::Nothing);
}

#[test]
fn six_in_every_disguise_is_forbidden() {
    let mut world = World::new();
    let mut ada = Person::new("ada", 1);
    ada.ask(&mut world, |client| client.allocate(Family::V6))
        .unwrap();
    for peer in [
        "[::1]:80",
        "[::]:80",
        "[fe80::1]:80",
        "[fd00::1]:80",
        "[ff02::1]:80",
        "[64:ff9b::7f00:1]:80",
        "[2002:7f00:1::1]:80",
        "[::7f00:1]:80",
        "[2001:0:7f00:1::]:80",
    ] {
        assert_eq!(ada.permit(&mut world, peer), Err(code::FORBIDDEN), "{peer}");
    }
}

#[test]
fn channel_numbers_and_peers_are_bound_one_to_one() {
    let mut world = World::new();
    let mut ada = Person::new("ada", 1);
    ada.allocate(&mut world).unwrap();
    ada.bind(&mut world, 0x4000, PEER).unwrap();
    ada.bind(&mut world, 0x4000, PEER).unwrap();
    for (number, peer) in [
        (0x4000, "8.8.4.4:1"),
        (0x4001, PEER),
        (0x3fff, "8.8.4.4:1"),
        (0x8000, "8.8.4.4:1"),
    ] {
        assert_eq!(ada.bind(&mut world, number, peer), Err(code::BAD_REQUEST));
    }
}

#[test]
fn what_is_not_understood_is_named() {
    let mut world = World::new();
    let ada = Person::new("ada", 1);
    let mut bytes = Vec::new();
    Writer::new(&mut bytes, Class::Request, Method::ALLOCATE, [1; 12])
        .value(Attribute(0x0022), &[0; 8])
        .value(Attribute(0x8777), b"may be passed over")
        .finish();
    let Done::Answer(answer) = world.client(ada.id, &bytes) else {
        panic!("no answer");
    };
    let message = Message::parse(&answer).unwrap();
    assert_eq!(
        message.value(Attribute::UNKNOWN_ATTRIBUTES),
        Some(&[0, 0x22][..])
    );
}

#[test]
fn tcp_relays_are_not_offered() {
    let mut world = World::new();
    let mut ada = Person::new("ada", 1);
    let refused = ada.ask(&mut world, |client| {
        client.request(Method::ALLOCATE, |request| {
            request.value(Attribute::REQUESTED_TRANSPORT, &[6, 0, 0, 0])
        })
    });
    assert_eq!(refused, Err(code::UNSUPPORTED_TRANSPORT_PROTOCOL));
    assert_eq!(world.figures.allocated(), 0);
}

/// What somebody who has an allocation may send, with bytes that are not as they should be.
fn packets() -> impl Strategy<Value = Vec<u8>> {
    let message = (any::<u16>(), any::<[u8; 12]>(), attributes()).prop_map(|(kind, id, body)| {
        let mut bytes = (kind & 0x3fff).to_be_bytes().to_vec();
        bytes.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        bytes.extend(crate::stun::MAGIC_COOKIE.to_be_bytes());
        bytes.extend(id);
        bytes.extend(body);
        bytes
    });
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        message,
        (
            0x4000_u16..0x4004,
            any::<u16>(),
            proptest::collection::vec(any::<u8>(), 0..64)
        )
            .prop_map(|(number, length, data)| {
                let mut bytes = number.to_be_bytes().to_vec();
                bytes.extend((length % 80).to_be_bytes());
                bytes.extend(data);
                bytes
            }),
    ]
}

fn attributes() -> impl Strategy<Value = Vec<u8>> {
    let kinds = prop_oneof![
        Just(0x0006_u16),
        Just(0x0008),
        Just(0x000c),
        Just(0x000d),
        Just(0x0012),
        Just(0x0013),
        Just(0x0014),
        Just(0x0015),
        Just(0x0017),
        Just(0x0019),
        Just(0x8028),
        any::<u16>(),
    ];
    let one = (kinds, proptest::collection::vec(any::<u8>(), 0..40)).prop_map(|(kind, value)| {
        let mut bytes = kind.to_be_bytes().to_vec();
        bytes.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        bytes.extend(&value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    });
    proptest::collection::vec(one, 0..6).prop_map(|all| all.concat())
}

proptest! {
    #[test]
    fn bytes_of_strangers_open_nothing(sent in proptest::collection::vec(packets(), 1..20)) {
        let mut world = World::new();
        let mut ada = Person::new("ada", 1);
        ada.allocate(&mut world).unwrap();
        ada.bind(&mut world, 0x4000, PEER).unwrap();
        let stranger = Person::new("mallory", 2).id;
        for packet in &sent {
            // With her address, but without her password: only what a channel carries passes.
            match world.client(ada.id, packet) {
                Done::ToPeer(to, _) => prop_assert_eq!(to, PEER.parse().unwrap()),
                Done::ToClient(..) => prop_assert!(false, "nobody else has a relay"),
                Done::Nothing | Done::Answer(_) => {}
            }
            let answered = world.client(stranger, packet);
            prop_assert!(matches!(answered, Done::Nothing | Done::Answer(_)), "{:?}", answered);
            if let Done::Answer(answer) = answered {
                prop_assert!(Message::parse(&answer).is_ok());
                // A spoofed source gets little more than was sent.
                prop_assert!(answer.len() <= packet.len() + 200);
            }
            world.peer(0, "8.8.4.4:1", packet);
        }
        prop_assert_eq!(world.figures.allocations(), 1);
        prop_assert_eq!(world.figures.allocated(), 1);
    }
}
