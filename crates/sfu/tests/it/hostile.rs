//! Those who send what they should not: refused or bounded, counted, and nobody else suffers.

use std::{net::SocketAddr, time::Duration};

use str0m::rtp::ExtensionValues;
use wecall_sfu::{Kind, Refused, Source, Watch};

use crate::{
    forwarding::{broadcast, viewer},
    world::{Random, World, camera::Packet, datagram, room},
};

/// What one viewer got in five seconds without a fault: 30 frames a second.
fn undisturbed(world: &World, viewer: usize) {
    let report = world.clients[viewer]
        .video
        .values()
        .next()
        .expect("video")
        .check();
    assert!(report.frames > 130, "{report:?}");
    assert_eq!(report.missing, 0);
}

#[test]
fn datagrams_of_strangers_are_counted_and_reach_nobody() {
    let mut world = World::new(61);
    let (_, viewers) = broadcast(&mut world, 1);
    let stranger: SocketAddr = "198.51.100.66:6666".parse().expect("an address");
    let mut random = Random::new(7);
    for _ in 0..5_000 {
        world.run_ms(1);
        for first in [0x80, 0x16, 0x00, 0xff] {
            let mut bytes: Vec<u8> = (0..random.below(200))
                .map(|_| random.next() as u8)
                .collect();
            bytes.insert(0, first);
            world.engine.receive(world.now, datagram(stranger, &bytes));
        }
    }
    let counters = world.engine.counters();
    assert!(
        counters.from_strangers + counters.malformed >= 20_000,
        "{counters:?}"
    );
    assert_eq!((counters.panics, counters.peers_failed), (0, 0));
    undisturbed(&world, viewers[0]);
}

#[test]
fn stun_with_the_name_and_not_the_password_takes_no_address() {
    let mut world = World::new(62);
    let (_, viewers) = broadcast(&mut world, 1);
    world.run(Duration::from_secs(1));
    // A binding request as the viewer would make it, and a bit of its integrity turned.
    let mut forged = binding_request(&mut world, viewers[0]);
    let at = forged.len() - 12;
    forged[at] ^= 1;
    let stranger: SocketAddr = "198.51.100.66:6666".parse().expect("an address");
    for _ in 0..100 {
        world.engine.receive(world.now, datagram(stranger, &forged));
    }
    assert_eq!(world.engine.counters().stun_forged, 100);
    world.run(Duration::from_secs(4));
    undisturbed(&world, viewers[0]);
}

/// The next one that the client sends.
fn binding_request(world: &mut World, client: usize) -> Vec<u8> {
    for _ in 0..20_000 {
        world.run_ms(1);
        let waiting = world.clients[client]
            .up
            .peek(|contents| contents.first() == Some(&0) && contents.get(1) == Some(&1));
        if let Some(request) = waiting {
            return request;
        }
    }
    panic!("the client sends no STUN");
}

#[test]
fn publisher_at_ten_times_its_bitrate_is_cut_to_what_was_agreed() {
    let mut world = World::new(63);
    let flooder = world.member(room(1), 1, 1);
    let honest = world.member(room(1), 2, 1);
    let watcher = world.member(room(1), 2, 1);
    world.view(watcher, &[(honest, Source::Camera, 180)]);
    world.run(Duration::from_secs(1));
    world.clients[flooder].encoders[2].2.bits_per_second = 100_000_000;
    world.run(Duration::from_secs(5));
    let counters = world.engine.counters();
    assert!(counters.over_bitrate > 10_000, "{counters:?}");
    assert_eq!(counters.peers_failed, 0);
    let number = world.clients[honest].number;
    let mut checkers = world.clients[watcher].video.values();
    let report = checkers
        .find(|checker| checker.newest().is_some_and(|(from, _)| from == number))
        .expect("video")
        .check();
    assert!(report.frames > 150);
    assert_eq!(report.missing, 0);
}

#[test]
fn packet_that_str0m_could_not_send_on_ends_nobody() {
    let mut world = World::new(69);
    let (publisher, viewers) = broadcast(&mut world, 1);
    world.run(Duration::from_secs(1));
    let (mid, _, encoder) = &world.clients[publisher].encoders[0];
    let (mid, time) = (*mid, encoder.time(world.now));
    let rogue = world.clients[publisher].rtc.codec_config().params()[1].pt();
    for size in [1_401, 1_700, 1_940] {
        let packet = Packet {
            number: 66_000 + size as u64,
            time,
            marker: true,
            payload: vec![0x10; size],
        };
        world.clients[publisher].write(mid, None, rogue, packet, true, ExtensionValues::default());
        world.run_ms(100);
    }
    let counters = world.engine.counters();
    assert_eq!(counters.oversized, 3);
    assert_eq!((counters.panics, counters.peers_failed), (0, 0));
    assert!(!world.clients[viewers[0]].closed);
}

