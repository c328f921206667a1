//! Views of one room that have parted, and how they come together.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use wecall_protocol::{MediaState, PeerId, Reach, Role, Timestamp, Topology};
use wecall_room::{Event, MediaSeat, RoomState};

use crate::{
    properties::{any_script, run},
    room,
};

/// What someone shows who was told of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    joined_at: Timestamp,
    name: String,
    media: MediaState,
    hand: Option<Timestamp>,
    role: Role,
    path: Topology,
    reach: Option<Reach>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct View {
    topology: Topology,
    media: Option<MediaSeat>,
    participants: BTreeMap<PeerId, Seen>,
    locked: bool,
    ended: bool,
}

impl View {
    fn of(room: &RoomState) -> Self {
        let participants = room
            .participants
            .iter()
            .map(|one| (one.id, seen(room, one.id)));
        Self {
            topology: room.topology,
            media: room.media,
            participants: participants.collect(),
            locked: room.locked,
            ended: room.ended.is_some(),
        }
    }

    /// Tells an event of a room that looks like `now` after all of them.
    fn hear(&mut self, event: &Event, now: &RoomState) -> Result<(), TestCaseError> {
        match event {
            Event::Joined(peer) => {
                let before = self.participants.insert(*peer, seen(now, *peer));
                prop_assert!(before.is_none(), "joined twice");
            }
            Event::Left { peer, .. } => {
                prop_assert!(self.participants.remove(peer).is_some(), "left twice");
            }
            Event::MediaSet { peer, media } => self.one(peer)?.media = *media,
            Event::TopologySet => {
                self.topology = now.topology;
                self.media = now.media;
            }
            Event::PathSet(peer) => {
                let told = seen(now, *peer);
                let one = self.one(peer)?;
                (one.path, one.reach) = (told.path, told.reach);
            }
            Event::HandSet(peer) => self.one(peer)?.hand = seen(now, *peer).hand,
            Event::Renamed(peer) => self.one(peer)?.name = seen(now, *peer).name,
            Event::RoleSet { peer, role } => self.one(peer)?.role = *role,
            Event::LockSet { locked, .. } => self.locked = *locked,
            Event::Ended(_) => self.ended = true,
            Event::Away(_)
            | Event::Back(_)
            | Event::Chat(_)
            | Event::MicrophoneLowered { .. }
            | Event::Removed { .. } => {}
        }
        Ok(())
    }

    fn one(&mut self, peer: &PeerId) -> Result<&mut Seen, TestCaseError> {
        let one = self.participants.get_mut(peer);
        one.ok_or_else(|| TestCaseError::fail("told of someone who is not in"))
    }
}

fn seen(room: &RoomState, peer: PeerId) -> Seen {
    let one = room.participant(peer).expect("a participant");
    Seen {
        joined_at: one.joined_at,
        name: one.name.to_string(),
        media: one.media,
        hand: one.hand_raised_at,
        role: one.role,
        path: one.path,
        reach: one.reach,
    }
}

fn members(room: &RoomState) -> BTreeSet<PeerId> {
    room.participants.iter().map(|one| one.id).collect()
}

/// A room, and two ways in which it went on without the two knowing of each other.
fn parted() -> impl Strategy<Value = (RoomState, RoomState, RoomState)> {
    (any_script(), any_script(), any_script()).prop_map(|(before, one, other)| {
        let go_on = |room: RoomState, script: &[_]| {
            run(room, script, |_, _, _, _| Ok(())).expect("nothing is checked")
        };
        let before = go_on(room(4), &before[..before.len() / 2]);
        let one = go_on(before.clone(), &one[..one.len() / 4]);
        let other = go_on(before.clone(), &other[..other.len() / 4]);
        (before, one, other)
    })
}

proptest! {
    #[test]
    fn who_knew_the_room_before_knows_it_now((before, now, other) in parted()) {
        for (before, now) in [(&before, &now), (&other, &now), (&now, &before)] {
            if before.ended.is_some() {
                continue;
            }
            let mut view = View::of(before);
            for event in now.events_since(before) {
                view.hear(&event, now)?;
            }
            if now.ended.is_some() {
                prop_assert!(view.ended);
            } else if now.participants.is_empty() {
                // Nobody is there whom a lock could be told of.
                prop_assert!(view.participants.is_empty());
            } else {
                prop_assert_eq!(view, View::of(now));
            }
        }
    }

    #[test]
    fn nobody_is_dropped_of_whom_neither_side_knows_that_they_are_out(
        (before, one, other) in parted()
    ) {
        if one.ended.is_some() || other.ended.is_some() {
            return Ok(());
        }
        let merged = one.clone().merged(other.clone());
        for peer in members(&one).intersection(&members(&other)) {
            let (mine, theirs) = (one.participant(*peer), other.participant(*peer));
            let same_stay = mine.map(|one| one.joined_at) == theirs.map(|one| one.joined_at);
            if same_stay && before.participant(*peer).map(|one| one.joined_at) == mine.map(|one| one.joined_at) {
                prop_assert!(merged.participant(*peer).is_some(), "{peer} is in on both sides");
            }
        }
        let either: BTreeSet<PeerId> = members(&one).union(&members(&other)).copied().collect();
        prop_assert!(members(&merged).is_subset(&either));
    }

    #[test]
    fn whichever_side_merges_has_the_same_members((_, one, other) in parted()) {
        let (ours, theirs) = (one.clone().merged(other.clone()), other.merged(one));
        prop_assert_eq!(ours.ended.is_some(), theirs.ended.is_some());
        prop_assert_eq!(ours.version, theirs.version);
        if ours.ended.is_none() {
            prop_assert_eq!(members(&ours), members(&theirs));
        }
    }

    #[test]
    fn what_is_merged_already_is_not_news((_, one, other) in parted()) {
        let merged = one.clone().merged(other.clone());
        for side in [one, other] {
            let again = side.merged(merged.clone());
            prop_assert_eq!(members(&again), members(&merged));
            prop_assert!(again.version > merged.version);
        }
    }
}
