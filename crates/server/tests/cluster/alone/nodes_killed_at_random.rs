//! Nodes are killed at random, and come back, while many calls go on.

use std::{thread, time::Duration};

use crate::world::{
    call::Call,
    clock::{now, wait_for},
    crowd::outages,
    dice::Dice,
    nodes::Cluster,
    person::Route,
};

struct Scale {
    rooms: usize,
    lasts: Duration,
}

/// What was promised in the long form; what two cores do in passing otherwise.
fn scale() -> Scale {
    match std::env::var_os("WECALL_TEST_LONG") {
        Some(_) => Scale {
            rooms: 1_000,
            lasts: Duration::from_secs(120),
        },
        None => Scale {
            rooms: 250,
            lasts: Duration::from_secs(25),
        },
    }
}

/// Who was lost for good is gone after so long: the grace time, and a lease.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn no_member_is_lost_and_there_are_no_ghosts() {
    let Scale { rooms, lasts } = scale();
    let mut dice = Dice::printed();
    let mut cluster = Cluster::of(3);
    let mut calls: Vec<_> = (0..rooms)
        .map(|number| Call::across_from(&cluster, number, 3))
        .collect();
    println!("{rooms} rooms of three, for {lasts:.0?}");
    let start = now();
    let (mut kills, mut changes) = (0, 0);
    while start.elapsed() < lasts {
        let node = dice.below(3);
        if cluster.nodes[node].is_running() {
            let others = cluster.nodes.iter().filter(|node| node.is_running());
            // Someone has to be there who can take people back within their patience.
            if others.count() > 1 {
                cluster.nodes[node].kill();
                kills += 1;
            }
        } else {
            cluster.nodes[node].start_again();
        }
        thread::sleep(Duration::from_millis(100 + dice.below(700) as u64));
        for _ in 0..3 {
            let number = dice.below(rooms);
            let call = &mut calls[number];
            changes += usize::from(change(call, &cluster, &mut dice));
            call.chatter();
        }
    }
    for node in &mut cluster.nodes {
        if !node.is_running() {
            node.start_again();
        }
    }
    let settling = now();
    for call in &calls {
        call.works_within(SETTLED_WITHIN);
    }
    for call in &calls {
        wait_for("all nodes count the same", SETTLED_WITHIN, || {
            call.is_counted_by(&cluster)
        });
        call.assert_undisturbed();
    }
    println!(
        "{kills} kills, {changes} changes; settled {:.1?} later",
        settling.elapsed()
    );
    let people = calls.iter().flat_map(|call| &call.people);
    println!("back on another node, {}", outages(people));
}

/// Someone leaves, and someone else comes.
fn change(call: &mut Call, cluster: &Cluster, dice: &mut Dice) -> bool {
    let leaver = dice.below(call.people.len());
    if !call.people[leaver].look().is_in() {
        return false;
    }
    call.people.swap_remove(leaver).leave();
    let route = Route::through(&cluster.addresses(), dice.below(3));
    call.add(route);
    true
}
