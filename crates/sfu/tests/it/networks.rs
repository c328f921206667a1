//! Bad networks: what is lost is sent again, what does not fit is not sent, and it comes back.

use std::time::Duration;

use wecall_sfu::Source;

use crate::{
    forwarding::broadcast,
    world::{World, room},
};

#[test]
fn what_is_lost_is_sent_again_at_both_ends() {
    for (seed, loss) in [(41, 2), (42, 5), (43, 10)] {
        let mut world = World::new(seed);
        let (publisher, viewers) = broadcast(&mut world, 2);
        world.run(Duration::from_secs(2));
        world.links(publisher, |link| link.loss_percent = loss / 2);
        world.clients[viewers[0]].down.loss_percent = loss;
        world.run(Duration::from_secs(10));
        world.links(publisher, |link| link.loss_percent = 0);
        world.clients[viewers[0]].down.loss_percent = 0;
        world.run(Duration::from_secs(2));
        for viewer in viewers {
            let report = world.clients[viewer]
                .video
                .values()
                .next()
                .expect("video")
                .check();
            assert!(report.frames > 330, "seed {seed}: {report:?}");
            // Some 1,900 packets, of which the network lost 40 to 200.
            assert!(report.missing <= 12, "seed {seed}: {report:?}");
        }
    }
}

#[test]
fn packets_that_overtake_each_other_come_out_in_their_places() {
    let mut world = World::new(44);
    let (publisher, viewers) = broadcast(&mut world, 2);
    world.links(publisher, |link| link.jitter = Duration::from_millis(30));
    world.links(viewers[0], |link| link.jitter = Duration::from_millis(60));
    world.run(Duration::from_secs(8));
    world.links(publisher, |link| link.jitter = Duration::ZERO);
    world.links(viewers[0], |link| link.jitter = Duration::ZERO);
    world.run(Duration::from_secs(1));
    for viewer in viewers {
        let report = world.clients[viewer]
            .video
            .values()
            .next()
            .expect("video")
            .check();
        assert!(report.frames > 150, "{report:?}");
        assert!(report.missing <= 6, "{report:?}");
    }
}

#[test]
fn narrow_path_gets_a_smaller_layer_within_five_seconds_and_the_large_one_back_within_fifteen() {
    let mut world = World::new(45);
    let watcher = world.member(room(1), 2, 2);
    let sender = world.member(room(1), 2, 2);
    world.links(watcher, |link| link.bits_per_second = Some(5_000_000));
    world.view(watcher, &[(sender, Source::Camera, 720)]);
    let number = world.clients[sender].number;
    world.run_until(
        Duration::from_secs(15),
        "the large layer at first",
        |world| world.clients[watcher].shows(number) == Some(2),
    );
    for _ in 0..2 {
        world.clients[watcher].down.bits_per_second = Some(500_000);
        world.run_until(Duration::from_secs(5), "a smaller layer", |world| {
            world.clients[watcher]
                .shows(number)
                .is_some_and(|layer| layer < 2)
        });
        world.run(Duration::from_secs(8));
        assert!(
            world.clients[watcher]
                .shows(number)
                .is_some_and(|layer| layer < 2)
        );
        world.clients[watcher].down.bits_per_second = Some(5_000_000);
        world.run_until(Duration::from_secs(15), "the large layer again", |world| {
            world.clients[watcher].shows(number) == Some(2)
        });
        world.run(Duration::from_secs(2));
    }
    let report = world.clients[watcher]
        .video
        .values()
        .map(|checker| checker.check())
        .next();
    assert!(report.expect("video").frames > 500);
}

#[test]
fn narrow_path_of_one_is_no_matter_to_the_others() {
    let mut world = World::new(46);
    let narrow = world.member(room(1), 2, 2);
    let wide = world.member(room(1), 2, 2);
    let sender = world.member(room(1), 2, 2);
    world.clients[narrow].down.bits_per_second = Some(300_000);
    for watcher in [narrow, wide] {
        world.view(watcher, &[(sender, Source::Camera, 720)]);
    }
    world.run(Duration::from_secs(12));
    let number = world.clients[sender].number;
    assert_eq!(world.clients[wide].shows(number), Some(2));
    assert!(
        world.clients[narrow]
            .shows(number)
            .is_some_and(|layer| layer < 2)
    );
    for checker in world.clients[wide].video.values() {
        assert_eq!(checker.check().missing, 0);
    }
}
