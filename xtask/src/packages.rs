//! Debian packages that the checks need beyond a compiler and Node: the one list of them.

use anyhow::{Result, bail};

use crate::command;

/// libFuzzer is C++.
pub const FUZZ: &[&str] = &["g++"];

/// Another TURN client and server than ours.
pub const TURN: &[&str] = &["coturn"];

/// Real browsers, what makes and cuts the networks between them, what stands in front of servers, and
/// another TURN server.
pub const E2E: &[&str] = &[
    "chromium",
    "coturn",
    "firefox-esr",
    "fonts-dejavu-core",
    "haproxy",
    "iproute2",
    "nftables",
    "nginx-light",
    "redis-server",
];

/// What nodes share.
pub const REDIS: &[&str] = &["redis-server"];

/// What nodes share, what stands before them, and what watches them.
pub const CLUSTER: &[&str] = &[
    "redis-server",
    "redis-tools",
    "haproxy",
    "nginx-light",
    "prometheus",
];

/// Builds and starts the container image without an engine or a registry, by itself and over Redis.
pub const IMAGE: &[&str] = &["buildah", "debootstrap", "redis-server"];

/// What reads the configurations in deploy/: each by the program that it is for, and the chart by
/// Helm's own code, which comes by pip.
pub const DEPLOY: &[&str] = &[
    "haproxy",
    "nginx-light",
    "openssl",
    "prometheus",
    "python3-pip",
];

/// The Debian package: cargo-deb asks `dpkg-shlibdeps` what the binary needs.
pub const DEB: &[&str] = &["dpkg-dev", "lintian", "xz-utils"];

/// `systemd-analyze` reads the unit file.
pub const UNIT: &[&str] = &["systemd"];

/// Installs what is missing when that is possible without asking, else tells how.
pub fn need(packages: &[&str]) -> Result<()> {
    let missing: Vec<&str> = packages
        .iter()
        .copied()
        .filter(|name| !is_installed(name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let install = format!(
        "apt-get install --no-install-recommends {}",
        missing.join(" ")
    );
    if !is_root() || command::find("apt-get").is_none() {
        bail!("Packages are missing. Install them with\n\n    sudo {install}");
    }
    let apt = || {
        let mut apt = command::program("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive").arg("--quiet");
        apt
    };
    command::run(apt().arg("update"))?;
    command::run(
        apt()
            .args(["install", "--yes", "--no-install-recommends"])
            .args(&missing),
    )
}

fn is_installed(package: &str) -> bool {
    let mut query = command::program("dpkg-query");
    query.args(["--show", "--showformat=${db:Status-Status}", package]);
    command::read(&mut query).is_ok_and(|status| status == "installed")
}

fn is_root() -> bool {
    command::read(command::program("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
