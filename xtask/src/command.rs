//! Running other programs, always from the root of the repository.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use anyhow::{Context as _, Result, bail};

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the root of the repository")
}

pub fn path(relative: impl AsRef<Path>) -> PathBuf {
    root().join(relative)
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    path("target")
}

/// A program that starts in the root of the repository.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    command
}

/// A built `wecall`, without the settings that a developer has in the environment.
pub fn wecall(binary: &Path) -> Command {
    let mut command = program(binary);
    without_settings(&mut command);
    command
}

/// Takes the server's settings out of what `command` inherits.
pub fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("WECALL_") {
            command.env_remove(name);
        }
    }
}

/// The cargo that runs this, whatever `PATH` says.
pub fn cargo() -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = program(cargo);
    command.env("CARGO_TARGET_DIR", target());
    command
}

/// npm in `web/`, without its advertisements.
pub fn npm() -> Command {
    let mut command = Command::new("npm");
    command
        .current_dir(path("web"))
        .args(["--no-audit", "--no-fund", "--no-update-notifier"]);
    command
}

/// Runs to the end with the terminal's input and output; a failure is an error.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    eprintln!("$ {shown}");
    let status = command
        .status()
        .with_context(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed: {status}");
    }
    Ok(())
}

/// As [`run`], but in CI, where nobody watches, it ends after so many minutes with all it started.
pub fn run_within(command: &mut Command, minutes: u32) -> Result<()> {
    if std::env::var_os("CI").is_none() {
        return run(command);
    }
    let mut limited = Command::new("timeout");
    limited
        .arg("--kill-after=10")
        .arg(format!("{minutes}m"))
        .arg(command.get_program());
    limited.args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        limited.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    run(&mut limited)
}

/// Runs to the end and gives its standard output; a failure is an error with what it said.
pub fn read(command: &mut Command) -> Result<String> {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{}`", show(command)))?;
    if !status.success() {
        let said = String::from_utf8_lossy(&stderr);
        bail!("`{}` failed: {status}\n{}", show(command), said.trim_end());
    }
    String::from_utf8(stdout).with_context(|| format!("`{}` wrote no UTF-8", show(command)))
}

fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.strip_prefix(root()).unwrap_or(program);
    let mut shown = match name.file_name() {
        Some(file) if program.ends_with("bin/cargo") => Path::new(file).display().to_string(),
        _ => name.display().to_string(),
    };
    for argument in command.get_args() {
        shown.push(' ');
        shown.push_str(&argument.to_string_lossy());
    }
    shown
}

/// Where a program of this name is found in `PATH`.
pub fn find(name: &str) -> Option<PathBuf> {
    // Debian keeps administrators' programs out of a plain user's path.
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}
