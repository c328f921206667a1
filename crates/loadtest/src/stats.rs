//! Medians over runs, and latencies within one.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest latency that is told apart; longer ones count as this.
const LONGEST: Duration = Duration::from_secs(60);

/// Latencies with three significant digits, from 1 µs to a minute.
pub struct Latencies(Histogram<u64>);

impl Latencies {
    pub fn new() -> Self {
        let highest = u64::try_from(LONGEST.as_nanos()).expect("a minute fits");
        Self(Histogram::new_with_bounds(1_000, highest, 3).expect("the bounds are in order"))
    }

    pub fn record(&mut self, latency: Duration) {
        self.0
            .saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    pub fn count(&self) -> u64 {
        self.0.len()
    }

    pub fn quantile_ms(&self, quantile: f64) -> f64 {
        self.0.value_at_quantile(quantile) as f64 / 1e6
    }

    pub fn max_ms(&self) -> f64 {
        self.0.max() as f64 / 1e6
    }
}

/// The middle value; the mean of the two middle ones of an even number. `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        length if length % 2 == 1 => Some(sorted[upper]),
        _ => Some(f64::midpoint(sorted[upper - 1], sorted[upper])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_is_the_middle_whatever_the_order() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[9.0, 1.0, 2.0, 4.0]), Some(3.0));
    }

    #[test]
    fn quantiles_are_told_within_three_digits() {
        let mut latencies = Latencies::new();
        for ms in 1..=1_000 {
            latencies.record(Duration::from_millis(ms));
        }
        let close = |found: f64, right: f64| (found - right).abs() <= right / 500.0;
        assert!(close(latencies.quantile_ms(0.5), 500.0));
        assert!(close(latencies.quantile_ms(0.99), 990.0));
        assert_eq!(latencies.count(), 1_000);
    }

    #[test]
    fn latency_beyond_the_scale_counts_as_the_longest() {
        let mut latencies = Latencies::new();
        latencies.record(Duration::from_secs(3_600));
        assert!((59_000.0..=61_000.0).contains(&latencies.quantile_ms(1.0)));
    }
}
