use std::{
    io::{self, IoSliceMut},
    net::{SocketAddr, UdpSocket},
    rc::Rc,
};

use quinn_udp::{RecvMeta, Transmit, UdpSocketState};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{io::Interest, task};

use super::{Shared, addresses::canonical};
use crate::{ClientId, LinkId, RelayId, Step};

/// What the kernel joined of the datagrams of one sender; no datagram is larger.
const BUFFER_BYTES: usize = 64 * 1024;

/// Datagrams that are read at once. Each place costs a little to prepare, also when nothing comes.
const BATCH_SIZE: usize = 16;

/// Batches that one socket may be read in a row before the others have their turn.
const TURNS: usize = 8;

/// For bursts: 2 MiB are 20 ms of a gigabit. The kernel gives less where it is set to.
const LISTENER_BUFFER_BYTES: usize = 2 * 1024 * 1024;

/// A picture in 720p that comes at once, several times over.
const RELAY_BUFFER_BYTES: usize = 256 * 1024;

/// A UDP socket, of clients or of a relay.
pub struct UdpLink {
    socket: tokio::net::UdpSocket,
    state: UdpSocketState,
}

impl UdpLink {
    pub fn new(socket: UdpSocket) -> io::Result<Self> {
        let state = UdpSocketState::new((&socket).into())?;
        let socket = tokio::net::UdpSocket::from_std(socket)?;
        Ok(Self { socket, state })
    }

    pub fn send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        // Not by way of tokio's readiness: nobody waits to write.
        self.state.try_send((&self.socket).into(), transmit)
    }

    pub fn max_segments(&self) -> usize {
        self.state.max_gso_segments()
    }

    /// The queue was empty a moment ago. Told to the runtime, it saves a read that finds nothing; what
    /// has come since then is an event of its own.
    fn is_drained(&self) {
        let none = || Err::<(), _>(io::Error::from(io::ErrorKind::WouldBlock));
        if self.socket.try_io(Interest::READABLE, none).is_ok() {
            tracing::trace!("a read that always fails has not");
        }
    }

    fn receive(&self, datagrams: &mut Datagrams) -> io::Result<usize> {
        let mut slices = datagrams
            .buffer
            .chunks_mut(BUFFER_BYTES)
            .map(IoSliceMut::new);
        let mut slices: [IoSliceMut<'_>; BATCH_SIZE] =
            std::array::from_fn(|_| slices.next().expect("the buffer has BATCH_SIZE chunks"));
        self.socket.try_io(Interest::READABLE, || {
            let socket = (&self.socket).into();
            self.state.recv(socket, &mut slices, &mut datagrams.metas)
        })
    }
}

/// What was read last, of any socket of the thread.
pub struct Datagrams {
    buffer: Vec<u8>,
    metas: [RecvMeta; BATCH_SIZE],
}

impl Datagrams {
    pub fn new() -> Self {
        Self {
            buffer: vec![0; BATCH_SIZE * BUFFER_BYTES],
            metas: [RecvMeta::default(); BATCH_SIZE],
        }
    }

    fn each(&self, count: usize, mut see: impl FnMut(&RecvMeta, &[u8])) {
        for (meta, buffer) in self.metas[..count]
            .iter()
            .zip(self.buffer.chunks(BUFFER_BYTES))
        {
            // An empty datagram has no stride.
            for datagram in buffer[..meta.len].chunks(meta.stride.max(1)) {
                see(meta, datagram);
            }
        }
    }
}

pub async fn serve_clients(shared: Rc<Shared>, link: Rc<UdpLink>, id: LinkId) {
    read_forever(&shared, &link.clone(), |meta, packet, now| {
        let client = ClientId {
            link: id,
            remote: canonical(meta.addr),
            local: meta.dst_ip.map(|ip| ip.to_canonical()),
        };
        shared.client_packet(client, packet, now);
    })
    .await;
}

pub async fn serve_relay(shared: Rc<Shared>, link: Rc<UdpLink>, relay: RelayId) {
    read_forever(&shared, &link, |meta, packet, now| {
        let peer = canonical(meta.addr);
        let step = shared.turn.borrow_mut().from_peer(relay, peer, packet, now);
        if let Step::ToClient { client, head, data } = step {
            shared.framed(&client, &head, data);
        }
    })
    .await;
}

async fn read_forever(shared: &Shared, link: &UdpLink, see: impl Fn(&RecvMeta, &[u8], crate::Now)) {
    loop {
        if let Err(error) = link.socket.readable().await {
            return tracing::error!(%error, "a UDP socket of TURN cannot be read any more");
        }
        let mut has_more = true;
        for _ in 0..TURNS {
            let mut datagrams = shared.datagrams.borrow_mut();
            let count = match link.receive(&mut datagrams) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    has_more = false;
                    break;
                }
                // An answer of the network to what was sent, such as that a port is closed.
                Err(_) => continue,
            };
            let now = (shared.clock)();
            datagrams.each(count, |meta, packet| see(meta, packet, now));
            shared.flush();
            if count < BATCH_SIZE {
                link.is_drained();
                has_more = false;
                break;
            }
        }
        if has_more {
            task::yield_now().await;
        }
    }
}

pub fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    open(address, LISTENER_BUFFER_BYTES)
}

pub fn bind_relay(address: SocketAddr) -> io::Result<UdpSocket> {
    open(address, RELAY_BUFFER_BYTES)
}

fn open(address: SocketAddr, buffer_bytes: usize) -> io::Result<UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    // Best effort: `wecall doctor` tells when the kernel's bound is low.
    for set in [Socket::set_recv_buffer_size, Socket::set_send_buffer_size] {
        if let Err(error) = set(&socket, buffer_bytes) {
            tracing::debug!(%error, "the buffer of a socket stays as it is");
        }
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}
