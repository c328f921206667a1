//! What there is to send, in batches as the kernel takes them: datagrams of one size to one
//! destination, one after the other.

use std::{collections::VecDeque, net::SocketAddr};

use crate::engine::api::{Transmit, Transport};

/// Datagrams that one GSO batch holds at most (the kernel's own bound), and their bytes.
const SEGMENTS: usize = 64;
const BATCH_BYTES: usize = 65_000;

#[derive(Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    batches: VecDeque<Batch>,
}

struct Batch {
    transport: Transport,
    source: SocketAddr,
    destination: SocketAddr,
    segment: usize,
    start: usize,
    end: usize,
}

impl Outbox {
    pub fn push(
        &mut self,
        transport: Transport,
        source: SocketAddr,
        destination: SocketAddr,
        contents: &[u8],
    ) {
        if self.batches.is_empty() {
            self.bytes.clear();
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(contents);
        if let Some(last) = self.batches.back_mut()
            && (last.transport, last.source, last.destination) == (transport, source, destination)
            && last.takes(contents.len())
        {
            last.end = self.bytes.len();
            return;
        }
        self.batches.push_back(Batch {
            transport,
            source,
            destination,
            segment: contents.len(),
            start,
            end: self.bytes.len(),
        });
    }

    /// That are held, sent or not.
    pub fn bytes(&self) -> usize {
        match self.batches.is_empty() {
            true => 0,
            false => self.bytes.len(),
        }
    }

    pub fn pop(&mut self) -> Option<Transmit<'_>> {
        let batch = self.batches.pop_front()?;
        Some(Transmit {
            transport: batch.transport,
            source: batch.source,
            destination: batch.destination,
            segment: batch.segment,
            contents: &self.bytes[batch.start..batch.end],
        })
    }
}

impl Batch {
    /// Only the last datagram of a batch may be shorter than the others.
    fn takes(&self, length: usize) -> bool {
        let held = self.end - self.start;
        held.is_multiple_of(self.segment.max(1))
            && length <= self.segment
            && held < self.segment * SEGMENTS
            && held + length <= BATCH_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    fn batches(datagrams: &[(u16, usize)]) -> Vec<(u16, Vec<usize>)> {
        let mut outbox = Outbox::default();
        for (port, length) in datagrams {
            let contents = vec![0; *length];
            outbox.push(Transport::Udp, address(1), address(*port), &contents);
        }
        let mut seen = Vec::new();
        while let Some(transmit) = outbox.pop() {
            let lengths = transmit.datagrams().map(<[u8]>::len).collect();
            seen.push((transmit.destination.port(), lengths));
        }
        seen
    }

    #[test]
    fn datagrams_of_one_size_to_one_destination_go_together_and_a_shorter_one_ends_them() {
        assert_eq!(
            batches(&[(1, 9), (1, 9), (1, 4), (1, 4), (2, 4), (1, 4), (1, 5)]),
            [
                (1, vec![9, 9, 4]),
                (1, vec![4]),
                (2, vec![4]),
                (1, vec![4]),
                (1, vec![5])
            ]
        );
    }

    #[test]
    fn batch_is_no_larger_than_the_kernel_takes() {
        let lengths: Vec<usize> = batches(&[(1, 100); 130])
            .iter()
            .map(|batch| batch.1.len())
            .collect();
        assert_eq!(lengths, [64, 64, 2]);
        let bytes: Vec<usize> = batches(&[(1, 1_400); 60])
            .iter()
            .map(|batch| batch.1.iter().sum())
            .collect();
        assert_eq!(bytes, [64_400, 19_600]);
    }
}
