//! Figures beside their targets, as a table and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::{process::Machine, stats};

/// What a figure has to reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    AtMost(f64),
    AtLeast(f64),
}

impl Target {
    fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtMost(bound) => value <= bound,
            Self::AtLeast(bound) => value >= bound,
        }
    }
}

/// One thing that is measured.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Spec {
    /// The name in the JSON; stays the same from version to version.
    pub key: &'static str,
    pub what: &'static str,
    pub unit: &'static str,
    /// None: told for its own sake.
    pub target: Option<Target>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Pass,
    Miss,
    /// There is no target.
    Told,
}

/// What came out, each run by itself.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    #[serde(flatten)]
    pub spec: Spec,
    pub median: f64,
    pub verdict: Verdict,
    pub runs: Vec<f64>,
}

impl Figure {
    /// `None` when there was no run.
    pub fn new(spec: Spec, runs: Vec<f64>) -> Option<Self> {
        let median = stats::median(&runs)?;
        let verdict = match spec.target {
            None => Verdict::Told,
            Some(target) if target.is_met_by(median) => Verdict::Pass,
            Some(_) => Verdict::Miss,
        };
        Some(Self {
            spec,
            median,
            verdict,
            runs,
        })
    }
}

/// A scenario that could not be run to its end.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    pub scenario: &'static str,
    pub reason: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub machine: Machine,
    /// Fewer and shorter runs: a look, not a result.
    pub quick: bool,
    pub figures: Vec<Figure>,
    pub failures: Vec<Failure>,
}

impl Report {
    pub fn table(&self) -> String {
        let machine = &self.machine;
        let mut text = format!(
            "{} x {}, {} GiB, Linux {}{}\n\n",
            machine.cores,
            machine.cpu,
            machine.memory_gib,
            machine.kernel,
            if self.quick { " (quick)" } else { "" },
        );
        let mut rows = vec![["", "median", "from", "to", "runs", "target", ""].map(String::from)];
        rows.extend(self.figures.iter().map(row));
        let widths: [usize; 7] = std::array::from_fn(|column| {
            let widest = rows.iter().map(|row| row[column].chars().count()).max();
            widest.unwrap_or(0)
        });
        for row in &rows {
            let mut line = format!("{:<width$}", row[0], width = widths[0]);
            for (cell, width) in row.iter().zip(widths).skip(1) {
                append(&mut line, format_args!("  {cell:>width$}"));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        for failure in &self.failures {
            append(
                &mut text,
                format_args!("\n{} NOT MEASURED: {}\n", failure.scenario, failure.reason),
            );
        }
        text
    }
}

fn row(figure: &Figure) -> [String; 7] {
    let Spec {
        unit, what, target, ..
    } = figure.spec;
    let lowest = figure.runs.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = figure
        .runs
        .iter()
        .copied()
        .fold(f64::NEG_INFINITY, f64::max);
    [
        what.to_owned(),
        format!("{} {unit}", number(figure.median)),
        number(lowest),
        number(highest),
        figure.runs.len().to_string(),
        match target {
            None => String::new(),
            Some(Target::AtMost(bound)) => format!("<= {}", number(bound)),
            Some(Target::AtLeast(bound)) => format!(">= {}", number(bound)),
        },
        match figure.verdict {
            Verdict::Pass => "pass".to_owned(),
            Verdict::Miss => "MISS".to_owned(),
            Verdict::Told => String::new(),
        },
    ]
}

/// Three significant digits, or all before the point.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0..100.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn append(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("a string takes all");
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: Spec = Spec {
        key: "x",
        what: "some latency",
        unit: "ms",
        target: Some(Target::AtMost(5.0)),
    };

    #[test]
    fn verdict_goes_by_the_median_and_the_bound_itself_passes() {
        let figure = |runs: &[f64]| Figure::new(SPEC, runs.to_vec()).unwrap().verdict;
        assert_eq!(figure(&[4.0, 5.0, 90.0]), Verdict::Pass);
        assert_eq!(figure(&[4.0, 5.1, 90.0]), Verdict::Miss);
        let told = Spec {
            target: None,
            ..SPEC
        };
        assert_eq!(Figure::new(told, vec![1.0]).unwrap().verdict, Verdict::Told);
        assert!(Figure::new(SPEC, Vec::new()).is_none());
        assert!(Target::AtLeast(20_000.0).is_met_by(20_000.0));
    }

    #[test]
    fn table_shows_each_figure_with_its_spread_and_what_failed() {
        let report = Report {
            machine: Machine {
                cpu: "Test CPU".into(),
                cores: 2,
                memory_gib: 4,
                kernel: "6.1".into(),
            },
            quick: false,
            figures: vec![Figure::new(SPEC, vec![6.25, 1.0, 4.0]).unwrap()],
            failures: vec![Failure {
                scenario: "join",
                reason: "no browser".into(),
            }],
        };
        let table = report.table();
        assert!(
            table.contains("some latency    4 ms     1  6.25     3    <= 5  pass"),
            "{table}"
        );
        assert!(table.contains("join NOT MEASURED: no browser"), "{table}");
    }

    #[test]
    fn number_keeps_what_matters() {
        assert_eq!(number(20_123.4), "20123");
        assert_eq!(number(12.34), "12.3");
        assert_eq!(number(0.5), "0.5");
        assert_eq!(number(8.0), "8");
        assert_eq!(number(100.0), "100");
    }
}
