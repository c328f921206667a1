//! Something else has written into the keys of a room.

use serde_json::json;

use crate::{
    client::{Room, join},
    server::PATIENCE,
    world::{
        call::Call,
        clock::wait_for,
        nodes::Cluster,
        person::{Person, Route},
    },
};

/// Writes over all keys of a room.
fn spoil(cluster: &Cluster, room: &Room) {
    let keys = cluster.redis.command(&["KEYS", &format!("*{}*", room.id)]);
    assert!(!keys.is_empty(), "the room is not in Redis");
    for key in keys.lines() {
        // Whatever type it has, the bytes in it mean nothing to us.
        match cluster.redis.command(&["TYPE", key]).as_str() {
            "hash" => {
                let fields = cluster.redis.command(&["HKEYS", key]);
                for field in fields.lines() {
                    cluster.redis.command(&["HSET", key, field, "garbage"]);
                }
            }
            "stream" => {
                cluster
                    .redis
                    .command(&["XADD", key, "*", "garbage", "garbage"]);
            }
            _ => {
                cluster.redis.command(&["SET", key, "garbage"]);
            }
        }
    }
}

fn set_aside(cluster: &Cluster) -> f64 {
    let nodes = cluster.nodes.iter();
    nodes
        .map(|node| node.figure("wecall_store_rooms_set_aside_total", &[]))
        .sum()
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn room_is_set_aside_and_others_do_not_suffer() {
    let cluster = Cluster::of(2);
    let spoilt = Room::new(cluster.nodes[0].server());
    let other = Call::across(&cluster);
    other.works();
    spoil(&cluster, &spoilt);
    assert_eq!(set_aside(&cluster), 0.0);
    let joiner = Person::set_out(
        Route::through(&cluster.addresses(), 1),
        join(&spoilt, "Ada"),
    );
    joiner.wait("is told something", |view| !view.refusals().is_empty());
    println!("who joins is told {:?}", joiner.look().refusals());
    wait_for("it is reported", PATIENCE, || match set_aside(&cluster) {
        count if count >= 1.0 => Ok(()),
        other => Err(other.to_string()),
    });
    for node in &cluster.nodes {
        let path = format!("/api/rooms/{}", spoilt.id);
        assert_ne!(node.server().get(&path).status, 200);
        assert_eq!(node.server().get("/readyz").status, 200);
    }
    other.works();
    other.people[0].send(json!({"type": "hand", "raised": true}));
    other.people[1].wait("sees the hand", |view| view.messages("hand").len() == 1);
    Call::across(&cluster).works();
    other.assert_nothing_missed();
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn call_whose_room_is_spoilt_goes_on_as_long_as_nobody_asks() {
    let cluster = Cluster::of(2);
    let call = Call::across(&cluster);
    call.works();
    spoil(&cluster, &call.room);
    // What needs no state.
    let [ada, john] = call.people.as_slice() else {
        unreachable!("two nodes, two people");
    };
    for _ in 0..10 {
        ada.relay_to(john);
        john.relay_to(ada);
    }
    ada.wait_for_relays_of(john, PATIENCE);
    john.wait_for_relays_of(ada, PATIENCE);
    Call::across(&cluster).works();
}
