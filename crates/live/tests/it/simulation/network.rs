//! Nodes, and the way from them to the store and back: slow, lossy, cut or gone.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use wecall_live::{
    Live, Shared,
    shared::{
        Driver, NoFigures, Node, NodeInfo, NodeSettings, Now, Reply, Request, RequestId, StoreError,
    },
};
use wecall_protocol::Timestamp;
use wecall_room::{NodeId, Rules};

use super::{Event, World, media::MediaServerOfNode};
use crate::{SECRET, START};

/// A command is not waited for any longer.
const TIMEOUT_US: u64 = 250_000;

/// One time for all, which passes from event to event.
pub struct Clock {
    base: Instant,
    us: AtomicU64,
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary instant to count from"
    )]
    pub fn new() -> Self {
        Self {
            base: Instant::now(),
            us: AtomicU64::new(0),
        }
    }

    pub fn set(&self, us: u64) {
        self.us.store(us, Ordering::Relaxed);
    }

    pub fn now(&self) -> Now {
        let passed = Duration::from_micros(self.us.load(Ordering::Relaxed));
        Now {
            instant: self.base + passed,
            time: START + passed,
        }
    }
}

type Asked = Arc<Mutex<Vec<(RequestId, Request)>>>;

struct QueueingDriver {
    clock: Arc<Clock>,
    /// No two clocks agree.
    ahead: Duration,
    asked: Asked,
}

impl Driver for QueueingDriver {
    fn now(&self) -> Now {
        let now = self.clock.now();
        Now {
            time: now.time + self.ahead,
            ..now
        }
    }

    fn begin(&self, requests: Vec<(RequestId, Request)>) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.extend(requests);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Running,
    Frozen,
    Dead,
}

/// Which direction between a node and the store holds everything up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    None,
    ToStore,
    FromStore,
}

/// One life of one node.
pub struct Life {
    pub live: Live,
    pub shared: Arc<Shared>,
    pub media: MediaServerOfNode,
    pub ahead: Duration,
    asked: Asked,
    pub phase: Phase,
    /// What waits for a frozen node.
    pub inbox: Vec<Event>,
    pub leaving: bool,
    outstanding: BTreeSet<RequestId>,
    /// Counts connections to the store; what belongs to an earlier one is void.
    connection: u32,
    wanted: NodeId,
    listens_to: Option<NodeId>,
    pub cut: Cut,
    held: Vec<Event>,
    to_store_at: u64,
    from_store_at: u64,
    message_at: u64,
    /// When the store last heard from it that it lives.
    pub heard_at: u64,
}

impl World {
    /// A node in its first moment; its number.
    pub fn start_node(&mut self) -> usize {
        let number = self.lives.len();
        let asked = Asked::default();
        let mut rules = Rules::default();
        rules.media.mesh_participants = 2;
        let ahead = Duration::from_millis(self.random.below(20));
        let driver = QueueingDriver {
            clock: self.clock.clone(),
            ahead,
            asked: asked.clone(),
        };
        let id = NodeId::from_random(self.random.next());
        let settings = NodeSettings {
            id,
            info: NodeInfo {
                name: format!("node {number}"),
                incarnation: self.now,
                ..NodeInfo::default()
            },
            rules,
        };
        let now = driver.now();
        let live = Live::shared(&SECRET, rules, |hub| {
            Shared::new(Node::new(settings, hub, Arc::new(NoFigures), now), driver)
        });
        let shared = live.shared_rooms().expect("rooms are shared").clone();
        shared.with(|node, _| node.set_media_load(Some(0)));
        let media = MediaServerOfNode::of(&live);
        self.lives.push(Life {
            live,
            media,
            shared,
            ahead,
            asked,
            phase: Phase::Running,
            inbox: Vec::new(),
            leaving: false,
            outstanding: BTreeSet::new(),
            connection: 0,
            wanted: id,
            listens_to: None,
            cut: Cut::None,
            held: Vec::new(),
            to_store_at: 0,
            from_store_at: 0,
            message_at: 0,
            heard_at: self.now,
        });
        self.note(|| format!("node {number} starts as {id}"));
        self.after(1_000, Event::Subscribe { life: number });
        self.after(2_000, Event::Tick { life: number });
        number
    }

