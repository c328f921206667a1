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

/// Participants who connect to one node and join at the same time: below a server's accept
/// backlog, so that none waits for a retransmitted SYN.
const JOINING_AT_ONCE: usize = 64;

/// Nothing at all from any socket for this long: the server hangs.
const STALL: Duration = Duration::from_secs(20);

/// Large enough for the longest message of a benchmark in one read.
const READ_BYTES: usize = 64 * 1024;

/// Where the participants go: the addresses, and the rooms they fill one after the other.
pub struct Venue<'a> {
    /// At least one.
    pub nodes: &'a [SocketAddr],
    pub spread: Spread,
    pub path: &'a str,
    pub rooms: &'a [RoomId],
    pub room_size: usize,
}

/// How participants are spread over nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Each room is at one node.
    Rooms,
    /// Neighbours in a room are at different nodes.
    Seats,
}

impl Venue<'_> {
    pub fn seats(&self) -> usize {
        self.rooms.len() * self.room_size
    }

    pub fn room_of(&self, seat: usize) -> RoomId {
        self.rooms[seat / self.room_size]
    }

    /// The index of the node that a seat connects to.
    pub fn node_of(&self, seat: usize) -> usize {
        let room = seat / self.room_size;
        let node = match self.spread {
            Spread::Rooms => room,
            Spread::Seats => room + seat % self.room_size,
        };
        node % self.nodes.len()
    }
}

pub struct Swarm {
    poller: Poller,
    ready: Vec<Ready>,
    buffer: Box<[u8]>,
    connections: Vec<Connection>,
    peers: Vec<PeerId>,
    room_size: usize,
}

/// What has happened at `seat`.
#[derive(Debug)]
pub struct Happening {
    pub seat: usize,
    pub at: Instant,
    /// An error ends the connection.
    pub what: Result<Event, Error>,
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
        let seats = venue.seats();
        let at_once = JOINING_AT_ONCE * venue.nodes.len();
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
            while swarm.connections.len() < seats.min(inside + at_once) {
                let seat = swarm.connections.len();
                let join = payload::join_frame(venue.room_of(seat), seat, version);
                let node = venue.nodes[venue.node_of(seat)];
                let connection = Connection::open(node, venue.path, join)?;
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
        self.offer_to(self.target_of(seat), message_bytes)
    }

    /// An offer to the participant at `seat`, prepared.
    pub fn offer_to(&self, seat: usize, message_bytes: usize) -> Vec<u8> {
        payload::offer_frame(self.peers[seat], message_bytes)
    }

    /// Takes the session at `seat` up again, over another connection.
    pub fn resume(&mut self, seat: usize, addr: SocketAddr, path: &str) -> Result<(), Error> {
        let session = self.connections[seat].session().clone();
        let entry = payload::resume_frame(&session);
        let connection = Connection::take_up(addr, path, entry, session)?;
        let watched = self.poller.add(&connection, seat);
        watched.during("adding a socket to epoll")?;
        // The one before is closed by this, and so is not watched any more.
        self.connections[seat] = connection;
        Ok(())
    }

    /// Whether the server has said anything over the connection at `seat`.
    pub fn is_greeted(&self, seat: usize) -> bool {
        self.connections[seat].is_greeted()
    }

    /// Nothing of the connection at `seat` is heard any more.
    pub fn give_up(&mut self, seat: usize) -> Result<(), Error> {
        let removed = self.poller.remove(&self.connections[seat]);
        removed.during("removing a socket from epoll")
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
            if event? == Event::Relayed {
                arrivals.push(Arrival { seat, at });
            }
            Ok(())
        })
    }

    /// Adds all that happens to `happenings`: what is there, else what comes first within
    /// `timeout`. Whose connection ends can [`resume`](Self::resume).
    pub fn watch(
        &mut self,
        timeout: Duration,
        happenings: &mut Vec<Happening>,
    ) -> Result<(), Error> {
        self.turn(timeout, |seat, what, at| {
            happenings.push(Happening { seat, at, what });
            Ok(())
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
                on_event(seat, event?, at);
                Ok(())
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

    /// An error that `on_event` gives back ends the turn; one that it does not ends the connection.
    fn turn(
        &mut self,
        timeout: Duration,
        mut on_event: impl FnMut(usize, Result<Event, Error>, Instant) -> Result<(), Error>,
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
            let mut done = if writable { connection.flush() } else { Ok(()) };
            if readable && done.is_ok() {
                let mut pass_on = |event| on_event(seat, Ok(event), clock::now());
                done = connection.read(buffer, &mut pass_on);
            }
            if let Err(error) = done {
                let removed = poller.remove(&*connection);
                removed.during("removing a socket from epoll")?;
                on_event(seat, Err(error), clock::now())?;
                continue;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_or_seats_are_spread_over_the_nodes() {
        let nodes: Vec<SocketAddr> = (1..=3).map(|port| ([127, 0, 0, 1], port).into()).collect();
        let rooms = vec!["ABC23456".parse().unwrap(); 3];
        let venue = |spread| Venue {
            nodes: &nodes,
            spread,
            path: "/ws",
            rooms: &rooms,
            room_size: 2,
        };
        let places = |venue: Venue<'_>| -> Vec<usize> {
            (0..venue.seats()).map(|seat| venue.node_of(seat)).collect()
        };
        assert_eq!(places(venue(Spread::Rooms)), [0, 0, 1, 1, 2, 2]);
        assert_eq!(places(venue(Spread::Seats)), [0, 1, 1, 2, 2, 0]);
    }
}
