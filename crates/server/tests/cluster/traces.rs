//! A trace of one join, over both nodes and what is between them.

use crate::{
    client::{Client, Room},
    collector::{Collector, Span},
    world::nodes::ClusterOptions,
};

fn traced_cluster(collector: &Collector) -> ClusterOptions {
    ClusterOptions::new(2).env("TRACING__OTLP_ENDPOINT", &collector.endpoint())
}

/// The last span of this name at a node whose parents have these names, with them.
fn way(spans: &[Span], node: &str, name: &str, parents: &[&str]) -> Option<Vec<Span>> {
    let ways = spans.iter().filter(|span| span.name == name);
    let mut ways = ways.filter(|span| span.node() == node).map(|last| {
        let mut way = vec![last.clone()];
        for parent in parents {
            let child = way.last()?;
            let found = spans.iter().find(|span| child.is_child_of(span))?;
            if found.name != *parent {
                return None;
            }
            way.push(found.clone());
        }
        Some(way)
    });
    ways.find_map(|way| way)
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn trace_follows_a_join_over_redis_to_the_other_node() {
    let collector = Collector::start();
    let cluster = traced_cluster(&collector).start();
    let [here, there] = &cluster.nodes[..] else {
        unreachable!("two nodes");
    };
    let room = Room::new(there.server());
    let mut john = Client::join(there.server(), &room, "John");
    let ada = Client::join(here.server(), &room, "Ada");
    assert_eq!(john.expect("peer-joined")["peer_id"], ada.peer);

    let way = collector.wait("way to the other node", |spans| {
        let parents = ["redis commit", "join", "GET /ws"];
        way(spans, &there.name, "room change", &parents)
    });
    let [change, commit, join, upgrade] = &way[..] else {
        unreachable!("it was found");
    };
    for span in [commit, join, upgrade] {
        assert_eq!(span.node(), here.name);
    }
    assert_eq!(upgrade.parent, Vec::<u8>::new());
    assert_eq!(upgrade.attributes["http.response.status_code"], "101");
    assert_eq!(join.attributes["outcome"], "done");
    assert_eq!(commit.attributes["kind"], "change");
    assert_eq!(commit.attributes["outcome"], "committed");
    assert_eq!(commit.attributes["nodes"], "1");
    assert_eq!(change.attributes["outcome"], "taken in");

    // The room's own beginning is a trace of its own.
    let creation = collector.wait("creation", |spans| {
        let way = self::way(spans, &there.name, "redis commit", &["POST /api/rooms"]);
        way.filter(|way| way[0].attributes["kind"] == "creation")
    });
    assert_ne!(creation[0].trace, change.trace);

    for span in collector.spans() {
        let text = format!("{span:?}");
        for secret in [&room.id, &room.host_token, &ada.peer, &john.peer] {
            assert!(!text.contains(secret.as_str()), "{text}");
        }
        assert!(
            !text.contains("Ada") && !text.contains("127.0.0.1"),
            "{text}"
        );
    }
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn trace_follows_someone_who_comes_back_at_another_node() {
    let collector = Collector::start();
    let cluster = traced_cluster(&collector).start();
    let [here, there] = &cluster.nodes[..] else {
        unreachable!("two nodes");
    };
    let room = Room::new(there.server());
    let mut john = Client::join(there.server(), &room, "John");
    john.disconnect();
    let (_john, resumed) = john.resume(here.server());
    assert_eq!(resumed["recovered"], true);
    let way = collector.wait("hand-over", |spans| {
        way(spans, &there.name, "takeover", &["resume", "GET /ws"])
    });
    assert_eq!(way[0].attributes["outcome"], "handed over");
    assert_eq!(way[1].node(), here.name);
    assert_eq!(way[1].attributes["outcome"], "done");
}
