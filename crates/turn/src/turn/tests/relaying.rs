use super::*;

#[test]
fn binding_tells_where_a_client_comes_from() {
    let mut world = World::new();
    let mut ada = Person::new("ada", 4_000);
    let success = ada.ask(&mut world, Client::binding).unwrap();
    assert_eq!(success.mapped, Some(ada.id.remote));
    assert_eq!(world.figures.bindings(), 1);
}

#[test]
fn data_goes_both_ways_by_indications_and_by_channel() {
    let mut world = World::new();
    let mut ada = Person::new("ada", 4_000);
    let relayed = ada.allocate(&mut world).unwrap();
    assert_eq!(relayed, world.ports.open[&0]);
    ada.permit(&mut world, "8.8.8.8:1").unwrap();
    let to_peer = Done::ToPeer(PEER.parse().unwrap(), b"hello".to_vec());
    assert_eq!(ada.send(&mut world, PEER, b"hello"), to_peer);

    let Done::ToClient(client, bytes) = world.peer(0, PEER, b"salut") else {
        panic!("nothing for the client");
    };
    assert_eq!(client, ada.id);
    let received = ada.client.receive(&bytes).unwrap();
    let peer = PEER.parse().unwrap();
    assert_eq!(
        received,
        Received::FromPeer {
            peer,
            data: b"salut"
        }
    );

    ada.bind(&mut world, 0x4001, PEER).unwrap();
    let packet = Client::channel_data(0x4001, b"hello");
    assert_eq!(world.client(ada.id, &packet), to_peer);
    let Done::ToClient(_, bytes) = world.peer(0, PEER, b"salut") else {
        panic!("nothing for the client");
    };
    assert_eq!(bytes, b"\x40\x01\x00\x05salut\0\0\0");
    assert_eq!(world.figures.to_peers(), (2, 10));
    assert_eq!(world.figures.to_clients(), (2, 10));
}

#[test]
fn two_relays_reach_each_other_inside_the_machine() {
    let mut world = World::new();
    let (mut ada, mut grace) = (Person::new("ada", 4_000), Person::new("grace", 4_001));
    let adas = ada.allocate(&mut world).unwrap().to_string();
    let graces = grace.allocate(&mut world).unwrap().to_string();
    // The machine's own address is closed, but for the relays on it.
    ada.permit(&mut world, &graces).unwrap();
    assert_eq!(ada.send(&mut world, &graces, b"early"), Done::Nothing);
    assert_eq!(world.refused(Refused::NoPermission), 1);
    grace.bind(&mut world, 0x4000, &adas).unwrap();
    let Done::ToClient(client, bytes) = ada.send(&mut world, &graces, b"hi") else {
        panic!("nothing for Grace");
    };
    assert_eq!(
        (client, &bytes[..6]),
        (grace.id, &b"\x40\x00\x00\x02hi"[..])
    );
    // A port of the same address that is no relay.
    let elsewhere = format!("{OUR_IP}:22");
    assert_eq!(ada.send(&mut world, &elsewhere, b"ssh"), Done::Nothing);
    assert_eq!(world.refused(Refused::ForbiddenPeer), 1);
}

#[test]
fn permission_channel_and_allocation_end_when_they_are_not_refreshed() {
    let mut world = World::new();
    let mut ada = Person::new("ada", 4_000);
    ada.allocate(&mut world).unwrap();
    ada.permit(&mut world, PEER).unwrap();
    world.pass(PERMISSION);
    assert_eq!(world.peer(0, PEER, b"late"), Done::Nothing);
    ada.bind(&mut world, 0x4000, PEER).unwrap();
    world.pass(LIFETIME - PERMISSION - Duration::from_secs(1));
    ada.ask(&mut world, |client| client.refresh(600)).unwrap();
    world.pass(CHANNEL - LIFETIME + PERMISSION + Duration::from_secs(1));
    let packet = Client::channel_data(0x4000, b"late");
    assert_eq!(world.client(ada.id, &packet), Done::Nothing);
    assert_eq!(world.figures.allocations(), 1);
    world.pass(LIFETIME);
    assert_eq!(world.figures.allocations(), 0);
    assert!(world.ports.open.is_empty());
    assert!(world.turn.users.is_empty());
}

