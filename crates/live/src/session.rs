use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Waker},
    time::Instant,
};

use serde::{Deserialize, Serialize};
use wecall_protocol::{PeerId, RoomId, Timestamp, close::SESSION_TAKEN, rest::IceServer};

use crate::outbox::{Entry, Outbox};

/// Others of whom a stamp is kept: as many as a room may hold, and as many who have left.
const HEARD_KEPT: usize = 256;

/// One participant's session: what they shall hear, over one socket or several in a row.
#[derive(Debug)]
pub struct Session {
    pub peer: PeerId,
    pub room: RoomId,
    /// Whether it outlives its socket.
    pub resumable: bool,
    /// What the next message to another participant is stamped with.
    stamp: Mutex<Stamp>,
    /// Came from another node a moment ago: messages to it may still be on their way by that one.
    arriving: AtomicBool,
    /// Its socket came back while the store could not be told.
    claimed: AtomicBool,
    /// To be told with `joined`.
    ice_servers: Mutex<Vec<IceServer>>,
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
    /// Which count of messages this is; a client that has another one gets a snapshot.
    line: Line,
    /// Whatever a client has of this session, it is not all: the next socket gets a snapshot.
    lost: bool,
    /// Of those who are at other nodes: the stamp of the last message that came of each.
    heard: Vec<(PeerId, Stamp)>,
    /// Stamps of what others sent before the first socket, in order: the node where it was may
    /// turn out to have handed some of it over already.
    early: Vec<Stamp>,
    waker: Option<Waker>,
}

/// Tells one count of messages to a participant from another: a session that began anew, or at
/// another node, has another, and the same numbers. In the tokens of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Line(pub(crate) u64);

/// Orders what one participant sends to others, over all nodes that they are ever at: when they
/// came to this one, in Unix milliseconds, and a count from there. Clocks differ by less than
/// anyone is at a node. The room's version would not do: a node that is cut off from the store takes
/// its own back at an old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Stamp(u64, u64);

impl Stamp {
    /// The next after `self`, of someone who is at this node now.
    pub(crate) fn next(self, now: Timestamp) -> Self {
        let now = u64::try_from(now.as_unix_ms()).unwrap_or(0);
        let from = self.max(Self(now, 0));
        Self(from.0, from.1 + 1)
    }
}

/// A session on its way from one node to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// How many messages came from the client.
    received: u64,
    /// What comes after the last message that the client has.
    entries: Vec<HandedEntry>,
    heard: Vec<(PeerId, Stamp)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct HandedEntry {
    body: Box<str>,
    from: Option<PeerId>,
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
    /// At another node since this version of the room. What it has to get still waits until that
    /// node asks for it.
    Departed(u64),
}

