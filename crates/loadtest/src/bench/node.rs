//! Measurements that scripts of the web client make.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use serde::de::DeserializeOwned;

use crate::{Error, error::During};

/// Runs a script that prints JSON, and reads it. Some scripts print it and then fail, because
/// their own bound is missed: here that is a figure like others.
pub fn run<T: DeserializeOwned>(script: &Path, arguments: &[&str]) -> Result<T, Error> {
    if !script.is_file() {
        return Err(Error::Missing(script.into()));
    }
    let program = format!("node {}", script.display());
    let output = Command::new("node")
        .arg(script)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .during(format!("running {program}"))?;
    serde_json::from_slice(&output.stdout).map_err(|_| Error::Command {
        program,
        output: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
