use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Instant,
};

use wecall_live::{Answer, CreateError, JoinRequest, Joined, Resumption, Session};
use wecall_protocol::{ErrorCode, PeerId, RoomId, Timestamp};
use wecall_room::{Action, RoomOptions, Rules};

use crate::{SECRET, alone::Alone};

/// A node whose answers the tests wait for.
pub struct Live(pub wecall_live::Live, Option<Alone>);

impl Live {
    pub fn in_memory(rules: Rules, max_rooms: usize) -> Self {
        Self(
            wecall_live::Live::in_memory(&SECRET, rules, max_rooms),
            None,
        )
    }

    /// The only node on a shared store, which answers at once.
    pub fn shared(rules: Rules, max_rooms: usize) -> Self {
        let (live, alone) = Alone::new(rules, max_rooms);
        Self(live, Some(alone))
    }

    fn pump(&self) {
        if let Some(alone) = &self.1 {
            alone.pump();
        }
    }

    fn at(&self, now: Timestamp) {
        if let Some(alone) = &self.1 {
            alone.pass_until(now);
        }
    }

    fn answered<T: Unpin + Send + 'static>(&self, answer: Answer<T>) -> T {
        let mut answer = answer;
        for _ in 0..20 {
            if let Some(alone) = &self.1 {
                alone.pump();
            }
            let mut cx = Context::from_waker(Waker::noop());
            match pin!(&mut answer).as_mut().poll(&mut cx) {
                Poll::Ready(value) => return value,
                // Another thread has the requests.
                Poll::Pending => std::thread::yield_now(),
            }
        }
        panic!("a node alone answers at once")
    }

    pub fn create(
        &self,
        id: RoomId,
        options: RoomOptions,
        now: Timestamp,
    ) -> Result<String, CreateError> {
        self.at(now);
        self.answered(self.0.create(id, options, now))
    }

    pub fn join(&self, request: JoinRequest<'_>, now: Timestamp) -> Result<Joined, ErrorCode> {
        self.at(now);
        self.answered(self.0.join(request, now))
    }

    pub fn resume(
        &self,
        token: &str,
        last_seq: u64,
        now: Timestamp,
    ) -> Result<Resumption, ErrorCode> {
        self.at(now);
        self.answered(self.0.resume(token, last_seq, now))
    }

    pub fn act(&self, session: &Session, action: Action, now: Timestamp) -> Result<(), ErrorCode> {
        self.at(now);
        self.answered(self.0.act(session, action, now))
    }

    pub fn relay(&self, from: &Session, target: PeerId, body: &str) -> Result<(), ErrorCode> {
        let body: Arc<str> = body.into();
        let relayed = self.0.relay(from, target, body, instant());
        self.pump();
        relayed
    }

    pub fn leave(&self, joined: &Joined, now: Timestamp) {
        self.at(now);
        self.0.leave(joined, now);
        self.pump();
    }

    pub fn disconnect(&self, joined: &Joined, now: Timestamp) {
        self.at(now);
        self.0.disconnect(joined, now);
        self.pump();
    }

    pub fn expire(&self, now: Timestamp) {
        self.at(now);
        self.0.expire(now);
    }

    pub fn room_count(&self) -> usize {
        self.0.room_count()
    }

    pub fn participant_count(&self) -> usize {
        self.0.participant_count()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an arbitrary instant, which nothing here compares"
)]
fn instant() -> Instant {
    Instant::now()
}
