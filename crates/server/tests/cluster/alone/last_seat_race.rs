//! Nodes race for the last seat of a room.

use std::time::Duration;

use serde_json::json;

use crate::{
    client::{Room, join},
    world::{
        clock::now,
        crowd::all_see_each_other,
        nodes::Cluster,
        person::{Person, Route, view::Status},
    },
};

const RACES: usize = 100;
const JOINS: usize = 2_000;
const SEATS: usize = 50;
const PATIENCE: Duration = Duration::from_secs(60);

fn room_of(cluster: &Cluster, seats: usize) -> Room {
    let options = json!({"max_participants": seats});
    Room::with(cluster.nodes[0].server(), &options)
}

/// Those who are in, after all were answered; the others found the room full.
fn winners(people: Vec<Person>) -> Vec<Person> {
    let full = Status::Refused("room-full".into());
    let is_in = |person: &Person| {
        person.wait_for("is in, or not", PATIENCE, |view| {
            view.is_in() || view.status == full
        });
        person.look().is_in()
    };
    people.into_iter().filter(is_in).collect()
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn two_nodes_race_for_the_last_seat_and_one_wins() {
    let cluster = Cluster::of(2);
    let mut wins = [0; 2];
    for race in 0..RACES {
        let room = room_of(&cluster, 2);
        // Neither node is always the first to start, nor the one that knows the room already.
        let first = cluster.nodes[race / 2 % 2].address;
        let ada = Person::join(Route::to(first), &room, "Ada");
        let racers = [race % 2, (race + 1) % 2].map(|node| {
            let route = Route::to(cluster.nodes[node].address);
            Person::set_out(route, join(&room, "Racer"))
        });
        let winners = winners(racers.into());
        let [winner] = winners.as_slice() else {
            panic!("{} have won", winners.len());
        };
        let node = cluster
            .nodes
            .iter()
            .position(|node| Some(node.address) == winner.node());
        wins[node.unwrap()] += 1;
        all_see_each_other([&ada, winner], PATIENCE);
        ada.assert_undisturbed();
    }
    println!("of {RACES} races the nodes won {wins:?}");
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn two_thousand_joins_at_once_fill_a_room_exactly() {
    // A server takes no room larger than it is told.
    let cluster = crate::world::nodes::ClusterOptions::new(3)
        .env("ROOMS__MAX_PARTICIPANTS", "100")
        .start();
    let room = room_of(&cluster, SEATS);
    let start = now();
    let people: Vec<_> = (0..JOINS)
        .map(|number| {
            let route = Route::to(cluster.nodes[number % 3].address);
            Person::set_out(route, join(&room, "One of many"))
        })
        .collect();
    let winners = winners(people);
    println!("{JOINS} joins were answered within {:.1?}", start.elapsed());
    assert_eq!(winners.len(), SEATS);
    let took = all_see_each_other(&winners, PATIENCE);
    println!("all {SEATS} see each other {took:.1?} later");
    for node in &cluster.nodes {
        assert_eq!(node.count_in(&room.id), Some(SEATS as u64));
    }
    let conflicts = cluster
        .nodes
        .iter()
        .map(|node| node.figure("wecall_store_commits_total", &[("outcome", "conflict")]));
    println!("{} conflicts", conflicts.sum::<f64>());
    for person in &winners {
        person.assert_undisturbed();
    }
    // A seat that becomes free is one seat.
    winners[0].leave();
    let route = |number: usize| Route::to(cluster.nodes[number % 3].address);
    winners[1].wait("one has left", |view| view.roster().len() == SEATS - 1);
    let late: Vec<_> = (0..30)
        .map(|number| Person::set_out(route(number), join(&room, "Late")))
        .collect();
    assert_eq!(self::winners(late).len(), 1);
    let refusals = winners.iter().map(|person| person.look().outages.len());
    assert_eq!(refusals.sum::<usize>(), 0);
}
