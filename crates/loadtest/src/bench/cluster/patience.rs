//! When and where the web client tries again (`attempts.ts` and `reconnectPolicy.ts` in
//! `web/src/call`), with its figures.

use std::time::{Duration, Instant};

/// The first attempt at each address falls anywhere in here.
const FIRST_WINDOW: Duration = Duration::from_millis(300);

/// As long as most attempts may take.
pub const ATTEMPT: Duration = Duration::from_secs(2);

/// How long a server that has greeted may take for a `resume`.
pub const ENTER: Duration = Duration::from_secs(5);

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    Closed,
    TimedOut,
}

/// Counts attempts over all addresses.
#[derive(Debug)]
pub struct Attempts {
    addresses: usize,
    at: usize,
    tried: usize,
    failed_rounds: u32,
    lost_at: Option<Instant>,
    /// Evenly spread, and the same in each run.
    chance: f64,
}

impl Attempts {
    pub fn new(addresses: usize, at: usize, number: usize) -> Self {
        Self {
            addresses,
            at,
            tried: 0,
            failed_rounds: 0,
            lost_at: None,
            chance: (number as f64 * GOLDEN).fract(),
        }
    }

    /// The index of the address that is next.
    pub fn address(&self) -> usize {
        self.at
    }

    /// A connection that worked is gone; how long to wait before the first attempt.
    pub fn lost(&mut self, now: Instant) -> Duration {
        self.lost_at = Some(now);
        self.failed_rounds = 0;
        self.tried = 0;
        FIRST_WINDOW.mul_f64(self.next_chance())
    }

    /// An attempt has failed; how long to wait before the next one, at the next address.
    pub fn failed(&mut self, how: Failure, now: Instant) -> Duration {
        self.at = (self.at + 1) % self.addresses;
        self.tried = (self.tried + 1) % self.addresses;
        let is_round = self.tried == 0;
        self.failed_rounds += u32::from(is_round);
        let chance = self.next_chance();
        if !is_round {
            return FIRST_WINDOW.mul_f64(chance);
        }
        if how == Failure::TimedOut {
            return Duration::from_millis(250).mul_f64(chance);
        }
        let since = self.lost_at.map_or(Duration::ZERO, |lost| now - lost);
        let cap = match since.as_secs() {
            0..20 => Duration::from_secs(1),
            20..60 => Duration::from_secs(2),
            _ => Duration::from_secs(5),
        };
        let window = cap.min(FIRST_WINDOW * 2_u32.pow(self.failed_rounds.min(8)));
        window.mul_f64(0.5 + chance / 2.0)
    }

    fn next_chance(&mut self) -> f64 {
        self.chance = (self.chance + STEP).fract();
        self.chance
    }
}

/// Multiples of these, without what is before the point, lie evenly between 0 and 1.
const GOLDEN: f64 = 0.618_033_988_749_895;
const STEP: f64 = std::f64::consts::SQRT_2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_is_tried_soon_and_only_then_it_takes_longer() {
        let now = crate::clock::now();
        let mut attempts = Attempts::new(3, 1, 7);
        assert!(attempts.lost(now) < FIRST_WINDOW);
        let mut places = vec![attempts.address()];
        for _ in 0..2 {
            assert!(attempts.failed(Failure::Closed, now) < FIRST_WINDOW);
            places.push(attempts.address());
        }
        assert_eq!(places, [1, 2, 0]);
        let delay = attempts.failed(Failure::Closed, now);
        assert!(
            (FIRST_WINDOW..2 * FIRST_WINDOW).contains(&delay),
            "{delay:?}"
        );
        assert_eq!(attempts.address(), 1);
    }

    #[test]
    fn many_clients_spread_their_first_attempts() {
        let now = crate::clock::now();
        let mut delays: Vec<_> = (0..300)
            .map(|number| Attempts::new(3, 0, number).lost(now))
            .collect();
        delays.sort_unstable();
        let widest = delays.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(widest.unwrap() < Duration::from_millis(10));
    }
}
