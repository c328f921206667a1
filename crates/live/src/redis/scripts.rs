use std::sync::LazyLock;

use redis::Script;

/// The scripts that answer with a record begin with what they share.
fn with_record(text: &str) -> Script {
    Script::new(&format!("{}\n{text}", include_str!("scripts/record.lua")))
}

pub(super) static LOAD: LazyLock<Script> =
    LazyLock::new(|| with_record(include_str!("scripts/load.lua")));
pub(super) static COMMIT: LazyLock<Script> =
    LazyLock::new(|| with_record(include_str!("scripts/commit.lua")));
pub(super) static CHECK: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/check.lua")));
pub(super) static REGISTRY: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/registry.lua")));
pub(super) static REAP: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/reap.lua")));
pub(super) static RESERVE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/reserve.lua")));
pub(super) static KEEP_PLACE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/keep_place.lua")));
