use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use tokio::sync::oneshot;
use wecall_protocol::{ErrorCode, PeerId, RoomId};
use wecall_room::{NodeId, RoomState};

use super::{
    Now,
    node::Node,
    request::{Reply, Request, RequestId, StoreError},
    room::{AnyWork, Op},
    wire::TakeOver,
};
use crate::{Answer, Decision, Refusal, Session, Work, session::Handover};

/// Takes requests to the store and brings the replies, and knows the time.
pub trait Driver: Send + Sync + 'static {
    fn now(&self) -> Now;

    /// Begins with the requests, which the store has to get in their order; each is answered by
    /// [`Shared::on_reply`], later. Called while nothing else happens at the node.
    fn begin(&self, requests: Vec<(RequestId, Request)>);
}

/// The rooms that this node shares with others.
pub struct Shared {
    node: Mutex<Node>,
    /// Of the node, for those who must not wait for it.
    id: AtomicU64,
    /// What it was called before.
    past_ids: RwLock<Vec<NodeId>>,
    driver: Box<dyn Driver>,
}

impl Shared {
    pub fn new(node: Node, driver: impl Driver) -> Self {
        Self {
            id: AtomicU64::new(node.id().as_u64()),
            past_ids: RwLock::default(),
            node: Mutex::new(node),
            driver: Box::new(driver),
        }
    }

    /// Tells the node something, and begins with what it asks for then.
    pub fn with<T>(self: &Arc<Self>, tell: impl FnOnce(&mut Node, Now) -> T) -> T {
        let mut node = self.lock();
        let told = tell(&mut node, self.driver.now());
        let id = node.id();
        if id != self.id() {
            let mut past_ids = self
                .past_ids
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            past_ids.push(self.id());
            self.id.store(id.as_u64(), Ordering::Relaxed);
        }
        let requests = node.take_requests();
        if !requests.is_empty() {
            self.driver.begin(requests);
        }
        told
    }

    pub fn on_reply(self: &Arc<Self>, id: RequestId, reply: Result<Reply, StoreError>) {
        self.with(|node, now| node.on_reply(id, reply, now));
    }

    pub fn id(&self) -> NodeId {
        NodeId::from_random(self.id.load(Ordering::Relaxed))
    }

    /// Whether `node` is this one, now or under an earlier id.
    pub(crate) fn is_mine(&self, node: NodeId) -> bool {
        let past_ids = self.past_ids.read().unwrap_or_else(PoisonError::into_inner);
        node == self.id() || past_ids.contains(&node)
    }

    pub(crate) fn instant(&self) -> Instant {
        self.driver.now().instant
    }

    pub(crate) fn room_count(&self) -> usize {
        self.lock().room_count()
    }

    pub(crate) fn run<W: Work>(self: &Arc<Self>, room: RoomId, work: W) -> Answer<W::Output> {
        let (answer, receiver) = oneshot::channel();
        let watched = Watched {
            work: Some((work, answer)),
        };
        self.with(|node, now| node.submit(room, Op::new(Box::new(watched)), now));
        wait(receiver)
    }

    pub(crate) fn take_over(
        self: &Arc<Self>,
        takeover: TakeOver,
        from: NodeId,
    ) -> Answer<Option<Handover>> {
        let receiver = self.with(|node, now| node.take_over(takeover, from, now));
        Answer::later(async { receiver.await.unwrap_or(None) })
    }

    pub(crate) fn relay(
        self: &Arc<Self>,
        from: &Session,
        target: PeerId,
        body: Arc<str>,
    ) -> Result<(), ErrorCode> {
        self.with(|node, now| node.relay(from, target, body, now))
    }

    pub(crate) fn tell_all(
        self: &Arc<Self>,
        room: RoomId,
        body: &Arc<str>,
    ) -> Result<(), ErrorCode> {
        self.with(|node, now| node.tell_all(room, body, now))
    }

    fn lock(&self) -> MutexGuard<'_, Node> {
        // A panic inside leaves maps that are maps; the records are the truth.
        self.node.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait<T: Send + 'static>(mut receiver: oneshot::Receiver<T>) -> Answer<T> {
    match receiver.try_recv() {
        Ok(value) => Answer::Ready(value),
        Err(_) => Answer::later(async {
            match receiver.await {
                Ok(value) => value,
                // Work is always finished, so this is the end of the program.
                Err(_) => std::future::pending().await,
            }
        }),
    }
}

/// Work whose output someone waits for. It is finished whatever happens to it.
struct Watched<W: Work> {
    work: Option<(W, oneshot::Sender<W::Output>)>,
}

impl<W: Work> Watched<W> {
    fn end(&mut self, outcome: Result<&RoomState, Refusal>) {
        if let Some((work, answer)) = self.work.take() {
            // Who has asked and is gone has left a successor to take care of what came out.
            drop(answer.send(work.finish(outcome)));
        }
    }
}

impl<W: Work> AnyWork for Watched<W> {
    fn decide(&mut self, room: Option<&RoomState>) -> Result<Decision, Refusal> {
        match &mut self.work {
            Some((work, _)) => work.decide(room),
            None => Err(ErrorCode::Unavailable.into()),
        }
    }

    fn finish(mut self: Box<Self>, outcome: Result<&RoomState, Refusal>) {
        self.end(outcome);
    }

    fn content_with_the_past(&self) -> bool {
        self.work
            .as_ref()
            .is_some_and(|(work, _)| work.content_with_the_past())
    }
}

impl<W: Work> Drop for Watched<W> {
    fn drop(&mut self) {
        self.end(Err(ErrorCode::Unavailable.into()));
    }
}
