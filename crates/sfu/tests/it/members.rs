//! Rooms of members: slots, layers, voices.

use std::time::Duration;

use wecall_sfu::{Content, Event, Kind, Slot, Source, Watch};

use crate::world::{World, room};

const A_MOMENT: Duration = Duration::from_secs(3);

fn slots(world: &World, client: usize) -> Vec<Slot> {
    let id = world.clients[client].id;
    let newest = world.events.iter().rev().find_map(|event| match event {
        Event::SlotsChanged { peer, slots, .. } if *peer == id => Some(slots.clone()),
        _ => None,
    });
    newest.unwrap_or_default()
}

/// Bits a second are no matter here: all paths are wide.
fn call(seed: u64, members: usize, video: usize) -> World {
    let mut world = World::new(seed);
    for _ in 0..members {
        world.member(room(1), video, 4);
    }
    world.run(A_MOMENT);
    world
}

fn check_all(world: &World) {
    for client in &world.clients {
        for checker in client.video.values() {
            assert_eq!(checker.check().missing, 0);
        }
    }
}

#[test]
fn everyone_sees_and_hears_everyone_else_and_never_itself() {
    let world = call(21, 4, 9);
    for client in &world.clients {
        let mut others: Vec<u8> = (1..=4).filter(|number| *number != client.number).collect();
        assert_eq!(client.heard(), others);
        let mut seen: Vec<u8> = client
            .video
            .values()
            .filter_map(|checker| checker.newest())
            .map(|(from, _)| from)
            .collect();
        seen.sort_unstable();
        others.sort_unstable();
        assert_eq!(seen, others);
    }
    check_all(&world);
}

#[test]
fn tile_size_decides_the_layer_and_a_change_shows_a_keyframe_first() {
    let mut world = call(22, 2, 4);
    let sender = world.clients[1].number;
    for (height, layer) in [(180, 0), (720, 2), (360, 1), (720, 2)] {
        world.view(0, &[(1, Source::Camera, height)]);
        world.run_until(Duration::from_secs(12), "the layer of the tile", |world| {
            world.clients[0].shows(sender) == Some(layer)
        });
        world.run_ms(500);
    }
    check_all(&world);
}

#[test]
fn slots_are_pointed_elsewhere_without_another_offer() {
    let mut world = call(23, 5, 2);
    for pair in [[1, 2], [3, 4], [2, 3], [4, 1]] {
        world.view(
            0,
            &[
                (pair[0], Source::Camera, 180),
                (pair[1], Source::Camera, 180),
            ],
        );
        world.run_ms(700);
        let told: Vec<Content> = slots(&world, 0)
            .iter()
            .filter_map(|slot| slot.content)
            .collect();
        for of in pair {
            assert!(told.contains(&Content {
                peer: world.clients[of].id,
                source: Source::Camera
            }));
            assert!(
                world.clients[0].shows(world.clients[of].number).is_some(),
                "{of}"
            );
        }
    }
    let shown: usize = world.clients[0]
        .video
        .values()
        .map(|checker| checker.check().shown.len())
        .sum();
    assert!(shown >= 7, "{shown} pictures in two slots");
    check_all(&world);
}

#[test]
fn nothing_wanted_turns_the_camera_off_and_a_viewer_turns_it_on_again() {
    let mut world = call(24, 2, 4);
    world.view(0, &[]);
    world.view(1, &[]);
    world.run(A_MOMENT);
    let id = world.clients[1].id;
    let wanted = |world: &World| {
        world.events.iter().rev().find_map(|event| match event {
            Event::LayersWanted {
                peer,
                source: Source::Camera,
                layers,
                ..
            } if *peer == id => Some(layers.clone()),
            _ => None,
        })
    };
    assert_eq!(wanted(&world), Some(vec![]));
    world.clients[1]
        .encoders
        .iter_mut()
        .for_each(|(_, _, encoder)| encoder.on = false);
    world.run(A_MOMENT);
    world.view(0, &[(1, Source::Camera, 180)]);
    world.run_ms(200);
    assert_eq!(wanted(&world), Some(vec!["q".to_owned()]));
    let before = world.clients[0].frames();
    world.clients[1].encoders[0].2.on = true;
    world.clients[1].encoders[0].2.keyframe_wanted = true;
    world.run(A_MOMENT);
    assert!(world.clients[0].frames() > before + 60);
    check_all(&world);
}

#[test]
fn layer_that_its_sender_stops_is_replaced_by_the_one_below() {
    let mut world = call(25, 2, 4);
    let sender = world.clients[1].number;
    world.view(0, &[(1, Source::Camera, 720)]);
    world.run_until(Duration::from_secs(12), "the large layer", |world| {
        world.clients[0].shows(sender) == Some(2)
    });
    world.clients[1].encoders[2].2.on = false;
    let took = world.run_until(Duration::from_secs(4), "the layer below", |world| {
        world.clients[0].shows(sender) == Some(1)
    });
    assert!(took < Duration::from_millis(1_500), "{took:?}");
    check_all(&world);
}

#[test]
fn loudest_are_heard_and_told() {
    let mut world = World::new(26);
    for _ in 0..10 {
        world.member(room(1), 1, 4);
    }
    for client in &mut world.clients {
        client.level = -70;
    }
    world.run(A_MOMENT);
    world.clients[9].level = -15;
    world.run(A_MOMENT);
    let speaker = world.clients[9].number;
    for client in &world.clients[..9] {
        assert!(
            client.heard().contains(&speaker),
            "{} hears the one who speaks",
            client.number
        );
    }
    let speakers = world.events.iter().rev().find_map(|event| match event {
        Event::Speakers { speakers, .. } => Some(speakers.clone()),
        _ => None,
    });
    assert_eq!(
        speakers.unwrap_or_default().first().map(|(peer, _)| *peer),
        Some(world.clients[9].id)
    );
    assert!(!world.clients[9].heard().contains(&speaker));
}

#[test]
fn viewer_of_one_peer_gets_no_one_else() {
    let mut world = call(27, 3, 4);
    let only = world.clients[1].id;
    let viewer = world.client();
    world.clients[viewer].adds_slots(1, 2);
    world
        .join(viewer, room(1), Kind::Viewer(Watch::Peer(only)))
        .expect("let in");
    world.run(A_MOMENT);
    let number = world.clients[1].number;
    assert_eq!(world.clients[viewer].heard(), [number]);
    assert!(world.clients[viewer].shows(number).is_some());
}

#[test]
fn one_who_leaves_frees_the_slot_for_another() {
    let mut world = call(28, 4, 1);
    let shown = world.clients[0]
        .video
        .values()
        .find_map(|checker| checker.newest())
        .expect("someone")
        .0;
    let gone = world
        .clients
        .iter()
        .position(|client| client.number == shown)
        .expect("there");
    let id = world.clients[gone].id;
    world.engine.remove(world.now, id);
    world.run(A_MOMENT);
    let now = world.clients[0]
        .video
        .values()
        .find_map(|checker| checker.newest())
        .expect("someone")
        .0;
    assert_ne!(now, shown);
    check_all(&world);
}