#[test]
fn requests_for_peers_of_other_rooms_show_nothing() {
    let mut world = World::new(64);
    let outside = world.member(room(1), 4, 2);
    let inside = world.member(room(2), 4, 2);
    world.view(outside, &[(inside, Source::Camera, 720)]);
    world.run(Duration::from_secs(4));
    assert!(world.clients[outside].video.is_empty());
    assert!(world.clients[outside].heard().is_empty());
    let offer = world.clients[inside].last_offer.clone();
    let id = world.clients[inside].id;
    let elsewhere = world
        .engine
        .accept(world.now, room(1), id, Kind::Member, &offer);
    assert_eq!(elsewhere, Err(Refused::InAnotherRoom));
}

#[test]
fn one_who_changes_its_ssrc_for_ever_is_ended_alone() {
    let mut world = World::new(65);
    let (publisher, viewers) = broadcast(&mut world, 1);
    world.run(Duration::from_secs(1));
    let mid = world.clients[publisher].encoders[0].0;
    let rogue = world.clients[publisher].rtc.codec_config().params()[1].pt();
    for round in 0..200_u64 {
        let client = &mut world.clients[publisher];
        let mut api = client.rtc.direct_api();
        let (ssrc, rtx) = (api.new_ssrc(), api.new_ssrc());
        api.reset_stream_tx(mid, None, ssrc, Some(rtx));
        let packet = Packet {
            number: round,
            time: 0,
            marker: true,
            payload: vec![0x10; 50],
        };
        client.write(mid, None, rogue, packet, true, ExtensionValues::default());
        world.run_ms(5);
        if world.engine.peers() == 1 {
            break;
        }
    }
    assert_eq!(
        world.engine.peers(),
        1,
        "the publisher is gone, the viewer is not"
    );
    assert!(!world.clients[viewers[0]].closed);
    assert_eq!(world.engine.counters().panics, 0);
}

#[test]
fn same_ssrcs_of_two_publishers_stay_apart() {
    let mut world = World::new(66);
    let (first, _) = broadcast(&mut world, 1);
    let ssrcs = {
        let mid = world.clients[first].encoders[0].0;
        let mut api = world.clients[first].rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None).expect("a stream");
        (stream.ssrc(), stream.rtx())
    };
    let second = world.client();
    world.clients[second].adds_camera(&[]);
    world
        .join(second, room(2), Kind::Publisher)
        .expect("let in");
    let mid = world.clients[second].encoders[0].0;
    world.clients[second]
        .rtc
        .direct_api()
        .reset_stream_tx(mid, None, ssrcs.0, ssrcs.1);
    let late = viewer(&mut world);
    world.run(Duration::from_secs(5));
    undisturbed(&world, late);
    let number = world.clients[first].number;
    assert!(world.clients[late].shows(number).is_some());
}

#[test]
fn offers_of_nonsense_are_refused_without_harm() {
    let mut world = World::new(67);
    let (_, viewers) = broadcast(&mut world, 1);
    let template = world.clients[viewers[0]].last_offer.clone();
    let mut random = Random::new(9);
    let stranger = crate::world::peer_id(200);
    for _ in 0..600 {
        let mut bytes = template.clone().into_bytes();
        for _ in 0..=random.below(8) {
            if bytes.is_empty() {
                break;
            }
            let at = random.below(bytes.len() as u64) as usize;
            match random.below(3) {
                0 => bytes[at] = random.next() as u8,
                1 => bytes.truncate(at.max(1)),
                _ => drop(bytes.drain(at..(at + 20).min(bytes.len()))),
            }
        }
        let offer = String::from_utf8_lossy(&bytes).into_owned();
        // Some are still fine.
        drop(world.engine.accept(
            world.now,
            room(1),
            stranger,
            Kind::Viewer(Watch::Room),
            &offer,
        ));
        world.run_ms(5);
    }
    world.engine.remove(world.now, stranger);
    let counters = world.engine.counters();
    assert!(counters.refused_offers > 100, "{counters:?}");
    assert_eq!(counters.panics, 0);
    world.run(Duration::from_secs(2));
    undisturbed(&world, viewers[0]);
}

#[test]
fn candidates_are_bounded_and_names_of_the_lan_are_passed_over() {
    let mut world = World::new(68);
    let (_, viewers) = broadcast(&mut world, 1);
    let id = world.clients[viewers[0]].id;
    let engine = &mut world.engine;
    assert_eq!(
        engine.add_candidate(id, "candidate:1 1 udp 1 a8f.local 1 typ host"),
        Ok(())
    );
    assert_eq!(engine.add_candidate(id, ""), Ok(()));
    assert_eq!(
        engine.add_candidate(id, &"x".repeat(5_000)),
        Err(Refused::TooLarge)
    );
    let results: Vec<_> = (0..100)
        .map(|number| {
            engine.add_candidate(
                id,
                &format!("candidate:1 1 udp 1 192.0.2.{number} 1 typ host"),
            )
        })
        .collect();
    assert!(results.contains(&Err(Refused::TooMany)));
    world.run(Duration::from_secs(5));
    undisturbed(&world, viewers[0]);
}
