//! Many nodes: the real program, several times, over a real Redis, with everything failing that can.
//!
//! These tests take longer than others and need Debian packages; `cargo xtask test --only cluster`
//! runs them, which is why they are marked as ignored.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall fail")]

#[path = "../kit/client.rs"]
#[expect(dead_code, reason = "the tests of one server use the rest")]
mod client;
#[path = "../kit/collector.rs"]
mod collector;
#[path = "../kit/media.rs"]
mod media_kit;
#[path = "../kit/server.rs"]
#[expect(dead_code, reason = "the tests of one server use the rest")]
mod server;
mod world;

/// What loads the machine so much that it runs by itself.
mod alone {
    mod last_seat_race;
    mod media_node_killed;
    mod nodes_killed_at_random;
}
mod cross_node_basics;
mod dashboard;
mod garbage_in_a_key;
mod link_cut_one_way;
mod node_killed;
mod node_stopped_and_continued;
mod one_node;
mod redis_failover;
mod redis_killed_and_back_empty;
mod redis_stopped_for_10_s;
mod resume_on_another_node;
mod right_redis;
mod roles;
mod rolling_restart;
mod streams;
mod traces;
mod versions_side_by_side;
mod wrong_redis;
