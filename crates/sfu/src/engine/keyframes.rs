//! When a source is asked for a keyframe: at once for the first who needs one, once for all who ask
//! while it is on its way, and again when it did not come.

use std::time::{Duration, Instant};

const SOONEST: Duration = Duration::from_millis(200);
const LATEST: Duration = Duration::from_secs(1);

/// What is assumed of a path that nothing is known of.
const UNKNOWN_ROUND_TRIP: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
pub struct KeyframeRequests {
    needed: bool,
    asked_at: Option<Instant>,
}

impl KeyframeRequests {
    /// Someone needs a keyframe.
    pub fn need(&mut self) {
        self.needed = true;
    }

    /// One has begun.
    pub fn came(&mut self) {
        self.needed = false;
    }

    pub fn is_needed(&self) -> bool {
        self.needed
    }

    /// Whether to ask now. Two round trips apart, as one asked for earlier may be on its way.
    pub fn ask(&mut self, now: Instant, round_trip: Option<Duration>) -> bool {
        let apart = (round_trip.unwrap_or(UNKNOWN_ROUND_TRIP) * 2).clamp(SOONEST, LATEST);
        let due = self
            .asked_at
            .is_none_or(|at| now.saturating_duration_since(at) >= apart);
        if self.needed && due {
            self.asked_at = Some(now);
        }
        self.needed && due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_who_ask_at_once_are_one_request_and_silence_is_asked_again() {
        let start = crate::engine::test_clock();
        let at = |ms| start + Duration::from_millis(ms);
        let mut requests = KeyframeRequests::default();
        assert!(!requests.ask(at(0), None));
        requests.need();
        assert!(requests.ask(at(0), None));
        for ms in 1..200 {
            requests.need();
            assert!(!requests.ask(at(ms), None));
        }
        assert!(requests.ask(at(200), None));
        requests.came();
        assert!(!requests.ask(at(900), None));
    }

    #[test]
    fn slow_path_is_asked_less_often_within_bounds() {
        let start = crate::engine::test_clock();
        for (round_trip_ms, apart_ms) in [(1, 200), (250, 500), (5_000, 1_000)] {
            let mut requests = KeyframeRequests::default();
            requests.need();
            let round_trip = Some(Duration::from_millis(round_trip_ms));
            assert!(requests.ask(start, round_trip));
            assert!(!requests.ask(start + Duration::from_millis(apart_ms - 1), round_trip));
            assert!(requests.ask(start + Duration::from_millis(apart_ms), round_trip));
        }
    }
}
