//! One direction of a network path: delay, jitter, loss, a bottleneck with a queue.

use std::{
    collections::BinaryHeap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::Random;

/// A queue of this length is what home routers have.
const QUEUE: Duration = Duration::from_millis(200);

pub struct Link {
    pub delay: Duration,
    pub jitter: Duration,
    pub loss_percent: u64,
    pub bits_per_second: Option<u64>,
    pub lost: u64,
    pub sent: u64,
    free_at: Option<Instant>,
    order: u64,
    on_its_way: BinaryHeap<Packet>,
}

struct Packet {
    at: Instant,
    order: u64,
    source: SocketAddr,
    contents: Vec<u8>,
}

impl Link {
    pub fn new() -> Self {
        Self {
            delay: Duration::from_millis(20),
            jitter: Duration::ZERO,
            loss_percent: 0,
            bits_per_second: None,
            lost: 0,
            sent: 0,
            free_at: None,
            order: 0,
            on_its_way: BinaryHeap::new(),
        }
    }

    pub fn send(
        &mut self,
        now: Instant,
        random: &mut Random,
        source: SocketAddr,
        contents: Vec<u8>,
    ) {
        self.sent += 1;
        if random.below(100) < self.loss_percent {
            self.lost += 1;
            return;
        }
        let mut leaves = now;
        if let Some(rate) = self.bits_per_second {
            let begins = self.free_at.unwrap_or(now).max(now);
            if begins - now > QUEUE {
                self.lost += 1;
                return;
            }
            leaves =
                begins + Duration::from_secs_f64((contents.len() + 28) as f64 * 8.0 / rate as f64);
            self.free_at = Some(leaves);
        }
        let jitter = Duration::from_micros(random.below(self.jitter.as_micros() as u64));
        self.order += 1;
        self.on_its_way.push(Packet {
            at: leaves + self.delay + jitter,
            order: self.order,
            source,
            contents,
        });
    }

    /// One that is on its way, if it is what is looked for.
    pub fn peek(&self, is_it: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
        let found = self
            .on_its_way
            .iter()
            .find(|packet| is_it(&packet.contents));
        found.map(|packet| packet.contents.clone())
    }

    pub fn arrived(&mut self, now: Instant) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut arrived = Vec::new();
        while self
            .on_its_way
            .peek()
            .is_some_and(|packet| packet.at <= now)
        {
            if let Some(packet) = self.on_its_way.pop() {
                arrived.push((packet.source, packet.contents));
            }
        }
        arrived
    }
}

impl Ord for Packet {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl PartialOrd for Packet {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Packet {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Packet {}
