//! What cargo knows of the workspace, as far as xtask asks.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::command;

#[derive(Deserialize)]
pub struct Metadata {
    pub packages: Vec<Package>,
}

#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    pub version: String,
    pub license: Option<String>,
    pub license_file: Option<PathBuf>,
    pub repository: Option<String>,
    pub manifest_path: PathBuf,
    /// `None` for a package of this repository.
    pub source: Option<String>,
    pub dependencies: Vec<Dependency>,
    pub targets: Vec<Target>,
}

/// A line of a manifest.
#[derive(Deserialize)]
pub struct Dependency {
    pub name: String,
}

#[derive(Deserialize)]
pub struct Target {
    pub name: String,
    pub kind: Vec<String>,
}

/// The packages of the workspace in `folder` alone.
pub fn of_workspace(folder: &Path) -> Result<Metadata> {
    read(folder, &["--no-deps"])
}

/// The version of WeCall.
pub fn version() -> Result<String> {
    let packages = of_workspace(command::root())?.packages;
    let server = packages
        .into_iter()
        .find(|package| package.name == "wecall-server");
    Ok(server
        .context("the workspace has no wecall-server")?
        .version)
}

/// All packages that are resolved for a platform.
pub fn resolved_for(folder: &Path, platform: &str) -> Result<Metadata> {
    read(folder, &["--locked", "--filter-platform", platform])
}

fn read(folder: &Path, more: &[&str]) -> Result<Metadata> {
    let mut metadata = command::cargo();
    metadata
        .current_dir(folder)
        .args(["metadata", "--format-version", "1"])
        .args(more);
    let json = command::read(&mut metadata)?;
    serde_json::from_str(&json).context("cargo metadata is of an unknown form")
}

/// The platform that this compiler builds for unless told otherwise.
pub fn host() -> Result<String> {
    let version = command::read(command::program("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}
