//! Rooms of publishers, viewers and participants, driven by one thread.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use crate::{
    clock,
    error::{During, Error},
    media::peer::{Part, Peer, Shared},
    poller::{Poller, Ready},
    stats::Latencies,
};

const CONNECT_WITHIN: Duration = Duration::from_secs(30);

const FRAME: Duration = Duration::from_micros(33_333);
const VOICE: Duration = Duration::from_millis(20);

/// How loud those who speak are, and the others, who are not muted.
const SPEECH: i8 = -20;
const BREATH: i8 = -70;
const SPEAKING: usize = 3;

/// Who is in each room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Population {
    pub rooms: usize,
    pub publishers: usize,
    pub viewers: usize,
    pub members: usize,
    /// Pictures that each viewer or member watches.
    pub slots: usize,
}

impl Population {
    pub const fn receivers(&self) -> usize {
        self.rooms * (self.viewers + self.members)
    }
}

pub struct Crowd {
    peers: Vec<Peer>,
    frames: Rotation,
    voices: Rotation,
    poller: Poller,
    ready: Vec<Ready>,
    buffer: Vec<u8>,
    latencies: Latencies,
    measuring: bool,
}

/// Senders take turns, as people neither film nor speak in step.
struct Rotation {
    peers: Vec<usize>,
    every: Duration,
    next: Instant,
    turn: usize,
}

pub struct Outcome {
    /// Packets that receivers got.
    pub packets: u64,
    pub lost: u64,
    pub latencies: Latencies,
}

impl Crowd {
    pub fn join(server: SocketAddr, population: &Population) -> Result<Self, Error> {
        let mut crowd = Self {
            peers: Vec::new(),
            frames: Rotation::new(FRAME),
            voices: Rotation::new(VOICE),
            poller: Poller::new().during("creating an epoll")?,
            ready: Vec::new(),
            buffer: Vec::new(),
            latencies: Latencies::new(),
            measuring: false,
        };
        let Population {
            rooms,
            publishers,
            viewers,
            members,
            slots,
        } = *population;
        for room in 0..rooms {
            let name = format!("BENCH{room:03}");
            for _ in 0..publishers {
                crowd.frames.peers.push(crowd.peers.len());
                crowd.add(server, &name, Part::Publisher)?;
            }
            for number in 0..members {
                crowd.frames.peers.push(crowd.peers.len());
                crowd.voices.peers.push(crowd.peers.len());
                let level = if number < SPEAKING { SPEECH } else { BREATH };
                crowd.add(server, &name, Part::Member { slots, level })?;
            }
            for _ in 0..viewers {
                crowd.add(server, &name, Part::Viewer { slots })?;
            }
        }
        crowd.wait_until_connected()?;
        Ok(crowd)
    }

    fn add(&mut self, server: SocketAddr, room: &str, part: Part) -> Result<(), Error> {
        let peer = Peer::join(server, room, part, clock::now())?;
        peer.socket
            .set_nonblocking(true)
            .during("preparing a socket")?;
        self.poller
            .add(&peer.socket, self.peers.len())
            .during("watching a socket")?;
        self.peers.push(peer);
        // Those who are there must not starve while the others join.
        self.turn(Duration::ZERO)
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
        let now = clock::now();
        let next = self.frames.due_in(now).min(self.voices.due_in(now));
        self.ready.clear();
        self.poller
            .wait(Some(longest.min(next)), &mut self.ready)
            .during("waiting for media")?;
        let mut shared = Shared {
            buffer: &mut self.buffer,
            latencies: &mut self.latencies,
            measuring: self.measuring,
        };
        // Sent on time first: reading a large crowd takes milliseconds.
        while let Some(sender) = self.frames.due(clock::now()) {
            self.peers[sender].send_frame(clock::now(), &mut shared)?;
        }
        while let Some(sender) = self.voices.due(clock::now()) {
            self.peers[sender].speak(clock::now(), &mut shared)?;
        }
        for ready in &self.ready {
            self.peers[ready.token].read(clock::now(), &mut shared)?;
        }
        let now = clock::now();
        for peer in &mut self.peers {
            if peer.deadline <= now {
                peer.wake(now, &mut shared)?;
            }
        }
        Ok(())
    }
}

impl Rotation {
    fn new(every: Duration) -> Self {
        Self {
            peers: Vec::new(),
            every,
            next: clock::now(),
            turn: 0,
        }
    }

    fn due_in(&self, now: Instant) -> Duration {
        match self.peers.is_empty() {
            true => Duration::MAX,
            false => self.next.saturating_duration_since(now),
        }
    }

    /// Whose turn it is.
    fn due(&mut self, now: Instant) -> Option<usize> {
        if self.next > now || self.peers.is_empty() {
            return None;
        }
        let apart = self.every / self.peers.len() as u32;
        // What was missed while others joined is not made up for.
        self.next = (self.next + apart).max(now.checked_sub(self.every).unwrap_or(now));
        self.turn = (self.turn + 1) % self.peers.len();
        Some(self.peers[self.turn])
    }
}
