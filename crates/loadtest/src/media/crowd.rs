//! Rooms of one publisher and many viewers, driven by one thread.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use crate::{
    clock,
    error::{During, Error},
    media::peer::{FRAME, Peer, Shared},
    poller::{Poller, Ready},
    stats::Latencies,
};

const CONNECT_WITHIN: Duration = Duration::from_secs(30);

pub struct Crowd {
    peers: Vec<Peer>,
    publishers: Vec<usize>,
    poller: Poller,
    ready: Vec<Ready>,
    buffer: Vec<u8>,
    latencies: Latencies,
    origin: Instant,
    next_frame: Instant,
    measuring: bool,
    sent: u64,
}

pub struct Outcome {
    /// Packets that viewers got.
    pub packets: u64,
    pub lost: u64,
    pub latencies: Latencies,
}

impl Crowd {
    /// `rooms` rooms, each with a publisher and `viewers`.
    pub fn join(server: SocketAddr, rooms: usize, viewers: usize) -> Result<Self, Error> {
        let origin = clock::now();
        let mut crowd = Self {
            peers: Vec::new(),
            publishers: Vec::new(),
            poller: Poller::new().during("creating an epoll")?,
            ready: Vec::new(),
            buffer: Vec::new(),
            latencies: Latencies::new(),
            origin,
            next_frame: origin,
            measuring: false,
            sent: 0,
        };
        for room in 0..rooms {
            let name = format!("BENCH{room:03}");
            crowd.publishers.push(crowd.peers.len());
            crowd.add(Peer::publish(server, &name, clock::now())?)?;
            for _ in 0..viewers {
                crowd.add(Peer::view(server, &name, clock::now())?)?;
                // Those who are there must not starve while the others join.
                crowd.turn(Duration::ZERO)?;
            }
        }
        crowd.wait_until_connected()?;
        Ok(crowd)
    }

    fn add(&mut self, peer: Peer) -> Result<(), Error> {
        peer.socket
            .set_nonblocking(true)
            .during("preparing a socket")?;
        self.poller
            .add(&peer.socket, self.peers.len())
            .during("watching a socket")?;
        self.peers.push(peer);
        Ok(())
    }

    fn wait_until_connected(&mut self) -> Result<(), Error> {
        let start = clock::now();
        while !self.peers.iter().all(|peer| peer.connected) {
            if start.elapsed() > CONNECT_WITHIN {
                return Err(Error::Stalled {
                    what: "connecting publishers and viewers".into(),
                    after: CONNECT_WITHIN,
                });
            }
            self.turn(Duration::from_millis(1))?;
        }
        Ok(())
    }

    /// Lets media flow for `duration`, and counts if `measuring`.
    pub fn run(&mut self, duration: Duration, measuring: bool) -> Result<(), Error> {
        self.measuring = measuring;
        let end = clock::now() + duration;
        while clock::now() < end {
            self.turn(Duration::from_millis(2))?;
        }
        self.measuring = false;
        Ok(())
    }

    pub fn outcome(&mut self) -> Outcome {
        Outcome {
            packets: self.peers.iter().map(|peer| peer.packets).sum(),
            lost: self.peers.iter().map(|peer| peer.holes).sum(),
            latencies: std::mem::replace(&mut self.latencies, Latencies::new()),
        }
    }

    fn turn(&mut self, longest: Duration) -> Result<(), Error> {
        self.ready.clear();
        self.poller
            .wait(Some(longest), &mut self.ready)
            .during("waiting for media")?;
        let mut shared = Shared {
            buffer: &mut self.buffer,
            latencies: &mut self.latencies,
            origin: self.origin,
            measuring: self.measuring,
        };
        for ready in &self.ready {
            self.peers[ready.token].read(clock::now(), &mut shared)?;
        }
        let now = clock::now();
        for peer in &mut self.peers {
            if peer.deadline <= now {
                peer.wake(now, &mut shared)?;
            }
        }
        // Publishers take turns within a frame, as people do not film in step.
        let apart = FRAME / self.publishers.len().max(1) as u32;
        while self.next_frame <= clock::now() {
            let turn = self.sent as usize % self.publishers.len().max(1);
            if let Some(publisher) = self.publishers.get(turn) {
                self.peers[*publisher].send_frame(clock::now(), &mut shared)?;
            }
            self.sent += 1;
            self.next_frame += apart;
        }
        Ok(())
    }
}
