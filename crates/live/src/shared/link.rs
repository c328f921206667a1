//! The stream of items from this node to another one, and back. Pub/sub loses messages while
//! someone reconnects, so items are numbered, kept until they are acknowledged, and sent again when
//! one is missing.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use wecall_protocol::{PeerId, RoomId};
use wecall_room::NodeId;

use super::wire::LinkNote;
use crate::session::Stamp;

/// Items that wait for an acknowledgement: at 5,000 a second, what a stall of 0.8 s holds.
const KEPT_ITEMS: usize = 4_096;

/// Their bytes: what fits into the memory of a small node for each of twenty others.
const KEPT_BYTES: usize = 4 * 1024 * 1024;

/// One publication holds no more; the item that exceeds it goes along.
const BATCH_BYTES: usize = 128 * 1024;

/// Items that came before one that is missing.
const EARLY_ITEMS: usize = 4_096;

/// An acknowledgement waits for something to go along with, but not longer.
const ACKNOWLEDGE_AFTER: Duration = Duration::from_millis(50);

/// Nor for more items than this.
const ACKNOWLEDGE_EVERY: u64 = 256;

/// What is not acknowledged for so long may be lost: the other node is told what was sent last.
const PROBE_AFTER: Duration = Duration::from_millis(200);

/// What one participant sends another, on its way to the node of the other.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    pub room: RoomId,
    pub version: u64,
    pub from: PeerId,
    pub to: PeerId,
    pub stamp: Stamp,
    pub body: Arc<str>,
}

#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub text: Arc<str>,
    /// Kept as it was, to be sent another way should the other node die.
    pub envelope: Option<Envelope>,
}

/// More waits for the other node than may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

#[derive(Debug)]
pub(super) struct Link {
    /// Not acknowledged yet; the first has the number `acknowledged + 1`.
    kept: VecDeque<Sent>,
    kept_bytes: usize,
    acknowledged: u64,
    /// The number of the next item to publish.
    next: u64,
    /// Highest number that was ever published.
    published: u64,
    publishing: bool,
    last_published: Instant,
    /// The number of the next item from the other side.
    expected: u64,
    early: BTreeMap<u64, Box<str>>,
    /// Since when an acknowledgement is due, and for how many items.
    owed: Option<(Instant, u64)>,
    missing: Option<u64>,
    probe: bool,
}

/// What came out of a note.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// In order.
    pub items: Vec<Box<str>>,
    pub duplicates: u64,
    /// Items that came before one that is missing.
    pub early: u64,
}

/// A publication that is to be made.
pub(super) struct Batch {
    pub payload: Box<str>,
    /// Items that were published before.
    pub again: u64,
    /// It has no items.
    pub is_bare: bool,
}

impl Link {
    pub fn new(now: Instant) -> Self {
        Self {
            kept: VecDeque::new(),
            kept_bytes: 0,
            acknowledged: 0,
            next: 1,
            published: 0,
            publishing: false,
            last_published: now,
            expected: 1,
            early: BTreeMap::new(),
            owed: None,
            missing: None,
            probe: false,
        }
    }

    /// Takes an item; its number.
    pub fn send(&mut self, sent: Sent) -> Result<u64, Full> {
        let bytes = sent.text.len();
        if self.kept.len() >= KEPT_ITEMS || self.kept_bytes + bytes > KEPT_BYTES {
            return Err(Full);
        }
        self.kept_bytes += bytes;
        self.kept.push_back(sent);
        Ok(self.acknowledged + self.kept.len() as u64)
    }

    pub fn is_acknowledged(&self, number: u64) -> bool {
        self.acknowledged >= number
    }

    /// What was sent to one participant and has maybe not arrived, to go another way.
    pub fn take_unacknowledged_to(&mut self, peer: PeerId) -> Vec<Envelope> {
        let is_theirs = |envelope: &mut Envelope| envelope.to == peer;
        self.kept
            .iter_mut()
            .filter_map(|sent| sent.envelope.take_if(is_theirs))
            .collect()
    }

    /// All of it, as the other node is dead.
    pub fn into_unacknowledged(self) -> impl Iterator<Item = Envelope> {
        self.kept.into_iter().filter_map(|sent| sent.envelope)
    }

