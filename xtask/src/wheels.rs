//! Programs and data that come in Python wheels: pinned, their hashes checked, into a folder of
//! their own.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

use crate::command;

/// Makes `folder` hold what `requirements` names, each line with its hash; does nothing when it
/// does already.
pub fn install(folder: &Path, requirements: &str) -> Result<()> {
    let installed = folder.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|there| there == requirements) {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let wanted = folder.join("requirements.txt");
    fs::write(&wanted, requirements)?;
    command::run(
        command::program("python3")
            .args([
                "-m",
                "pip",
                "--disable-pip-version-check",
                "install",
                "--quiet",
            ])
            .args(["--no-deps", "--only-binary", ":all:", "--require-hashes"])
            .args(["--root-user-action", "ignore", "--target"])
            .arg(folder)
            .arg("--requirement")
            .arg(&wanted),
    )?;
    // Last, so that what was cut short is begun anew.
    fs::rename(&wanted, &installed).context("cannot note what is installed")
}
