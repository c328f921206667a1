//! A deploy: all nodes are restarted, one after the other, behind a load balancer.

use std::time::Duration;

use crate::{
    client::Room,
    world::{
        balancers::Balancer,
        call::Call,
        clock::now,
        crowd::outages,
        nodes::{Cluster, ClusterOptions},
        person::view::{Entry, What},
    },
};

const CALLS: usize = 15;
const GAP: Duration = Duration::from_secs(2);

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn behind_haproxy() {
    nobody_notices_a_restart_of_all_nodes(Balancer::haproxy);
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn behind_nginx() {
    nobody_notices_a_restart_of_all_nodes(Balancer::nginx);
}

fn nobody_notices_a_restart_of_all_nodes(balancer: fn(&[std::net::SocketAddr; 3]) -> Balancer) {
    let mut cluster = ClusterOptions::new(3)
        .env("SERVER__TRUSTED_PROXIES", "127.0.0.1/32")
        .env("SERVER__DRAIN_DELAY", "3s")
        .env("SERVER__DRAIN", "2s")
        .start();
    let addresses: [_; 3] = cluster.addresses().try_into().unwrap();
    let balancer = balancer(&addresses);
    balancer.wait_for_nodes(3);
    let calls: Vec<_> = (0..CALLS)
        .map(|_| Call::behind(balancer.address, new_room(&cluster), 3))
        .collect();
    for call in &calls {
        call.works();
    }
    let start = now();
    for number in 0..3 {
        cluster.nodes[number].stop();
        for call in &calls {
            call.works();
        }
        cluster.nodes[number].start_again();
        balancer.wait_for_nodes(3);
    }
    for call in &calls {
        call.works();
        call.assert_nobody_came_or_went(start);
        call.assert_nothing_missed();
    }
    let people = || calls.iter().flat_map(|call| &call.people);
    let moves = people().flat_map(|person| person.look().entries());
    let moves: Vec<_> = moves.filter(|entry| *entry != Entry::Joined).collect();
    let handed_over = |entry: &&Entry| matches!(entry, Entry::HandedOver { .. });
    let handed_over = moves.iter().filter(handed_over).count();
    let gaps = outages(people());
    println!(
        "restarted all within {:.1?}; {} moves, {handed_over} without any gap; gaps, {gaps}",
        start.elapsed(),
        moves.len()
    );
    assert!(gaps.percentile(99) <= GAP, "{gaps}");
    assert!(moves.len() >= CALLS * 3, "each was moved at least once");
    let told = |person: &crate::world::person::Person| {
        let view = person.look();
        let told = view.told.iter();
        told.filter(|told| matches!(&told.what, What::Refused { .. }))
            .count()
    };
    println!("{} refusals on the way", people().map(told).sum::<usize>());
}

fn new_room(cluster: &Cluster) -> Room {
    let node = cluster.nodes.iter().find(|node| node.is_running());
    Room::new(node.unwrap().server())
}
