//! `cargo xtask dist`: one archive with all that an operator needs, the same bytes each time.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use flate2::{Compression, GzBuilder, read::GzDecoder};

use crate::{build, command, metadata, notices};

/// What is packed beside the binary and the notices: where it lies, and its name in the archive.
const FILES: &[(&str, &str)] = &[
    ("LICENSE-APACHE", "LICENSE-APACHE"),
    ("LICENSE-MIT", "LICENSE-MIT"),
    ("README.md", "README.md"),
    ("deploy/wecall.service", "wecall.service"),
    ("deploy/wecall.toml", "wecall.toml"),
    ("docs/configuration.md", "docs/configuration.md"),
    ("docs/operating.md", "docs/operating.md"),
];

struct Entry {
    name: String,
    mode: u32,
    content: Vec<u8>,
}

pub fn run() -> Result<()> {
    let time = commit_time()?;
    let archive = build(time)?;
    let bytes = fs::metadata(&archive)?.len();
    println!("{}: {:.1} MB", archive.display(), bytes as f64 / 1e6);
    Ok(())
}

/// The archive is the same twice, and what is in it works.
pub fn check() -> Result<()> {
    let time = commit_time()?;
    let archive = build(time)?;
    let first = fs::read(&archive)?;
    if first != fs::read(build(time)?)? {
        bail!("the archive differs from one build to the next");
    }
    let unpacked = folder().join("unpacked");
    if unpacked.exists() {
        fs::remove_dir_all(&unpacked)?;
    }
    tar::Archive::new(GzDecoder::new(&first[..])).unpack(&unpacked)?;
    let inside = unpacked.join(name()?);
    let binary = inside.join("wecall");
    let version = command::read(command::wecall(&binary).arg("--version"))?;
    let config = command::read(
        command::wecall(&binary)
            .args(["config", "check", "--config"])
            .arg(inside.join("wecall.toml")),
    )?;
    print!("{version}{config}");
    println!("{}: {:.1} MB", archive.display(), first.len() as f64 / 1e6);
    Ok(())
}

fn build(time: u64) -> Result<PathBuf> {
    let binary = build::binary()?;
    fs::create_dir_all(folder())?;
    let mut entries = vec![
        Entry {
            name: "wecall".into(),
            mode: 0o755,
            content: stripped(&binary)?,
        },
        Entry {
            name: "THIRD-PARTY-NOTICES.txt".into(),
            mode: 0o644,
            content: notices::text()?.into_bytes(),
        },
    ];
    for (path, name) in FILES {
        let content =
            fs::read(command::path(path)).with_context(|| format!("{path} cannot be packed"))?;
        entries.push(Entry {
            name: (*name).into(),
            mode: 0o644,
            content,
        });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let archive = folder().join(format!("{}.tar.gz", name()?));
    fs::write(&archive, pack(&name()?, &entries, time)?)?;
    Ok(archive)
}

/// Where what is given out lies.
pub fn folder() -> PathBuf {
    command::target().join("dist")
}

fn name() -> Result<String> {
    let version = metadata::version()?;
    let architecture = std::env::consts::ARCH;
    Ok(format!("wecall-{version}-{architecture}-linux"))
}

/// Without the symbols that the release binary keeps for profiles.
pub fn stripped(binary: &Path) -> Result<Vec<u8>> {
    let copy = folder().join("wecall");
    fs::create_dir_all(folder())?;
    command::run(
        command::program("strip")
            .arg("--strip-all")
            .arg("-o")
            .arg(&copy)
            .arg(binary),
    )?;
    let mut content = Vec::new();
    fs::File::open(&copy)?.read_to_end(&mut content)?;
    Ok(content)
}

fn pack(folder: &str, entries: &[Entry], time: u64) -> Result<Vec<u8>> {
    // gzip's header would tell the time of the build.
    let gzip = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::best());
    let mut archive = tar::Builder::new(gzip);
    for Entry {
        name,
        mode,
        content,
    } in entries
    {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(*mode);
        header.set_mtime(time);
        archive.append_data(&mut header, format!("{folder}/{name}"), &content[..])?;
    }
    Ok(archive.into_inner()?.finish()?)
}

/// All files are as old as the commit that they are built from.
pub fn commit_time() -> Result<u64> {
    let time = command::read(command::program("git").args(["log", "-1", "--format=%ct"]))?;
    time.trim().parse().context("git told no time")
}
