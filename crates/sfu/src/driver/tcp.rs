//! ICE over TCP: connections that clients open where UDP is blocked.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Interest, Registry, Token, net::TcpStream};
use rustc_hash::FxHashMap;

use crate::driver::framing::{self, Unframer};

/// Connections of one shard; and of those, how many may not have shown yet whose they are.
const CONNECTIONS: usize = 4_000;
const STRANGERS: usize = 256;

/// A client sends its first STUN message at once.
const STRANGER_FOR: Duration = Duration::from_secs(10);

/// A second of 2 Mbit/s. A connection that is slower than its media loses packets, as it would
/// with UDP.
const QUEUE_BYTES: usize = 256 * 1024;

/// What one turn reads from one connection, so that no other waits for long.
const READ_BYTES: usize = 64 * 1024;

pub struct Connection {
    stream: TcpStream,
    remote: SocketAddr,
    /// The address at this end, which tells which of the advertised was meant.
    local: Option<SocketAddr>,
    unframer: Unframer,
    queue: Vec<u8>,
    sent: usize,
    opened: Instant,
    known: bool,
}

/// A connection on its way to the shard that knows the peer, with what was read from it.
pub struct Handover {
    pub connection: Connection,
    pub first: Vec<Vec<u8>>,
    /// Shards that do not know it.
    pub asked: usize,
}

pub struct Connections {
    by_token: FxHashMap<Token, Connection>,
    by_remote: FxHashMap<SocketAddr, Token>,
    next: usize,
    first_token: usize,
    buffer: Vec<u8>,
    pub dropped: u64,
}

pub enum ReadOutcome {
    Open,
    Closed,
    /// The first frames of a stranger.
    First(Vec<Vec<u8>>),
}

impl Connections {
    /// Tokens below `first_token` belong to others.
    pub fn new(first_token: usize) -> Self {
        Self {
            by_token: FxHashMap::default(),
            by_remote: FxHashMap::default(),
            next: first_token,
            first_token,
            buffer: vec![0; READ_BYTES],
            dropped: 0,
        }
    }

    pub fn accept(
        &mut self,
        registry: &Registry,
        stream: TcpStream,
        remote: SocketAddr,
        now: Instant,
    ) {
        let strangers = self
            .by_token
            .values()
            .filter(|connection| !connection.known)
            .count();
        if strangers >= STRANGERS || self.by_token.len() >= CONNECTIONS {
            self.dropped += 1;
            return;
        }
        // Without it small packets wait for acknowledgements.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let connection = Connection {
            local: stream.local_addr().ok(),
            stream,
            remote,
            unframer: Unframer::default(),
            queue: Vec::new(),
            sent: 0,
            opened: now,
            known: false,
        };
        self.insert(registry, connection);
    }

    /// Takes over a connection that another shard accepted.
    pub fn adopt(&mut self, registry: &Registry, mut connection: Connection) {
        if self.by_token.len() >= CONNECTIONS {
            self.dropped += 1;
            return;
        }
        connection.known = true;
        self.insert(registry, connection);
    }

    fn insert(&mut self, registry: &Registry, mut connection: Connection) {
        let token = Token(self.next);
        self.next = self.next.wrapping_add(1).max(self.first_token);
        let interest = Interest::READABLE | Interest::WRITABLE;
        if registry
            .register(&mut connection.stream, token, interest)
            .is_ok()
        {
            self.by_remote.insert(connection.remote, token);
            self.by_token.insert(token, connection);
        }
    }

    pub fn release(&mut self, registry: &Registry, token: Token) -> Option<Connection> {
        let mut connection = self.by_token.remove(&token)?;
        if self.by_remote.get(&connection.remote) == Some(&token) {
            self.by_remote.remove(&connection.remote);
        }
        // It is dropped or registered elsewhere next; a failure here changes nothing of that.
        drop(registry.deregister(&mut connection.stream));
        Some(connection)
    }

    pub fn keep(&mut self, token: Token) {
        if let Some(connection) = self.by_token.get_mut(&token) {
            connection.known = true;
        }
    }

    pub fn ends(&self, token: Token) -> Option<(SocketAddr, Option<SocketAddr>)> {
        self.by_token
            .get(&token)
            .map(|connection| (connection.remote, connection.local))
    }

    /// Reads what has come and calls `each` with its frames, or gives back the first ones of a
    /// connection that is nobody's yet.
    pub fn read(
        &mut self,
        token: Token,
        mut each: impl FnMut(SocketAddr, Option<SocketAddr>, &[u8]),
    ) -> ReadOutcome {
        let Some(connection) = self.by_token.get_mut(&token) else {
            return ReadOutcome::Open;
        };
        let mut first = Vec::new();
        loop {
            let read = match connection.stream.read(&mut self.buffer) {
                Ok(0) => return ReadOutcome::Closed,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return ReadOutcome::Closed,
            };
            let (remote, local, known) = (connection.remote, connection.local, connection.known);
            let fed = connection.unframer.feed(&self.buffer[..read], |frame| {
                if known {
                    each(remote, local, frame);
                } else if first.len() < 4 {
                    first.push(frame.to_vec());
                }
            });
            if fed.is_err() {
                return ReadOutcome::Closed;
            }
        }
        match first.is_empty() {
            true => ReadOutcome::Open,
            false => ReadOutcome::First(first),
        }
    }

    pub fn send(&mut self, destination: SocketAddr, contents: &[u8]) {
        let connection = self
            .by_remote
            .get(&destination)
            .and_then(|token| self.by_token.get_mut(token));
        let Some(connection) = connection else {
            self.dropped += 1;
            return;
        };
        let waits = connection.queue.len() - connection.sent;
        if waits + contents.len() > QUEUE_BYTES || !framing::frame(contents, &mut connection.queue)
        {
            self.dropped += 1;
        }
    }

    /// Writes what waits. Gives back those that broke.
    pub fn flush(&mut self) -> Vec<Token> {
        let mut broken = Vec::new();
        for (token, connection) in &mut self.by_token {
            if connection.queue.len() > connection.sent && connection.write().is_err() {
                broken.push(*token);
            }
        }
        broken
    }

    /// Those that never showed whose they are.
    pub fn overdue(&self, now: Instant) -> Vec<Token> {
        let overdue = |connection: &Connection| {
            !connection.known && now.saturating_duration_since(connection.opened) > STRANGER_FOR
        };
        self.by_token
            .iter()
            .filter(|(_, connection)| overdue(connection))
            .map(|(token, _)| *token)
            .collect()
    }

    pub fn len(&self) -> usize {
        self.by_token.len()
    }
}

impl Connection {
    fn write(&mut self) -> io::Result<()> {
        while self.sent < self.queue.len() {
            match self.stream.write(&self.queue[self.sent..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.sent += written,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.queue.drain(..self.sent);
        self.sent = 0;
        Ok(())
    }

    pub fn ends(&self) -> (SocketAddr, Option<SocketAddr>) {
        (self.remote, self.local)
    }
}