    /// What to publish now, if anything. One publication is under way at a time, so that they keep
    /// their order, and what comes meanwhile goes together.
    pub fn next_batch(
        &mut self,
        (me, to): (NodeId, NodeId),
        now: Instant,
        unix_ms: i64,
    ) -> Option<Batch> {
        if self.publishing {
            return None;
        }
        let end = self.acknowledged + self.kept.len() as u64;
        let owed = self.owed.is_some_and(|(since, items)| {
            items >= ACKNOWLEDGE_EVERY || now.saturating_duration_since(since) >= ACKNOWLEDGE_AFTER
        });
        if self.next > end && !owed && self.missing.is_none() && !self.probe {
            return None;
        }
        let first = self.next;
        let offset = usize::try_from(first - self.acknowledged - 1).unwrap_or(usize::MAX);
        let mut items = String::new();
        for sent in self.kept.iter().skip(offset) {
            if items.len() > BATCH_BYTES {
                break;
            }
            if !items.is_empty() {
                items.push(',');
            }
            items.push_str(&sent.text);
            self.next += 1;
        }
        let missing = match self.missing.take() {
            Some(number) => format!(",\"n\":{number}"),
            None => String::new(),
        };
        let asks = if self.probe { ",\"q\":true" } else { "" };
        let payload = format!(
            "{{\"link\":{{\"f\":\"{me}\",\"d\":\"{to}\",\"s\":{first},\"m\":[{items}],\"a\":{},\"t\":{unix_ms}{missing}{asks}}}}}",
            self.expected - 1,
        );
        let again = (self.published + 1)
            .saturating_sub(first)
            .min(self.next - first);
        self.published = self.published.max(self.next - 1);
        self.publishing = true;
        self.probe = false;
        self.owed = None;
        self.last_published = now;
        Some(Batch {
            payload: payload.into(),
            again,
            is_bare: items.is_empty(),
        })
    }

    /// Whether nothing waits on either side of this end.
    pub fn is_quiet(&self) -> bool {
        self.kept.is_empty() && self.early.is_empty() && self.owed.is_none()
    }

    /// The publication is out, or was not.
    pub fn published(&mut self, is_out: bool) {
        self.publishing = false;
        if !is_out {
            self.send_again();
        }
    }

    /// Everything that is not acknowledged goes out once more.
    pub fn send_again(&mut self) {
        self.next = self.acknowledged + 1;
    }

    pub fn receive(&mut self, note: &LinkNote<'_>, now: Instant) -> Received {
        // What was passed on comes before it is acknowledged, unless it is lost on the way: then
        // it is not taken for acknowledged before it is here.
        if note.first <= self.expected {
            self.acknowledge(note.acknowledged);
        }
        if let Some(missing) = note.missing {
            self.next = self.next.min(missing.max(self.acknowledged + 1));
        }
        let mut received = Received::default();
        for (number, item) in (note.first..).zip(&note.items) {
            if number < self.expected {
                received.duplicates += 1;
            } else if number == self.expected {
                self.expected += 1;
                received.items.push(item.get().into());
                while let Some(item) = self.early.remove(&self.expected) {
                    self.expected += 1;
                    received.items.push(item);
                }
            } else {
                received.early += 1;
                if self.early.len() < EARLY_ITEMS {
                    self.early.insert(number, item.get().into());
                }
            }
        }
        let end = note.first + note.items.len() as u64;
        if end > self.expected || !self.early.is_empty() {
            self.missing = Some(self.expected);
        }
        if !note.items.is_empty() || note.asks {
            let (since, items) = self.owed.unwrap_or((now, 0));
            let at_once = if note.asks { ACKNOWLEDGE_EVERY } else { 0 };
            self.owed = Some((since, items + note.items.len() as u64 + at_once));
        }
        received
    }

    fn acknowledge(&mut self, number: u64) {
        while self.acknowledged < number {
            let Some(sent) = self.kept.pop_front() else {
                break;
            };
            self.kept_bytes -= sent.text.len();
            self.acknowledged += 1;
        }
        self.next = self.next.max(self.acknowledged + 1);
        if self.kept.is_empty() {
            self.kept = VecDeque::new();
        }
    }

    pub fn tick(&mut self, now: Instant) {
        let waits = self.next > self.acknowledged + 1;
        if waits && now.saturating_duration_since(self.last_published) >= PROBE_AFTER {
            self.probe = true;
        }
    }
}
