//! The web app: npm packages and `web/dist`, each only when something changed.

use std::path::PathBuf;

use anyhow::Result;

use crate::{command, content, content::Stamp, precompress, tools};

/// Folders under `web/` that hold nothing the build reads.
const NO_INPUT: &[&str] = &["node_modules", "dist", "e2e", "coverage", ".vite"];

/// `npm ci`, when the lockfile changed since the last one.
pub fn install() -> Result<()> {
    tools::need_node()?;
    let lock = content::hash(&[command::path("web/package-lock.json")])?;
    let stamp = Stamp::new("npm-ci");
    if stamp.is(&lock) && command::path("web/node_modules").is_dir() {
        return Ok(());
    }
    stamp.forget()?;
    command::run(command::npm().arg("ci"))?;
    stamp.set(&lock)
}

/// `web/dist` with its precompressed copies, when an input changed since the last build.
pub fn build() -> Result<()> {
    install()?;
    let inputs = content::hash(&inputs()?)?;
    let stamp = Stamp::new("web-dist");
    if stamp.is(&inputs) && command::path("web/dist/index.html").is_file() {
        return Ok(());
    }
    stamp.forget()?;
    command::run(command::npm().args(["run", "build"]))?;
    let saved = precompress::folder(&command::path("web/dist"))?;
    eprintln!("web/dist: {saved}");
    stamp.set(&inputs)
}

fn inputs() -> Result<Vec<PathBuf>> {
    content::files(&command::path("web"), NO_INPUT)
}
