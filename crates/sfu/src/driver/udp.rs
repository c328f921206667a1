//! A UDP socket in batches: many datagrams a system call, in both directions.

use std::{
    io::{self, IoSliceMut},
    net::{IpAddr, SocketAddr, UdpSocket},
};

use quinn_udp::{BATCH_SIZE, RecvMeta, UdpSockRef, UdpSocketState};
use socket2::{Domain, Protocol, Socket, Type};

use crate::engine::Transmit;

/// Four milliseconds of a gigabit. The kernel bounds it by `net.core.rmem_max`.
const KERNEL_BUFFER: usize = 4 * 1024 * 1024;

/// Of one receive: GRO joins up to 64 datagrams of one sender, of 1,500 bytes at most.
const RECEIVE_BYTES: usize = 64 * 1_500;

/// Batches that one turn reads before it sends: more would let latency grow.
const RECEIVES: usize = 4;

/// Datagrams that one GSO batch holds at most (the kernel's own bound), and their bytes.
const SEGMENTS: usize = 64;
const SEND_BYTES: usize = 65_000;

pub struct Udp {
    socket: UdpSocket,
    local: SocketAddr,
    state: UdpSocketState,
    buffers: Vec<u8>,
    batch: Batch,
    /// Datagrams that the kernel did not take.
    pub dropped: u64,
}

/// Datagrams of one size to one destination. The last may be shorter.
#[derive(Default)]
struct Batch {
    destination: Option<SocketAddr>,
    source: Option<IpAddr>,
    segment: usize,
    count: usize,
    closed: bool,
    bytes: Vec<u8>,
}

impl Udp {
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::DGRAM,
            Some(Protocol::UDP),
        )?;
        if address.is_ipv6() {
            // IPv4 has a socket of its own, so that addresses are what they look like.
            socket.set_only_v6(true)?;
        }
        socket.set_nonblocking(true)?;
        // Less than asked for is what the kernel grants without privileges.
        socket.set_recv_buffer_size(KERNEL_BUFFER)?;
        socket.set_send_buffer_size(KERNEL_BUFFER)?;
        socket.bind(&address.into())?;
        let socket = UdpSocket::from(socket);
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        Ok(Self {
            state,
            local: socket.local_addr()?,
            socket,
            buffers: vec![0; RECEIVE_BYTES * BATCH_SIZE],
            batch: Batch::default(),
            dropped: 0,
        })
    }

    pub fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Calls `each` with what has come: source, own address, contents. True if there may be more.
    pub fn receive(&mut self, mut each: impl FnMut(SocketAddr, Option<IpAddr>, &[u8])) -> bool {
        for _ in 0..RECEIVES {
            let mut metas = [RecvMeta::default(); BATCH_SIZE];
            let mut chunks = self.buffers.chunks_exact_mut(RECEIVE_BYTES);
            let mut slices: [IoSliceMut<'_>; BATCH_SIZE] = std::array::from_fn(|_| {
                IoSliceMut::new(chunks.next().expect("as many chunks as slices"))
            });
            let received = self
                .state
                .recv(UdpSockRef::from(&self.socket), &mut slices, &mut metas);
            let count = match received {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // ICMP errors of some destination, which say nothing of the socket.
                Err(_) => continue,
            };
            for (meta, slice) in metas.iter().zip(&slices).take(count) {
                let contents = &slice[..meta.len.min(slice.len())];
                for datagram in contents.chunks(meta.stride.max(1)) {
                    each(meta.addr, meta.dst_ip, datagram);
                }
            }
            if count < BATCH_SIZE {
                return false;
            }
        }
        true
    }

    /// Sends, or gathers with others of the same size to the same destination.
    pub fn send(&mut self, transmit: &Transmit, source: Option<IpAddr>) {
        if !self
            .batch
            .takes(transmit, source, self.state.max_gso_segments())
        {
            self.flush();
        }
        self.batch.push(transmit, source);
    }

    /// Sends what was gathered. What the kernel does not take now is lost, as on any full queue.
    pub fn flush(&mut self) {
        let Some(destination) = self.batch.destination.take() else {
            return;
        };
        let transmit = quinn_udp::Transmit {
            destination,
            ecn: None,
            contents: &self.batch.bytes,
            segment_size: (self.batch.count > 1).then_some(self.batch.segment),
            src_ip: self.batch.source,
        };
        if self
            .state
            .try_send(UdpSockRef::from(&self.socket), &transmit)
            .is_err()
        {
            self.dropped += self.batch.count as u64;
        }
        self.batch.clear();
    }
}

impl Batch {
    fn takes(&self, transmit: &Transmit, source: Option<IpAddr>, most: usize) -> bool {
        let length = transmit.contents.len();
        self.destination == Some(transmit.destination)
            && self.source == source
            && !self.closed
            && length <= self.segment
            && self.count < most.min(SEGMENTS)
            && self.bytes.len() + length <= SEND_BYTES
    }

    fn push(&mut self, transmit: &Transmit, source: Option<IpAddr>) {
        let length = transmit.contents.len();
        if self.destination.is_none() {
            self.destination = Some(transmit.destination);
            self.source = source;
            self.segment = length;
        }
        self.closed = length < self.segment;
        self.count += 1;
        self.bytes.extend_from_slice(&transmit.contents);
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.count = 0;
        self.closed = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Transport;

    #[test]
    fn batches_arrive_as_the_datagrams_they_were_made_of() {
        let any = "127.0.0.1:0".parse().expect("an address");
        let (mut sender, mut receiver) = (Udp::bind(any).unwrap(), Udp::bind(any).unwrap());
        let destination = receiver.local_addr();
        let sizes = [1_000, 1_000, 1_000, 400, 1_000, 1_200, 7, 7];
        for (number, size) in sizes.iter().enumerate() {
            let transmit = Transmit {
                transport: Transport::Udp,
                source: sender.local_addr(),
                destination,
                contents: vec![number as u8; *size],
            };
            sender.send(&transmit, None);
        }
        sender.flush();
        let mut seen = Vec::new();
        while seen.len() < sizes.len() {
            receiver.receive(|source, own, contents| {
                assert_eq!(source, sender.local_addr());
                assert_eq!(own, Some(destination.ip()));
                seen.push((contents[0] as usize, contents.len()));
            });
        }
        let sent: Vec<(usize, usize)> = sizes.iter().copied().enumerate().collect();
        assert_eq!(seen, sent);
        assert_eq!(sender.dropped, 0);
    }
}
