//! Which figures a PromQL expression asks for, and whether there are such.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};

/// `up` is Prometheus' own.
const OTHERS: [(&str, &[&str]); 1] = [("up", &[])];

/// Labels that Prometheus adds.
const TARGET_LABELS: [&str; 2] = ["job", "instance"];

/// Words that stand in an expression where a metric could.
const KEYWORDS: [&str; 12] = [
    "and",
    "or",
    "unless",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "bool",
    "offset",
    "inf",
];

/// After these, a list of labels follows in parentheses.
const BEFORE_LABELS: [&str; 6] = [
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];

/// The metrics that there are, with their labels.
pub struct Known(BTreeMap<String, BTreeSet<String>>);

impl Known {
    /// From the list that is held against a running server too, and from what rules record.
    pub fn new(list: &str, recorded: &[String]) -> Result<Self> {
        let mut known = BTreeMap::new();
        for line in list.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split_whitespace();
            let (Some(name), Some(kind)) = (words.next(), words.next()) else {
                bail!("deploy/metrics.txt: `{line}` has no name and kind");
            };
            let labels: BTreeSet<String> = words
                .flat_map(|labels| labels.split(','))
                .map(str::to_owned)
                .collect();
            match kind {
                "gauge" | "counter" => {
                    known.insert(name.to_owned(), labels);
                }
                "histogram" => {
                    let mut with_bound = labels.clone();
                    with_bound.insert("le".into());
                    known.insert(format!("{name}_bucket"), with_bound);
                    known.insert(format!("{name}_sum"), labels.clone());
                    known.insert(format!("{name}_count"), labels);
                }
                other => bail!("deploy/metrics.txt: `{other}` is no kind of metric"),
            }
        }
        for (name, labels) in OTHERS {
            known.insert(name.into(), labels.iter().map(|&l| l.to_owned()).collect());
        }
        for name in recorded {
            known.insert(name.clone(), BTreeSet::new());
        }
        Ok(Self(known))
    }

    /// Every name and every label of `expression` exists.
    pub fn check(&self, expression: &str) -> Result<()> {
        let Asked { metrics, labels } = asked(expression);
        let mut all = BTreeSet::new();
        for (metric, matched) in &metrics {
            let has = self
                .0
                .get(metric)
                .with_context(|| format!("no node tells of `{metric}`: {expression}"))?;
            for label in matched {
                if !has.contains(label) && !TARGET_LABELS.contains(&label.as_str()) {
                    bail!("`{metric}` has no label `{label}`: {expression}");
                }
            }
            all.extend(has.iter().map(String::as_str));
        }
        if metrics.is_empty() {
            bail!("it asks for no metric: {expression}");
        }
        for label in &labels {
            if !all.contains(label.as_str()) && !TARGET_LABELS.contains(&label.as_str()) {
                bail!("none of its metrics has the label `{label}`: {expression}");
            }
        }
        Ok(())
    }
}

#[derive(Debug, Default, PartialEq)]
struct Asked {
    /// Each with the labels that its selector names.
    metrics: Vec<(String, Vec<String>)>,
    /// What is grouped or matched by.
    labels: Vec<String>,
}

#[derive(Debug, PartialEq)]
enum Token<'a> {
    Word(&'a str),
    Sign(char),
}

fn asked(expression: &str) -> Asked {
    let tokens = tokens(expression);
    let mut asked = Asked::default();
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        i += 1;
        let Token::Word(word) = token else { continue };
        let next = tokens.get(i);
        if BEFORE_LABELS.contains(word) && next == Some(&Token::Sign('(')) {
            i += 1;
            while let Some(token) = tokens.get(i).filter(|t| **t != Token::Sign(')')) {
                if let Token::Word(label) = token {
                    asked.labels.push((*label).to_owned());
                }
                i += 1;
            }
        } else if is_metric(word, next) {
            let mut matched = Vec::new();
            if next == Some(&Token::Sign('{')) {
                i += 1;
                while let Some(token) = tokens.get(i).filter(|t| **t != Token::Sign('}')) {
                    if let Token::Word(label) = token {
                        matched.push((*label).to_owned());
                    }
                    i += 1;
                }
            }
            asked.metrics.push(((*word).to_owned(), matched));
        }
    }
    asked
}

/// No keyword, no function, and no aggregation: `sum by (a) (b)` has words after it.
fn is_metric(word: &str, next: Option<&Token<'_>>) -> bool {
    let is_aggregation =
        matches!(next, Some(Token::Word(word)) if ["by", "without"].contains(word));
    !KEYWORDS.contains(&word) && next != Some(&Token::Sign('(')) && !is_aggregation
}

/// Words and signs; strings, numbers and durations in brackets are left out.
fn tokens(expression: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' | '\'' => rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
            c if c.is_ascii_alphabetic() || c == '_' => {
                let end = rest
                    .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
                    .unwrap_or(rest.len());
                tokens.push(Token::Word(&rest[..end]));
                end
            }
            // A number, with its unit if it has one.
            c if c.is_ascii_digit() => rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
                .unwrap_or(rest.len()),
            c if c.is_whitespace() => c.len_utf8(),
            c => {
                tokens.push(Token::Sign(c));
                c.len_utf8()
            }
        };
        rest = &rest[end..];
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(expression: &str) -> Vec<String> {
        let metrics = asked(expression).metrics.into_iter();
        metrics.map(|(name, _)| name).collect()
    }

    #[test]
    fn names_are_told_from_functions_labels_and_durations() {
        assert_eq!(
            names(r#"histogram_quantile(0.99, sum by (le) (rate(a_bucket{x="up[5m]"}[5m])))"#),
            ["a_bucket"]
        );
        assert_eq!(
            names("sum(rate(a[5m])) by (b) / on(c) group_left d offset 5m > bool 1e3"),
            ["a", "d"]
        );
        assert_eq!(
            names("job:a:sum > 0.8 * 100000 and on() up"),
            ["job:a:sum", "up"]
        );
        assert_eq!(names("time() - start{}"), ["start"]);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let known = Known::new("# list\na counter x,y\nh histogram\n", &["r:a:b".into()]).unwrap();
        for right in [
            "a",
            "sum by (x, instance) (a)",
            "h_bucket{le=\"1\"}",
            "r:a:b",
            "up == 0",
        ] {
            known.check(right).unwrap();
        }
        for (wrong, word) in [
            ("b", "`b`"),
            ("h", "`h`"),
            ("a{z=\"1\"}", "`z`"),
            ("sum by (z) (a)", "`z`"),
            ("1", "no metric"),
        ] {
            let error = known.check(wrong).unwrap_err().to_string();
            assert!(error.contains(word), "{wrong}: {error}");
        }
    }
}
