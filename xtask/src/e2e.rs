//! `cargo xtask e2e`: real browsers against the real binary.

use anyhow::Result;

use crate::{build, command, packages};

/// More than twice what all of them take on two cores: a browser that hangs ends a run.
const LIMIT_MINUTES: u32 = 30;

/// `arguments` go to vitest: the name of a file, `-t` and part of a test's name.
pub fn run(arguments: &[String]) -> Result<()> {
    packages::need(packages::E2E)?;
    let binary = build::binary()?;
    let mut e2e = command::npm();
    e2e.args(["run", "e2e"])
        .env("WECALL_BIN", binary)
        .env("WECALL_LOADTEST_BIN", build::load_tool()?);
    if !arguments.is_empty() {
        e2e.arg("--").args(arguments);
    }
    command::run_within(&mut e2e, LIMIT_MINUTES)
}
