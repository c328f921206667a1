//! What is done with rooms: work is decided on the copy, and written on condition.

use std::time::{Duration, Instant};

use tracing::Span;
use wecall_protocol::{ErrorCode, RoomId, Timestamp};
use wecall_room::{Change, Event, NodeId, RoomState};

use super::{
    Now,
    figures::Count,
    link::Envelope,
    node::Node,
    record::{OLDEST_SCHEMA, Past, Record, Tag, to_json},
    request::{Commit, Loaded, Reply, Request, RequestId, StoreError},
    room::{
        AnyWork, Committing, Copy, EARLY_CHANGES, EarlyChange, Flight, Op, QUEUE, Room,
        SET_ASIDE_FOR, Unwatched, WAITING, Waiting,
    },
    trace,
    wire::{ChangeNote, change_note},
};
use crate::{Audience as _, Decision, Refusal, memory::ENDED_KEPT_FOR, store::command};

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

/// Of several nodes with participants in a room the first lets time have its effect on it; the
/// others do when it does not.
const TURN: Duration = Duration::from_millis(400);

impl Node {
    /// Does something with a room, now or as soon as it can be.
    pub(super) fn submit(&mut self, id: RoomId, op: Op, now: Now) {
        let room = self.rooms.entry(id).or_default();
        if room.queue.len() >= QUEUE {
            return self.finish(op, Err(ErrorCode::Unavailable.into()));
        }
        room.queue.push_back(op);
        self.advance(id, now);
    }

    /// The same, for what nobody waits for.
    pub(super) fn run_command(&mut self, id: RoomId, run: wecall_room::Command, now: Now) {
        self.submit(id, Op::new(Box::new(Unwatched(command(run)))), now);
    }

    /// Goes as far with a room as can be without an answer of the store.
    pub(super) fn advance(&mut self, id: RoomId, now: Now) {
        let Some(mut room) = self.rooms.remove(&id) else {
            return;
        };
        while !room.is_flying() && self.step(id, &mut room, now) {}
        if room.is_idle() && room.stale.is_none() && !self.has_members(&room) {
            if let Some(deadline) = room.deadline {
                self.deadlines.remove(&(deadline, id));
            }
            if room.indexed {
                self.to_forget.insert(id);
            }
        } else {
            self.reschedule(id, &mut room);
            self.rooms.insert(id, room);
        }
    }

    /// One step; false when there is nothing to do just now.
    fn step(&mut self, id: RoomId, room: &mut Room, now: Now) -> bool {
        if !self.is_up() {
            return self.step_without_store(room);
        }
        if room
            .set_aside_until
            .is_some_and(|until| now.instant < until)
        {
            return self.refuse_next(room, ErrorCode::Unavailable.into());
        }
        if room.stale.is_some() {
            self.load(id, room);
            return false;
        }
        if room.unsettled && room.copy.is_some() {
            room.unsettled = false;
            self.settle(id, room, now);
        }
        let Some(mut op) = room.queue.pop_front() else {
            return false;
        };
        let Some(copy) = &room.copy else {
            if !op.fresh {
                room.queue.push_front(op);
                self.load(id, room);
                return false;
            }
            match op.work.decide(None) {
                Ok(Decision::Create(state)) => self.create(id, room, op, *state, now),
                Ok(Decision::Look | Decision::Run(_)) => {
                    self.finish(op, Err(ErrorCode::RoomNotFound.into()));
                }
                Err(refusal) => self.finish(op, Err(refusal)),
            }
            return true;
        };
        // A copy that nobody keeps up to date is as good as none.
        let must_ask = !op.fresh && !self.is_followed(&copy.state);
        if must_ask {
            room.queue.push_front(op);
            self.load(id, room);
            return false;
        }
        let decided = match op.work.decide(Some(&copy.state)) {
            Ok(Decision::Look) => Ok(None),
            Ok(Decision::Create(_)) => Err(Refusal::IdTaken),
            Ok(Decision::Run(command)) => {
                let mut next = copy.state.clone();
                let change = next.apply(command, now.time, &self.rules);
                change
                    .map(|change| (!change.is_empty()).then_some((next, change)))
                    .map_err(Refusal::from)
            }
            Err(refusal) => Err(refusal),
        };
        match decided {
            Ok(None) => self.finish(op, Ok(&copy.state)),
            Ok(Some((next, change))) => {
                let previous = Some((copy.state.clone(), copy.tag.clone()));
                self.commit(id, room, previous, next, change, Some(op), now);
            }
            // Others may have made it possible a moment ago.
            Err(_) if !op.fresh => {
                room.queue.push_front(op);
                self.load(id, room);
                return false;
            }
            Err(refusal) => self.finish(op, Err(refusal)),
        }
        true
    }

