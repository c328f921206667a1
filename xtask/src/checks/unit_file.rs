//! The systemd unit, read by systemd itself; nothing is started.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::{build, command};

/// How the unit names the binary, which is not installed here.
const INSTALLED: &str = "=wecall ";

/// systemd's own measure, from 0 (nothing left to take away) to 10 (a plain service). Below 2 it
/// calls a service OK.
const MOST_EXPOSED: f32 = 2.0;

pub fn check() -> Result<()> {
    // systemd looks whether the binary exists.
    let binary = build::binary()?;
    let unit = fs::read_to_string(command::path("deploy/wecall.service"))?;
    if !unit.contains(INSTALLED) {
        bail!("the unit does not start wecall");
    }
    let unit = unit.replace(INSTALLED, &format!("={} ", binary.display()));
    let folder = command::target().join("unit");
    fs::create_dir_all(&folder)?;
    let file = folder.join("wecall.service");
    fs::write(&file, unit)?;

    command::run(command::program("systemd-analyze").arg("verify").arg(&file))?;
    let told = command::read(
        command::program("systemd-analyze")
            .args(["security", "--offline=yes", "--no-pager"])
            .arg(&file),
    )?;
    let exposure = exposure(&told).context("systemd-analyze told no exposure level")?;
    println!("exposure {exposure}, at most {MOST_EXPOSED}");
    if exposure > MOST_EXPOSED {
        bail!("the unit leaves more open than it did\n{told}");
    }
    Ok(())
}

fn exposure(told: &str) -> Option<f32> {
    let line = told
        .lines()
        .find(|line| line.contains("Overall exposure level"))?;
    line.split_whitespace().find_map(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    #[test]
    fn exposure_is_read_from_the_last_line() {
        let told = "  ...\n→ Overall exposure level for wecall.service: 1.1 OK 🙂\n";
        assert_eq!(super::exposure(told), Some(1.1));
    }
}
