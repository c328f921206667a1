//! `cargo xtask build` and `cargo xtask run`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::{command, tools, web};

const WECALL: [&str; 4] = ["--package", "wecall-server", "--bin", "wecall"];

/// The web app, then the release binary with it embedded; gives the binary's path.
pub fn build() -> Result<PathBuf> {
    // All that can be missing is told before minutes are spent.
    tools::need_c_compiler()?;
    web::build()?;
    server()
}

/// The binary to check or to measure: the one that `WECALL_BIN` names, else one built now.
pub fn binary() -> Result<PathBuf> {
    match std::env::var_os("WECALL_BIN") {
        Some(given) => Ok(std::path::absolute(given)?),
        None => build(),
    }
}

/// The release binary, with `web/dist` as it stands embedded.
fn server() -> Result<PathBuf> {
    command::run(
        command::cargo()
            .args(["build", "--release", "--locked"])
            .args(WECALL),
    )?;
    Ok(command::target().join("release/wecall"))
}

/// The load tool, from whose rooms full of people tests and measurements are made; the one that
/// `WECALL_LOADTEST_BIN` names, else one built now.
pub fn load_tool() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("WECALL_LOADTEST_BIN") {
        return Ok(std::path::absolute(given)?);
    }
    command::run(command::cargo().args([
        "build",
        "--release",
        "--locked",
        "--package",
        "wecall-loadtest",
    ]))?;
    Ok(command::target().join("release/wecall-loadtest"))
}

/// An unoptimised binary, with whatever there is of `web/dist`.
pub fn development_server() -> Result<PathBuf> {
    command::run(command::cargo().args(["build", "--quiet"]).args(WECALL))?;
    Ok(command::target().join("debug/wecall"))
}

/// Builds all, then becomes `wecall serve`: signals reach the server itself.
pub fn run(arguments: &[String]) -> Result<()> {
    let binary = build()?;
    let mut serve = std::process::Command::new(&binary);
    serve.arg("serve").args(arguments);
    become_program(&mut serve).with_context(|| format!("cannot start {}", binary.display()))
}

#[cfg(unix)]
fn become_program(program: &mut std::process::Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    // Returns only when it fails.
    Err(program.exec().into())
}

#[cfg(not(unix))]
fn become_program(program: &mut std::process::Command) -> Result<()> {
    let status = program.status()?;
    std::process::exit(status.code().unwrap_or(1));
}
