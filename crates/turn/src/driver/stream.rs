//! TURN over TCP and TLS: frames of STUN and ChannelData, one after the other.

use std::{
    cell::RefCell,
    io,
    net::{SocketAddr, TcpListener as StdListener},
    rc::Rc,
    time::Duration,
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task,
    time::{Instant, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::{Link, Shared, addresses::canonical};
use crate::{ClientId, Refused, stun::frame_bytes};

const BACKLOG: i32 = 1_024;

/// When accepting fails for want of file descriptors, it is no use to try again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Two round trips on the worst mobile network.
const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// A client allocates at once; a connection without an allocation holds a place for nothing.
const UNUSED_TIMEOUT: Duration = Duration::from_secs(30);

/// A write that takes longer is to a client that is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Connections beyond allocations: those that are about to have one.
const SPARE_CONNECTIONS: usize = 512;

/// The largest frame is a ChannelData of 65,535 bytes.
const READ_BYTES: usize = 66 * 1024;

/// What waits for a client that reads slowly: half a second at 4 Mbit/s. Media that waits longer is
/// too late, and is dropped in whole packets.
const WAITING_BYTES: usize = 256 * 1024;

/// What is on its way to the client of a stream.
#[derive(Default)]
pub struct Outgoing {
    bytes: RefCell<Vec<u8>>,
    ready: Notify,
}

impl Outgoing {
    /// `false` when too much waits already.
    pub fn push(&self, parts: &[&[u8]]) -> bool {
        let mut bytes = self.bytes.borrow_mut();
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if bytes.len() + length > WAITING_BYTES {
            return false;
        }
        for part in parts {
            bytes.extend_from_slice(part);
        }
        self.ready.notify_one();
        true
    }
}

/// How messages that wait are handed to the transport.
#[derive(Debug, Clone, Copy)]
enum Framing {
    Together,
    EachAlone,
}

pub async fn accept(shared: Rc<Shared>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let most = shared.bounds.allocations + SPARE_CONNECTIONS;
    loop {
        let (stream, remote) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "cannot accept a TURN connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        if shared.links.borrow().len() >= most {
            shared.figures.count_refused(Refused::Connection);
            continue;
        }
        task::spawn_local(connection(shared.clone(), stream, remote, tls.clone()));
    }
}

async fn connection(
    shared: Rc<Shared>,
    stream: TcpStream,
    remote: SocketAddr,
    tls: Option<TlsAcceptor>,
) {
    // Taken before the handshake, so that handshakes are bounded as well.
    let outgoing = Rc::new(Outgoing::default());
    let client = ClientId {
        link: shared.add_link(Link::Stream(outgoing.clone())),
        remote: canonical(remote),
        local: stream.local_addr().ok().map(|local| canonical(local).ip()),
    };
    let ended = match (stream.set_nodelay(true), tls) {
        (Err(error), _) => Err(error),
        (Ok(()), None) => converse(&shared, &client, &outgoing, stream, Framing::Together).await,
        (Ok(()), Some(tls)) => match timeout(TLS_HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok(stream)) => {
                converse(&shared, &client, &outgoing, stream, Framing::EachAlone).await
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        },
    };
    if let Err(error) = ended {
        // A client that went away, or spoke something else.
        tracing::debug!(%error, "TURN connection ended");
        if error.kind() != io::ErrorKind::UnexpectedEof
            && !shared.turn.borrow().has_allocation(&client)
        {
            shared.figures.count_refused(Refused::Connection);
        }
    }
    let mut relays = shared.relays.borrow_mut();
    shared.turn.borrow_mut().disconnected(&client, &mut *relays);
    shared.links.borrow_mut().remove(client.link.0 as usize);
}

async fn converse(
    shared: &Shared,
    client: &ClientId,
    outgoing: &Outgoing,
    stream: impl AsyncRead + AsyncWrite,
    framing: Framing,
) -> io::Result<()> {
    let (reader, writer) = tokio::io::split(stream);
    tokio::select! {
        read = read(shared, client, Box::pin(reader)) => read,
        written = write(outgoing, Box::pin(writer), framing) => written,
        unused = unused(shared, client) => unused,
    }
}

async fn read(
    shared: &Shared,
    client: &ClientId,
    mut stream: impl AsyncRead + Unpin,
) -> io::Result<()> {
    // Grows with what comes, and is empty between frames of small messages.
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let now = (shared.clock)();
        let mut at = 0;
        while let Some(length) = frame_bytes(&bytes[at..]).map_err(io::Error::other)? {
            let Some(frame) = bytes.get(at..at + length) else {
                break;
            };
            shared.client_packet(*client, frame, now);
            at += length;
        }
        shared.flush();
        bytes.drain(..at);
        debug_assert!(bytes.len() < READ_BYTES, "a frame is at most 65,555 bytes");
    }
}

async fn write(
    outgoing: &Outgoing,
    mut stream: impl AsyncWrite + Unpin,
    framing: Framing,
) -> io::Result<()> {
    let mut writing = Vec::new();
    loop {
        std::mem::swap(&mut writing, &mut *outgoing.bytes.borrow_mut());
        if writing.is_empty() {
            outgoing.ready.notified().await;
            continue;
        }
        let written = async {
            // Each message is a TLS record of its own: there are clients, coturn's for one, that
            // overlook what follows the first in a record.
            let mut rest = writing.as_slice();
            while !rest.is_empty() {
                let length = match framing {
                    Framing::Together => rest.len(),
                    Framing::EachAlone => frame_bytes(rest).ok().flatten().unwrap_or(rest.len()),
                };
                let (frame, after) = rest.split_at(length.min(rest.len()));
                stream.write_all(frame).await?;
                rest = after;
            }
            stream.flush().await
        };
        timeout(WRITE_TIMEOUT, written)
            .await
            .map_err(|_| io::ErrorKind::TimedOut)??;
        writing.clear();
    }
}

/// Returns when the client has had no allocation for a while.
async fn unused(shared: &Shared, client: &ClientId) -> io::Result<()> {
    let mut used_at = Instant::now();
    loop {
        tokio::time::sleep_until(used_at + UNUSED_TIMEOUT).await;
        if !shared.turn.borrow().has_allocation(client) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        used_at = Instant::now();
    }
}

pub fn bind(address: SocketAddr) -> io::Result<StdListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // A server that starts again finds its port in TIME_WAIT.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
