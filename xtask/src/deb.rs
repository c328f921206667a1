//! `cargo xtask deb`: the Debian package. What is in it stands in crates/server/Cargo.toml, for
//! cargo-deb; here is what it cannot make by itself.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{build, command, dist, metadata, notices};

/// Half a minute to compile, without what it is only quicker with.
const CARGO_DEB: &str = "3.8.0";

/// What has to be in the package, and as what.
const CONTENTS: &[(&str, &str)] = &[
    ("-rwxr-xr-x", "./usr/bin/wecall"),
    ("-rw-r--r--", "./usr/lib/systemd/system/wecall.service"),
    ("-rw-r--r--", "./etc/wecall/wecall.toml"),
    ("-rw-r--r--", "./usr/share/doc/wecall/copyright"),
    (
        "-rw-r--r--",
        "./usr/share/doc/wecall/THIRD-PARTY-NOTICES.txt",
    ),
    ("-rw-r--r--", "./usr/share/doc/wecall/operating.md"),
];

pub fn run() -> Result<()> {
    let package = make()?;
    let bytes = fs::metadata(&package)?.len();
    println!("{}: {:.1} MB", package.display(), bytes as f64 / 1e6);
    Ok(())
}

/// The package is the same twice, has what it should, and what is in it works.
pub fn check() -> Result<()> {
    let package = make()?;
    let first = fs::read(&package)?;
    if first != fs::read(make()?)? {
        bail!("the package differs from one build to the next");
    }
    let ask = |what: &str| command::read(command::program("dpkg-deb").arg(what).arg(&package));
    let info = ask("--info")?;
    print!("{info}");
    ensure!(
        info.contains(" Depends: libc6"),
        "it does not say what the binary needs"
    );
    for script in ["postinst", "prerm", "postrm"] {
        ensure!(info.contains(script), "no {script} looks after the unit");
    }
    let contents = ask("--contents")?;
    for (mode, name) in CONTENTS {
        let there = contents
            .lines()
            .any(|line| line.starts_with(mode) && line.ends_with(&format!(" {name}")));
        ensure!(there, "{name} is not in it with {mode}:\n{contents}");
    }
    let conffiles = command::read(
        command::program("dpkg-deb")
            .args(["--info"])
            .arg(&package)
            .arg("conffiles"),
    )?;
    ensure!(
        conffiles.lines().eq(["/etc/wecall/wecall.toml"]),
        "operators' changes would be lost: {conffiles}"
    );
    check_unpacked(&package)?;
    // Its warnings want a manual page; its errors are errors.
    let mut lintian = command::program("lintian");
    // A name that nothing is sent to, until there is one.
    lintian.args(["--fail-on", "error", "--suppress-tags", "bogus-mail-host"]);
    command::run(lintian.arg("--allow-root").arg(&package))
}

/// As installed, in a folder of ours.
fn check_unpacked(package: &Path) -> Result<()> {
    let system = folder().join("unpacked");
    if system.exists() {
        fs::remove_dir_all(&system)?;
    }
    command::run(
        command::program("dpkg-deb")
            .arg("--extract")
            .arg(package)
            .arg(&system),
    )?;
    let binary = system.join("usr/bin/wecall");
    let version = command::read(command::wecall(&binary).arg("--version"))?;
    let config = command::read(
        command::wecall(&binary)
            .args(["config", "check", "--config"])
            .arg(system.join("etc/wecall/wecall.toml")),
    )?;
    print!("{version}{config}");
    Ok(())
}

fn folder() -> PathBuf {
    command::target().join("deb")
}

fn make() -> Result<PathBuf> {
    let binary = build::binary()?;
    let time = dist::commit_time()?;
    let cargo_deb = cargo_deb()?;
    fs::create_dir_all(folder())?;
    fs::create_dir_all(dist::folder())?;
    fs::write(folder().join("wecall"), dist::stripped(&binary)?)?;
    fs::write(folder().join("THIRD-PARTY-NOTICES.txt"), notices::text()?)?;
    fs::write(folder().join("changelog"), changelog(time)?)?;
    let package = command::read(
        command::program(cargo_deb)
            .current_dir(command::path("crates/server"))
            // All files are as old as the commit that they are built from.
            .env("SOURCE_DATE_EPOCH", time.to_string())
            .args(["--no-build", "--no-strip", "--quiet", "--output"])
            .arg(dist::folder()),
    )?;
    let package = PathBuf::from(package.trim());
    ensure!(package.is_file(), "cargo-deb made no {}", package.display());
    Ok(package)
}

/// Debian wants one in its own form; ours is for people.
fn changelog(time: u64) -> Result<String> {
    let version = metadata::version()?;
    let date = command::read(command::program("date").args([
        "--utc",
        "--rfc-email",
        &format!("--date=@{time}"),
    ]))?;
    Ok(format!(
        "wecall ({version}-1) unstable; urgency=medium\n\n  * See CHANGELOG.md of WeCall {version}.\n\n \
         -- The WeCall contributors <wecall@wecall.invalid>  {}\n",
        date.trim()
    ))
}

fn cargo_deb() -> Result<PathBuf> {
    let folder = command::target().join("tools/cargo-deb");
    let binary = folder.join("bin/cargo-deb");
    let is_right = || {
        command::read(command::program(&binary).arg("--version"))
            .is_ok_and(|version| version.trim() == format!("cargo-deb {CARGO_DEB}"))
    };
    if !is_right() {
        command::run(
            command::cargo()
                .args(["install", "cargo-deb", "--locked", "--no-default-features"])
                .args(["--version", CARGO_DEB, "--force", "--root"])
                .arg(&folder),
        )
        .context("cargo-deb could not be installed")?;
    }
    ensure!(
        is_right(),
        "{} is not cargo-deb {CARGO_DEB}",
        binary.display()
    );
    Ok(binary)
}
