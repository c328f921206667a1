//! A cluster in one thread: real nodes over a store that is slow, forgetful or gone, with people
//! who come, go, talk and lose their sockets. All of it follows from a seed.
//!
//! `WECALL_SIM_SEED=7 cargo test -p wecall-live simulation::NAME -- --nocapture` plays one life
//! again and tells all that happens in it; `WECALL_SIM_SEEDS=5000` plays more of them.

mod client;
mod faults;
mod gateway;
mod invariants;
mod media;
mod network;
mod people;
mod random;
mod scenarios;
mod store;

use std::{collections::BTreeMap, sync::Arc};

use wecall_live::{
    Answer, CreateError,
    shared::{Reply, Request, RequestId, StoreError},
};
use wecall_protocol::RoomId;
use wecall_room::NodeId;

use client::Client;
use faults::{Fault, Faults};
use gateway::{Frame, Socket, Text};
use invariants::Ledger;
use network::{Clock, Life, Phase};
use random::Random;
pub use store::FakeStore;

/// What happens next.
pub enum Event {
    Execute {
        life: usize,
        id: RequestId,
        request: Box<Request>,
        connection: u32,
    },
    Reply {
        life: usize,
        id: RequestId,
        reply: Result<Reply, StoreError>,
    },
    Message {
        life: usize,
        payload: Box<str>,
    },
    Subscribe {
        life: usize,
    },
    Listening {
        life: usize,
        channel: NodeId,
    },
    Disconnected {
        life: usize,
    },
    Tick {
        life: usize,
    },
    Text {
        socket: usize,
        text: Text,
    },
    SocketClosed {
        socket: usize,
    },
    Deliver {
        socket: usize,
        frame: Frame,
    },
    /// The client finds out that its socket is dead.
    SocketLost {
        socket: usize,
    },
    EnterTimeout {
        socket: usize,
    },
    Retry {
        client: usize,
    },
    Act {
        client: usize,
    },
    Fault(Fault),
}

pub struct RoomSlot {
    pub id: RoomId,
    pub host_token: Option<String>,
    creation: Option<Answer<Result<String, CreateError>>>,
}

pub struct World {
    pub random: Random,
    /// Microseconds since the beginning.
    pub now: u64,
    clock: Arc<Clock>,
    events: BTreeMap<(u64, u64), Event>,
    event_count: u64,
    store: FakeStore,
    store_is_there: bool,
    stalled_until: u64,
    /// What a replica has of the store.
    replica: Option<FakeStore>,
    lives: Vec<Life>,
    sockets: Vec<Socket>,
    clients: Vec<Client>,
    rooms: Vec<RoomSlot>,
    faults: Faults,
    /// Nothing goes wrong any more, and nobody comes or goes.
    is_quiet: bool,
    ledger: Ledger,
    tells: bool,
    failure: Option<String>,
}

impl World {
    fn at(&mut self, at: u64, event: Event) {
        self.event_count += 1;
        self.events
            .insert((at.max(self.now), self.event_count), event);
    }

    fn after(&mut self, us: u64, event: Event) {
        self.at(self.now + us, event);
    }

    fn note(&self, what: impl FnOnce() -> String) {
        if self.tells {
            println!("{:>10.3} {}", self.now as f64 / 1_000.0, what());
        }
    }

    /// Something is not as it has to be.
    fn fail(&mut self, what: String) {
        self.note(|| format!("WRONG: {what}"));
        self.failure.get_or_insert(what);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Execute {
                life,
                id,
                request,
                connection,
            } => self.execute(life, id, request, connection),
            Event::Reply { life, .. }
            | Event::Message { life, .. }
            | Event::Listening { life, .. }
            | Event::Disconnected { life }
            | Event::Tick { life } => self.at_node(life, event),
            Event::Text { socket, .. } | Event::SocketClosed { socket } => {
                self.at_node(self.sockets[socket].life, event);
            }
            Event::Subscribe { life } => self.subscribe(life),
            Event::Deliver { socket, frame } => self.on_frame(socket, frame),
            Event::SocketLost { socket } => {
                let client = self.sockets[socket].client;
                if self.clients[client].socket() == Some(socket) {
                    self.on_socket_lost(client);
                }
            }
            Event::EnterTimeout { socket } => self.on_enter_timeout(socket),
            Event::Retry { client } => {
                if self.clients[client].stage == client::Stage::Lost {
                    self.enter(client);
                }
            }
            Event::Act { client } => self.act(client),
            Event::Fault(fault) => self.suffer(fault),
        }
    }

    /// Goes on until `end`, or until something is wrong.
    fn run_until(&mut self, end: u64) {
        while self.failure.is_none()
            && let Some(entry) = self.events.first_entry()
            && entry.key().0 <= end
        {
            let ((at, _), event) = entry.remove_entry();
            self.now = at;
            self.clock.set(at);
            self.happen(event);
            self.check_due();
        }
        self.now = end;
    }

    /// A node for someone new: one that runs, or seems to.
    fn some_node(&mut self) -> Option<usize> {
        let open: Vec<usize> = (0..self.lives.len())
            .filter(|life| self.lives[*life].phase != Phase::Dead && !self.lives[*life].leaving)
            .collect();
        self.random.pick(&open)
    }
}
