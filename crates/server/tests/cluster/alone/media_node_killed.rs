//! `kill -9` of the node where the media server of a room is.

use std::time::Duration;

use crate::{
    client::Room,
    roles::node,
    world::{
        clock::{now, wait_for},
        media_crowd::MediaCrowd,
        nodes::Cluster,
        redis::Redis,
    },
};

/// A node that says nothing for 2.5 s is left by its rooms; then everyone connects anew.
const FLOWS_AGAIN_WITHIN: Duration = Duration::from_secs(5);

const KNOWN_WITHIN: Duration = Duration::from_secs(5);
const PEOPLE: usize = 6;

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn media_flows_again_over_another_node() {
    let redis = Redis::start();
    let nodes = ["media", "media", "web,signal", "web,signal"]
        .iter()
        .enumerate()
        .map(|(number, roles)| node(&redis, &format!("node-{number}"), roles, &[]))
        .collect();
    let mut cluster = Cluster { redis, nodes };
    cluster.wait_for_figures("counts four nodes", KNOWN_WITHIN, |figures| {
        figures.value("wecall_nodes", &[("state", "alive")]) == Some(4.0)
    });
    // A room decides when somebody comes, by what its node knows of media servers then.
    wait_for("both media servers are known", KNOWN_WITHIN, || {
        let nodes = cluster.redis.command(&["HVALS", "wecall:{nodes}:info"]);
        let known = nodes.matches("media_load").count();
        (known == 2).then_some(()).ok_or(nodes)
    });
    let room = Room::new(cluster.nodes[2].server());
    let signaling = [cluster.nodes[2].address, cluster.nodes[3].address];
    let crowd = MediaCrowd::join(&signaling, &room.id, PEOPLE);
    let pictures = PEOPLE * (PEOPLE - 1);
    crowd.wait_until(|told| told.over_media_server == PEOPLE && told.moving == pictures);

    let at = wait_for("a node has the connections", KNOWN_WITHIN, || {
        let of = |index: &usize| cluster.nodes[*index].figure("wecall_sfu_peers", &[]);
        let found = (0..2).find(|index| of(index) == PEOPLE as f64);
        found.ok_or_else(|| format!("{} and {}", of(&0), of(&1)))
    });
    cluster.nodes[at].kill();
    let killed = now();
    // Never before: what was told before the kill may still wait to be read.
    crowd.wait_until(|told| told.moving == 0);
    let after = crowd.wait_until(|told| told.moving == pictures);
    let stood_still = killed.elapsed();
    println!("all pictures move {stood_still:.1?} after the kill, as told each second");
    assert!(stood_still <= FLOWS_AGAIN_WITHIN, "{stood_still:?}");
    assert_eq!(after.over_media_server, PEOPLE);
}
