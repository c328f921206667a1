//! The checks of the web app.

use anyhow::Result;

use crate::{command, web};

pub fn types() -> Result<()> {
    script("typecheck")
}

pub fn lint() -> Result<()> {
    script("lint")
}

pub fn unit() -> Result<()> {
    script("test")
}

/// Of what was built: `web/dist`.
pub fn size() -> Result<()> {
    web::build()?;
    script("size")
}

fn script(name: &str) -> Result<()> {
    web::install()?;
    command::run(command::npm().args(["run", name]))
}
