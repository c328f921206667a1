//! Streams without a browser, at nodes that have no media server.

use std::time::Duration;

use serde_json::json;

use crate::{
    client::Room,
    media_kit::{
        UFRAG, expect_beside_topology, member, offer, offer_to, patch, post, publisher, token,
        viewer,
    },
    world::{
        clock::wait_for,
        nodes::{Cluster, Node, node_options},
        redis::Redis,
    },
};

const KNOWN_WITHIN: Duration = Duration::from_secs(5);

/// The last of them has the media server.
fn cluster() -> Cluster {
    let redis = Redis::start();
    let nodes = ["web,signal", "web,signal", "web,signal,media"];
    let nodes = nodes.iter().enumerate().map(|(number, roles)| {
        let name = format!("node{number}");
        let options = node_options(&name).env("REDIS__URL", &redis.url());
        Node::start(name, options.argument("--roles").argument(*roles), None)
    });
    let nodes = nodes.collect();
    let cluster = Cluster { redis, nodes };
    let first = cluster.nodes[0].server();
    let room = Room::new(first);
    let (token, path) = (token(first, &room, "watch"), format!("/whep/{}", room.id));
    wait_for(
        "the first node knows of the media server",
        KNOWN_WITHIN,
        || match post(first, &path, &token, &viewer()).status {
            201 => Ok(()),
            status => Err(format!("status {status}")),
        },
    );
    cluster
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn streams_begin_change_and_end_at_any_node() {
    let cluster = cluster();
    let server = |index: usize| cluster.nodes[index].server();
    let room = Room::new(server(0));
    let (mut ada, media) = member(server(0), &room, "Ada");
    ada.send(offer_to(&media, &offer(&["audio sendonly"])));
    assert_eq!(ada.expect("answer")["peer_id"], media.as_str());

    let publish = token(server(1), &room, "publish");
    let path = format!("/whip/{}", room.id);
    let begun = post(server(0), &path, &publish, &publisher());
    assert_eq!(begun.status, 201, "{}", begun.text());
    let joined = ada.expect("peer-joined");
    assert_eq!(joined["participant"]["publisher"], json!(true));
    assert_eq!(ada.expect("topology")["topology"], "sfu");
    let (location, etag) = (begun.header("location"), begun.header("etag"));
    let fragment = format!("a=ice-ufrag:{UFRAG}\r\n");
    assert_eq!(patch(server(1), &location, &etag, &fragment).status, 204);
    assert_eq!(
        patch(server(2), &location, "\"other\"", &fragment).status,
        412
    );

    let watch = token(server(2), &room, "watch");
    let path = format!("/whep/{}", room.id);
    assert_eq!(post(server(1), &path, &watch, &viewer()).status, 201);
    let end = |index: usize| server(index).request("DELETE", &location, &[], "").status;
    assert_eq!(end(1), 200);
    assert_eq!(
        expect_beside_topology(&mut ada, "peer-left")["peer_id"],
        joined["peer_id"]
    );
    assert_eq!(end(0), 404);
}
