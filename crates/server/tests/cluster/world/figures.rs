//! Figures: what a node tells Prometheus, and what a test measured.

use std::{fmt, net::SocketAddr, time::Duration};

use super::http;

/// A page in Prometheus' text format.
pub struct Figures(Vec<Sample>);

struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

impl Figures {
    /// Those at `/metrics` of this address.
    pub fn scrape(address: SocketAddr) -> Self {
        Self::parse(&http::get(address, "/metrics").unwrap())
    }

    fn parse(page: &str) -> Self {
        let lines = page.lines().filter(|line| !line.starts_with('#'));
        let lines = lines.filter(|line| !line.trim().is_empty());
        Self(lines.map(Sample::parse).collect())
    }

    /// The sum of all series of this name that have these labels, or `None` if there is none.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let samples = self.0.iter().filter(|sample| sample.matches(name, labels));
        samples.map(|sample| sample.value).reduce(|a, b| a + b)
    }
}

impl Sample {
    fn parse(line: &str) -> Self {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        Self {
            name: name.into(),
            labels: labels_in(labels.strip_suffix('}').unwrap_or(labels)),
            value: value.parse().unwrap(),
        }
    }

    fn matches(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        let has = |(name, value): &(&str, &str)| {
            let mut labels = self.labels.iter();
            labels.any(|(known, is)| known == name && is == value)
        };
        self.name == name && labels.iter().all(has)
    }
}

/// `a="b",c="d"`; the values of ours hold no quotes.
fn labels_in(text: &str) -> Vec<(String, String)> {
    let mut labels = vec![];
    let mut rest = text;
    while let Some((name, after)) = rest.split_once("=\"") {
        let (value, after) = after.split_once('"').unwrap();
        labels.push((name.trim_start_matches(',').to_owned(), value.to_owned()));
        rest = after;
    }
    labels
}

/// Times that were measured, the shortest first.
pub struct Times(Vec<Duration>);

impl Times {
    /// The shortest that is not exceeded by so many of a hundred.
    pub fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100);
        let at = rank.saturating_sub(1);
        self.0.get(at).copied().unwrap_or(Duration::ZERO)
    }

    pub fn max(&self) -> Duration {
        self.percentile(100)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl FromIterator<Duration> for Times {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        let mut times: Vec<_> = times.into_iter().collect();
        times.sort_unstable();
        Self(times)
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [median, p95, p99] = [50, 95, 99].map(|percent| self.percentile(percent));
        let (count, max) = (self.len(), self.max());
        write!(
            f,
            "{count}: median {median:.1?}, p95 {p95:.1?}, p99 {p99:.1?}, longest {max:.1?}"
        )
    }
}

#[test]
fn series_are_found_by_name_and_some_labels() {
    let page = "# TYPE a counter\na{x=\"1\",y=\"p,q\"} 2\na{x=\"2\"} 3.5\n\nb 1e-3\n";
    let figures = Figures::parse(page);
    assert_eq!(figures.value("a", &[]), Some(5.5));
    assert_eq!(figures.value("a", &[("y", "p,q")]), Some(2.0));
    assert_eq!(figures.value("b", &[]), Some(0.001));
    assert_eq!(figures.value("a", &[("x", "3")]), None);
}

#[test]
fn percentiles_are_measured_times() {
    let times: Times = (1..=200).rev().map(Duration::from_millis).collect();
    assert_eq!(times.percentile(50), Duration::from_millis(100));
    assert_eq!(times.percentile(99), Duration::from_millis(198));
    assert_eq!(times.max(), Duration::from_millis(200));
    assert_eq!(Times::from_iter([]).percentile(99), Duration::ZERO);
}
