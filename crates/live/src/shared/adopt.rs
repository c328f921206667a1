//! A record that is another one than the copy: it is taken over, or what it has lost is brought
//! back.

use wecall_protocol::{ErrorCode, RoomId};
use wecall_room::{Change, Event, RoomState};

use super::{
    Now,
    figures::Count,
    node::Node,
    record::{OLDEST_SCHEMA, Record, Tag},
    request::Loaded,
    room::{Copy, EARLY_CHANGES, EarlyChange, News, Room, SET_ASIDE_FOR},
    trace,
    wire::ChangeNote,
};
use crate::Audience as _;

impl Node {
    /// The record is another one than the copy.
    pub(super) fn adopt(
        &mut self,
        id: RoomId,
        room: &mut Room,
        (loaded, era): (Loaded, u64),
        why: Count,
        now: Now,
    ) {
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
                    self.hub.media.changed(&state, &[]);
                    room.copy = Some(Copy { state, tag, era });
                    room.unsettled = true;
                    return;
                };
                if copy.tag == record.tag {
                    copy.era = era;
                    return;
                }
                self.figures.count(why, 1);
                self.catch_up(id, room, (*record, era), now);
            }
        }
    }

    pub(super) fn catch_up(
        &mut self,
        id: RoomId,
        room: &mut Room,
        (record, era): (Record, u64),
        now: Now,
    ) {
        let Some(copy) = &room.copy else {
            return;
        };
        let same_room = copy.state.created_at == record.state.created_at;
        let nothing_lost =
            copy.era == era || record.has_been(copy.state.version, &copy.tag) || !same_room;
        if !nothing_lost {
            let merged = copy.state.clone().merged(record.state.clone());
            // Versions never fall, for messages wait for them.
            let is_news =
                copy.state.version >= record.state.version || !merged.is_like(&record.state);
            if is_news {
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
        let record = (record.state, record.tag, era);
        self.replace(room, record, events, News::View, now);
        room.unsettled = true;
    }

    /// The store has no record of a room that this node has a copy of.
    pub(super) fn assert_again(&mut self, id: RoomId, room: &mut Room, now: Now) {
        let Some(copy) = room.copy.take() else {
            return;
        };
        let has_mine = copy
            .state
            .participants
            .iter()
            .any(|one| self.is_mine(one.home));
        if has_mine && copy.state.ended.is_none() {
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

    pub(super) fn set_aside(&mut self, id: RoomId, room: &mut Room, reason: &str, now: Now) {
        tracing::error!(room = %id, reason, "a room's record cannot be used; it is set aside");
        self.figures.count(Count::SetAside, 1);
        room.set_aside_until = Some(now.instant + SET_ASIDE_FOR);
        while self.refuse_next(room, ErrorCode::Unavailable.into()) {}
    }

    /// The copy is this from now on, and those who are here are told.
    pub(super) fn replace(
        &mut self,
        room: &mut Room,
        (state, tag, era): (RoomState, Tag, u64),
        events: Vec<Event>,
        news: News,
        now: Now,
    ) {
        let change = Change {
            version: state.version,
            events,
        };
        let before = room.copy.take().map(|copy| copy.state);
        let here = self.here(before.as_ref(), &change, news);
        match news {
            News::Ours => self.hub.changed(&state, &change, now.time),
            // Nobody was let in here: who is waited for may have been in already, elsewhere.
            News::Theirs | News::View => self.hub.tell_events(&state, &change, now.time),
        }
        self.see_off(&here, &state, now);
        room.unsettled |= self.is_mistaken(&state, &change, news);
        for event in &change.events {
            if let Event::Back(peer) = event
                && let Some(one) = state.participant(*peer)
            {
                if one.home == self.id
                    && let Some(session) = self.hub.session(*peer)
                {
                    session.set_claimed(false);
                }
                self.follow(state.id, *peer, one.home, now);
            }
        }
        room.copy = Some(Copy { state, tag, era });
    }

    pub(super) fn on_change(&mut self, note: ChangeNote<'_>, now: Now) {
        let id = note.room;
        let readable = note.oldest_schema <= OLDEST_SCHEMA.max(super::record::SCHEMA);
        let events = note.events().filter(|_| readable);
        let span = trace::room_change(&*self.traces, note.trace.as_deref());
        if self.begins_here(&note.state) {
            // The chat is not told.
            let room = self.rooms.entry(id).or_default();
            room.stale.get_or_insert(Count::ResyncGap);
            return self.advance(id, now);
        }
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
    pub(super) fn take_early_changes(&mut self, id: RoomId, now: Now) {
        let Some(mut room) = self.rooms.remove(&id) else {
            return;
        };
        while !room.is_flying() {
            let Some(copy) = &room.copy else {
                room.early.clear();
                break;
            };
            // It was made before or after, and the store may have lost it since: that it was told
            // says no more of the record than the copy does.
            let era = copy.era;
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
            let Some(events) = early.events else {
                // Chat may be among what is not told: nothing less than the record will do.
                room.early.clear();
                room.stale.get_or_insert(Count::ResyncGap);
                break;
            };
            let state = early.state.after(&copy.state, &events, now.time);
            let told = (state, early.tag, era);
            self.replace(&mut room, told, events, News::Theirs, now);
            early.span.record("outcome", "taken in");
        }
        self.rooms.insert(id, room);
    }
}
