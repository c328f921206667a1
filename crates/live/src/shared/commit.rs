//! What was decided is written, on condition.

use std::time::Duration;

use tracing::Span;
use wecall_protocol::{ErrorCode, RoomId, Timestamp};
use wecall_room::{Change, Event, RoomState};

use super::{
    Now,
    figures::Count,
    node::Node,
    record::{Past, Tag, to_json},
    request::{Commit, Reply, Request, StoreError},
    room::{Committing, Flight, News, Op, Room},
    trace,
    wire::change_note,
};
use crate::{Refusal, memory::ENDED_KEPT_FOR};

/// So many times others may be faster before it is given up: each time one of them has done
/// something.
const CONFLICTS: u32 = 64;

/// After so many the next attempt waits a moment, of a random length.
const CONFLICTS_AT_ONCE: u32 = 3;

/// A room in use is kept for so long after its last change or check: a store that all nodes have
/// left forgets it in the end.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// A room that expires is kept a moment longer, so that its end can be told.
const EXPIRY_MARGIN: Duration = Duration::from_secs(60);

impl Node {
    pub(super) fn create(
        &mut self,
        id: RoomId,
        room: &mut Room,
        op: Op,
        state: RoomState,
        now: Now,
    ) {
        let change = Change {
            version: state.version,
            events: Vec::new(),
        };
        self.commit(id, room, None, state, change, Some(op), now);
    }

    /// Asks for a record to be written.
    #[expect(clippy::too_many_arguments, reason = "each is a part of one write")]
    pub(super) fn commit(
        &mut self,
        id: RoomId,
        room: &mut Room,
        previous: Option<(RoomState, Tag)>,
        next: RoomState,
        change: Change,
        op: Option<Op>,
        now: Now,
    ) {
        let tag = self.new_tag();
        let has_new_chat = change
            .events
            .iter()
            .any(|event| matches!(event, Event::Chat(_)));
        let (bare, chat) = next.clone().split_chat();
        let chat = (has_new_chat || (previous.is_none() && !chat.is_empty()) || op.is_none())
            .then(|| to_json(&chat));
        let mut tell = self.other_homes(&next);
        if let Some((state, _)) = &previous {
            tell.extend(self.other_homes(state));
        }
        tell.sort_unstable();
        tell.dedup();
        let expected = previous.map(|(_, tag)| tag);
        let span = match &op {
            Some(op) => {
                let kind = if expected.is_some() {
                    "change"
                } else {
                    "creation"
                };
                trace::commit(&op.span, kind, op.conflicts, tell.len())
            }
            None => Span::none(),
        };
        let note = match &expected {
            Some(previous) if !tell.is_empty() => {
                let carried = self.traces.carry(&span);
                // Two views that were merged differ from either by more than events can tell.
                let events = op.is_some().then_some(&*change.events);
                change_note(id, previous, &tag, events, carried.as_deref())
            }
            _ => String::new(),
        };
        let past = Past {
            version: next.version,
            tag: tag.clone(),
            events: change.events.clone(),
        };
        let is_home = self.is_followed(&next);
        let commit = Commit {
            room: id,
            is_new: expected.is_none() && op.is_some(),
            is_over: next.ended.is_some(),
            expected,
            version: next.version,
            tag: tag.clone(),
            state: to_json(&bare),
            chat,
            past: to_json(&past),
            keep_for: self.keep_for(&next, now.time),
            tell,
            note,
            index: (is_home && !room.indexed).then_some(self.id),
            span,
        };
        let request = self.ask_for_room(id, Request::Commit(Box::new(commit)));
        room.flight = Flight::Committing(Box::new(Committing {
            request,
            era: self.era,
            next,
            tag,
            change,
            op,
        }));
    }

    pub(super) fn keep_for(&self, state: &RoomState, now: Timestamp) -> Duration {
        if state.ended.is_some() {
            return ENDED_KEPT_FOR;
        }
        let expiry = state.expires_at.map(|at| at.since(now) + EXPIRY_MARGIN);
        match (expiry, state.abandoned_at(&self.rules)) {
            (Some(expiry), _) => expiry,
            // At least a millisecond: none at all would be for ever.
            (None, Some(at)) => at.since(now).max(Duration::from_millis(1)),
            (None, None) => KEPT_FOR,
        }
    }

    pub(super) fn on_commit_reply(
        &mut self,
        id: RoomId,
        room: &mut Room,
        committing: Committing,
        reply: Result<Reply, StoreError>,
        now: Now,
    ) {
        let Committing {
            era,
            next,
            tag,
            change,
            op,
            ..
        } = committing;
        match reply {
            Ok(Reply::Committed) => {
                self.figures.count(Count::Committed, 1);
                if self.is_followed(&next) {
                    room.indexed = true;
                }
                let is_new = change.events.is_empty() && op.is_some();
                let (events, news) = match (&op, &room.copy) {
                    // Two views were merged: each node tells its own what is new to them.
                    (None, Some(copy)) => (next.events_since(&copy.state), News::View),
                    _ => (change.events, News::Ours),
                };
                self.replace(room, (next, tag, era), events, news, now);
                match op {
                    Some(mut op) if is_new => {
                        op.fresh = true;
                        room.queue.push_front(op);
                    }
                    Some(op) => {
                        if op.reaps.is_some() {
                            self.count_reaped(room);
                        }
                        if let Some(copy) = &room.copy {
                            self.finish(op, Ok(&copy.state));
                        }
                    }
                    None => room.unsettled = true,
                }
            }
            Ok(Reply::Conflict(loaded)) => {
                self.figures.count(Count::Conflict, 1);
                if let Some(mut op) = op {
                    op.conflicts += 1;
                    op.fresh = true;
                    let conflicts = op.conflicts;
                    if conflicts > CONFLICTS {
                        room.unsettled = true;
                        self.finish(op, Err(ErrorCode::Unavailable.into()));
                    } else {
                        room.queue.push_front(op);
                    }
                    self.adopt(id, room, (loaded, era), Count::ResyncConflict, now);
                    if conflicts > CONFLICTS_AT_ONCE && !room.is_flying() {
                        let until = now.instant + self.jitter(conflicts);
                        room.flight = Flight::Pausing(until);
                        self.next_walk = self.next_walk.min(until);
                    }
                } else {
                    self.adopt(id, room, (loaded, era), Count::ResyncConflict, now);
                }
            }
            Ok(Reply::Full) => {
                if let Some(op) = op {
                    self.finish(op, Err(Refusal::TooManyRooms));
                }
            }
            Ok(_) | Err(_) => {
                self.figures.count(Count::CommitFailed, 1);
                // It may be written all the same, so the copy is not to be relied on.
                if room.copy.is_some() {
                    room.stale = Some(Count::ResyncReconnect);
                }
                room.unsettled = true;
                if let Some(op) = op {
                    self.finish(op, Err(ErrorCode::Unavailable.into()));
                }
                if reply.is_err_and(|error| error == StoreError::Server) {
                    self.set_aside(id, room, "the store refuses to write it", now);
                }
            }
        }
    }

    /// Up to twice as long with each conflict: 1 to 32 ms.
    pub(super) fn jitter(&mut self, conflicts: u32) -> Duration {
        let most = 1_u64 << conflicts.saturating_sub(CONFLICTS_AT_ONCE).min(5);
        let mixed = self.mix();
        Duration::from_micros(mixed % (most * 1_000))
    }
}