    /// Something happens at a node: now, or when it runs again.
    pub fn at_node(&mut self, life: usize, event: Event) {
        match self.lives[life].phase {
            Phase::Dead => return,
            Phase::Frozen => return self.lives[life].inbox.push(event),
            Phase::Running => {}
        }
        match event {
            Event::Tick { .. } => {
                let shared = self.lives[life].shared.clone();
                shared.with(|node, now| node.tick(now));
                self.serve_media(life);
                let pause = if self.is_quiet { 40_000 } else { 20_000 };
                self.after(pause, Event::Tick { life });
            }
            Event::Reply { id, reply, .. } => {
                if self.lives[life].outstanding.remove(&id) {
                    let shared = self.lives[life].shared.clone();
                    if let Err(error) = &reply {
                        self.note(|| format!("node {life}: {error}"));
                    }
                    shared.on_reply(id, reply);
                }
            }
            Event::Message { payload, .. } => {
                let shared = self.lives[life].shared.clone();
                shared.with(|node, now| node.on_message(payload.as_bytes(), now));
            }
            Event::Listening { channel, .. } => {
                let shared = self.lives[life].shared.clone();
                if shared.id() == channel {
                    shared.with(|node, now| node.on_subscribed(now));
                }
            }
            Event::Disconnected { .. } => {
                let shared = self.lives[life].shared.clone();
                shared.with(|node, now| node.on_unsubscribed(now));
                // It may have been seen only after the next one was there.
                self.lives[life].listens_to = None;
                self.after(1_000, Event::Subscribe { life });
            }
            Event::Text { socket, text } => self.on_text(socket, text),
            Event::SocketClosed { socket } => self.on_socket_closed(socket),
            _ => unreachable!("happens elsewhere"),
        }
        self.settle_node(life);
    }

    /// What the node asks for goes out, and its sockets take what there is.
    pub fn settle_node(&mut self, life: usize) {
        loop {
            let asked = {
                let mut asked = self.lives[life]
                    .asked
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                std::mem::take(&mut *asked)
            };
            let idle = asked.is_empty();
            for (id, request) in asked {
                self.ask(life, id, request);
            }
            let answered = self.poll_answers(life);
            if idle && !answered {
                break;
            }
        }
        self.poll_sockets(life);
    }

    fn ask(&mut self, life: usize, id: RequestId, request: Request) {
        if let Request::Subscribe(channel) = request {
            self.lives[life].wanted = channel;
            self.lives[life].listens_to = None;
            self.after(1_000, Event::Subscribe { life });
        }
        let latency = self.latency();
        let node = &mut self.lives[life];
        node.outstanding.insert(id);
        if !self.store_is_there {
            let reply = Err(StoreError::Connection);
            return self.after(latency, Event::Reply { life, id, reply });
        }
        node.to_store_at = node.to_store_at.max(self.now + latency);
        let (at, connection) = (node.to_store_at, node.connection);
        let execute = Event::Execute {
            life,
            id,
            request: Box::new(request),
            connection,
        };
        self.at(at, execute);
        let reply = Err(StoreError::Timeout);
        self.after(TIMEOUT_US, Event::Reply { life, id, reply });
    }

    /// A request arrives at the store.
    pub fn execute(&mut self, life: usize, id: RequestId, request: Box<Request>, connection: u32) {
        if !self.store_is_there {
            return;
        }
        if self.stalled_until > self.now {
            let again = Event::Execute {
                life,
                id,
                request,
                connection,
            };
            return self.at(self.stalled_until, again);
        }
        if self.lives[life].cut == Cut::ToStore {
            let later = Event::Execute {
                life,
                id,
                request,
                connection,
            };
            return self.lives[life].held.push(later);
        }
        let is_old = connection != self.lives[life].connection;
        if is_old && self.random.percent(50) {
            return;
        }
        let (reply, published) = self.store.execute(&request, self.now / 1_000);
        if let (Request::Beat { .. }, Reply::Registry(registry)) = (&*request, &reply)
            && !registry.fenced
        {
            self.lives[life].heard_at = self.now;
        }
        if let (Request::Commit(commit), Reply::Committed) = (&*request, &reply) {
            self.check_commit(life, commit);
        }
        for (channel, payload) in published {
            self.publish(channel, &payload);
        }
        if !is_old {
            let latency = self.latency();
            let node = &mut self.lives[life];
            node.from_store_at = node.from_store_at.max(self.now + latency);
            let at = node.from_store_at;
            let reply = Event::Reply {
                life,
                id,
                reply: Ok(reply),
            };
            self.answer_from_store(life, at, reply);
        }
    }

