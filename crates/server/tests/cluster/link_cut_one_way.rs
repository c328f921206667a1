//! The way between a node and Redis is cut in one direction.

use std::{thread, time::Duration};

use crate::world::{
    call::Call,
    clock::{now, wait_for},
    fault_proxy::Direction,
    nodes::ClusterOptions,
    person::Route,
};

const CUT: Duration = Duration::from_secs(10);
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
    let mut call = Call::across(&cluster);
    call.add(Route::to(cluster.nodes[0].address));
    call.works();
    let start = now();
    let proxy = cluster.nodes[0].proxy();
    proxy.stall(direction);
    // Two on the node that is cut off, and two on those that are not.
    let pairs = [[0, 3], [1, 2]].map(|pair| pair.map(|index| &call.people[index]));
    while start.elapsed() < CUT {
        for [one, other] in pairs {
            one.relay_to(other);
            other.relay_to(one);
        }
        for [one, other] in pairs {
            one.wait_for_relays_of(other, Duration::from_secs(1));
            other.wait_for_relays_of(one, Duration::from_secs(1));
        }
        thread::sleep(Duration::from_millis(50));
    }
    proxy.flow(direction);
    let healed = now();
    call.works_within(CONVERGED_WITHIN);
    wait_for("all nodes count the same", CONVERGED_WITHIN, || {
        call.is_counted_by(&cluster)
    });
    println!("converged {:.1?} after the cut", healed.elapsed());
    call.assert_nobody_came_or_went(start);
    call.assert_undisturbed();
    for person in &call.people {
        assert!(person.look().outages.is_empty(), "{}", person.name);
    }
}
