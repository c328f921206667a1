//! The licence notices of all that is linked into the binary or bundled into the web app.
//!
//! Built from what cargo and npm resolved, so that none can be forgotten.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::{command, metadata, web};

const INTRODUCTION: &str = "\
WeCall is made with the works of many others. Each is listed with its version, its licence and
where it comes from; the texts of the licences follow, each with the works that carry it.
";

/// Starts of the names of files that hold a licence or a notice that has to go along.
const NAMES: &[&str] = &[
    "LICENSE",
    "LICENCE",
    "COPYING",
    "NOTICE",
    "COPYRIGHT",
    "UNLICENSE",
];

/// A development package of npm that leaves something of itself in the web app.
const BUNDLED: &[&str] = &["node_modules/tailwindcss"];

struct Work {
    name: String,
    version: String,
    licence: String,
    from: String,
    texts: Vec<String>,
}

pub fn text() -> Result<String> {
    let mut works = crates()?;
    works.extend(npm_packages()?);
    works.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));

    let mut page = String::from(INTRODUCTION);
    page.push('\n');
    let mut by_text: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for work in &works {
        page.push_str(&format!(
            "{} {} ({}) {}\n",
            work.name, work.version, work.licence, work.from
        ));
        for text in &work.texts {
            by_text
                .entry(text)
                .or_default()
                .insert(format!("{} {}", work.name, work.version));
        }
    }
    let without_text: Vec<_> = works.iter().filter(|work| work.texts.is_empty()).collect();
    if !without_text.is_empty() {
        page.push_str(
            "\nThese carry no text of their own; the licence named above is their word:\n",
        );
        for work in without_text {
            page.push_str(&format!("  {} {}\n", work.name, work.version));
        }
    }
    for (text, works) in by_text {
        let works: Vec<_> = works.into_iter().collect();
        page.push_str(&format!(
            "\n{}\n{}\n\n{text}\n",
            "-".repeat(80),
            works.join(", ")
        ));
    }
    Ok(page)
}

/// What is linked into the binary: tests, build scripts and macros are not.
fn crates() -> Result<Vec<Work>> {
    let metadata = metadata::resolved_for(command::root(), &metadata::host()?)?;
    let linked = linked("wecall-server")?;
    metadata
        .packages
        .iter()
        .filter(|package| linked.contains(&format!("{} v{}", package.name, package.version)))
        .filter(|package| package.source.is_some())
        .map(|package| {
            let Some(folder) = package.manifest_path.parent() else {
                bail!("{} lies in no folder", package.manifest_path.display());
            };
            let mut texts = texts(folder)?;
            if let (true, Some(file)) = (texts.is_empty(), &package.license_file) {
                texts.push(read(&folder.join(file))?);
            }
            Ok(Work {
                name: package.name.clone(),
                version: package.version.clone(),
                licence: package
                    .license
                    .clone()
                    .unwrap_or_else(|| "see its text".into()),
                from: package.repository.clone().unwrap_or_default(),
                texts,
            })
        })
        .collect()
}

/// "name vVERSION" of all that a package is linked with. cargo's metadata would tell what the whole
/// workspace needs.
fn linked(package: &str) -> Result<BTreeSet<String>> {
    let tree = command::read(
        command::cargo()
            .args(["tree", "--locked", "--package", package])
            .args([
                "--edges",
                "normal,no-proc-macro",
                "--prefix",
                "none",
                "--format",
                "{p}",
            ]),
    )?;
    let name_and_version = |line: &str| {
        let mut words = line.split(' ');
        Some(format!("{} {}", words.next()?, words.next()?))
    };
    Ok(tree.lines().filter_map(name_and_version).collect())
}

#[derive(Deserialize)]
struct Lockfile {
    packages: BTreeMap<String, Locked>,
}

#[derive(Deserialize)]
struct Locked {
    #[serde(default)]
    dev: bool,
    #[serde(default)]
    version: String,
    #[serde(default)]
    license: Option<String>,
}

/// The packages of npm that the web app is built from.
fn npm_packages() -> Result<Vec<Work>> {
    web::install()?;
    let lockfile = fs::read_to_string(command::path("web/package-lock.json"))?;
    let lockfile: Lockfile =
        serde_json::from_str(&lockfile).context("web/package-lock.json is of an unknown form")?;
    let mut works = Vec::new();
    for (path, locked) in lockfile.packages {
        // "" is the web app itself. Types leave nothing behind.
        let Some((_, name)) = path.rsplit_once("node_modules/") else {
            continue;
        };
        let bundled = !locked.dev || BUNDLED.contains(&path.as_str());
        let folder = command::path("web").join(&path);
        if !bundled || name.starts_with("@types/") || !folder.is_dir() {
            continue;
        }
        works.push(Work {
            name: name.to_owned(),
            version: locked.version,
            licence: locked.license.unwrap_or_else(|| "see its text".into()),
            from: format!("npm: {name}"),
            texts: texts(&folder)?,
        });
    }
    Ok(works)
}

/// The licences and notices in a package's own folder.
fn texts(folder: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        if entry.file_type()?.is_file() && NAMES.iter().any(|start| name.starts_with(start)) {
            files.push(entry.path());
        }
    }
    files.sort();
    files.iter().map(|file| read(file)).collect()
}

/// Line ends and trailing spaces differ between copies of one text; they are made the same.
fn read(file: &Path) -> Result<String> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    Ok(lines.join("\n").trim_matches('\n').to_owned())
}
