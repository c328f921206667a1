use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Instant,
};

use wecall_live::{Answer, CreateError, JoinRequest, Joined, Resumption, Session};
use wecall_protocol::{ErrorCode, PeerId, Reaction, RoomId, Timestamp};
use wecall_room::{Action, RoomOptions, RoomState, Rules};

use crate::SECRET;

/// A node whose answers the tests wait for.
pub struct Live(pub wecall_live::Live);

impl Live {
    pub fn in_memory(rules: Rules, max_rooms: usize) -> Self {
        Self(wecall_live::Live::in_memory(&SECRET, rules, max_rooms))
    }

    pub fn create(
        &self,
        id: RoomId,
        options: RoomOptions,
        now: Timestamp,
    ) -> Result<String, CreateError> {
        answered(self.0.create(id, options, now))
    }

    pub fn inspect<T: Unpin + Send + 'static>(
        &self,
        room: RoomId,
        inspect: impl FnOnce(&RoomState) -> T + Send + 'static,
    ) -> Result<T, ErrorCode> {
        answered(self.0.inspect(room, inspect, crate::START))
    }

    pub fn join(&self, request: JoinRequest<'_>, now: Timestamp) -> Result<Joined, ErrorCode> {
        answered(self.0.join(request, now))
    }

    pub fn resume(
        &self,
        token: &str,
        last_seq: u64,
        now: Timestamp,
    ) -> Result<Resumption, ErrorCode> {
        answered(self.0.resume(token, last_seq, now))
    }

    pub fn act(&self, session: &Session, action: Action, now: Timestamp) -> Result<(), ErrorCode> {
        answered(self.0.act(session, action, now))
    }

    pub fn react(&self, session: &Session, reaction: Reaction) -> Result<(), ErrorCode> {
        answered(self.0.react(session, reaction, crate::START))
    }

    pub fn relay(&self, from: &Session, target: PeerId, body: &str) -> Result<(), ErrorCode> {
        let body: Arc<str> = body.into();
        self.0.relay(from, target, body, instant())
    }

    pub fn leave(&self, joined: &Joined, now: Timestamp) {
        self.0.leave(joined, now);
    }

    pub fn disconnect(&self, joined: &Joined, now: Timestamp) {
        self.0.disconnect(joined, now);
    }

    pub fn expire(&self, now: Timestamp) {
        self.0.expire(now);
    }

    pub fn room_count(&self) -> usize {
        self.0.room_count()
    }

    pub fn participant_count(&self) -> usize {
        self.0.participant_count()
    }
}

fn answered<T: Unpin + Send + 'static>(answer: Answer<T>) -> T {
    let mut cx = Context::from_waker(Waker::noop());
    match pin!(answer).as_mut().poll(&mut cx) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a node alone answers at once"),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an arbitrary instant, which nothing here compares"
)]
fn instant() -> Instant {
    Instant::now()
}
