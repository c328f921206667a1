//! What lies in `deploy/`, read by the programs that it is for as far as they are there, and held
//! against each other. HAProxy, nginx and Prometheus read their files themselves; Helm's own code
//! renders the chart. Docker, Kubernetes and Grafana are missing here: their files are held against
//! schemas and against what they refer to.

mod chart;
mod compose;
mod dashboard;
mod guide;
mod load_balancers;
mod manifests;
mod metric_names;
mod prometheus;
mod settings;
mod yaml;

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::command;

pub use chart::write_manifests;

pub fn check() -> Result<()> {
    settings::check().context("settings")?;
    load_balancers::check().context("load balancers")?;
    prometheus::check().context("Prometheus")?;
    dashboard::check().context("the dashboard")?;
    guide::check()?;
    compose::check().context("deploy/compose.yaml")?;
    chart::check().context("the Helm chart")
}

/// Where the checks put what they make.
fn folder() -> Result<PathBuf> {
    let folder = command::target().join("deploy");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A file of the repository.
fn file(path: &str) -> Result<String> {
    std::fs::read_to_string(command::path(path)).with_context(|| format!("cannot read {path}"))
}
