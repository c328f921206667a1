use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use dashmap::{DashMap, mapref::entry::Entry};
use wecall_protocol::{ErrorCode, RoomId, Timestamp};
use wecall_room::{Change, Command, RoomState, Rules};

use crate::{Audience, Decision, Refusal, Work};

/// How long an ended room's id is remembered: as long as a resume token could bring it back.
pub(crate) const ENDED_KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Rooms in the memory of one node.
pub struct Memory {
    rooms: DashMap<RoomId, Arc<Mutex<Slot>>>,
    /// Ids of rooms that have ended, and when.
    ended: DashMap<RoomId, Timestamp>,
    deadlines: Mutex<BTreeSet<(Timestamp, RoomId)>>,
    /// Rooms that changed since they were last written down.
    unsaved: Mutex<HashSet<RoomId>>,
    audience: Arc<dyn Audience>,
    rules: Rules,
    max_rooms: usize,
}

struct Slot {
    state: RoomState,
    /// Under which the room stands in `deadlines`.
    deadline: Option<Timestamp>,
    /// Not in the map any more: whoever waited for the lock finds nothing.
    forgotten: bool,
}

impl Memory {
    pub fn new(audience: Arc<dyn Audience>, rules: Rules, max_rooms: usize) -> Self {
        Self {
            rooms: DashMap::new(),
            ended: DashMap::new(),
            deadlines: Mutex::default(),
            unsaved: Mutex::default(),
            audience,
            rules,
            max_rooms,
        }
    }

    /// Remembers that a room has ended, across a restart.
    pub(crate) fn restore_ended(&self, room: RoomId, at: Timestamp) {
        self.ended.insert(room, at);
    }

    /// The rooms that changed since the last call; `None` for those that are no more.
    pub(crate) fn take_unsaved(&self, mut save: impl FnMut(RoomId, Unsaved<'_>)) {
        let unsaved = std::mem::take(&mut *lock(&self.unsaved));
        for room in unsaved {
            let slot = self.rooms.get(&room).map(|slot| slot.clone());
            match slot {
                Some(slot) => save(room, Unsaved::Room(&lock(&slot).state)),
                None => {
                    let ended_at = self.ended.get(&room).map(|at| *at);
                    save(room, Unsaved::Gone { ended_at });
                }
            }
        }
    }

    /// Rooms that could not be saved are tried again.
    pub(crate) fn mark_unsaved(&self, rooms: impl IntoIterator<Item = RoomId>) {
        lock(&self.unsaved).extend(rooms);
    }

    fn reschedule(&self, slot: &mut Slot) {
        let deadline = slot.state.next_deadline(&self.rules);
        if deadline == slot.deadline {
            return;
        }
        let room = slot.state.id;
        let mut deadlines = lock(&self.deadlines);
        if let Some(old) = slot.deadline {
            deadlines.remove(&(old, room));
        }
        deadlines.extend(deadline.map(|at| (at, room)));
        slot.deadline = deadline;
    }

    fn forget(&self, slot: &mut Slot, now: Timestamp) {
        let room = slot.state.id;
        if let Some(deadline) = slot.deadline.take() {
            lock(&self.deadlines).remove(&(deadline, room));
        }
        slot.forgotten = true;
        if slot.state.ended.is_some() {
            self.ended.insert(room, now);
        }
        self.rooms.remove(&room);
        self.mark_unsaved([room]);
    }

    fn due(&self, now: Timestamp) -> Option<RoomId> {
        let mut deadlines = lock(&self.deadlines);
        let (at, _) = deadlines.first()?;
        if *at > now {
            return None;
        }
        deadlines.pop_first().map(|(_, room)| room)
    }
}

/// What is to be written down of a room.
pub(crate) enum Unsaved<'a> {
    Room(&'a RoomState),
    Gone { ended_at: Option<Timestamp> },
}

impl Memory {
    /// Does the work under the room's lock.
    pub(crate) fn run<W: Work>(&self, room: RoomId, mut work: W, now: Timestamp) -> W::Output {
        let mut created = false;
        loop {
            let slot = self.rooms.get(&room).map(|slot| slot.clone());
            let Some(slot) = slot else {
                match work.decide(None) {
                    Ok(Decision::Create(state)) if !created => match self.create(*state) {
                        Ok(()) => created = true,
                        // Someone else was faster: it is decided again, once.
                        Err(Refusal::IdTaken) if self.rooms.contains_key(&room) => created = true,
                        Err(refusal) => return work.finish(Err(refusal)),
                    },
                    Ok(_) => return work.finish(Err(ErrorCode::RoomNotFound.into())),
                    Err(refusal) => return work.finish(Err(refusal)),
                }
                continue;
            };
            let mut locked = Locked {
                slot: lock(&slot),
                memory: self,
            };
            if locked.slot.forgotten {
                // Out of the map by now.
                continue;
            }
            let outcome = match work.decide(Some(&locked.slot.state)) {
                Ok(Decision::Look) => Ok(()),
                Ok(Decision::Run(command)) => locked
                    .apply(command, now)
                    .map(|_| ())
                    .map_err(Refusal::from),
                Ok(Decision::Create(_)) => Err(Refusal::IdTaken),
                Err(refusal) => Err(refusal),
            };
            return work.finish(outcome.map(|()| &locked.slot.state));
        }
    }

