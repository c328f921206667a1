//! The checks that cargo brings.
//!
//! All ask for the same packages and features, so that a dependency is compiled once for clippy
//! and once for the tests, not once for each selection.

use std::fs::File;

use anyhow::{Context as _, Result};

use crate::{build, command, content};

const PURE_TARGET: &str = "wasm32-unknown-unknown";

pub fn format() -> Result<()> {
    command::run(command::cargo().args(["fmt", "--all", "--check"]))?;
    // One by one and from the standard input: some take in modules of the crates by their path,
    // whose own modules rustfmt would look for in the wrong place.
    for target in content::files(&command::path("fuzz/fuzz_targets"), &[])? {
        let source = File::open(&target)?;
        let mut rustfmt = command::program("rustfmt");
        rustfmt.args(["--check", "--edition", "2024"]).stdin(source);
        command::run(&mut rustfmt).with_context(|| target.display().to_string())?;
    }
    Ok(())
}

pub fn clippy() -> Result<()> {
    command::run(
        command::cargo()
            .args([
                "clippy",
                "--workspace",
                "--all-targets",
                "--all-features",
                "--locked",
            ])
            .args(["--", "--deny", "warnings"]),
    )
}

pub fn docs() -> Result<()> {
    command::run(
        command::cargo()
            .env("RUSTDOCFLAGS", "--deny warnings")
            .args([
                "doc",
                "--workspace",
                "--no-deps",
                "--all-features",
                "--locked",
            ])
            .arg("--document-private-items"),
    )
}

pub fn tests() -> Result<()> {
    command::run(command::cargo().args([
        "test",
        "--workspace",
        "--all-features",
        "--locked",
        "--no-fail-fast",
    ]))
}

/// Tests of many nodes, with the release binary: those that mostly wait side by side, then those
/// that load the machine, one after the other.
pub fn cluster() -> Result<()> {
    let binary = build::binary()?;
    let load_tool = build::load_tool()?;
    let tests = |arguments: &[&str]| {
        let mut cargo = command::cargo();
        cargo
            .args(["test", "--workspace", "--all-features", "--locked"])
            .args(["--test", "cluster", "--", "--ignored", "--show-output"])
            .args(arguments)
            .env("WECALL_BIN", &binary)
            .env("WECALL_LOADTEST_BIN", &load_tool);
        command::run(&mut cargo)
    };
    // Both, even when the first fails.
    let beside = tests(&["--skip", "alone::", "--test-threads", "6"]);
    let alone = tests(&["alone::", "--test-threads", "1"]);
    beside.and(alone)
}

/// What needs sockets, threads or C does not build there.
pub fn wasm() -> Result<()> {
    let installed =
        command::read(command::program("rustup").args(["target", "list", "--installed"]))?;
    if !installed.lines().any(|line| line == PURE_TARGET) {
        command::run(command::program("rustup").args(["target", "add", PURE_TARGET]))?;
    }
    command::run(
        command::cargo()
            .args(["check", "--locked", "--target", PURE_TARGET])
            .args(["--package", "wecall-protocol", "--package", "wecall-room"]),
    )
}
