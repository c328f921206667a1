//! The engine, its clients and the links between them.

pub mod camera;
pub mod checker;
pub mod client;
pub mod link;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use wecall_protocol::{PeerId, RoomId};
use wecall_sfu::{
    Advertised, Datagram, Engine, EngineConfig, Event, Kind, Refused, Transport, Wanted,
};

use self::{client::Client, link::Link};

pub const SERVER: &str = "203.0.113.1:3478";
const STEP: Duration = Duration::from_millis(1);

/// A small generator, so that a failure can be had again from its seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }
}

pub fn peer_id(number: u8) -> PeerId {
    PeerId::from_random([number; 16])
}

pub fn room(name: u8) -> RoomId {
    RoomId::from_random([name; 8])
}

pub struct World {
    pub now: Instant,
    pub engine: Engine,
    pub clients: Vec<Client>,
    pub events: Vec<Event>,
    pub random: Random,
}

impl World {
    pub fn new(seed: u64) -> Self {
        #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
        let now = Instant::now();
        let mut random = Random::new(seed);
        let mut fill = Random::new(seed ^ 0xabcd);
        let config = EngineConfig {
            addresses: vec![Advertised {
                address: server(),
                transport: Transport::Udp,
            }],
            random: Box::new(move |bytes| {
                bytes.iter_mut().for_each(|byte| *byte = fill.next() as u8)
            }),
        };
        random.next();
        // What str0m draws its numbers from, a generator of each thread.
        fastrand::seed(seed);
        Self {
            now,
            engine: Engine::new(config, now),
            clients: Vec::new(),
            events: Vec::new(),
            random,
        }
    }

    /// Adds a client that has not offered yet.
    pub fn client(&mut self) -> usize {
        let number = self.clients.len() as u8 + 1;
        self.clients.push(Client::new(number, self.now));
        self.clients.len() - 1
    }

    pub fn join(&mut self, client: usize, room: RoomId, kind: Kind) -> Result<(), Refused> {
        let offer = self.clients[client].offer();
        let id = self.clients[client].id;
        let answer = self.engine.accept(self.now, room, id, kind, &offer)?;
        self.clients[client].answer(&answer);
        Ok(())
    }

    /// A member with a camera of three layers, a microphone, and slots.
    pub fn member(&mut self, in_room: RoomId, video: usize, audio: usize) -> usize {
        let client = self.client();
        self.clients[client].adds_microphone();
        self.clients[client].adds_camera(&["q", "h", "f"]);
        self.clients[client].adds_slots(video, audio);
        self.join(client, in_room, Kind::Member)
            .expect("the member is let in");
        client
    }

    pub fn view(&mut self, client: usize, wanted: &[(usize, wecall_sfu::Source, u16)]) {
        let wanted: Vec<Wanted> = wanted
            .iter()
            .map(|(of, source, height)| Wanted {
                peer: self.clients[*of].id,
                source: *source,
                width: height * 16 / 9,
                height: *height,
            })
            .collect();
        self.engine
            .view(self.now, self.clients[client].id, &wanted, None)
            .expect("a member");
    }

    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.step();
        }
    }

    pub fn run_ms(&mut self, ms: u64) {
        self.run(Duration::from_millis(ms));
    }

    /// Until `done`, or a panic after `within` of the world's time.
    pub fn run_until(
        &mut self,
        within: Duration,
        what: &str,
        mut done: impl FnMut(&Self) -> bool,
    ) -> Duration {
        let began = self.now;
        while !done(self) {
            assert!(self.now - began < within, "not within {within:?}: {what}");
            self.step();
        }
        self.now - began
    }

    fn step(&mut self) {
        self.now += STEP;
        let now = self.now;
        for client in &mut self.clients {
            client.step(now);
            for (source, contents) in client.up.arrived(now) {
                self.engine.receive(now, datagram(source, &contents));
            }
        }
        self.engine.flush(now);
        while let Some(transmit) = self.engine.poll_transmit() {
            let client = self
                .clients
                .iter_mut()
                .find(|client| client.owns(transmit.destination));
            if let Some(client) = client {
                for contents in transmit.datagrams() {
                    client
                        .down
                        .send(now, &mut self.random, transmit.source, contents.to_vec());
                }
            }
        }
        while let Some(event) = self.engine.poll_event() {
            self.events.push(event);
        }
        for client in &mut self.clients {
            for (source, contents) in client.down.arrived(now) {
                client.receive(now, source, &contents);
            }
            client.drain(now, &mut self.random);
        }
    }

    pub fn links(&mut self, client: usize, change: impl Fn(&mut Link)) {
        change(&mut self.clients[client].up);
        change(&mut self.clients[client].down);
    }
}

pub fn server() -> SocketAddr {
    SERVER.parse().expect("an address")
}

pub fn datagram(source: SocketAddr, contents: &[u8]) -> Datagram<'_> {
    Datagram {
        transport: Transport::Udp,
        source,
        destination: Some(server().ip()),
        contents,
    }
}
