//! The way between a node and Redis is cut in one direction.

use std::{thread, time::Duration};

use crate::world::{
    call::Call,
    clock::{now, wait_for},
    fault_proxy::Direction,
    nodes::ClusterOptions,
    person::{Person, Route},
};

const CUT: Duration = Duration::from_secs(12);
/// Until then, whoever is on the node that is cut off is best off there.
const SENT_AWAY_AFTER: Duration = Duration::from_millis(6_500);
/// From then on. The last of them goes 3 s after the first.
const ELSEWHERE_WITHIN: Duration = Duration::from_secs(5);
const CONVERGED_WITHIN: Duration = Duration::from_secs(5);

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn node_that_redis_does_not_hear_of() {
    nobody_is_lost_by(Direction::ToServer);
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn node_that_hears_nothing_of_redis() {
    nobody_is_lost_by(Direction::ToClient);
}

fn nobody_is_lost_by(direction: Direction) {
    let cluster = ClusterOptions::new(3).through_proxies().start();
    let cut_off = cluster.nodes[0].address;
    let mut call = Call::across(&cluster);
    call.add(Route::through(&cluster.addresses(), 0));
    call.works();
    let start = now();
    let proxy = cluster.nodes[0].proxy();
    proxy.stall(direction);
    // Two on the node that is cut off, and two on those that are not.
    let pairs = [[0, 3], [1, 2]].map(|pair| pair.map(|index| &call.people[index]));
    let talk = |[one, other]: [&Person; 2]| {
        one.relay_to(other);
        other.relay_to(one);
        one.wait_for_relays_of(other, Duration::from_secs(1));
        other.wait_for_relays_of(one, Duration::from_secs(1));
    };
    while start.elapsed() < SENT_AWAY_AFTER {
        pairs.into_iter().for_each(talk);
        thread::sleep(Duration::from_millis(50));
    }
    // The others have given that node up by now; it sends its people to them.
    for person in pairs[0] {
        person.wait_for("is on another node", ELSEWHERE_WITHIN, |view| {
            view.node().is_some_and(|node| node != cut_off)
        });
    }
    println!("on other nodes {:.1?} after the cut", start.elapsed());
    call.works_within(CONVERGED_WITHIN);
    while start.elapsed() < CUT {
        pairs.into_iter().for_each(talk);
        thread::sleep(Duration::from_millis(50));
    }
    proxy.flow(direction);
    let healed = now();
    call.works_within(CONVERGED_WITHIN);
    wait_for("all nodes count the same", CONVERGED_WITHIN, || {
        call.is_counted_by(&cluster)
    });
    println!("converged {:.1?} after the cut", healed.elapsed());
    cluster.nodes[0].wait_for_figures("goes on anew", CONVERGED_WITHIN, |figures| {
        figures.value("wecall_node_fenced_total", &[]) == Some(1.0)
    });
    call.assert_nobody_came_or_went(start);
    call.assert_undisturbed();
    for person in &call.people {
        assert!(person.look().outages.is_empty(), "{}", person.name);
    }
}
