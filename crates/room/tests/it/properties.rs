use std::{collections::BTreeSet, time::Duration};

use proptest::prelude::*;
use wecall_protocol::{ChatText, MediaState, PeerId, Reach, Role, Topology, UserName};
use wecall_room::{Action, Change, Command, Event, Join, NodeId, Returning, RoomState, Rules};

use crate::{START, newcomer, peer, room};

const PEOPLE: u8 = 6;

/// The node that rooms get their media server at.
const SEAT: NodeId = NodeId::from_random(7);

fn any_peer() -> impl Strategy<Value = PeerId> {
    (0..PEOPLE).prop_map(peer)
}

fn any_join() -> impl Strategy<Value = Join> {
    (
        0..PEOPLE,
        any::<bool>(),
        any::<bool>(),
        proptest::bool::weighted(0.8),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(number, resume, media_state, sfu, host, returning)| {
            let mut join = newcomer(number);
            join.capabilities.resume = resume;
            join.capabilities.media_state = media_state;
            join.capabilities.sfu = sfu;
            join.publisher = sfu && !resume;
            join.host = host;
            join.returning = returning.then_some(Returning {
                role: Role::Participant,
                since_version: 0,
                joined_at: None,
            });
            join
        })
}

fn any_topology() -> impl Strategy<Value = Option<Topology>> {
    proptest::option::of(prop_oneof![Just(Topology::Mesh), Just(Topology::Sfu)])
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![
        any::<[bool; 3]>().prop_map(|[microphone, camera, screen]| Action::SetMedia(MediaState {
            microphone,
            camera,
            screen,
        })),
        ("[a-c]{1,3}", proptest::option::of("[xy]")).prop_map(|(text, client_ref)| Action::Chat {
            text: ChatText::parse(&text).expect("letters are a valid text"),
            client_ref: client_ref.map(String::into_boxed_str),
        }),
        (any_topology(), any::<bool>()).prop_map(|(path, udp)| Action::SetPath {
            path,
            reach: udp.then_some(Reach::Udp),
        }),
        any_peer().prop_map(Action::Unreachable),
        any::<bool>().prop_map(Action::SetHand),
        "[a-c]".prop_map(|name| Action::Rename(UserName::parse(&name).expect("a letter"))),
        any_peer().prop_map(Action::LowerMicrophone),
        any_peer().prop_map(Action::Remove),
        any::<bool>().prop_map(Action::SetLocked),
        any_peer().prop_map(Action::TransferHost),
    ]
}

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        6 => any_join().prop_map(Command::Join),
        2 => (any_peer(), proptest::option::of(any_join())).prop_map(|(peer, join)| {
            Command::Resume { peer, home: NodeId::SINGLE, returning: join.map(|join| Box::new(Join { peer, ..join })) }
        }),
        3 => any_peer().prop_map(|peer| Command::Disconnect { peer, home: NodeId::SINGLE }),
        2 => any_peer().prop_map(|peer| Command::Leave { peer, home: NodeId::SINGLE }),
        8 => (any_peer(), any_action()).prop_map(|(peer, action)| Command::Act { peer, action }),
        1 => any_peer().prop_map(|peer| Command::Act { peer, action: Action::EndCall }),
        2 => Just(Command::Tick),
        1 => Just(Command::MediaLost { node: SEAT }),
        1 => Just(Command::NodeLost { home: SEAT }),
        1 => Just(Command::NeedMedia),
        1 => any::<bool>().prop_map(|watched| Command::SetWatched { node: SEAT, watched }),
    ]
}

/// Two go from browser to browser; there is a media server for more.
pub(crate) fn rules() -> Rules {
    let mut rules = Rules::default();
    rules.media.mesh_participants = 2;
    rules.media.seat = Some(SEAT);
    rules
}

/// Commands with the milliseconds that pass before each.
pub(crate) fn any_script() -> impl Strategy<Value = Vec<(u64, Command)>> {
    proptest::collection::vec((0..40_000u64, any_command()), 0..120)
}

/// Runs the script, and hands each step with the state before it to `check`.
pub(crate) fn run(
    mut state: RoomState,
    script: &[(u64, Command)],
    mut check: impl FnMut(
        &RoomState,
        &RoomState,
        &Command,
        Option<&Change>,
    ) -> Result<(), TestCaseError>,
) -> Result<RoomState, TestCaseError> {
    let rules = rules();
    let mut now = START;
    for (pause_ms, command) in script {
        now = now + Duration::from_millis(*pause_ms);
        let before = state.clone();
        let change = state.apply(command.clone(), now, &rules).ok();
        check(&before, &state, command, change.as_ref())?;
    }
    Ok(state)
}