    /// While the store cannot be asked, only those are served who know that they see the past.
    fn step_without_store(&mut self, room: &mut Room) -> bool {
        let Some(mut op) = room.queue.pop_front() else {
            return false;
        };
        match &room.copy {
            Some(copy) if op.work.content_with_the_past() && self.is_followed(&copy.state) => {
                match op.work.decide(Some(&copy.state)) {
                    Ok(_) => self.finish(op, Ok(&copy.state)),
                    Err(refusal) => self.finish(op, Err(refusal)),
                }
                room.unsettled = true;
            }
            _ => {
                self.finish(op, Err(ErrorCode::Unavailable.into()));
                room.unsettled = true;
            }
        }
        true
    }

    fn refuse_next(&mut self, room: &mut Room, refusal: Refusal) -> bool {
        match room.queue.pop_front() {
            Some(op) => {
                self.finish(op, Err(refusal));
                true
            }
            None => false,
        }
    }

    fn load(&mut self, id: RoomId, room: &mut Room) {
        let (known, since) = match &room.copy {
            Some(copy) => (Some(copy.tag.clone()), copy.state.version),
            None => (None, 0),
        };
        let request = Request::Load {
            room: id,
            known,
            since,
        };
        room.flight = Flight::Loading(self.ask_for_room(id, request));
    }

    fn create(&mut self, id: RoomId, room: &mut Room, op: Op, state: RoomState, now: Now) {
        let change = Change {
            version: state.version,
            events: Vec::new(),
        };
        self.commit(id, room, None, state, change, Some(op), now);
    }

