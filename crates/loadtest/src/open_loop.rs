//! Messages on a schedule, from every participant in turn.
//!
//! Each message has a time at which it is due, whether the one before has arrived or not, and its
//! latency counts from then: a server that stalls delays all that was due meanwhile, and that
//! shows (a closed loop would just ask less often).

use std::time::{Duration, Instant};

use crate::{
    Error, clock,
    stats::Latencies,
    swarm::{Arrival, Swarm},
};

/// After the last message is due, so long for all to arrive.
const DRAIN: Duration = Duration::from_secs(10);

/// Messages a second, of all participants together.
#[derive(Debug, Clone, Copy)]
pub struct Rate(u32);

impl Rate {
    pub const fn a_second(messages: u32) -> Self {
        Self(if messages == 0 { 1 } else { messages })
    }

    /// When message `number` is due, counted from the start.
    fn due(self, number: u64) -> Duration {
        let nanos = u128::from(number) * 1_000_000_000 / u128::from(self.0);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    fn messages_in(self, duration: Duration) -> u64 {
        let messages = duration.as_nanos() * u128::from(self.0) / 1_000_000_000;
        u64::try_from(messages).unwrap_or(u64::MAX)
    }
}

#[derive(Debug, Clone, Copy)]
pub struct OpenLoop {
    pub rate: Rate,
    pub message_bytes: usize,
    /// What is measured; a fifth of it runs before, to warm up.
    pub duration: Duration,
}

pub struct Outcome {
    /// Warm-up included.
    pub messages: u64,
    /// Of what was due after the warm-up.
    pub latencies: Latencies,
}

impl OpenLoop {
    pub fn run(&self, swarm: &mut Swarm) -> Result<Outcome, Error> {
        let seats = swarm.len() as u64;
        let warm_up = self.rate.messages_in(self.duration / 5);
        let total = warm_up + self.rate.messages_in(self.duration);
        let offers: Vec<_> = (0..swarm.len())
            .map(|seat| swarm.offer(seat, self.message_bytes))
            .collect();
        // Messages of one sender arrive in order, so the n-th arrival at a seat is the n-th
        // message of the one who speaks to it.
        let mut received = vec![0_u64; swarm.len()];
        let mut arrivals: Vec<Arrival> = Vec::new();
        let mut latencies = Latencies::new();
        let mut sent = 0;
        let mut arrived = 0;
        let start = clock::now();
        while arrived < total {
            sent = self.send_due(swarm, &offers, sent, total, start)?;
            let idle = if sent < total {
                self.rate.due(sent).saturating_sub(start.elapsed())
            } else {
                let left = (self.rate.due(total) + DRAIN).saturating_sub(start.elapsed());
                if left.is_zero() {
                    return Err(Error::Stalled {
                        what: format!("{} of {total} messages did not arrive", total - arrived),
                        after: DRAIN,
                    });
                }
                left
            };
            swarm.receive(idle, &mut arrivals)?;
            for Arrival { seat, at } in arrivals.drain(..) {
                let number = received[seat] * seats + swarm.source_of(seat) as u64;
                received[seat] += 1;
                arrived += 1;
                if number >= warm_up {
                    let due = start + self.rate.due(number);
                    latencies.record(at.saturating_duration_since(due));
                }
            }
        }
        Ok(Outcome {
            messages: total,
            latencies,
        })
    }

    /// Sends what is due by now; gives how many are sent in all.
    fn send_due(
        &self,
        swarm: &mut Swarm,
        offers: &[Vec<u8>],
        mut sent: u64,
        total: u64,
        start: Instant,
    ) -> Result<u64, Error> {
        while sent < total && self.rate.due(sent) <= start.elapsed() {
            let seat = usize::try_from(sent % offers.len() as u64).expect("an index of `offers`");
            swarm.send(seat, &offers[seat])?;
            sent += 1;
        }
        Ok(sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedule_is_even_and_does_not_drift() {
        let rate = Rate::a_second(3);
        assert_eq!(rate.due(0), Duration::ZERO);
        assert_eq!(rate.due(1), Duration::from_nanos(333_333_333));
        assert_eq!(rate.due(3_000_000), Duration::from_secs(1_000_000));
        assert_eq!(rate.messages_in(Duration::from_secs(10)), 30);
    }
}
