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

pub struct Udp {
    socket: UdpSocket,
    local: SocketAddr,
    state: UdpSocketState,
    buffers: Vec<u8>,
    /// Datagrams that the kernel did not take.
    pub dropped: u64,
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

    /// Sends. What the kernel does not take now is lost, as on any full queue.
    pub fn send(&mut self, transmit: &Transmit<'_>, source: Option<IpAddr>) {
        let segment = transmit.segment.max(1);
        let at_once = segment * self.state.max_gso_segments().max(1);
        for contents in transmit.contents.chunks(at_once) {
            let sent = self.state.try_send(
                UdpSockRef::from(&self.socket),
                &quinn_udp::Transmit {
                    destination: transmit.destination,
                    ecn: None,
                    contents,
                    segment_size: (contents.len() > segment).then_some(segment),
                    src_ip: source,
                },
            );
            if sent.is_err() {
                self.dropped += contents.len().div_ceil(segment) as u64;
            }
        }
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
        let sizes = [1_000, 1_000, 1_000, 400];
        let contents: Vec<u8> = sizes
            .iter()
            .enumerate()
            .flat_map(|(number, size)| vec![number as u8; *size])
            .collect();
        let transmit = Transmit {
            transport: Transport::Udp,
            source: sender.local_addr(),
            destination,
            segment: 1_000,
            contents: &contents,
        };
        sender.send(&transmit, None);
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
