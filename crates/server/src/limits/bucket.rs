//! A token bucket for each client, kept as the time at which it is full again (GCRA): eight bytes
//! of state, and what is full need not be kept. Known crates either cannot ask without taking,
//! which lookups of rooms need, or grow without a bound.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::RetryAfter;
use crate::config::Rate;

/// So many locks that the threads of a server seldom meet at one.
const SHARDS: usize = 16;

/// Clients in one shard that are remembered: 16 bytes each, so 16 shards stay below 2 MiB. When
/// so many ask at once, those that are new share one bucket.
const CLIENTS_PER_SHARD: usize = 4_096;

#[derive(Debug)]
pub struct Buckets {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    rate: Rate,
    start: Instant,
}

#[derive(Debug, Default)]
struct Shard {
    /// Since the start of the server: when the client's bucket is full again.
    full_at: HashMap<u64, Duration>,
    /// Of all clients that found no place.
    overflow_full_at: Duration,
    /// When it is worth it again to look for places that have come free.
    next_sweep: Duration,
}

/// A flood of new addresses must not make each of them a walk over all that are known.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

impl Buckets {
    pub fn new(rate: Rate, start: Instant) -> Self {
        Self {
            shards: Default::default(),
            hasher: RandomState::new(),
            rate,
            start,
        }
    }

    /// Takes one.
    pub fn take(&self, client: u64, now: Instant) -> Result<(), RetryAfter> {
        let now = now - self.start;
        let mut shard = self.shard(client);
        let full_at = shard.entry(client, now);
        self.room_in(*full_at, now)?;
        *full_at = now.max(*full_at) + self.rate.interval;
        Ok(())
    }

    /// Tells whether one could be taken.
    pub fn peek(&self, client: u64, now: Instant) -> Result<(), RetryAfter> {
        let now = now - self.start;
        match self.shard(client).full_at.get(&client) {
            Some(full_at) => self.room_in(*full_at, now),
            None => Ok(()),
        }
    }

    /// Takes one even if there is none, up to one period of debt.
    pub fn charge(&self, client: u64, now: Instant) {
        let now = now - self.start;
        let most = now + self.capacity() + self.rate.interval;
        let mut shard = self.shard(client);
        let full_at = shard.entry(client, now);
        *full_at = (now.max(*full_at) + self.rate.interval).min(most);
    }

    fn room_in(&self, full_at: Duration, now: Duration) -> Result<(), RetryAfter> {
        let filled_after = now.max(full_at) + self.rate.interval;
        match filled_after.checked_sub(now + self.capacity()) {
            None | Some(Duration::ZERO) => Ok(()),
            Some(wait) => Err(RetryAfter(wait)),
        }
    }

    /// How long an empty bucket takes to be full.
    fn capacity(&self) -> Duration {
        self.rate.interval * self.rate.burst.get()
    }

    fn shard(&self, client: u64) -> MutexGuard<'_, Shard> {
        // Hashed with a secret: clients choose their addresses, and shall not fill one shard.
        let hash = self.hasher.hash_one(client);
        let index = usize::try_from(hash % SHARDS as u64).expect("below the number of shards");
        // A bucket is valid after each single step, so a panic of another thread spoils nothing.
        self.shards[index]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    fn entry(&mut self, client: u64, now: Duration) -> &mut Duration {
        if self.full_at.len() >= CLIENTS_PER_SHARD && !self.full_at.contains_key(&client) {
            if now >= self.next_sweep {
                self.next_sweep = now + SWEEP_EVERY;
                self.full_at.retain(|_, full_at| *full_at > now);
            }
            if self.full_at.len() >= CLIENTS_PER_SHARD {
                return &mut self.overflow_full_at;
            }
        }
        self.full_at.entry(client).or_insert(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn buckets(rate: &str) -> (Buckets, Instant) {
        let now = Clock::start().instant();
        (Buckets::new(rate.parse().unwrap(), now), now)
    }

    #[test]
    fn burst_passes_then_one_an_interval() {
        let (buckets, now) = buckets("3, then 2 per 1s");
        assert!((0..3).all(|_| buckets.take(1, now).is_ok()));
        assert_eq!(
            buckets.take(1, now),
            Err(RetryAfter(Duration::from_millis(500)))
        );
        let later = now + Duration::from_millis(500);
        assert_eq!(buckets.take(1, later), Ok(()));
        assert!(buckets.take(1, later).is_err());
    }

    #[test]
    fn rest_fills_no_more_than_the_burst() {
        let (buckets, now) = buckets("2, then 1 per 1s");
        let later = now + Duration::from_secs(3_600);
        assert!((0..2).all(|_| buckets.take(1, later).is_ok()));
        assert!(buckets.take(1, later).is_err());
    }

    #[test]
    fn charges_beyond_the_end_do_not_pile_up() {
        let (buckets, now) = buckets("1, then 1 per 1s");
        for _ in 0..100 {
            buckets.charge(1, now);
        }
        assert_eq!(
            buckets.peek(1, now),
            Err(RetryAfter(Duration::from_secs(2)))
        );
    }

    #[test]
    fn flood_of_addresses_stays_within_its_memory_and_is_limited_too() {
        let (buckets, now) = buckets("1, then 1 per 1h");
        let refused = (0..200_000)
            .filter(|client| buckets.take(*client, now).is_err())
            .count();
        let kept: usize = buckets
            .shards
            .iter()
            .map(|shard| shard.lock().unwrap().full_at.len())
            .sum();
        assert!(kept <= SHARDS * CLIENTS_PER_SHARD);
        assert!(refused > 100_000, "{refused}");
        // Those that are known keep their own bucket, and places come free again.
        let later = now + Duration::from_secs(2 * 3_600);
        assert_eq!(buckets.take(1_000_000, later), Ok(()));
    }
}
