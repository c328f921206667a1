//! `kill -9` of a node.

use std::{collections::BTreeSet, time::Duration};

use crate::world::{
    call::Call,
    clock::{now, wait_for},
    crowd::outages,
    nodes::Cluster,
    person::{Person, Route},
};

const CALLS: usize = 20;

/// The lease of a node: nobody can know sooner that it is dead.
const LEASE: Duration = Duration::from_secs(5);
const AWAY_WITHIN: Duration = Duration::from_secs(6);
const GONE_WITHIN: Duration = Duration::from_secs(20);
const BACK_WITHIN: Duration = Duration::from_secs(3);

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn people_are_back_on_another_node_and_nobody_notices() {
    let mut cluster = Cluster::of(3);
    let calls: Vec<_> = (0..CALLS).map(|_| Call::across(&cluster)).collect();
    for call in &calls {
        call.works();
    }
    let start = now();
    let dead = cluster.nodes[0].address;
    cluster.nodes[0].kill();

    let people = || calls.iter().flat_map(|call| &call.people);
    for person in people() {
        person.wait("is on a node that lives", |view| {
            view.node().is_some_and(|node| node != dead)
        });
    }
    let gaps = outages(people());
    println!("back on another node, {gaps}");
    assert_eq!(gaps.len(), CALLS);
    assert!(gaps.percentile(95) <= BACK_WITHIN, "{gaps}");
    for call in &calls {
        call.works();
        call.assert_nobody_came_or_went(start);
        call.assert_undisturbed();
        assert_eq!(call.is_counted_by(&cluster), Ok(()));
    }

    // The dead node's lease ends, and takes nobody along.
    cluster.wait_for_figures("counts two nodes", AWAY_WITHIN, |figures| {
        figures.value("wecall_nodes", &[("state", "alive")]) == Some(2.0)
    });
    cluster.nodes[0].start_again();
    cluster.wait_for_figures("counts three nodes", AWAY_WITHIN, |figures| {
        figures.value("wecall_nodes", &[("state", "alive")]) == Some(3.0)
    });
    for call in &calls {
        call.works();
        call.assert_nobody_came_or_went(start);
    }
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn who_does_not_come_back_leaves_once_and_in_time() {
    let mut cluster = Cluster::of(3);
    let mut call = Call::across_from(&cluster, 1, 2);
    // These two know no other node.
    for _ in 0..2 {
        call.add(Route::to(cluster.nodes[0].address));
    }
    call.works();
    let start = now();
    cluster.nodes[0].kill();
    let (staying, lost) = call.people.split_at(2);
    assert_eq!(call.is_counted_by(&cluster), Ok(()));

    let lost: Vec<_> = lost.iter().map(Person::peer).collect();
    let roster: BTreeSet<_> = staying.iter().map(Person::peer).collect();
    for person in staying {
        person.wait_for_roster(&roster, GONE_WITHIN);
        for peer in &lost {
            let departures = person.look().departures_of(peer);
            let [(at, reason)] = departures.as_slice() else {
                panic!("{} was told {departures:?}", person.name);
            };
            let after = at.saturating_duration_since(start);
            println!("gone after {after:.1?}");
            assert!(after >= LEASE, "sooner than anyone could know: {after:?}");
            assert!(after <= GONE_WITHIN, "{after:?}");
            assert_eq!(reason, "lost");
        }
        person.assert_undisturbed();
    }
    let reaped = || -> f64 {
        let nodes = cluster.nodes.iter().filter(|node| node.is_running());
        nodes
            .map(|node| node.figure("wecall_reaped_participants_total", &[]))
            .sum()
    };
    wait_for("two were reaped", GONE_WITHIN, || match reaped() {
        2.0 => Ok(()),
        other => Err(other.to_string()),
    });
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn dead_node_is_known_within_its_lease() {
    let mut cluster = Cluster::of(3);
    let start = now();
    cluster.nodes[2].kill();
    cluster.wait_for_figures("counts two nodes", AWAY_WITHIN, |figures| {
        figures.value("wecall_nodes", &[("state", "alive")]) == Some(2.0)
    });
    println!("known as dead after {:.1?}", start.elapsed());
}