/// How a participant's session stands at this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Attached,
    Away,
    /// On its way from another node.
    Arriving,
    /// Closing, or at another node.
    Over,
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
            stamp: Mutex::new(Stamp(0, 0)),
            arriving: AtomicBool::new(false),
            claimed: AtomicBool::new(false),
            ice_servers: Mutex::default(),
            inner: Mutex::new(Inner {
                outbox: Outbox::new(resumable),
                socket: Socket::Attached,
                epoch: 0,
                received: 0,
                line: Line(0),
                lost: false,
                heard: Vec::new(),
                early: Vec::new(),
                waker: None,
            }),
        }
    }

    /// A session whose socket is still to come, as a restarted server finds it.
    pub(crate) fn away(room: RoomId, peer: PeerId) -> Self {
        let session = Self::new(room, peer, true);
        {
            let mut inner = session.lock();
            inner.socket = Socket::Away;
            inner.lost = true;
        }
        session
    }

    /// A session that is on its way from another node.
    pub(crate) fn arriving(room: RoomId, peer: PeerId) -> Self {
        let session = Self::away(room, peer);
        session.arriving.store(true, Ordering::Relaxed);
        session
    }

    pub(crate) fn give_ice_servers(&self, servers: &[IceServer]) {
        *self
            .ice_servers
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = servers.to_vec();
    }

    pub(crate) fn take_ice_servers(&self) -> Vec<IceServer> {
        std::mem::take(
            &mut *self
                .ice_servers
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Whether messages to it come by no other node any more.
    pub(crate) fn is_settled(&self) -> bool {
        !self.arriving.load(Ordering::Relaxed)
    }

    pub(crate) fn settle(&self) {
        self.arriving.store(false, Ordering::Relaxed);
    }

    /// Whether the socket came back while the store could not be told: what the store says of
    /// where the participant is may be older.
    pub(crate) fn is_claimed(&self) -> bool {
        self.claimed.load(Ordering::Relaxed) && self.standing() == Standing::Attached
    }

    pub(crate) fn set_claimed(&self, claimed: bool) {
        self.claimed.store(claimed, Ordering::Relaxed);
    }

    /// Tells the participant what happened in the room, in order.
    pub(crate) fn tell(&self, body: Arc<str>) {
        let entry = Entry {
            body,
            relayed: None,
        };
        push(self.lock(), entry);
    }

    /// Hands over what another participant sent, in order.
    pub(crate) fn relay(&self, from: PeerId, body: Arc<str>, now: Instant) {
        let entry = Entry {
            body,
            relayed: Some((from, now)),
        };
        push(self.lock(), entry);
    }

    /// Has the socket's task look whether there is anything for it.
    pub fn nudge(&self) {
        wake(self.lock());
    }

    /// Whether a socket has this session.
    pub fn is_attached(&self) -> bool {
        self.standing() == Standing::Attached
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
        if inner.epoch != epoch || matches!(inner.socket, Socket::Departed(_)) {
            return Poll::Superseded;
        }
        if inner.socket == Socket::Overflowed {
            return Poll::Overflowed;
        }
        while more {
            let Some((seq, entry)) = inner.outbox.take_next() else {
                break;
            };
            more = take(seq, &entry.body, entry.relayed.map(|(_, at)| at));
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

    /// Counts a message of the client. False when the session is at another node by now, which
    /// will get the message once more: it is not to be acted on.
    pub fn count_received(&self) -> bool {
        let mut inner = self.lock();
        if matches!(inner.socket, Socket::Departed(_)) {
            return false;
        }
        inner.received += 1;
        true
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
    pub(crate) fn take_up(&self, line: Line, last_seq: u64) -> Option<(u32, u64)> {
        let mut inner = self.lock();
        let usable = matches!(inner.socket, Socket::Attached | Socket::Away) && inner.line == line;
        if !usable || inner.lost || !inner.outbox.rewind(last_seq) {
            return None;
        }
        let epoch = inner.attach();
        let received = inner.received;
        wake(inner);
        Some((epoch, received))
    }

    /// A new socket takes the session up after a loss, with a snapshot in place of what was told:
    /// its epoch. What those sent who are not in it is dropped.
    pub(crate) fn begin_anew(&self, line: Line, is_in: impl Fn(PeerId) -> bool) -> u32 {
        let mut inner = self.lock();
        inner.outbox.restart(is_in);
        inner.line = line;
        inner.received = 0;
        inner.lost = false;
        let epoch = inner.attach();
        wake(inner);
        epoch
    }

    /// Their client came here now.
    pub(crate) fn begins_at(&self, now: Timestamp) {
        let mut stamp = self.stamp.lock().unwrap_or_else(PoisonError::into_inner);
        let now = u64::try_from(now.as_unix_ms()).unwrap_or(0);
        // Whoever has heard a later stamp takes no earlier one.
        *stamp = (*stamp).max(Stamp(now, 0));
    }

    /// The line of the session, which begins with the first socket.
    pub(crate) fn begin_line(&self, line: Line) {
        self.lock().line = line;
    }

    pub(crate) fn line(&self) -> Line {
        self.lock().line
    }

    pub(crate) fn next_stamp(&self) -> Stamp {
        let mut stamp = self.stamp.lock().unwrap_or_else(PoisonError::into_inner);
        stamp.1 += 1;
        *stamp
    }

    /// Hands over what someone sent, unless something later of them came already: what they sent
    /// from another node before may be late.
    pub(crate) fn relay_stamped(&self, from: PeerId, stamp: Stamp, body: Arc<str>, now: Instant) {
        let inner = self.lock();
        if !matches!(inner.socket, Socket::Departed(_)) {
            take_stamped(inner, from, stamp, body, now);
        }
    }

    /// The same for what someone at this node sends. False when the session is not here any more,
    /// or messages to it may still be on their way by another node.
    pub(crate) fn relay_here(&self, from: &Self, body: &Arc<str>, now: Instant) -> bool {
        let inner = self.lock();
        let is_here = matches!(
            inner.socket,
            Socket::Attached | Socket::Away | Socket::Overflowed
        );
        if is_here && self.is_settled() {
            take_stamped(inner, from.peer, from.next_stamp(), body.clone(), now);
            return true;
        }
        false
    }

    pub(crate) fn standing(&self) -> Standing {
        let inner = self.lock();
        match inner.socket {
            Socket::Attached => Standing::Attached,
            Socket::Away if inner.epoch == 0 && !self.is_settled() => Standing::Arriving,
            Socket::Away | Socket::Overflowed => Standing::Away,
            Socket::Closing(_) | Socket::Departed(_) => Standing::Over,
        }
    }

    /// Whether no socket has taken it up yet.
    pub(crate) fn is_untouched(&self) -> bool {
        self.lock().epoch == 0
    }

    pub(crate) fn has_departed(&self) -> bool {
        matches!(self.lock().socket, Socket::Departed(_))
    }

    /// The participant is at another node from this version of the room on; this one tells them
    /// nothing any more.
    pub(crate) fn depart(&self, version: u64) {
        let mut inner = self.lock();
        inner.socket = match inner.socket {
            Socket::Overflowed => Socket::Closing(SESSION_TAKEN),
            Socket::Attached | Socket::Away => Socket::Departed(version),
            over @ (Socket::Closing(_) | Socket::Departed(_)) => over,
        };
        wake(inner);
    }

    /// What a client that has everything up to `last_seq` still has to get, for the node where
    /// they are since this version of the room. `None` when it is not kept, or when they were told
    /// of later versions already.
    pub(crate) fn hand_over(&self, line: Line, last_seq: u64, version: u64) -> Option<Handover> {
        let mut inner = self.lock();
        let usable = inner.socket == Socket::Departed(version) && !inner.lost && inner.line == line;
        if !usable || !inner.outbox.rewind(last_seq) {
            return None;
        }
        let entries = inner.outbox.take_unsent();
        Some(Handover {
            received: inner.received,
            entries: entries
                .into_iter()
                .map(|entry| HandedEntry {
                    body: entry.body.as_ref().into(),
                    from: entry.relayed.map(|(from, _)| from),
                })
                .collect(),
            heard: std::mem::take(&mut inner.heard),
        })
    }

    /// A session that waited here for what another node has of it goes on where that one stood:
    /// its epoch, and how many messages came from the client. `None` when it is too much.
    pub(crate) fn arrive(
        &self,
        line: Line,
        last_seq: u64,
        handover: Handover,
        now: Instant,
    ) -> Option<(u32, u64)> {
        let mut inner = self.lock();
        if inner.socket != Socket::Away {
            return None;
        }
        let mut early = std::mem::take(&mut inner.early).into_iter();
        let mut held = inner.outbox.take_unsent();
        held.retain(|entry| {
            let Some((from, _)) = entry.relayed else {
                return true;
            };
            let stamp = early.next();
            let known = handover.heard.iter().find(|(peer, _)| *peer == from);
            known.is_none_or(|(_, last)| stamp.is_none_or(|stamp| stamp > *last))
        });
        let mut outbox = Outbox::continuing(last_seq);
        let handed = handover.entries.into_iter().map(|entry| Entry {
            body: String::from(entry.body).into(),
            relayed: entry.from.map(|from| (from, now)),
        });
        for entry in handed.chain(held) {
            if outbox.push(entry).is_err() {
                inner.outbox.reset();
                return None;
            }
        }
        inner.outbox = outbox;
        inner.received = handover.received;
        inner.line = line;
        inner.lost = false;
        for (peer, stamp) in handover.heard {
            inner.note_heard(peer, stamp);
        }
        let epoch = inner.attach();
        wake(inner);
        Some((epoch, handover.received))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while the lock was held leaves a queue that is still a queue.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn attach(&mut self) -> u32 {
        self.socket = Socket::Attached;
        self.early = Vec::new();
        self.epoch += 1;
        self.epoch
    }

    /// Remembers the last that came of someone; false when something as late came already.
    fn note_heard(&mut self, from: PeerId, stamp: Stamp) -> bool {
        match self.heard.iter_mut().find(|(peer, _)| *peer == from) {
            Some((_, last)) if *last >= stamp => return false,
            Some((_, last)) => *last = stamp,
            None => {
                if self.heard.len() == HEARD_KEPT {
                    self.heard.remove(0);
                }
                self.heard.push((from, stamp));
            }
        }
        true
    }
}

/// What overflows is the session's matter, not the sender's.
fn push(mut inner: MutexGuard<'_, Inner>, entry: Entry) {
    match inner.socket {
        Socket::Closing(_) | Socket::Overflowed | Socket::Departed(_) => return,
        Socket::Attached | Socket::Away => {}
    }
    if inner.outbox.push(entry).is_err() {
        inner.outbox.reset();
        inner.socket = Socket::Overflowed;
    }
    wake(inner);
}

fn take_stamped(
    mut inner: MutexGuard<'_, Inner>,
    from: PeerId,
    stamp: Stamp,
    body: Arc<str>,
    now: Instant,
) {
    if inner.note_heard(from, stamp) {
        if inner.epoch == 0 && inner.socket == Socket::Away {
            inner.early.push(stamp);
        }
        let relayed = Some((from, now));
        push(inner, Entry { body, relayed });
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
