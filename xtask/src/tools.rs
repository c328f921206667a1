//! The programs that WeCall is built with, and how one gets them on Debian.

use anyhow::{Result, bail};

use crate::command;

/// The oldest Node that the web app's packages run on.
const NODE: (u32, u32) = (20, 19);

/// Node and npm, for the web app.
pub fn need_node() -> Result<()> {
    let (major, minor) = NODE;
    // npm of Debian brings Node with it; Debian 12's is too old for the packages.
    let install = format!(
        "WeCall's web app is built with Node.js {major}.{minor} or newer and npm. Install them with\n\n    \
         sudo apt-get install nodejs npm\n\n\
         where that is new enough (Debian 13), else with\n\n    \
         curl -fsSL https://deb.nodesource.com/setup_22.x | sudo bash - && sudo apt-get install nodejs"
    );
    let Ok(version) = command::read(command::program("node").arg("--version")) else {
        bail!("Node.js is missing. {install}");
    };
    if parsed(&version).is_none_or(|version| version < NODE) {
        bail!("Node.js {} is too old. {install}", version.trim());
    }
    if command::find("npm").is_none() {
        bail!("npm is missing. {install}");
    }
    Ok(())
}

fn parsed(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim().strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// A C compiler, which several crates need beside the linker.
pub fn need_c_compiler() -> Result<()> {
    need_one_of(&["cc", "gcc", "clang"], "A C compiler", "build-essential")
}

fn need_one_of(programs: &[&str], what: &str, package: &str) -> Result<()> {
    if programs.iter().any(|name| command::find(name).is_some()) {
        return Ok(());
    }
    bail!("{what} is missing. Install it with\n\n    sudo apt-get install {package}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_of_node_is_read_and_compared() {
        assert_eq!(parsed("v20.20.2\n"), Some((20, 20)));
        assert_eq!(parsed("nonsense"), None);
        assert!(parsed("v18.19.0") < Some(NODE) && parsed("v22.1.0") > Some(NODE));
    }
}
