//! `cargo xtask gen`: what is generated from the code, committed, and compared in CI.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};

use crate::{build, command};

struct Generated {
    path: &'static str,
    content: String,
}

/// Writes each file, or with `--check` compares it.
pub fn run(arguments: &[String]) -> Result<()> {
    let check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => bail!("`cargo xtask gen` takes `--check` or nothing"),
    };
    // The types first: a server that does not compile may wait for them.
    let mut drifted = write_or_compare(from_protocol(), check)?;
    let binary = build::development_server()?;
    drifted.extend(write_or_compare(from_server(&binary)?, check)?);
    report(&drifted)
}

/// Compares, by the binary that a test run builds anyway.
pub fn check_with_release_binary() -> Result<()> {
    let binary = build::binary()?;
    let mut drifted = write_or_compare(from_protocol(), true)?;
    drifted.extend(write_or_compare(from_server(&binary)?, true)?);
    report(&drifted)
}

fn report(drifted: &[&str]) -> Result<()> {
    if drifted.is_empty() {
        return Ok(());
    }
    bail!("run `cargo xtask gen` and commit {}", drifted.join(", "))
}

/// Gives the paths of the files that differ, when they are not to be written.
fn write_or_compare(generated: Vec<Generated>, check: bool) -> Result<Vec<&'static str>> {
    let mut drifted = Vec::new();
    for Generated { path, content } in generated {
        let committed = fs::read_to_string(command::path(path)).unwrap_or_default();
        if committed == content {
            println!("{path}: up to date");
        } else if check {
            println!("{path}: differs\n{}", difference(&committed, &content));
            drifted.push(path);
        } else {
            fs::write(command::path(path), content)
                .with_context(|| format!("cannot write {path}"))?;
            println!("{path}: written");
        }
    }
    Ok(drifted)
}

fn from_protocol() -> Vec<Generated> {
    vec![
        Generated {
            path: "web/src/protocol/generated.ts",
            content: wecall_protocol::reference::typescript(),
        },
        Generated {
            path: "docs/protocol.md",
            content: wecall_protocol::reference::markdown(),
        },
    ]
}

/// What the server itself tells of its API and its configuration.
fn from_server(binary: &Path) -> Result<Vec<Generated>> {
    let told = |path, arguments: &[&str]| -> Result<Generated> {
        let content = command::read(command::wecall(binary).args(arguments))?;
        if content.trim().is_empty() {
            bail!("`wecall {}` says nothing", arguments.join(" "));
        }
        Ok(Generated {
            path,
            content: format!("{}\n", content.trim_end()),
        })
    };
    Ok(vec![
        told("docs/openapi.json", &["openapi"])?,
        told("docs/configuration.md", &["config", "reference"])?,
    ])
}

/// The first lines that differ, and how many there are.
fn difference(committed: &str, generated: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (committed.lines().collect(), generated.lines().collect());
    let same_start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[same_start..], &new[same_start..]);
    let same_end = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let (old, new) = (&old[..old.len() - same_end], &new[..new.len() - same_end]);
    let mut summary = format!(
        "  line {}: {} lines committed, {} lines generated\n",
        same_start + 1,
        old.len(),
        new.len()
    );
    for (sign, lines) in [('-', old), ('+', new)] {
        for line in lines.iter().take(5) {
            summary.push_str(&format!("  {sign} {line}\n"));
        }
    }
    summary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn difference_names_the_place_and_shows_both_sides() {
        let summary = difference("a\nb\nc\n", "a\nB\nB2\nc\n");
        assert_eq!(
            summary,
            "  line 2: 1 lines committed, 2 lines generated\n  - b\n  + B\n  + B2\n"
        );
    }
}
