use std::time::Duration;

use tokio::time::Instant;

/// How much one socket may send. Bounds on what a person's client needs, several times over.
#[derive(Debug)]
pub struct Flood {
    messages: Bucket,
    bytes: Bucket,
    room_events: Bucket,
    refusals: Bucket,
}

/// Messages of any kind. Joining a full mesh sends about 80 within a second; the rest is for load
/// tests, whose closed loops reach several hundred a second on each socket.
const MESSAGES: Rate = Rate::new(1_000, 2_000);

/// Their bytes: room for 40 offers of the largest size at once, and 20 a second after that.
const BYTES: Rate = Rate::new(2 * 1024 * 1024, 4 * 1024 * 1024);

/// Messages that everyone in the room hears of: chat, reactions, names, hands. Nobody types or
/// clicks 10 times a second for long.
const ROOM_EVENTS: Rate = Rate::new(10, 60);

/// Messages that no client sends in good faith. A client with a bug gets its errors; one that
/// goes on after a hundred of them is cut off.
const REFUSALS: Rate = Rate::new(1, 100);

impl Flood {
    pub fn new(now: Instant) -> Self {
        Self {
            messages: Bucket(now),
            bytes: Bucket(now),
            room_events: Bucket(now),
            refusals: Bucket(now),
        }
    }

    /// Whether a message of this size may come in now.
    pub fn admit(&mut self, bytes: usize, now: Instant) -> bool {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.messages.take(MESSAGES, 1, now) && self.bytes.take(BYTES, bytes, now)
    }

    /// Whether it may also be told to everyone.
    pub fn admit_room_event(&mut self, now: Instant) -> bool {
        self.room_events.take(ROOM_EVENTS, 1, now)
    }

    /// Whether a client that did something refused is still borne with.
    pub fn bear(&mut self, now: Instant) -> bool {
        self.refusals.take(REFUSALS, 1, now)
    }
}

/// So many a second in the long run, and so many at once.
#[derive(Debug, Clone, Copy)]
struct Rate {
    per_item: Duration,
    burst: Duration,
}

impl Rate {
    const fn new(per_second: u32, burst: u32) -> Self {
        let per_item = Duration::from_nanos(1_000_000_000 / per_second as u64);
        Self {
            per_item,
            burst: per_item.saturating_mul(burst),
        }
    }
}

/// A token bucket kept as one instant, at which it will be full again (the generic cell rate
/// algorithm, ITU-T I.371).
#[derive(Debug, Clone, Copy)]
struct Bucket(Instant);

impl Bucket {
    fn take(&mut self, rate: Rate, items: u32, now: Instant) -> bool {
        let full_at = self.0.max(now) + rate.per_item.saturating_mul(items);
        let admitted = full_at - now <= rate.burst;
        if admitted {
            self.0 = full_at;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn start() -> Instant {
        Instant::from_std(Clock::start().instant())
    }

    #[test]
    fn burst_is_admitted_and_then_the_rate() {
        let now = start();
        let mut flood = Flood::new(now);
        assert!((0..60).all(|_| flood.admit_room_event(now)));
        assert!(!flood.admit_room_event(now));
        assert!(!flood.admit_room_event(now + Duration::from_millis(99)));
        assert!(flood.admit_room_event(now + Duration::from_millis(100)));
        assert!(!flood.admit_room_event(now + Duration::from_millis(100)));
    }

    #[test]
    fn bucket_that_was_left_alone_holds_one_burst_and_no_more() {
        let now = start();
        let mut flood = Flood::new(now);
        let later = now + Duration::from_secs(24 * 60 * 60);
        assert!((0..100).all(|_| flood.bear(later)));
        assert!(!flood.bear(later));
    }

    #[test]
    fn large_messages_are_bounded_by_their_bytes() {
        let now = start();
        let mut flood = Flood::new(now);
        let admitted = (0..200).filter(|_| flood.admit(64 * 1024, now)).count();
        assert!(
            (63..=64).contains(&admitted),
            "{admitted} of 64 KiB fit into 4 MiB"
        );
    }
}
