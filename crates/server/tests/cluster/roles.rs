//! Nodes that do a part only: pages and API, or signaling.

use std::time::Duration;

use serde_json::json;

use crate::{
    client::Room,
    world::{
        call::Call,
        nodes::{Cluster, Node, node_options},
        person::Route,
        redis::Redis,
    },
};

const KNOWN_WITHIN: Duration = Duration::from_secs(5);

pub fn node(redis: &Redis, name: &str, roles: &str, settings: &[(&str, &str)]) -> Node {
    let options = node_options(name)
        .env("REDIS__URL", &redis.url())
        .argument("--roles")
        .argument(roles);
    let options = settings
        .iter()
        .fold(options, |options, (name, value)| options.env(name, value));
    Node::start(name.into(), options, None)
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn pages_come_from_one_node_and_signaling_from_others() {
    let redis = Redis::start();
    // Clients of the web node's region are sent to the nodes of theirs first.
    let far = [
        ("CLUSTER__PUBLIC_URL", "wss://far.example.org/ws"),
        ("CLUSTER__REGION", "far"),
    ];
    let near = [
        ("CLUSTER__PUBLIC_URL", "wss://near.example.org/ws"),
        ("CLUSTER__REGION", "near"),
    ];
    let nodes = vec![
        node(&redis, "web", "web", &[("CLUSTER__REGION", "near")]),
        node(&redis, "signal-far", "signal", &far),
        node(&redis, "signal-near", "signal", &near),
    ];
    let mut cluster = Cluster { redis, nodes };
    cluster.wait_for_figures("counts three nodes", KNOWN_WITHIN, |figures| {
        figures.value("wecall_nodes", &[("state", "alive")]) == Some(3.0)
    });
    let web = cluster.nodes[0].server();
    let config = web.get("/api/config").json();
    assert_eq!(
        config["signaling_urls"],
        json!(["wss://near.example.org/ws", "wss://far.example.org/ws"])
    );
    assert_eq!(web.get("/").status, 200);
    assert_eq!(web.get("/ws").status, 404);
    for node in &cluster.nodes[1..] {
        assert_eq!(node.server().post("/api/rooms", "{}").status, 404);
        assert_eq!(node.server().get("/api/config").status, 404);
        // Without an upgrade it is no WebSocket, but there it is.
        assert_ne!(node.server().get("/ws").status, 404);
    }
    for node in &cluster.nodes {
        for probe in ["/livez", "/readyz", "/health"] {
            assert_eq!(
                node.server().get(probe).status,
                200,
                "{} {probe}",
                node.name
            );
        }
    }

    let room = Room::new(web);
    let mut call = Call {
        room,
        people: vec![],
    };
    for node in &cluster.nodes[1..] {
        call.add(Route::to(node.address));
    }
    call.works();
    assert_eq!(cluster.nodes[0].count_in(&call.room.id), Some(2));

    // Nobody is sent to a node that is gone.
    cluster.nodes[2].stop();
    let urls = || cluster.nodes[0].server().get("/api/config").json()["signaling_urls"].clone();
    crate::world::clock::wait_for("one is left", KNOWN_WITHIN, || {
        match urls() == json!(["wss://far.example.org/ws"]) {
            true => Ok(()),
            false => Err(urls().to_string()),
        }
    });
}
