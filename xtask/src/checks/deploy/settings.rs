//! Each `WECALL_` variable that is set somewhere in `deploy/` is one that the server knows.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Result, bail};

use crate::command;

/// Variables of the deployment's own, with one underscore only.
const SEPARATOR: &str = "__";

pub fn check() -> Result<()> {
    let reference = super::file("docs/configuration.md")?;
    let known: BTreeSet<String> = names(&reference).into_iter().collect();
    let mut used = 0;
    let mut unknown = Vec::new();
    each_file(&command::path("deploy"), &mut |path, text| {
        for name in names(text) {
            used += 1;
            if !known.contains(&name) {
                unknown.push(format!("{name} in {}", path.display()));
            }
        }
    })?;
    if used == 0 {
        bail!("none is set in deploy/, which cannot be");
    }
    if !unknown.is_empty() {
        bail!("the server does not know {}", unknown.join(", "));
    }
    println!("{used} settings in deploy/, all known");
    Ok(())
}

fn each_file(folder: &Path, look: &mut impl FnMut(&Path, &str)) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            each_file(&path, look)?;
        } else if let Ok(text) = fs::read_to_string(&path) {
            look(&path, &text);
        }
    }
    Ok(())
}

/// `WECALL_SECTION__KEY`, wherever it stands.
fn names(text: &str) -> Vec<String> {
    let starts = text.match_indices("WECALL_").map(|(start, _)| start);
    let words = starts.map(|start| {
        let rest = &text[start..];
        let end = rest.find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
        &rest[..end.unwrap_or(rest.len())]
    });
    words
        .filter(|word| word.contains(SEPARATOR) && !word.ends_with('_'))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_have_a_section_and_a_key() {
        let text =
            "WECALL_BIND=1 WECALL_A__B: 2\n`WECALL_REDIS__URL` WECALL_{{ $name }} WECALL_A__{";
        assert_eq!(super::names(text), ["WECALL_A__B", "WECALL_REDIS__URL"]);
    }
}
