//! The people of these tests, before one node: what they do and notice is what the web client does.

use std::{collections::BTreeSet, time::Duration};

use serde_json::json;

use crate::{
    client::{Room, chat},
    server::PATIENCE,
    world::{
        crowd::{all_hear_each_other, all_see_each_other},
        nodes::{Node, node_options},
        person::{
            Person, Route,
            view::{Entry, Status},
        },
    },
};

fn one_node() -> Node {
    Node::start("node-1".into(), node_options("node-1"), None)
}

fn call_of_three(node: &Node) -> (Room, [Person; 3]) {
    let room = Room::new(node.server());
    let people =
        ["Ada", "John", "Grace"].map(|name| Person::join(Route::to(node.address), &room, name));
    all_see_each_other(&people, PATIENCE);
    (room, people)
}

#[test]
fn lost_socket_is_replaced_and_nothing_is_missed() {
    let node = one_node();
    let (_room, people) = call_of_three(&node);
    all_hear_each_other(&people, PATIENCE);
    let [ada, john, grace] = &people;
    john.stay_away();
    ada.relay_to(john);
    grace.relay_to(john);
    // These wait with John until he is back.
    john.relay_to(ada);
    john.send(chat("still here"));
    john.come_back();
    john.wait("is back", |view| view.is_in());
    john.wait_for_relays_of(ada, PATIENCE);
    john.wait_for_relays_of(grace, PATIENCE);
    ada.wait_for_relays_of(john, PATIENCE);
    grace.wait("hears John", |view| view.messages("chat").len() == 1);
    let entries = john.look().entries();
    assert_eq!(entries, [Entry::Joined, Entry::Resumed { recovered: true }]);
    for person in &people {
        person.assert_nothing_missed();
    }
    assert_eq!(john.look().outages.len(), 1);
}

#[test]
fn killed_node_that_is_back_has_not_been_noticed() {
    let mut node = one_node();
    let (_room, people) = call_of_three(&node);
    node.kill();
    for person in &people {
        person.wait("notices", |view| !view.is_in());
    }
    node.start_again();
    all_see_each_other(&people, PATIENCE);
    all_hear_each_other(&people, PATIENCE);
    for person in &people {
        person.assert_undisturbed();
        assert!(
            person
                .look()
                .entries()
                .contains(&Entry::Resumed { recovered: false })
        );
    }
}

#[test]
fn who_does_not_come_back_has_left_once() {
    let node = Node::start(
        "node-1".into(),
        node_options("node-1").env("SESSION__RESUME_GRACE", "1s"),
        None,
    );
    let (_room, people) = call_of_three(&node);
    let [ada, john, grace] = people;
    let gone = john.peer();
    drop(john);
    let left: BTreeSet<_> = [&ada, &grace].map(Person::peer).into();
    for person in [&ada, &grace] {
        person.wait_for_roster(&left, PATIENCE);
        let departures = person.look().departures_of(&gone);
        assert_eq!(departures.len(), 1);
        assert_eq!(departures[0].1, "lost");
        person.assert_undisturbed();
    }
}

#[test]
fn who_comes_back_too_late_joins_anew_and_that_is_noticed() {
    let node = Node::start(
        "node-1".into(),
        node_options("node-1").env("SESSION__RESUME_GRACE", "500ms"),
        None,
    );
    let (_room, people) = call_of_three(&node);
    let [ada, john, grace] = &people;
    john.stay_away();
    let gone = john.peer();
    ada.wait("John has left", |view| !view.others().contains(&gone));
    john.come_back();
    all_see_each_other(&people, PATIENCE);
    assert_eq!(john.look().entries(), [Entry::Joined, Entry::JoinedAgain]);
    for person in [ada, john, grace] {
        assert_eq!(person.look().torn_down.len(), 1, "{}", person.name);
    }
}

#[test]
fn who_is_not_let_in_stops() {
    let node = one_node();
    let (room, people) = call_of_three(&node);
    let host = Person::join_as_host(Route::to(node.address), &room, "Host");
    host.send(json!({"type": "lock", "locked": true}));
    people[0].wait("is locked", |view| view.locked);
    let stranger = Person::set_out(Route::to(node.address), crate::client::join(&room, "Eve"));
    let refused = Status::Refused("room-locked".into());
    stranger.wait("is refused", |view| view.status == refused);
    host.send(json!({"type": "end-call"}));
    for person in &people {
        let over = Status::Over("room-ended".into());
        person.wait("is over", |view| view.status == over);
    }
}

#[test]
fn order_holds_under_load_and_lost_sockets() {
    let node = one_node();
    let (_room, people) = call_of_three(&node);
    for round in 0..50 {
        for from in &people {
            for to in people.iter().filter(|to| !std::ptr::eq(*to, from)) {
                from.relay_to(to);
            }
        }
        if round % 10 == 5 {
            people[round / 10 % 3].lose();
        }
    }
    let times = all_hear_each_other(&people, PATIENCE);
    println!("relays: {times}");
    for person in &people {
        person.assert_nothing_missed();
    }
    assert!(times.max() < Duration::from_secs(5));
}
