//! Redis dies, and comes back without anything.

use std::{thread, time::Duration};

use serde_json::json;

use crate::{
    client::{Room, join},
    world::{
        call::Call,
        clock::{now, wait_for},
        nodes::Cluster,
        person::{Person, Route, view::Status},
    },
};

const CALLS: usize = 10;
const CONVERGED_WITHIN: Duration = Duration::from_secs(5);

/// A minute in the long form.
fn dead_for() -> Duration {
    match std::env::var_os("WECALL_TEST_LONG") {
        Some(_) => Duration::from_secs(60),
        None => Duration::from_secs(20),
    }
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn nodes_write_their_rooms_back_and_nobody_is_dropped() {
    let mut cluster = Cluster::of(3);
    let calls: Vec<_> = (0..CALLS).map(|_| Call::across(&cluster)).collect();
    let full = full_room(&cluster);
    for call in calls.iter().chain([&full]) {
        call.works();
    }
    let locked = &calls[0];
    let host = Person::join_as_host(Route::to(cluster.nodes[1].address), &locked.room, "Host");
    host.send(json!({"type": "lock", "locked": true}));
    for person in &locked.people {
        person.wait("is locked", |view| view.locked);
    }
    drop(host);

    let start = now();
    cluster.redis.kill();
    // On one node nothing has changed.
    let node = cluster.nodes[0].address;
    let (ada, john) = (
        Person::set_out(Route::to(node), join(&calls[1].room, "Ada")),
        &calls[1].people[0],
    );
    ada.wait("is told why", |view| !view.refusals().is_empty());
    assert_eq!(ada.look().refusals()[0].0, "unavailable");
    drop(ada);
    // Someone loses their socket, and no node can take them back for now.
    let wanderer = &calls[2].people[1];
    wanderer.lose();
    thread::sleep(dead_for().saturating_sub(start.elapsed()));
    assert!(john.look().is_in());

    cluster.redis.start_empty();
    let back = now();
    for call in calls[1..].iter().chain([&full]) {
        call.works_within(CONVERGED_WITHIN);
        wait_for("all nodes count the same", CONVERGED_WITHIN, || {
            call.is_counted_by(&cluster)
        });
    }
    println!("converged {:.1?} after Redis was back", back.elapsed());
    for call in &calls[1..] {
        call.assert_nobody_came_or_went(start);
        call.assert_undisturbed();
    }
    assert_eq!(wanderer.look().outages.len(), 1);
    println!(
        "who had lost their socket was back after {:.1?}",
        wanderer.look().outages[0].length()
    );

    // What is written back is the whole room: its size, and its lock.
    for (room, code) in [(&full.room, "room-full"), (&locked.room, "room-locked")] {
        for node in &cluster.nodes {
            let refused = Status::Refused(code.into());
            let late = Person::set_out(Route::to(node.address), join(room, "Late"));
            late.wait("is refused", |view| view.status == refused);
        }
    }
    full.assert_undisturbed();
}

/// A call of three, whom nobody can join.
fn full_room(cluster: &Cluster) -> Call {
    let room = Room::with(cluster.nodes[0].server(), &json!({"max_participants": 3}));
    let mut call = Call {
        room,
        people: vec![],
    };
    for node in &cluster.nodes {
        call.add(Route::to(node.address));
    }
    call
}
