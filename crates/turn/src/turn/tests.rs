//! The machine on a virtual clock, with sockets that are only numbers.

use std::{collections::BTreeMap, time::Duration};

use super::*;
use crate::{
    Credentials,
    bounded::{CHANNEL, LIFETIME, MAX_AGE, PERMISSION},
    client::{Client, Received, Success},
    stun::code,
};

mod hostile;
mod quotas;
mod relaying;

const START_UNIX_S: u64 = 1_800_000_000;
const OUR_IP: &str = "198.51.99.7";
const PEER: &str = "8.8.8.8:9000";

/// Sockets on ports that count up.
#[derive(Default)]
struct Ports {
    opened: u16,
    open: BTreeMap<usize, SocketAddr>,
    is_full: bool,
}

impl RelaySockets for Ports {
    fn open(
        &mut self,
        relay: RelayId,
        _: &ClientId,
        family: Family,
        ports: PortKind,
    ) -> Option<SocketAddr> {
        if self.is_full {
            return None;
        }
        self.opened += 1;
        if ports == PortKind::Even {
            self.opened = self.opened.next_multiple_of(2);
        }
        let ip = match family {
            Family::V4 => OUR_IP,
            Family::V6 => "2a00:1450::7",
        };
        let address = SocketAddr::new(ip.parse().unwrap(), 50_000 + self.opened);
        self.open.insert(relay.0, address);
        Some(address)
    }

    fn close(&mut self, relay: RelayId) {
        self.open.remove(&relay.0).expect("was open");
    }
}

/// A step that borrows nothing.
#[derive(Debug, PartialEq, Eq)]
enum Done {
    Nothing,
    Answer(Vec<u8>),
    ToPeer(SocketAddr, Vec<u8>),
    ToClient(ClientId, Vec<u8>),
}

struct World {
    turn: Turn,
    ports: Ports,
    now: Now,
    figures: Arc<Figures>,
}

impl World {
    fn new() -> Self {
        Self::bounded(Bounds::default())
    }

    fn bounded(bounds: Bounds) -> Self {
        let figures = Arc::new(Figures::default());
        let settings = Settings {
            realm: "wecall".into(),
            secret: Secret::new("north"),
            bounds,
            peers: PeerPolicy::default(),
        };
        let mut turn = Turn::new(settings, figures.clone());
        turn.set_own(Own {
            addresses: vec![OUR_IP.parse().unwrap()],
            ports: vec![3_478],
        });
        #[expect(clippy::disallowed_methods, reason = "any instant does to count from")]
        let instant = Instant::now();
        Self {
            turn,
            ports: Ports::default(),
            now: Now {
                instant,
                unix_s: START_UNIX_S,
            },
            figures,
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now.instant += time;
        self.now.unix_s += time.as_secs();
        self.turn.expire(self.now, &mut self.ports);
    }

    fn client(&mut self, client: ClientId, packet: &[u8]) -> Done {
        let step = self
            .turn
            .from_client(client, packet, self.now, &mut self.ports);
        done(step)
    }

    fn peer(&mut self, relay: usize, peer: &str, data: &[u8]) -> Done {
        let peer = peer.parse().unwrap();
        done(self.turn.from_peer(RelayId(relay), peer, data, self.now))
    }

    fn refused(&self, reason: Refused) -> u64 {
        self.figures.refused(reason)
    }
}

fn done(step: Step<'_>) -> Done {
    match step {
        Step::Nothing => Done::Nothing,
        Step::Answer(bytes) => Done::Answer(bytes.to_vec()),
        Step::ToPeer { to, data, .. } => Done::ToPeer(to, data.to_vec()),
        Step::ToClient { client, head, data } => {
            let mut bytes = [head.as_bytes(), data].concat();
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            Done::ToClient(client, bytes)
        }
    }
}

/// Somebody with credentials.
struct Person {
    id: ClientId,
    client: Client,
}

impl Person {
    fn new(user: &str, port: u16) -> Self {
        let credentials = Secret::new("north").mint(user, START_UNIX_S + 3_600);
        Self::with(credentials, port)
    }

    fn with(credentials: Credentials, port: u16) -> Self {
        Self {
            id: ClientId {
                link: LinkId(0),
                remote: SocketAddr::new("203.0.113.5".parse().unwrap(), port),
                local: None,
            },
            client: Client::new(credentials, u64::from(port) << 32),
        }
    }

    /// The answer to a request, which is asked again when the nonce was missing or old.
    fn ask(
        &mut self,
        world: &mut World,
        request: impl Fn(&mut Client) -> Vec<u8>,
    ) -> Result<Success, u16> {
        for attempt in 0.. {
            let packet = request(&mut self.client);
            let Done::Answer(answer) = world.client(self.id, &packet) else {
                panic!("no answer");
            };
            match self
                .client
                .receive(&answer)
                .expect("an answer that is read")
            {
                Received::Success(success) => return Ok(success),
                Received::Error {
                    code: 401 | 438, ..
                } if attempt == 0 => {}
                Received::Error { code, .. } => return Err(code),
                other => panic!("{other:?}"),
            }
        }
        unreachable!("the loop ends by itself");
    }

    fn allocate(&mut self, world: &mut World) -> Result<SocketAddr, u16> {
        let success = self.ask(world, |client| client.allocate(Family::V4))?;
        Ok(success.relayed.expect("an allocation has an address"))
    }

    fn permit(&mut self, world: &mut World, peer: &str) -> Result<(), u16> {
        let peer = peer.parse().unwrap();
        self.ask(world, |client| client.permit(&[peer])).map(drop)
    }

    fn bind(&mut self, world: &mut World, number: u16, peer: &str) -> Result<(), u16> {
        let peer = peer.parse().unwrap();
        self.ask(world, |client| client.bind(number, peer))
            .map(drop)
    }

    fn send(&mut self, world: &mut World, peer: &str, data: &[u8]) -> Done {
        let packet = self.client.send(peer.parse().unwrap(), data);
        world.client(self.id, &packet)
    }
}
