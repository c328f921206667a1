//! The operating guide: the tests that it names are there.

use anyhow::{Context as _, Result, ensure};

use crate::command;

const GUIDE: &str = "docs/operating.md";
const TABLE: &str = "## What happens when something fails";
const TESTS: [&str; 2] = [
    "crates/server/tests/cluster",
    "crates/server/tests/cluster/alone",
];

/// What stands for a failure that no test brings about.
const NONE: &str = "–";

pub fn check() -> Result<()> {
    let guide = super::file(GUIDE)?;
    let (_, table) = guide
        .split_once(TABLE)
        .with_context(|| format!("{GUIDE} has no \"{TABLE}\""))?;
    let tests = tests(table);
    ensure!(!tests.is_empty(), "{GUIDE} has no failures");
    for test in tests.iter().filter(|test| **test != NONE) {
        let file = format!("{}.rs", test.trim_matches('`'));
        let there = TESTS
            .iter()
            .any(|folder| command::path(folder).join(&file).is_file());
        ensure!(there, "{GUIDE} names the test {test}, which is not there");
    }
    println!(
        "{} failures in the guide, their tests are there",
        tests.len()
    );
    Ok(())
}

/// The last column of the first table.
fn tests(text: &str) -> Vec<&str> {
    let rows = text.lines().skip_while(|line| !line.starts_with('|'));
    rows.take_while(|line| line.starts_with('|'))
        // The head and the line below it.
        .skip(2)
        .filter_map(|line| line.trim_end_matches([' ', '|']).rsplit('|').next())
        .map(str::trim)
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn tests_are_in_the_last_column() {
        let text = "words\n\n| a | test |\n|---|---|\n| x | `one` |\n| y | – |\n\n| b |\n";
        assert_eq!(super::tests(text), ["`one`", "–"]);
    }
}
