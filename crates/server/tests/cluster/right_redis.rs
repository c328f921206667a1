//! Every kind of Redis that the settings know.

use std::fs;

use tempfile::TempDir;

use crate::world::{
    call::Call,
    nodes::{Cluster, Node, node_options},
    redis::{Redis, RedisOptions},
    redis_groups::RedisCluster,
};

/// Two nodes with these settings, between which a call works.
fn call_over(redis: Redis, settings: &[(&str, &str)]) {
    let nodes = (1..=2).map(|number| {
        let name = format!("node-{number}");
        let settings = settings.iter();
        let options = settings.fold(node_options(&name), |options, (name, value)| {
            options.env(name, value)
        });
        Node::start(name, options, None)
    });
    let nodes = nodes.collect();
    let cluster = Cluster { redis, nodes };
    let call = Call::across(&cluster);
    call.works();
    assert_eq!(call.is_counted_by(&cluster), Ok(()));
    call.assert_nothing_missed();
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn password_in_the_address() {
    let redis = RedisOptions::new().password("hush").start();
    let url = redis.url();
    call_over(redis, &[("REDIS__URL", &url)]);
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn password_in_a_file() {
    let redis = RedisOptions::new().password("hush").start();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "hush\n").unwrap();
    let url = format!("redis://{}", redis.address());
    let file = file.to_str().unwrap();
    call_over(
        redis,
        &[("REDIS__URL", &url), ("REDIS__PASSWORD_FILE", file)],
    );
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn tls_with_an_authority_of_ones_own() {
    let redis = RedisOptions::new().tls().start();
    let (url, file) = (redis.url(), redis.certificate());
    let file = file.to_str().unwrap();
    call_over(redis, &[("REDIS__URL", &url), ("REDIS__CA_FILE", file)]);
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn redis_cluster() {
    let mut group = RedisCluster::start();
    let url = group.url();
    let first = group.masters.remove(0);
    call_over(first, &[("REDIS__URL", &url), ("REDIS__KIND", "cluster")]);
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn deployments_that_share_a_redis_do_not_see_each_other() {
    let redis = Redis::start();
    let [one, other] = ["one", "other"].map(|prefix| {
        let options = node_options(prefix)
            .env("REDIS__URL", &redis.url())
            .env("REDIS__PREFIX", prefix);
        Node::start(prefix.into(), options, None)
    });
    let room = crate::client::Room::new(one.server());
    assert_eq!(one.count_in(&room.id), Some(0));
    assert_eq!(other.count_in(&room.id), None);
    for node in [&one, &other] {
        assert_eq!(node.figure("wecall_nodes", &[("state", "alive")]), 1.0);
    }
}
