use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Waker},
    time::Instant,
};

use wecall_protocol::{PeerId, RoomId};

use crate::outbox::{Entry, Outbox};

/// One participant's session: what they shall hear, over one socket or several in a row.
#[derive(Debug)]
pub struct Session {
    pub peer: PeerId,
    pub room: RoomId,
    /// Whether it outlives its socket.
    pub resumable: bool,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    outbox: Outbox,
    socket: Socket,
    /// Counts the sockets that took this session up; the highest one owns it.
    epoch: u32,
    /// Messages that came from the client since the session began, or began anew.
    received: u64,
    waker: Option<Waker>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Socket {
    Attached,
    /// Gone; messages wait for the next one.
    Away,
    /// Too many waited: messages were lost, so the next socket gets a snapshot.
    Overflowed,
    /// Over: the socket closes with this code when everything was sent.
    Closing(u16),
}

/// What a socket finds in its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poll {
    /// For more messages, or for a socket that takes them.
    Waiting,
    /// All handed over, and the socket closes.
    Close(u16),
    /// The socket reads too slowly: what waited is dropped.
    Overflowed,
    /// Another socket has taken the session up.
    Superseded,
}

impl Session {
    pub(crate) fn new(room: RoomId, peer: PeerId, resumable: bool) -> Self {
        Self {
            peer,
            room,
            resumable,
            inner: Mutex::new(Inner {
                outbox: Outbox::new(resumable),
                socket: Socket::Attached,
                epoch: 0,
                received: 0,
                waker: None,
            }),
        }
    }

    /// A session whose socket is still to come, as a restarted server finds it.
    pub(crate) fn away(room: RoomId, peer: PeerId) -> Self {
        let session = Self::new(room, peer, true);
        session.lock().socket = Socket::Away;
        session
    }

    /// Tells the participant what happened in the room, in order.
    pub(crate) fn tell(&self, body: Arc<str>) {
        self.push(Entry {
            body,
            relayed_at: None,
        });
    }

    /// Hands over what another participant sent, in order.
    pub(crate) fn relay(&self, body: Arc<str>, now: Instant) {
        self.push(Entry {
            body,
            relayed_at: Some(now),
        });
    }

    /// What overflows is the session's matter, not the sender's.
    fn push(&self, entry: Entry) {
        let mut inner = self.lock();
        match inner.socket {
            Socket::Closing(_) | Socket::Overflowed => return,
            Socket::Attached | Socket::Away => {}
        }
        if inner.outbox.push(entry).is_err() {
            inner.outbox.reset();
            inner.socket = Socket::Overflowed;
        }
        wake(inner);
    }

    /// Nothing more comes: the socket closes after what waits.
    pub fn close(&self, code: u16) {
        let mut inner = self.lock();
        inner.socket = Socket::Closing(code);
        wake(inner);
    }

    /// Hands messages to the socket of this `epoch` while `more` fit into it, as `take` tells
    /// after each: bodies with their sequence numbers, and when they were relayed.
    ///
    /// Unless the socket closes, the waker is kept: also a socket that is full must hear of it
    /// when it is to close.
    pub fn poll(
        &self,
        epoch: u32,
        cx: &Context<'_>,
        mut more: bool,
        mut take: impl FnMut(u64, &str, Option<Instant>) -> bool,
    ) -> Poll {
        let mut inner = self.lock();
        if inner.epoch != epoch {
            return Poll::Superseded;
        }
        if inner.socket == Socket::Overflowed {
            return Poll::Overflowed;
        }
        while more {
            let Some((seq, entry)) = inner.outbox.take_next() else {
                break;
            };
            more = take(seq, &entry.body, entry.relayed_at);
        }
        if let (true, Socket::Closing(code)) = (more, inner.socket) {
            return Poll::Close(code);
        }
        match &mut inner.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Waiting
    }

    /// What was sent and the client has yet to acknowledge: the highest sequence number, and the
    /// bytes that are kept for it.
    pub fn unacknowledged(&self) -> Option<(u64, usize)> {
        self.lock().outbox.unacknowledged()
    }

    /// The client has everything up to `seq`.
    pub fn acknowledge(&self, epoch: u32, seq: u64) {
        let mut inner = self.lock();
        // A late answer on an old socket may be about numbers that have started anew since.
        if inner.epoch == epoch {
            inner.outbox.acknowledge(seq);
        }
    }

    /// Counts a message of the client.
    pub fn count_received(&self) {
        self.lock().received += 1;
    }

    /// The socket of this `epoch` is gone. False when another has taken its place already.
    pub(crate) fn detach(&self, epoch: u32) -> bool {
        let mut inner = self.lock();
        if inner.epoch != epoch {
            return false;
        }
        inner.waker = None;
        if inner.socket == Socket::Attached {
            inner.socket = Socket::Away;
        }
        true
    }

    /// A new socket takes the session up at `last_seq`, in place of any before it. `Some` when
    /// nothing is lost: its epoch, and how many messages came from the client so far.
    pub(crate) fn take_up(&self, last_seq: u64) -> Option<(u32, u64)> {
        let mut inner = self.lock();
        let usable = matches!(inner.socket, Socket::Attached | Socket::Away);
        if !usable || !inner.outbox.rewind(last_seq) {
            return None;
        }
        let epoch = inner.attach();
        let received = inner.received;
        wake(inner);
        Some((epoch, received))
    }

    /// A new socket takes the session up after a loss, with a snapshot in place of what was told:
    /// its epoch.
    pub(crate) fn begin_anew(&self) -> u32 {
        let mut inner = self.lock();
        inner.outbox.restart();
        inner.received = 0;
        let epoch = inner.attach();
        wake(inner);
        epoch
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while the lock was held leaves a queue that is still a queue.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn attach(&mut self) -> u32 {
        self.socket = Socket::Attached;
        self.epoch += 1;
        self.epoch
    }
}

/// Wakes the socket's task after the lock is gone: it would only wait for it.
fn wake(mut inner: MutexGuard<'_, Inner>) {
    let waker = inner.waker.take();
    drop(inner);
    if let Some(waker) = waker {
        waker.wake();
    }
}
