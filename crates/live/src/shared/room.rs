use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use tracing::Span;
use wecall_protocol::{RoomId, Timestamp};
use wecall_room::{Change, Event, NodeId, RoomState};

use super::{figures::Count, link::Envelope, record::Tag, request::RequestId, wire::TakeOver};
use crate::{Decision, Refusal, Work};

/// What waits to be done with one room.
pub(super) const QUEUE: usize = 512;

/// Changes that came before what they follow on.
pub(super) const EARLY_CHANGES: usize = 64;

/// Messages and requests that came before the change of the room that they refer to.
pub(super) const WAITING: usize = 256;

/// A record that cannot be read is looked at again after this.
pub(super) const SET_ASIDE_FOR: Duration = Duration::from_secs(10);

/// A room, as this node knows and uses it.
#[derive(Default)]
pub(super) struct Room {
    pub copy: Option<Copy>,
    pub queue: VecDeque<Op>,
    pub flight: Flight,
    /// The copy may be old: the record is fetched before it is used again.
    pub stale: Option<Count>,
    /// The store may think otherwise than this node of who of its participants is here.
    pub unsettled: bool,
    pub early: Vec<EarlyChange>,
    pub waiting: VecDeque<(Instant, Waiting)>,
    pub set_aside_until: Option<Instant>,
    /// The store remembers that this node has participants here.
    pub indexed: bool,
    pub checked_at: Option<Instant>,
    /// Under which it stands in the deadlines of the node.
    pub deadline: Option<Timestamp>,
}

/// The copy of a record.
pub(super) struct Copy {
    pub state: RoomState,
    pub tag: Tag,
    /// The era in which it was seen to be the record; see [`super::Node`].
    pub era: u64,
}

/// What the room is waiting for.
#[derive(Default)]
pub(super) enum Flight {
    #[default]
    None,
    Loading {
        request: RequestId,
        /// In which it was asked for.
        era: u64,
    },
    Committing(Box<Committing>),
    /// Others are faster again and again: a moment.
    Pausing(Instant),
}

pub(super) struct Committing {
    pub request: RequestId,
    /// In which it was asked for.
    pub era: u64,
    pub next: RoomState,
    pub tag: Tag,
    pub change: Change,
    /// Who asked for it; nobody did when two views are merged.
    pub op: Option<Op>,
}

pub(super) struct EarlyChange {
    pub previous: Tag,
    pub tag: Tag,
    pub events: Option<Vec<Event>>,
    pub state: RoomState,
    pub span: Span,
}

/// What waits for the copy to have this version.
pub(super) enum Waiting {
    Envelope(Envelope),
    TakeOver(NodeId, TakeOver),
}

impl Waiting {
    pub fn version(&self) -> u64 {
        match self {
            Self::Envelope(envelope) => envelope.version,
            Self::TakeOver(_, takeover) => takeover.version,
        }
    }
}

/// How a node comes to know another state of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// It was decided here.
    Ours,
    /// Another node has told what it decided.
    Theirs,
    /// The record is another one: what it shows is known, and not what happened in between.
    View,
}

/// Work in a queue.
pub(super) struct Op {
    pub work: Box<dyn AnyWork>,
    /// The copy was seen to be the record after this was asked for.
    pub fresh: bool,
    /// How often others were faster.
    pub conflicts: u32,
    /// A node whose loss this tells the room.
    pub reaps: Option<NodeId>,
    /// What asked for it.
    pub span: Span,
}

impl Op {
    pub fn new(work: Box<dyn AnyWork>) -> Self {
        Self {
            work,
            fresh: false,
            conflicts: 0,
            reaps: None,
            span: Span::current(),
        }
    }
}

/// Work of any output, which goes to whoever waits for it.
pub(super) trait AnyWork: Send {
    fn decide(&mut self, room: Option<&RoomState>) -> Result<Decision, Refusal>;
    fn finish(self: Box<Self>, outcome: Result<&RoomState, Refusal>);
    fn content_with_the_past(&self) -> bool;
}

/// Work whose output nobody waits for.
pub(super) struct Unwatched<W>(pub W);

impl<W: Work> AnyWork for Unwatched<W> {
    fn decide(&mut self, room: Option<&RoomState>) -> Result<Decision, Refusal> {
        self.0.decide(room)
    }

    fn finish(self: Box<Self>, outcome: Result<&RoomState, Refusal>) {
        drop(self.0.finish(outcome));
    }

    fn content_with_the_past(&self) -> bool {
        self.0.content_with_the_past()
    }
}

impl Room {
    /// Whether anything is left to do for which the room has to be kept.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && matches!(self.flight, Flight::None) && self.waiting.is_empty()
    }

    pub fn is_flying(&self) -> bool {
        !matches!(self.flight, Flight::None)
    }
}

/// Which room, for collections of them.
pub(super) type Key = RoomId;
