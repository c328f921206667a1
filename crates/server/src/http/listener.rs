//! Accepts connections. An own loop, as `axum::serve` bounds neither connections nor the time
//! that a client takes for its headers.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use super::{
    AppState, redirect,
    service::{OfPeer, Service},
    stream::Stream,
};
use crate::lifecycle::Phase;

/// A client that needs longer for its headers, or for the next request on an open connection,
/// holds a place for nothing.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(10);

/// A trusted proxy keeps connections for later requests: those of clouds and of nginx for 60 s.
/// The proxy must be the one that closes them, or a request meets a closed connection.
const PROXY_READ_TIMEOUT: Duration = Duration::from_secs(90);

/// Two round trips on the worst mobile network.
const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Requests are small: headers of browsers are below 4 KiB, bodies are read with their own bound.
const READ_BUFFER_BYTES: usize = 16 * 1024;

/// Bytes that the kernel takes before the socket counts as full. With the default of "all there
/// is" a slow reader hides behind megabytes of kernel memory, unnoticed.
const NOT_SENT_LOW_WATER_BYTES: u32 = 64 * 1024;

/// Connections that wait to be accepted: a restart brings everyone back within seconds.
const BACKLOG: i32 = 4_096;

/// When accepting fails for want of file descriptors, it is no use to try again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers under way get this long when the server ends.
const FINISH: Duration = Duration::from_secs(1);

/// How the certificate gets to the connections.
pub type Tls = Arc<tokio_rustls::rustls::ServerConfig>;

/// A listening socket; one on `[::]` takes IPv4 too.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM.nonblocking(),
        Some(Protocol::TCP),
    )?;
    // A server that starts again finds its port in TIME_WAIT.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Serves until `phase` is [`Phase::Stopped`], then lets the answers under way finish.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    app: AppState,
    mut phase: watch::Receiver<Phase>,
) {
    let max_connections = usize::try_from(app.config.limits.max_connections).unwrap_or(usize::MAX);
    let places = Arc::new(Semaphore::new(max_connections.min(Semaphore::MAX_PERMITS)));
    let acceptor = tls.map(TlsAcceptor::from);
    let service = Service::new(app);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            _ = phase.wait_for(|phase| *phase == Phase::Stopped) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                if !is_of_one_connection(&error) {
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
                continue;
            }
        };
        let Ok(permit) = places.clone().try_acquire_owned() else {
            tracing::warn!(
                max_connections,
                "connection refused: limits.max_connections"
            );
            continue;
        };
        if let Err(error) = set_options(&stream) {
            tracing::debug!(%error, "connection lost at once");
            continue;
        }
        let acceptor = acceptor.clone();
        let service = service.clone();
        let phase = phase.clone();
        connections.spawn(async move {
            let stream = match acceptor {
                None => Stream::plain(stream, permit),
                Some(acceptor) => {
                    match redirect::is_plain(&stream).await {
                        Ok(false) => {}
                        Ok(true) => {
                            if let Err(error) = redirect::to_https(stream).await {
                                tracing::debug!(%error, "redirection to HTTPS failed");
                            }
                            return;
                        }
                        Err(error) => return tracing::debug!(%error, "no TLS handshake"),
                    }
                    match timeout(TLS_HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                        Ok(Ok(stream)) => Stream::tls(stream, permit),
                        Ok(Err(error)) => return tracing::debug!(%error, "TLS handshake failed"),
                        Err(_) => return tracing::debug!("TLS handshake took too long"),
                    }
                }
            };
            converse(stream, service.of(peer), phase).await;
        });
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    if timeout(FINISH, finished).await.is_err() {
        tracing::debug!(connections = connections.len(), "connections cut off");
    }
}

async fn converse(stream: Stream, service: OfPeer, mut phase: watch::Receiver<Phase>) {
    let read_timeout = match service.is_trusted_proxy() {
        true => PROXY_READ_TIMEOUT,
        false => HEADER_READ_TIMEOUT,
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(read_timeout)
        .max_buf_size(READ_BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let stopped = async {
        // The sender is gone when the process ends, which is a stop too.
        drop(phase.wait_for(|phase| *phase == Phase::Stopped).await);
    };
    let finished_first = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stopped => None,
    };
    let ended = match finished_first {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // A client that went away in the middle, or spoke no HTTP.
        tracing::debug!(%error, "connection failed");
    }
}

fn set_options(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_tcp_notsent_lowat(NOT_SENT_LOW_WATER_BYTES)
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}
