//! Thousands of fake participants on one thread.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use wecall_protocol::{PeerId, RoomId};

use crate::{
    clock,
    connection::{Connection, Event},
    error::{During, Error},
    payload::{self, ClientVersion},
    poller::{Poller, Ready},
};

/// Participants who connect and join at the same time: below a server's accept backlog, so that
/// none waits for a retransmitted SYN.
const JOINING_AT_ONCE: usize = 64;

/// Nothing at all from any socket for this long: the server hangs.
const STALL: Duration = Duration::from_secs(20);

/// Large enough for the longest message of a benchmark in one read.
const READ_BYTES: usize = 64 * 1024;

/// Where the participants go: the address, and the rooms they fill one after the other.
pub struct Venue<'a> {
    pub addr: SocketAddr,
    pub path: &'a str,
    pub rooms: &'a [RoomId],
    pub room_size: usize,
}

pub struct Swarm {
    poller: Poller,
    ready: Vec<Ready>,
    buffer: Box<[u8]>,
    connections: Vec<Connection>,
    peers: Vec<PeerId>,
    room_size: usize,
}

/// Another participant's message has come to `seat`.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    pub seat: usize,
    pub at: Instant,
}

impl Swarm {
    /// Fills every room of `venue`; returns when all have joined.
    pub fn join(venue: &Venue<'_>, version: ClientVersion) -> Result<Self, Error> {
        let seats = venue.rooms.len() * venue.room_size;
        let mut swarm = Self {
            poller: Poller::new().during("creating an epoll")?,
            ready: Vec::new(),
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
            connections: Vec::with_capacity(seats),
            peers: Vec::with_capacity(seats),
            room_size: venue.room_size,
        };
        let mut joined = vec![None; seats];
        let mut inside = 0;
        while inside < seats {
            while swarm.connections.len() < seats.min(inside + JOINING_AT_ONCE) {
                let seat = swarm.connections.len();
                let join = payload::join_frame(venue.rooms[seat / venue.room_size], seat, version);
                let connection = Connection::open(venue.addr, venue.path, join)?;
                let watched = swarm.poller.add(&connection, seat);
                watched.during("adding a socket to epoll")?;
                swarm.connections.push(connection);
            }
            swarm.progress("joining", |seat, event, _| {
                if let Event::Joined(peer_id) = event {
                    joined[seat] = Some(peer_id);
                    inside += 1;
                }
            })?;
        }
        swarm.peers = joined.into_iter().flatten().collect();
        Ok(swarm)
    }

    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// To whom `seat` speaks: the next one in the room; the last one to the first.
    pub fn target_of(&self, seat: usize) -> usize {
        let first = seat - seat % self.room_size;
        first + (seat - first + 1) % self.room_size
    }

    /// Who speaks to `seat`.
    pub fn source_of(&self, seat: usize) -> usize {
        let first = seat - seat % self.room_size;
        first + (seat - first + self.room_size - 1) % self.room_size
    }

    /// An offer of `seat` to its target, prepared.
    pub fn offer(&self, seat: usize, message_bytes: usize) -> Vec<u8> {
        payload::offer_frame(self.peers[self.target_of(seat)], message_bytes)
    }

    pub fn send(&mut self, seat: usize, frame: &[u8]) -> Result<(), Error> {
        let connection = &mut self.connections[seat];
        let waited = connection.has_unsent();
        connection.send(frame)?;
        if connection.has_unsent() && !waited {
            let watched = self.poller.watch_writable(&*connection, seat, true);
            watched.during("watching a socket")?;
        }
        Ok(())
    }

    /// Adds other participants' messages to `arrivals`: those that are there, else those that
    /// come first within `timeout`.
    pub fn receive(&mut self, timeout: Duration, arrivals: &mut Vec<Arrival>) -> Result<(), Error> {
        self.turn(timeout, |seat, event, at| {
            if event == Event::Relayed {
                arrivals.push(Arrival { seat, at });
            }
        })
    }

    /// As [`receive`](Self::receive), when something must come.
    pub fn must_receive(&mut self, arrivals: &mut Vec<Arrival>) -> Result<(), Error> {
        self.progress("waiting for a relayed message", |seat, event, at| {
            if event == Event::Relayed {
                arrivals.push(Arrival { seat, at });
            }
        })
    }

    fn progress(
        &mut self,
        what: &str,
        mut on_event: impl FnMut(usize, Event, Instant),
    ) -> Result<(), Error> {
        let start = clock::now();
        let mut happened = false;
        while !happened {
            self.turn(STALL, |seat, event, at| {
                happened = true;
                on_event(seat, event, at);
            })?;
            if !happened && start.elapsed() >= STALL {
                return Err(Error::Stalled {
                    what: what.into(),
                    after: STALL,
                });
            }
        }
        Ok(())
    }

    fn turn(
        &mut self,
        timeout: Duration,
        mut on_event: impl FnMut(usize, Event, Instant),
    ) -> Result<(), Error> {
        let Self {
            poller,
            ready,
            buffer,
            connections,
            ..
        } = self;
        ready.clear();
        let waited = poller.wait(Some(timeout), ready);
        waited.during("waiting for sockets")?;
        for &Ready {
            token: seat,
            readable,
            writable,
        } in &*ready
        {
            let connection = &mut connections[seat];
            if writable {
                connection.flush()?;
            }
            if readable {
                connection.read(buffer, &mut |event| on_event(seat, event, clock::now()))?;
            }
            // A pong or a join may not have gone out either.
            if writable || connection.has_unsent() {
                let watch = connection.has_unsent();
                let watched = poller.watch_writable(&*connection, seat, watch);
                watched.during("watching a socket")?;
            }
        }
        Ok(())
    }
}