    /// Asks for a record to be written.
    #[expect(clippy::too_many_arguments, reason = "each is a part of one write")]
    fn commit(
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
                change_note(id, previous, &tag, &change.events, carried.as_deref())
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
            next,
            tag,
            change,
            op,
        }));
    }

    fn keep_for(&self, state: &RoomState, now: Timestamp) -> Duration {
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

    pub(super) fn on_room_reply(
        &mut self,
        id: RoomId,
        request: RequestId,
        reply: Result<Reply, StoreError>,
        now: Now,
    ) {
        let Some(mut room) = self.rooms.remove(&id) else {
            return;
        };
        match std::mem::take(&mut room.flight) {
            Flight::Loading(asked) if asked == request => {
                let why = room.stale.take();
                match reply {
                    Ok(Reply::Loaded(loaded)) => {
                        if let Some(op) = room.queue.front_mut() {
                            op.fresh = true;
                        }
                        let why = why.unwrap_or(Count::ResyncCheck);
                        self.adopt(id, &mut room, loaded, why, now);
                    }
                    Err(StoreError::Server) => {
                        self.set_aside(id, &mut room, "the store refuses to read it", now);
                    }
                    Ok(_) | Err(_) => {
                        room.stale = why;
                        self.refuse_next(&mut room, ErrorCode::Unavailable.into());
                    }
                }
            }
            Flight::Committing(committing) if committing.request == request => {
                self.on_commit_reply(id, &mut room, *committing, reply, now);
            }
            other => room.flight = other,
        }
        self.rooms.insert(id, room);
        self.take_early_changes(id, now);
        self.advance(id, now);
        self.take_waiting(id, now);
    }

    fn on_commit_reply(
        &mut self,
        id: RoomId,
        room: &mut Room,
        committing: Committing,
        reply: Result<Reply, StoreError>,
        now: Now,
    ) {
        let op = committing.op;
        match reply {
            Ok(Reply::Committed) => {
                self.figures.count(Count::Committed, 1);
                let Committing {
                    next, tag, change, ..
                } = Committing {
                    op: None,
                    ..committing
                };
                if self.is_followed(&next) {
                    room.indexed = true;
                }
                let is_new = change.events.is_empty() && op.is_some();
                let events = match (&op, &room.copy) {
                    // Two views were merged: each node tells its own what is new to them.
                    (None, Some(copy)) => next.events_since(&copy.state),
                    _ => change.events,
                };
                self.replace(room, next, tag, events, now);
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
                        self.finish(op, Err(ErrorCode::Unavailable.into()));
                    } else {
                        room.queue.push_front(op);
                    }
                    self.adopt(id, room, loaded, Count::ResyncConflict, now);
                    if conflicts > CONFLICTS_AT_ONCE && !room.is_flying() {
                        room.flight = Flight::Pausing(now.instant + self.jitter(conflicts));
                    }
                } else {
                    self.adopt(id, room, loaded, Count::ResyncConflict, now);
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
    fn jitter(&mut self, conflicts: u32) -> Duration {
        let most = 1_u64 << conflicts.saturating_sub(CONFLICTS_AT_ONCE).min(5);
        let mixed = self.mix();
        Duration::from_micros(mixed % (most * 1_000))
    }

    /// The record is another one than the copy.
    fn adopt(&mut self, id: RoomId, room: &mut Room, loaded: Loaded, why: Count, now: Now) {
        let era = self.era;
        match loaded {
            Loaded::Unchanged => {
                if let Some(copy) = &mut room.copy {
                    copy.era = era;
                }
                room.set_aside_until = None;
            }
            Loaded::Unreadable(reason) => self.set_aside(id, room, &reason.to_string(), now),
            Loaded::Missing => self.assert_again(id, room, now),
            Loaded::Record(record) => {
                room.set_aside_until = None;
                let Some(copy) = &mut room.copy else {
                    let Record { tag, state, .. } = *record;
                    room.copy = Some(Copy { state, tag, era });
                    room.unsettled = true;
                    return;
                };
                if copy.tag == record.tag {
                    copy.era = era;
                    return;
                }
                self.figures.count(why, 1);
                self.catch_up(id, room, *record, now);
            }
        }
    }

    fn catch_up(&mut self, id: RoomId, room: &mut Room, record: Record, now: Now) {
        let Some(copy) = &room.copy else {
            return;
        };
        let same_room = copy.state.created_at == record.state.created_at;
        let nothing_lost =
            copy.era == self.era || record.has_been(copy.state.version, &copy.tag) || !same_room;
        if !nothing_lost {
            let merged = copy.state.clone().merged(record.state.clone());
            let brings_back = merged
                .participants
                .iter()
                .any(|one| record.state.participant(one.id).is_none());
            if brings_back {
                tracing::info!(room = %id, "what the store has lost of a room is written again");
                let change = Change {
                    version: merged.version,
                    events: merged.events_since(&record.state),
                };
                let previous = Some((record.state, record.tag));
                return self.commit(id, room, previous, merged, change, None, now);
            }
        }
        let mut events = record.state.events_since(&copy.state);
        let known = copy.state.version;
        let passing = record
            .history
            .iter()
            .filter(|past| past.version > known && nothing_lost)
            .flat_map(|past| &past.events)
            .filter(|event| matches!(event, Event::MicrophoneLowered { .. }));
        events.extend(passing.cloned());
        self.replace(room, record.state, record.tag, events, now);
        room.unsettled = true;
    }

    /// The store has no record of a room that this node has a copy of.
    fn assert_again(&mut self, id: RoomId, room: &mut Room, now: Now) {
        let Some(copy) = room.copy.take() else {
            return;
        };
        if self.is_followed(&copy.state) && copy.state.ended.is_none() {
            tracing::info!(room = %id, "the store has lost a room; it is written again");
            let mut next = copy.state.clone();
            next.version += 1;
            room.indexed = false;
            let change = Change {
                version: next.version,
                events: Vec::new(),
            };
            room.copy = Some(copy);
            self.commit(id, room, None, next, change, None, now);
        }
    }

    fn set_aside(&mut self, id: RoomId, room: &mut Room, reason: &str, now: Now) {
        tracing::error!(room = %id, reason, "a room's record cannot be used; it is set aside");
        self.figures.count(Count::SetAside, 1);
        room.set_aside_until = Some(now.instant + SET_ASIDE_FOR);
        while self.refuse_next(room, ErrorCode::Unavailable.into()) {}
    }

    /// The copy is this from now on, and those who are here are told.
    fn replace(
        &mut self,
        room: &mut Room,
        state: RoomState,
        tag: Tag,
        events: Vec<Event>,
        now: Now,
    ) {
        let change = Change {
            version: state.version,
            events,
        };
        let before = room.copy.take().map(|copy| copy.state);
        let here = self.here(before.as_ref(), &change);
        self.hub.changed(&state, &change, now.time);
        self.see_off(&here, &state, now);
        let era = self.era;
        room.copy = Some(Copy { state, tag, era });
    }

    pub(super) fn on_change(&mut self, note: ChangeNote<'_>, now: Now) {
        let id = note.room;
        let readable = note.oldest_schema <= OLDEST_SCHEMA.max(super::record::SCHEMA);
        let events = note.events().filter(|_| readable);
        let span = trace::room_change(&*self.traces, note.trace.as_deref());
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        if room.early.len() >= EARLY_CHANGES {
            room.early.clear();
            room.stale.get_or_insert(Count::ResyncGap);
        }
        room.early.push(EarlyChange {
            previous: note.previous,
            tag: note.tag,
            events,
            state: note.state,
            span,
        });
        if !room.is_flying() {
            self.take_early_changes(id, now);
            self.advance(id, now);
            self.take_waiting(id, now);
        }
    }

    /// Takes in the changes that follow on the copy; when some are left, one in between is lost.
    fn take_early_changes(&mut self, id: RoomId, now: Now) {
        let Some(mut room) = self.rooms.remove(&id) else {
            return;
        };
        while !room.is_flying() {
            let Some(copy) = &room.copy else {
                room.early.clear();
                break;
            };
            let version = copy.state.version;
            room.early
                .retain(|early| early.state.version >= version && early.tag != copy.tag);
            let next = room
                .early
                .iter()
                .position(|early| early.previous == copy.tag);
            let Some(next) = next else {
                // One of the same version is of another line; one of a later has a gap before it.
                if !room.early.is_empty() {
                    room.early.clear();
                    room.stale.get_or_insert(Count::ResyncGap);
                }
                break;
            };
            let early = room.early.swap_remove(next);
            let (state, events) = match early.events {
                Some(events) => (early.state.after(&copy.state, &events, now.time), events),
                None => {
                    // Chat may be among what cannot be read.
                    room.stale.get_or_insert(Count::ResyncGap);
                    let state = early.state.after(&copy.state, &[], now.time);
                    let events = state.events_since(&copy.state);
                    (state, events)
                }
            };
            self.replace(&mut room, state, early.tag, events, now);
            early.span.record("outcome", "taken in");
        }
        self.rooms.insert(id, room);
    }

    /// Something for a participant refers to a version of the room that is still to come.
    pub(super) fn wait_for_version(&mut self, id: RoomId, waiting: Waiting, now: Now) {
        let room = self.rooms.entry(id).or_default();
        if room.waiting.len() >= WAITING {
            return self.figures.count(Count::LinkDropped, 1);
        }
        room.waiting.push_back(waiting);
        if !room.is_flying() {
            room.stale.get_or_insert(Count::ResyncGap);
            self.advance(id, now);
        }
    }

    /// Goes on with what has waited for the version that the copy has now.
    pub(super) fn take_waiting(&mut self, id: RoomId, now: Now) {
        loop {
            let Some(room) = self.rooms.get_mut(&id) else {
                return;
            };
            let version = room.copy.as_ref().map_or(0, |copy| copy.state.version);
            // Without a copy after it was fetched, what was waited for does not come.
            let is_hopeless = room.copy.is_none() && !room.is_flying();
            match room.waiting.front() {
                Some(first) if first.version() <= version || is_hopeless => {}
                _ => break,
            }
            match room.waiting.pop_front() {
                Some(Waiting::Envelope(envelope)) => self.deliver(envelope, now),
                Some(Waiting::TakeOver(node, takeover)) => {
                    self.answer_takeover(node, takeover, now)
                }
                None => break,
            }
        }
        self.advance(id, now);
    }

    /// Lets time have its effect on rooms.
    pub(super) fn tick_rooms(&mut self, now: Now) {
        let pausing: Vec<RoomId> = self.pausing(now.instant).collect();
        for id in pausing {
            if let Some(room) = self.rooms.get_mut(&id) {
                room.flight = Flight::None;
            }
            self.take_early_changes(id, now);
            self.advance(id, now);
        }
        while let Some((at, id)) = self.deadlines.first().copied() {
            if at > now.time {
                break;
            }
            self.deadlines.pop_first();
            let is_up = self.is_up();
            if let Some(room) = self.rooms.get_mut(&id) {
                room.deadline = None;
                if is_up {
                    self.run_command(id, wecall_room::Command::Tick, now);
                } else {
                    // It will be settled when the store is back.
                    room.unsettled = true;
                }
            }
        }
        if self.is_up() {
            let unsettled = |id: &RoomId, room: &Room| {
                let is_due = (room.unsettled && room.copy.is_some()) || room.stale.is_some();
                (is_due && !room.is_flying()).then_some(*id)
            };
            let unsettled: Vec<RoomId> = self
                .rooms
                .iter()
                .filter_map(|(id, room)| unsettled(id, room))
                .collect();
            for id in unsettled {
                self.advance(id, now);
            }
        }
    }

    fn pausing(&self, now: Instant) -> impl Iterator<Item = RoomId> {
        let paused = move |id: &RoomId, room: &Room| match room.flight {
            Flight::Pausing(until) if until <= now => Some(*id),
            _ => None,
        };
        self.rooms
            .iter()
            .filter_map(move |(id, room)| paused(id, room))
    }

    fn reschedule(&mut self, id: RoomId, room: &mut Room) {
        let deadline = room.copy.as_ref().and_then(|copy| {
            let deadline = copy.state.next_deadline(&self.rules)?;
            Some(deadline + TURN * self.turn(&copy.state))
        });
        if deadline == room.deadline {
            return;
        }
        if let Some(old) = room.deadline {
            self.deadlines.remove(&(old, id));
        }
        self.deadlines.extend(deadline.map(|at| (at, id)));
        room.deadline = deadline;
    }

    /// How many nodes come before this one to let time have its effect on the room.
    fn turn(&self, state: &RoomState) -> u32 {
        let mut homes = self.other_homes(state);
        homes.retain(|home| *home < self.id);
        u32::try_from(homes.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn other_homes(&self, state: &RoomState) -> Vec<NodeId> {
        let mut homes: Vec<NodeId> = state.participants.iter().map(|one| one.home).collect();
        homes.sort_unstable();
        homes.dedup();
        homes.retain(|home| !self.is_mine(*home) && *home != NodeId::SINGLE);
        homes
    }

    /// Whether changes of the room are told to this node.
    pub(super) fn is_followed(&self, state: &RoomState) -> bool {
        state.participants.iter().any(|one| one.home == self.id)
    }

    /// Whether the room has to be kept.
    fn has_members(&self, room: &Room) -> bool {
        room.copy.as_ref().is_some_and(|copy| {
            copy.state.ended.is_none()
                && copy
                    .state
                    .participants
                    .iter()
                    .any(|one| self.is_mine(one.home))
        })
    }

    pub(super) fn go_on_reaping(&mut self, now: Now) {
        while self.reaping_under_way() < REAPED_AT_ONCE {
            let Some((node, id)) = self.to_reap.pop_front() else {
                return;
            };
            let lost = command(wecall_room::Command::NodeLost { home: node });
            let work: Box<dyn AnyWork> = Box::new(Unwatched(lost));
            let op = Op {
                reaps: Some(node),
                ..Op::new(work)
            };
            self.submit(id, op, now);
        }
    }

    fn reaping_under_way(&self) -> usize {
        let left: usize = self.reaping.values().map(|reaping| reaping.rooms).sum();
        left.saturating_sub(self.to_reap.len())
    }

    fn count_reaped(&self, room: &Room) {
        let Some(copy) = &room.copy else { return };
        let away = copy.state.participants.iter().filter(|one| {
            !self.is_mine(one.home) && one.presence != wecall_room::Presence::Connected
        });
        self.figures
            .count(Count::ReapedParticipant, away.count() as u64);
    }

    /// Delivers what was forwarded or has waited.
    pub(super) fn deliver(&mut self, envelope: Envelope, now: Now) {
        self.dispatch(envelope, now);
    }
}

/// Rooms that are told of a lost node at once: some milliseconds of the store's time.
const REAPED_AT_ONCE: usize = 64;
