//! What is done with rooms: work is decided on the copy, and written on condition.

use std::time::{Duration, Instant};

use wecall_protocol::{ErrorCode, RoomId};
use wecall_room::{NodeId, Presence, RoomState};

use super::{
    Now,
    figures::Count,
    link::Envelope,
    media::is_heard,
    node::Node,
    request::{Reply, Request, RequestId, StoreError},
    room::{AnyWork, Flight, Op, QUEUE, Room, Unwatched, WAITING, Waiting},
};
use crate::{Decision, Refusal, store::command};

/// A change that is waited for comes within a few milliseconds, or was lost by the store.
const WAIT_FOR: Duration = Duration::from_secs(2);

/// Of several nodes with participants in a room the first lets time have its effect on it; the
/// others do when it does not.
const TURN: Duration = Duration::from_millis(400);

impl Node {
    /// Does something with a room, now or as soon as it can be.
    pub(super) fn submit(&mut self, id: RoomId, op: Op, now: Now) {
        self.wake(now);
        let room = self.rooms.entry(id).or_default();
        if room.queue.len() >= QUEUE {
            // What a session has to tell of itself is told from how it stands.
            room.unsettled = true;
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
        // Sessions of those who are elsewhere by now may have to be let go of.
        let is_settled = room.copy.is_none() || !room.unsettled;
        let is_done = room.is_idle() && room.stale.is_none() && is_settled;
        if is_done && !self.has_members(&room) {
            if let Some(deadline) = room.deadline {
                self.deadlines.remove(&(deadline, id));
            }
            if room.indexed {
                self.to_forget.insert(id);
            }
            self.hub.media.forget(id);
        } else {
            self.reschedule(id, &mut room);
            self.rooms.insert(id, room);
        }
    }

    /// One step; false when there is nothing to do just now.
    pub(super) fn step(&mut self, id: RoomId, room: &mut Room, now: Now) -> bool {
        if !self.is_up() {
            return self.step_without_store(room, now);
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
                let change = next.apply(command, now.time, &self.rules_for(id));
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
    pub(super) fn step_without_store(&mut self, room: &mut Room, now: Now) -> bool {
        let Some(mut op) = room.queue.pop_front() else {
            return false;
        };
        match &room.copy {
            Some(copy)
                if now.instant >= self.waking_until
                    && op.work.content_with_the_past()
                    && self.is_followed(&copy.state) =>
            {
                self.hub.set_of_the_past(true);
                match op.work.decide(Some(&copy.state)) {
                    Ok(_) => self.finish(op, Ok(&copy.state)),
                    Err(refusal) => self.finish(op, Err(refusal)),
                }
                self.hub.set_of_the_past(false);
                room.unsettled = true;
            }
            _ => {
                self.finish(op, Err(ErrorCode::Unavailable.into()));
                room.unsettled = true;
            }
        }
        true
    }

    pub(super) fn refuse_next(&mut self, room: &mut Room, refusal: Refusal) -> bool {
        match room.queue.pop_front() {
            Some(op) => {
                room.unsettled = true;
                self.finish(op, Err(refusal));
                true
            }
            None => false,
        }
    }

    pub(super) fn load(&mut self, id: RoomId, room: &mut Room) {
        let (known, since) = match &room.copy {
            Some(copy) => (Some(copy.tag.clone()), copy.state.version),
            None => (None, 0),
        };
        let request = Request::Load {
            room: id,
            known,
            since,
        };
        room.flight = Flight::Loading {
            request: self.ask_for_room(id, request),
            era: self.era,
        };
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
            Flight::Loading {
                request: asked,
                era,
            } if asked == request => {
                let why = room.stale.take();
                match reply {
                    Ok(Reply::Loaded(loaded)) => {
                        if let Some(op) = room.queue.front_mut() {
                            op.fresh = true;
                        }
                        let why = why.unwrap_or(Count::ResyncCheck);
                        self.adopt(id, &mut room, (loaded, era), why, now);
                    }
                    Err(StoreError::Server) => {
                        self.set_aside(id, &mut room, "the store refuses to read it", now);
                    }
                    Ok(_) | Err(_) => {
                        room.stale = why;
                        room.unsettled = true;
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

    /// Something for a participant refers to a version of the room that is still to come.
    pub(super) fn wait_for_version(&mut self, id: RoomId, waiting: Waiting, now: Now) {
        let room = self.rooms.entry(id).or_default();
        if room.waiting.len() >= WAITING {
            return self.figures.count(Count::LinkDropped, 1);
        }
        room.waiting.push_back((now.instant, waiting));
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
            let is_over = |since: Instant| {
                is_hopeless || now.instant.saturating_duration_since(since) >= WAIT_FOR
            };
            match room.waiting.front() {
                Some((since, first)) if first.version() <= version || is_over(*since) => {}
                _ => break,
            }
            match room.waiting.pop_front().map(|(_, waiting)| waiting) {
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
        while let Some((at, id)) = self.deadlines.first().copied() {
            if at > now.time {
                break;
            }
            if !self.is_up() || !self.liveness.is_trusted(now.instant) {
                // Whoever could not come back while the store was away has a moment to do so now.
                break;
            }
            self.deadlines.pop_first();
            if let Some(room) = self.rooms.get_mut(&id) {
                room.deadline = None;
                self.run_command(id, wecall_room::Command::Tick, now);
            }
        }
    }

    /// Goes on with rooms that wait for nothing but a moment to pass, or that were left as they
    /// were while the store was away.
    pub(super) fn walk_rooms(&mut self, now: Now) {
        let pausing: Vec<(Instant, RoomId)> = self.pausing().collect();
        for (until, id) in pausing {
            if until > now.instant {
                self.next_walk = self.next_walk.min(until);
                continue;
            }
            if let Some(room) = self.rooms.get_mut(&id) {
                room.flight = Flight::None;
            }
            self.take_early_changes(id, now);
            self.advance(id, now);
        }
        for id in self.overdue(now.instant) {
            self.take_waiting(id, now);
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

    /// Those who have waited for long enough.
    pub(super) fn overdue(&self, now: Instant) -> Vec<RoomId> {
        let is_overdue = |room: &Room| {
            room.waiting
                .front()
                .is_some_and(|(since, _)| now.saturating_duration_since(*since) >= WAIT_FOR)
        };
        self.rooms
            .iter()
            .filter_map(|(id, room)| is_overdue(room).then_some(*id))
            .collect()
    }

    fn pausing(&self) -> impl Iterator<Item = (Instant, RoomId)> {
        let rooms = self.rooms.iter();
        rooms.filter_map(|(id, room)| match room.flight {
            Flight::Pausing(until) => Some((until, *id)),
            _ => None,
        })
    }

    pub(super) fn reschedule(&mut self, id: RoomId, room: &mut Room) {
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
    pub(super) fn turn(&self, state: &RoomState) -> u32 {
        let mut homes = self.other_homes(state);
        homes.retain(|home| *home < self.id);
        u32::try_from(homes.len()).unwrap_or(u32::MAX)
    }

    /// The other nodes that follow the room: those of its participants, and of its media server.
    pub(super) fn other_homes(&self, state: &RoomState) -> Vec<NodeId> {
        let seat = state.media.map(|seat| seat.node);
        let homes = state.participants.iter().map(|one| one.home);
        let mut homes: Vec<NodeId> = homes.chain(seat).collect();
        homes.sort_unstable();
        homes.dedup();
        homes.retain(|home| !self.is_mine(*home) && *home != NodeId::SINGLE);
        homes
    }

    /// Whether changes of the room are told to this node.
    pub(super) fn is_followed(&self, state: &RoomState) -> bool {
        state.participants.iter().any(|one| one.home == self.id)
            || state.media.is_some_and(|seat| seat.node == self.id)
    }

    /// Whether the room names this node, and it has not known the room until now: its media server
    /// is here from now on, or somebody is believed to be here whose coming failed.
    pub(super) fn begins_here(&self, state: &RoomState) -> bool {
        self.is_followed(state) && !self.rooms.contains_key(&state.id)
    }

    /// Whether the room has to be kept.
    pub(super) fn has_members(&self, room: &Room) -> bool {
        room.copy.as_ref().is_some_and(|copy| {
            let mut homes = copy.state.participants.iter().map(|one| one.home);
            copy.state.ended.is_none()
                && (homes.any(|home| self.is_mine(home))
                    || copy.state.media.is_some_and(|seat| seat.node == self.id))
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

    pub(super) fn reaping_under_way(&self) -> usize {
        let left: usize = self.reaping.values().map(|reaping| reaping.rooms).sum();
        left.saturating_sub(self.to_reap.len())
    }

    pub(super) fn count_reaped(&self, room: &Room) {
        let Some(copy) = &room.copy else { return };
        let away = copy
            .state
            .participants
            .iter()
            .filter(|one| !self.is_mine(one.home) && one.presence != Presence::Connected);
        self.figures
            .count(Count::ReapedParticipant, away.count() as u64);
    }

    /// Delivers what was forwarded or has waited.
    pub(super) fn deliver(&mut self, envelope: Envelope, now: Now) {
        let room = self.rooms.get(&envelope.room);
        let copy = room.and_then(|room| room.copy.as_ref());
        // The change that brought them here may have been lost by the store, or they may be gone.
        if copy.is_none_or(|copy| is_heard(&copy.state, envelope.from)) {
            self.dispatch(envelope, now);
        }
    }
}

/// Rooms that are told of a lost node at once: some milliseconds of the store's time.
const REAPED_AT_ONCE: usize = 64;
