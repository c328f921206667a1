//! A session that moves from one node to another.

use crate::{
    client::chat,
    server::PATIENCE,
    world::{
        call::Call,
        nodes::Cluster,
        person::{Person, view::Entry},
    },
};

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn node_that_lives_hands_over_what_waited() {
    let cluster = Cluster::of(3);
    let call = Call::across(&cluster);
    call.works();
    let [ada, john, grace] = call.people.as_slice() else {
        unreachable!("three nodes, three people");
    };
    john.stay_away();
    for number in 0..20 {
        ada.relay_to(john);
        grace.relay_to(john);
        if number % 10 == 0 {
            ada.send(chat(&format!("number {number}")));
        }
    }
    // These wait with John.
    john.relay_to(ada);
    john.send(chat("from John"));
    for person in [ada, grace] {
        person.wait("has read both", |view| view.messages("chat").len() == 2);
    }
    john.come_back();
    john.wait("is on the next node", |view| {
        view.node() == Some(cluster.nodes[2].address)
    });
    call.works();
    let entries = john.look().entries();
    assert_eq!(entries, [Entry::Joined, Entry::Resumed { recovered: true }]);
    assert_eq!(call.all_read_the_same(3).len(), 3);
    call.assert_nothing_missed();
    let handed_over = [("outcome", "handed-over")];
    let taken = cluster.nodes[2].figure("wecall_takeovers_total", &handed_over);
    assert_eq!(taken, 1.0);
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn order_holds_while_people_move_from_node_to_node() {
    let cluster = Cluster::of(3);
    let call = Call::across(&cluster);
    call.works();
    for round in 0..60 {
        call.chatter();
        if round % 5 == 4 {
            let mover: &Person = &call.people[round / 5 % 3];
            mover.lose();
            // The next to move may be another one while this one is still on the way.
            if round % 10 == 9 {
                mover.wait("has moved", |view| view.is_in());
            }
        }
    }
    let times = call.works();
    println!("relays, {times}");
    call.assert_nothing_missed();
    for person in &call.people {
        assert_eq!(person.look().outages.len(), 4, "{}", person.name);
    }
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn session_of_a_dead_node_gets_a_snapshot() {
    let mut cluster = Cluster::of(3);
    let call = Call::across(&cluster);
    call.works();
    let john = &call.people[1];
    cluster.nodes[1].kill();
    john.wait_for("is on the next node", PATIENCE, |view| {
        view.node() == Some(cluster.nodes[2].address)
    });
    call.works();
    let entries = john.look().entries();
    assert_eq!(
        entries,
        [Entry::Joined, Entry::Resumed { recovered: false }]
    );
    call.assert_undisturbed();
    let snapshot = [("outcome", "snapshot")];
    let taken = cluster.nodes[2].figure("wecall_takeovers_total", &snapshot);
    assert_eq!(taken, 1.0);
}