    pub(crate) fn create(&self, state: RoomState) -> Result<(), Refusal> {
        let room = state.id;
        if self.rooms.len() >= self.max_rooms {
            return Err(Refusal::TooManyRooms);
        }
        if self.ended.contains_key(&room) {
            return Err(Refusal::IdTaken);
        }
        let mut slot = Slot {
            state,
            deadline: None,
            forgotten: false,
        };
        match self.rooms.entry(room) {
            Entry::Occupied(_) => return Err(Refusal::IdTaken),
            Entry::Vacant(place) => {
                self.reschedule(&mut slot);
                place.insert(Arc::new(Mutex::new(slot)));
            }
        }
        self.mark_unsaved([room]);
        Ok(())
    }

    /// Lets time have its effect on the rooms whose deadlines have passed.
    pub(crate) fn expire(&self, now: Timestamp) {
        while let Some(room) = self.due(now) {
            let slot = self.rooms.get(&room).map(|slot| slot.clone());
            let Some(slot) = slot else { continue };
            let mut locked = Locked {
                slot: lock(&slot),
                memory: self,
            };
            locked.slot.deadline = None;
            // A room that ended meanwhile refuses the tick, and is forgotten already.
            if locked.apply(Command::Tick, now).is_ok() {
                locked.settle(now);
            }
        }
        self.ended.retain(|_, at| now.since(*at) <= ENDED_KEPT_FOR);
    }

    pub(crate) fn room_count(&self) -> usize {
        self.rooms.len()
    }
}

struct Locked<'a> {
    slot: MutexGuard<'a, Slot>,
    memory: &'a Memory,
}

impl Locked<'_> {
    fn settle(&mut self, now: Timestamp) {
        if self.slot.forgotten {
            return;
        }
        if self.slot.state.is_over(now, &self.memory.rules) {
            self.memory.forget(&mut self.slot, now);
        } else {
            self.memory.reschedule(&mut self.slot);
        }
    }

    /// Runs a command. The audience has heard of the change when this returns, and hears of all
    /// changes of one room in the order of their versions.
    fn apply(&mut self, command: Command, now: Timestamp) -> Result<Change, ErrorCode> {
        let change = self.slot.state.apply(command, now, &self.memory.rules)?;
        if !change.is_empty() {
            self.memory.audience.changed(&self.slot.state, &change, now);
            self.memory.mark_unsaved([self.slot.state.id]);
            self.settle(now);
        }
        Ok(change)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The state behind each of these locks is whole between any two statements.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