    fn answer_from_store(&mut self, life: usize, at: u64, event: Event) {
        if self.lives[life].cut == Cut::FromStore {
            self.lives[life].held.push(event);
        } else {
            self.at(at, event);
        }
    }

    fn publish(&mut self, channel: NodeId, payload: &str) {
        for life in 0..self.lives.len() {
            if self.lives[life].listens_to != Some(channel) || self.lives[life].phase == Phase::Dead
            {
                continue;
            }
            let lossy = self.faults.lossy_messages && !self.is_quiet;
            if lossy && self.random.percent(3) {
                self.note(|| format!("a message to node {life} is lost"));
                continue;
            }
            let message = || Event::Message {
                life,
                payload: payload.into(),
            };
            let latency = self.latency();
            if lossy && self.random.percent(3) {
                let late = self.now + latency + self.random.below(50_000);
                self.answer_from_store(life, late, message());
            }
            if lossy && self.random.percent(5) {
                let late = self.now + latency + self.random.below(100_000);
                self.answer_from_store(life, late, message());
                continue;
            }
            let node = &mut self.lives[life];
            node.message_at = node.message_at.max(self.now + latency);
            let at = node.message_at;
            self.answer_from_store(life, at, message());
        }
    }

    pub fn subscribe(&mut self, life: usize) {
        let node = &self.lives[life];
        if node.phase == Phase::Dead || node.listens_to == Some(node.wanted) {
            return;
        }
        let blocked =
            !self.store_is_there || self.stalled_until > self.now || node.cut != Cut::None;
        if blocked {
            return self.after(100_000, Event::Subscribe { life });
        }
        let channel = self.lives[life].wanted;
        self.lives[life].listens_to = Some(channel);
        let latency = self.latency();
        let at = self.lives[life].message_at.max(self.now + latency);
        self.lives[life].message_at = at;
        self.at(at, Event::Listening { life, channel });
    }

    /// The connections of a node to the store are gone.
    pub fn disconnect_node(&mut self, life: usize) {
        let node = &mut self.lives[life];
        node.connection += 1;
        node.listens_to = None;
        node.held.clear();
        let failed: Vec<RequestId> = node.outstanding.iter().copied().collect();
        for id in failed {
            let reply = Err(StoreError::Connection);
            self.after(500, Event::Reply { life, id, reply });
        }
        let noticed = self.random.between(100, 5_000);
        self.after(noticed, Event::Disconnected { life });
        let again = noticed + self.random.between(5_000, 200_000);
        self.after(again, Event::Subscribe { life });
    }

    pub fn lose_subscription(&mut self, life: usize) {
        self.lives[life].listens_to = None;
        self.after(1_000, Event::Disconnected { life });
        let again = 1_000 + self.random.between(5_000, 300_000);
        self.after(again, Event::Subscribe { life });
    }

    /// What was held up arrives, or the connections turn out to be dead.
    pub fn mend(&mut self, life: usize) {
        self.lives[life].cut = Cut::None;
        if self.random.percent(50) {
            return self.disconnect_node(life);
        }
        let held = std::mem::take(&mut self.lives[life].held);
        for event in held {
            let at = self.now + 100;
            self.at(at, event);
        }
    }

    pub fn thaw(&mut self, life: usize) {
        self.lives[life].phase = Phase::Running;
        let inbox = std::mem::take(&mut self.lives[life].inbox);
        // What came first by one way is seen first, but which way is looked at first is luck.
        let mut ways: [Vec<Event>; 4] = Default::default();
        for event in inbox {
            let way = match event {
                Event::Reply { reply: Err(_), .. } | Event::Tick { .. } => 0,
                Event::Reply { .. } => 1,
                Event::Text { .. } | Event::SocketClosed { .. } => 2,
                _ => 3,
            };
            ways[way].push(event);
        }
        let first = usize::try_from(self.random.below(4)).unwrap_or(0);
        ways.rotate_left(first);
        for event in ways.into_iter().flatten() {
            self.at_node(life, event);
        }
    }

    fn latency(&mut self) -> u64 {
        let slow = self.random.percent(self.faults.slow_percent);
        if slow {
            self.random.between(1_000, 60_000)
        } else {
            self.random.between(100, 2_000)
        }
    }

    pub fn node_time(&self, life: usize) -> Timestamp {
        self.clock.now().time + self.lives[life].ahead
    }
}