proptest! {
    #[test]
    fn room_is_never_over_capacity(script in any_script(), max in 2..4u16) {
        run(room(max), &script, |_, state, _, _| {
            prop_assert!(state.participants.len() <= usize::from(max));
            Ok(())
        })?;
    }

    #[test]
    fn each_join_is_matched_by_one_leave(script in any_script()) {
        let mut inside = BTreeSet::new();
        run(room(4), &script, |_, state, _, change| {
            for event in change.iter().flat_map(|change| &change.events) {
                match event {
                    Event::Joined(peer) => prop_assert!(inside.insert(*peer), "joined twice"),
                    Event::Left { peer, .. } => prop_assert!(inside.remove(peer), "left twice"),
                    Event::Ended(_) => inside.clear(),
                    _ => {}
                }
            }
            if state.ended.is_none() {
                let members: BTreeSet<_> = state.participants.iter().map(|p| p.id).collect();
                prop_assert_eq!(members.len(), state.participants.len(), "a member is doubled");
                prop_assert_eq!(&members, &inside);
            }
            Ok(())
        })?;
    }

    #[test]
    fn version_rises_by_one_exactly_when_something_changed(script in any_script()) {
        run(room(4), &script, |before, state, command, change| {
            match change {
                Some(change) if !change.is_empty() => {
                    prop_assert_eq!(state.version, before.version + 1);
                    prop_assert_eq!(change.version, state.version);
                }
                _ => prop_assert_eq!(before, state, "changed in silence by {:?}", command),
            }
            Ok(())
        })?;
    }

    #[test]
    fn replay_gives_the_same_state(script in any_script()) {
        let once = run(room(3), &script, |_, _, _, _| Ok(()))?;
        let again = run(room(3), &script, |_, _, _, _| Ok(()))?;
        prop_assert_eq!(once, again);
    }

    #[test]
    fn state_survives_being_written_down(script in any_script()) {
        let state = run(room(3), &script, |_, _, _, _| Ok(()))?;
        let json = serde_json::to_string(&state).expect("a state is JSON");
        prop_assert_eq!(serde_json::from_str::<RoomState>(&json).expect("its own JSON"), state);
    }

    #[test]
    fn nothing_happens_in_a_room_that_has_ended(script in any_script()) {
        run(room(4), &script, |before, state, _, change| {
            if before.ended.is_some() {
                prop_assert!(change.is_none());
                prop_assert_eq!(before, state);
            }
            Ok(())
        })?;
    }

    /// Whoever is away is gone once the deadline that the room names has come, and not before.
    #[test]
    fn deadline_is_when_a_tick_does_something(script in any_script()) {
        let rules = rules();
        let state = run(room(4), &script, |_, _, _, _| Ok(()))?;
        let Some(deadline) = state.next_deadline(&rules) else {
            return Ok(());
        };
        let mut ticked = state.clone();
        let change = ticked.apply(Command::Tick, deadline, &rules).expect("a living room ticks");
        prop_assert!(!change.is_empty() || ticked.is_over(deadline, &rules));
    }

    #[test]
    fn media_server_is_where_it_is_needed_and_only_for_those_who_can(script in any_script()) {
        run(room(6), &script, |_, state, _, change| {
            if state.ended.is_some() || change.is_none() {
                return Ok(());
            }
            let all_can = state.participants.iter().all(|one| one.capabilities.sfu);
            let someone_can = state.participants.iter().any(|one| one.capabilities.sfu);
            if state.topology == Topology::Sfu {
                prop_assert!(all_can && state.media.is_some() && !state.participants.is_empty());
            } else {
                prop_assert!(!all_can || state.participants.len() <= 2);
            }
            prop_assert!(state.media.is_some() || !someone_can);
            Ok(())
        })?;
    }

    #[test]
    fn only_a_host_moderates(script in any_script()) {
        run(room(4), &script, |before, _, command, change| {
            let Command::Act { peer, action } = command else { return Ok(()) };
            let moderates = !matches!(
                action,
                Action::SetMedia(_)
                    | Action::SetPath { .. }
                    | Action::Unreachable(_)
                    | Action::Chat { .. }
                    | Action::SetHand(_)
                    | Action::Rename(_)
            );
            let is_host = before.participant(*peer).is_some_and(|p| p.role == Role::Host);
            if moderates && !is_host {
                prop_assert!(change.is_none());
            }
            Ok(())
        })?;
    }
}