#[test]
fn refresh_with_zero_gives_the_port_back() {
    let mut world = World::new();
    let mut ada = Person::new("ada", 4_000);
    ada.allocate(&mut world).unwrap();
    let success = ada.ask(&mut world, |client| client.refresh(0)).unwrap();
    assert_eq!(success.lifetime_s, Some(0));
    assert!(world.ports.open.is_empty());
    let again = ada.ask(&mut world, |client| client.refresh(600));
    assert_eq!(again, Err(code::ALLOCATION_MISMATCH));
    ada.allocate(&mut world).unwrap();
}

#[test]
fn call_outlives_its_credentials_but_not_a_day() {
    let mut world = World::new();
    let mut ada = Person::new("ada", 4_000);
    ada.allocate(&mut world).unwrap();
    let step = LIFETIME - Duration::from_secs(1);
    let steps = u32::try_from(MAX_AGE.as_secs() / step.as_secs()).unwrap();
    for _ in 0..steps {
        world.pass(step);
        ada.ask(&mut world, |client| client.refresh(600)).unwrap();
    }
    world.pass(step);
    let ended = ada.ask(&mut world, |client| client.refresh(600));
    assert_eq!(ended, Err(code::UNAUTHORIZED));
    assert!(world.refused(Refused::ExpiredCredentials) >= 1);
}

#[test]
fn lost_answer_is_given_again_and_another_allocation_is_not() {
    let mut world = World::new();
    let mut ada = Person::new("ada", 4_000);
    let greeting = ada.client.allocate(Family::V4);
    let Done::Answer(challenge) = world.client(ada.id, &greeting) else {
        panic!("no challenge");
    };
    ada.client.receive(&challenge).unwrap();
    let request = ada.client.allocate(Family::V4);
    let first = world.client(ada.id, &request);
    assert_eq!(world.client(ada.id, &request), first);
    assert_eq!(ada.allocate(&mut world), Err(code::ALLOCATION_MISMATCH));
    assert_eq!(world.figures.allocated(), 1);
}

#[test]
fn closed_connection_frees_its_port() {
    let mut world = World::new();
    let mut ada = Person::new("ada", 4_000);
    ada.allocate(&mut world).unwrap();
    world.turn.disconnected(&ada.id, &mut world.ports);
    assert!(world.ports.open.is_empty());
    assert!(!world.turn.has_allocation(&ada.id));
}

#[test]
fn even_port_is_given_but_the_next_one_is_not_kept() {
    let mut world = World::new();
    for (flags, port, answer) in [(0, 4_000, Ok(0)), (0x80, 4_001, Err(508))] {
        let mut ada = Person::new("ada", port);
        let allocated = ada.ask(&mut world, |client| {
            client.request(crate::stun::Method::ALLOCATE, |request| {
                request
                    .value(Attribute::REQUESTED_TRANSPORT, &[17, 0, 0, 0])
                    .value(Attribute::EVEN_PORT, &[flags])
            })
        });
        let port = allocated.map(|success| success.relayed.unwrap().port() % 2);
        assert_eq!(port, answer);
    }
}

#[test]
fn six_is_relayed_to_six() {
    let mut world = World::new();
    let mut ada = Person::new("ada", 4_000);
    let success = ada
        .ask(&mut world, |client| client.allocate(Family::V6))
        .unwrap();
    assert!(success.relayed.unwrap().is_ipv6());
    let four = ada.permit(&mut world, PEER);
    assert_eq!(four, Err(code::PEER_ADDRESS_FAMILY_MISMATCH));
    ada.bind(&mut world, 0x4000, "[2a00:1450::1]:5").unwrap();
    let Done::ToClient(_, bytes) = world.peer(0, "[2a00:1450::1]:6", b"other port") else {
        panic!("a permission is for all ports of an address");
    };
    assert!(matches!(
        ada.client.receive(&bytes),
        Some(Received::FromPeer { .. })
    ));
}
