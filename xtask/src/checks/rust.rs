//! The checks that cargo brings.
//!
//! All ask for the same packages and features, so that a dependency is compiled once for clippy
//! and once for the tests, not once for each selection.

use anyhow::Result;

use crate::command;

const PURE_TARGET: &str = "wasm32-unknown-unknown";

pub fn format() -> Result<()> {
    command::run(command::cargo().args(["fmt", "--all", "--check"]))?;
    command::run(
        command::cargo()
            .current_dir(command::path("fuzz"))
            .args(["fmt", "--check"]),
    )
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
