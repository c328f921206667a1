use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// Hands out when each client shall go elsewhere, so that they do not all go at once.
#[derive(Debug, Default)]
pub struct Farewells {
    /// Counts the farewells; none yet at 0.
    number: AtomicU32,
    spread_ms: AtomicU32,
    told: AtomicU32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Farewell {
    pub number: u32,
    pub after_ms: u32,
}

/// The golden ratio as a fraction of 2^32: multiples of it, without what is before the point, fill
/// any interval evenly, however many there are.
const GOLDEN: u32 = 0x9e37_79b9;

impl Farewells {
    pub fn begin(&self, spread: Duration) {
        let spread_ms = u32::try_from(spread.as_millis()).unwrap_or(u32::MAX);
        self.spread_ms.store(spread_ms, Ordering::Relaxed);
        self.number.fetch_add(1, Ordering::Release);
    }

    /// The number of the present one.
    pub fn present(&self) -> u32 {
        self.number.load(Ordering::Acquire)
    }

    /// The present farewell, unless it is `known` already.
    pub fn after(&self, known: u32) -> Option<Farewell> {
        let number = self.number.load(Ordering::Acquire);
        if number == known {
            return None;
        }
        let place = self
            .told
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_mul(GOLDEN);
        let spread_ms = u64::from(self.spread_ms.load(Ordering::Relaxed));
        let after_ms = (spread_ms * u64::from(place)) >> 32;
        Some(Farewell {
            number,
            after_ms: u32::try_from(after_ms).unwrap_or(u32::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_spread_evenly_and_told_once() {
        let farewells = Farewells::default();
        assert_eq!(farewells.after(0), None);
        farewells.begin(Duration::from_secs(1));
        let mut after: Vec<u32> = (0..100)
            .map(|_| farewells.after(0).unwrap().after_ms)
            .collect();
        after.sort_unstable();
        let largest_gap = after.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(after[99] < 1_000 && largest_gap < Some(30), "{after:?}");
        assert_eq!(farewells.after(1), None);
    }
}
