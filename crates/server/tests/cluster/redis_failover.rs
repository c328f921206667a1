//! The master of Redis dies, and a replica takes over, which may lack the last writes.

use std::time::Duration;

use crate::world::{
    call::Call,
    clock::{now, wait_for},
    fault_proxy::FaultProxy,
    nodes::{Cluster, ClusterOptions, Node, node_options},
    redis::{Redis, RedisOptions},
    redis_groups::Sentinels,
};

const CONVERGED_WITHIN: Duration = Duration::from_secs(5);

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn replica_without_the_last_writes_gets_them_from_the_nodes() {
    let mut cluster = ClusterOptions::new(3).through_proxies().start();
    let link = FaultProxy::to(cluster.redis.address());
    let mut replica = RedisOptions::new().replica_of(link.address).start();
    let before = Call::across(&cluster);
    before.works();

    // What happens from here on the replica never learns.
    link.close();
    let mut after = Call::across(&cluster);
    after.works();
    let start = now();
    cluster.redis.kill();
    replica.promote();
    let promoted = now();
    for node in &cluster.nodes {
        node.proxy().lead_to(replica.address());
    }
    cluster.redis = replica;
    for call in [&before, &after] {
        call.works_within(CONVERGED_WITHIN);
        wait_for("all nodes count the same", CONVERGED_WITHIN, || {
            call.is_counted_by(&cluster)
        });
        call.assert_nobody_came_or_went(start);
        call.assert_undisturbed();
    }
    println!("converged {:.1?} after the failover", promoted.elapsed());
    // And it is shared state again, not only what each node remembers.
    after.add(crate::world::person::Route::to(cluster.nodes[2].address));
    after.works();
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn nodes_follow_the_sentinels_to_the_new_master() {
    let mut master = Redis::start();
    let replica = RedisOptions::new().replica_of(master.address()).start();
    let sentinels = Sentinels::over(&master, 1);
    let nodes = (1..=3)
        .map(|number| {
            let name = format!("node-{number}");
            let options = node_options(&name)
                .env("REDIS__URL", &sentinels.url())
                .env("REDIS__KIND", "sentinel")
                .env("REDIS__SENTINEL_MASTER", Sentinels::MASTER);
            Node::start(name, options, None)
        })
        .collect();
    master.command(&["PING"]);
    let mut cluster = Cluster {
        redis: replica,
        nodes,
    };
    let call = Call::across(&cluster);
    call.works();
    let start = now();
    master.kill();
    wait_for(
        "the replica is the master",
        Duration::from_secs(20),
        || match sentinels.master_port() {
            port if port == cluster.redis.port => Ok(()),
            other => Err(other.to_string()),
        },
    );
    let promoted = now();
    println!("promoted after {:.1?}", start.elapsed());
    cluster.wait_for_figures("reaches Redis", CONVERGED_WITHIN, |figures| {
        figures.value("wecall_redis_up", &[]) == Some(1.0)
    });
    call.works_within(CONVERGED_WITHIN);
    let other = Call::across(&cluster);
    other.works_within(CONVERGED_WITHIN);
    println!("converged {:.1?} after the failover", promoted.elapsed());
    call.assert_nobody_came_or_went(start);
    call.assert_undisturbed();
    cluster.nodes.clear();
}
