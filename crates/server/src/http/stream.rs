//! A client's connection, plain or in TLS. After an upgrade
//! `Upgraded::downcast::<TokioIo<Stream>>` gives it back.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
};
use tokio_rustls::server::TlsStream;

#[derive(Debug)]
pub struct Stream {
    io: Io,
    /// Counts against `limits.max_connections` until the connection is gone, upgraded or not.
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug)]
enum Io {
    Plain(TcpStream),
    /// Boxed: it is a kilobyte, which a plain connection shall not pay for.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    pub(super) fn plain(io: TcpStream, permit: OwnedSemaphorePermit) -> Self {
        Self {
            io: Io::Plain(io),
            _permit: permit,
        }
    }

    pub(super) fn tls(io: TlsStream<TcpStream>, permit: OwnedSemaphorePermit) -> Self {
        Self {
            io: Io::Tls(Box::new(io)),
            _permit: permit,
        }
    }
}

/// Calls `$method` of whatever the connection is.
macro_rules! delegate {
    ($self:ident.$method:ident($($argument:expr),*)) => {
        match &mut $self.get_mut().io {
            Io::Plain(io) => Pin::new(io).$method($($argument),*),
            Io::Tls(io) => Pin::new(io).$method($($argument),*),
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        delegate!(self.poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        delegate!(self.poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self.poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        delegate!(self.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Plain(io) => io.is_write_vectored(),
            Io::Tls(io) => io.is_write_vectored(),
        }
    }
}
