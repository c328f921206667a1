//! A node that hangs for longer than its lease, and goes on.

use std::{thread, time::Duration};

use crate::{
    server::PATIENCE,
    world::{
        call::Call,
        clock::{now, wait_for},
        crowd::all_hear_each_other,
        nodes::Cluster,
        person::Route,
    },
};

const STOPPED: Duration = Duration::from_secs(10);
const CONVERGED_WITHIN: Duration = Duration::from_secs(5);

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn it_notices_that_it_was_declared_dead_and_disturbs_nobody() {
    let cluster = Cluster::of(3);
    let hung = cluster.nodes[0].address;
    let mut call = Call::across(&cluster);
    // Who moves elsewhere meanwhile, as a phone does that takes another network.
    call.add(Route::through(&cluster.addresses(), 0));
    call.works();
    let (stays, moves) = (&call.people[0], &call.people[3]);

    let start = now();
    cluster.nodes[0].pause();
    moves.lose();
    moves.wait("is elsewhere", |view| {
        view.node().is_some_and(|node| node != hung)
    });
    println!("moved within {:.1?}", start.elapsed());
    let others: Vec<_> = call.people[1..].iter().collect();
    all_hear_each_other(others, PATIENCE);
    for node in &cluster.nodes[1..] {
        node.wait_for_figures("counts two nodes", Duration::from_secs(6), |figures| {
            figures.value("wecall_nodes", &[("state", "alive")]) == Some(2.0)
        });
    }
    thread::sleep(STOPPED.saturating_sub(start.elapsed()));

    cluster.nodes[0].go_on();
    let continued = now();
    cluster.nodes[0].wait_for_figures("notices", CONVERGED_WITHIN, |figures| {
        figures.value("wecall_node_fenced_total", &[]) == Some(1.0)
    });
    cluster.wait_for_figures("counts three nodes", CONVERGED_WITHIN, |figures| {
        figures.value("wecall_nodes", &[("state", "alive")]) == Some(3.0)
    });
    call.works_within(CONVERGED_WITHIN);
    println!("everyone hears everyone {:.1?} later", continued.elapsed());
    wait_for("all nodes count the same", CONVERGED_WITHIN, || {
        call.is_counted_by(&cluster)
    });
    call.assert_nobody_came_or_went(start);
    call.assert_undisturbed();
    // Whoever was on it is on it still: the socket has never been lost.
    assert_eq!(stays.node(), Some(hung));
    assert!(stays.look().outages.is_empty());
    assert_ne!(moves.node(), Some(hung));
    assert_eq!(moves.look().outages.len(), 1);
}
