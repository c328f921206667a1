//! What tests of many nodes stand on: the processes, the ways between them, and the people.

pub mod balancers;
pub mod call;
pub mod clock;
pub mod crowd;
pub mod dice;
pub mod fault_proxy;
pub mod figures;
pub mod http;
pub mod media_crowd;
pub mod nodes;
pub mod person;
pub mod ports;
pub mod process;
pub mod prometheus;
pub mod redis;
pub mod redis_groups;

use std::sync::OnceLock;

use tokio::runtime::{Builder, Runtime};

/// Carries people and proxies; tests themselves are plain threads that wait.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
    })
}
