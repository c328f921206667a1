//! A node alone on a store that answers at once.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use wecall_live::{
    Live, Shared,
    shared::{Driver, NoFigures, Node, NodeInfo, NodeSettings, Now, Request, RequestId},
};
use wecall_protocol::Timestamp;
use wecall_room::{NodeId, Rules};

use crate::{SECRET, START, simulation::FakeStore};

/// A node that does not tick for a second takes itself for stopped.
const STEP_MS: u64 = 500;

pub struct Alone {
    shared: Arc<Shared>,
    clock: Arc<Clock>,
    asked: Asked,
    store: Mutex<FakeStore>,
}

type Asked = Arc<Mutex<Vec<(RequestId, Request)>>>;

struct Clock {
    base: Instant,
    ms: AtomicU64,
}

impl Clock {
    fn ms(&self) -> u64 {
        self.ms.load(Ordering::Relaxed)
    }

    fn now(&self) -> Now {
        let passed = Duration::from_millis(self.ms());
        Now {
            instant: self.base + passed,
            time: START + passed,
        }
    }
}

struct AloneDriver {
    clock: Arc<Clock>,
    asked: Asked,
}

impl Driver for AloneDriver {
    fn now(&self) -> Now {
        self.clock.now()
    }

    fn begin(&self, requests: Vec<(RequestId, Request)>) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.extend(requests);
    }
}

impl Alone {
    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary instant to count from"
    )]
    pub fn new(rules: Rules, max_rooms: usize) -> (Live, Self) {
        let clock = Arc::new(Clock {
            base: Instant::now(),
            ms: AtomicU64::new(0),
        });
        let asked = Asked::default();
        let driver = AloneDriver {
            clock: clock.clone(),
            asked: asked.clone(),
        };
        let settings = NodeSettings {
            id: NodeId::from_random(7),
            info: NodeInfo::default(),
            rules,
        };
        let live = Live::shared(&SECRET, rules, |hub| {
            let node = Node::new(settings, hub, Arc::new(NoFigures), clock.now());
            Shared::new(node, driver)
        });
        let alone = Self {
            shared: live.shared_rooms().expect("rooms are shared").clone(),
            clock,
            asked,
            store: Mutex::new(FakeStore::new(max_rooms)),
        };
        alone.shared.with(|node, now| node.on_subscribed(now));
        alone.tick();
        (live, alone)
    }

    /// Lets time pass, step by step.
    pub fn pass_until(&self, now: Timestamp) {
        let end = u64::try_from(now.since(START).as_millis()).unwrap_or(u64::MAX);
        while self.clock.ms() < end {
            let next = (self.clock.ms() + STEP_MS).min(end);
            self.clock.ms.store(next, Ordering::Relaxed);
            self.tick();
        }
    }

    fn tick(&self) {
        self.shared.with(|node, now| node.tick(now));
        self.pump();
    }

    /// Takes what is asked for to the store and back, until nothing is.
    pub fn pump(&self) {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let asked = {
                let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::take(&mut *asked)
            };
            if asked.is_empty() {
                return;
            }
            for (id, request) in asked {
                let (reply, _) = store.execute(&request, self.clock.ms());
                self.shared.on_reply(id, Ok(reply));
            }
        }
    }
}
