//! One publisher, those who watch, and what happens on the way.

use std::time::Duration;

use wecall_sfu::{Event, Kind, Watch};

use crate::world::{World, room};

/// A publisher over WHIP with one layer, and viewers over WHEP.
pub fn broadcast(world: &mut World, viewers: usize) -> (usize, Vec<usize>) {
    let publisher = world.client();
    world.clients[publisher].adds_microphone();
    world.clients[publisher].adds_camera(&[]);
    world
        .join(publisher, room(1), Kind::Publisher)
        .expect("let in");
    let viewers = (0..viewers).map(|_| viewer(world)).collect();
    (publisher, viewers)
}

pub fn viewer(world: &mut World) -> usize {
    let viewer = world.client();
    world.clients[viewer].adds_slots(1, 1);
    world
        .join(viewer, room(1), Kind::Viewer(Watch::Room))
        .expect("let in");
    viewer
}

#[test]
fn viewers_see_every_frame_and_hear_the_publisher() {
    let mut world = World::new(1);
    let (publisher, viewers) = broadcast(&mut world, 3);
    world.run(Duration::from_secs(5));
    for viewer in viewers {
        let client = &world.clients[viewer];
        let report = client.video.values().next().expect("video").check();
        assert!(report.frames > 120, "{report:?}");
        assert_eq!(report.missing, 0);
        assert_eq!(client.heard(), [world.clients[publisher].number]);
    }
    let connected = world
        .events
        .iter()
        .filter(|event| matches!(event, Event::Connected { .. }))
        .count();
    assert_eq!(connected, 4);
    assert_eq!(world.engine.counters().panics, 0);
}

#[test]
fn late_joiner_sees_its_first_frame_within_half_a_second() {
    let mut world = World::new(2);
    broadcast(&mut world, 1);
    world.run(Duration::from_secs(10));
    let late = viewer(&mut world);
    let took = world.run_until(Duration::from_secs(1), "a first frame", |world| {
        world.clients[late]
            .video
            .values()
            .any(|checker| checker.has_begun())
    });
    // Round trips of 40 ms: ICE, DTLS with two, the keyframe with one; and a frame.
    assert!(took < Duration::from_millis(500), "{took:?}");
    world.run(Duration::from_secs(2));
    assert!(world.clients[late].frames() > 50);
}

#[test]
fn crowd_of_late_joiners_is_one_request() {
    let mut world = World::new(3);
    let (publisher, _) = broadcast(&mut world, 1);
    world.run(Duration::from_secs(3));
    let before = world.clients[publisher].keyframes_asked;
    let crowd: Vec<usize> = (0..20).map(|_| viewer(&mut world)).collect();
    world.run(Duration::from_secs(2));
    let asked = world.clients[publisher].keyframes_asked - before;
    assert!(
        (1..=3).contains(&asked),
        "{asked} keyframes for 20 viewers who came together"
    );
    for viewer in crowd {
        assert!(world.clients[viewer].frames() > 20);
    }
}

#[test]
fn connection_survives_an_ice_restart_from_another_address() {
    let mut world = World::new(4);
    let (_, viewers) = broadcast(&mut world, 1);
    let viewer = viewers[0];
    world.run(Duration::from_secs(2));
    world.clients[viewer].moves_to("198.51.100.9:50000".parse().expect("an address"));
    let offer = world.clients[viewer].restart_offer();
    let id = world.clients[viewer].id;
    let kind = Kind::Viewer(Watch::Room);
    let answer = world
        .engine
        .accept(world.now, room(1), id, kind, &offer)
        .expect("a restart");
    world.clients[viewer].answer(&answer);
    let before = world.clients[viewer].frames();
    world.run(Duration::from_secs(3));
    assert!(
        world.clients[viewer].frames() > before + 60,
        "frames flow to the new address"
    );
    assert_eq!(world.engine.peers(), 2);
}

#[test]
fn one_who_leaves_is_told_and_forgotten() {
    let mut world = World::new(5);
    let (_, viewers) = broadcast(&mut world, 2);
    world.run(Duration::from_secs(1));
    let id = world.clients[viewers[0]].id;
    world.engine.remove(world.now, id);
    world.run(Duration::from_millis(200));
    assert!(world.clients[viewers[0]].closed);
    assert_eq!(world.engine.peers(), 2);
    let before = world.clients[viewers[1]].frames();
    world.run(Duration::from_secs(1));
    assert!(
        world.clients[viewers[1]].frames() > before + 25,
        "the other goes on"
    );
}

#[test]
fn one_who_never_connects_or_is_silent_is_given_up() {
    let mut world = World::new(6);
    let (_, viewers) = broadcast(&mut world, 1);
    world.run(Duration::from_secs(1));
    world.links(viewers[0], |link| link.loss_percent = 100);
    let stranger = world.client();
    world.clients[stranger].adds_slots(1, 0);
    world.clients[stranger].up.loss_percent = 100;
    world
        .join(stranger, room(1), Kind::Viewer(Watch::Room))
        .expect("let in");
    world.run(Duration::from_secs(31));
    assert_eq!(world.engine.peers(), 2, "one that never connected is gone");
    world.run(Duration::from_secs(70));
    assert_eq!(world.engine.peers(), 1, "one that was lost is gone");
}
