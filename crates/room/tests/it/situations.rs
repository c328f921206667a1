use std::time::Duration;

use wecall_protocol::{ChatText, ErrorCode, LeaveReason, Role, RoomEndReason, Timestamp};
use wecall_room::{Action, Command, Event, Join, NodeId, Returning, RoomOptions, RoomState, Rules};

use crate::{START, host, newcomer, old_client, peer, room};

/// A room and a clock to try things with.
struct Trial {
    room: RoomState,
    now: Timestamp,
    rules: Rules,
}

impl Trial {
    fn new(room: RoomState) -> Self {
        Self {
            room,
            now: START,
            rules: Rules::default(),
        }
    }

    fn with(people: impl IntoIterator<Item = Join>) -> Self {
        let mut trial = Self::new(room(4));
        for join in people {
            trial.run(Command::Join(join)).expect("there is a place");
        }
        trial
    }

    fn run(&mut self, command: Command) -> Result<Vec<Event>, ErrorCode> {
        let change = self.room.apply(command, self.now, &self.rules)?;
        Ok(change.events)
    }

    fn act(&mut self, number: u8, action: Action) -> Result<Vec<Event>, ErrorCode> {
        self.run(Command::Act {
            peer: peer(number),
            action,
        })
    }

    fn pass(&mut self, time: Duration) -> Vec<Event> {
        self.now = self.now + time;
        self.run(Command::Tick).expect("the room lives")
    }

    fn chat_of(&self, number: u8) -> Vec<String> {
        let snapshot = self.room.snapshot(peer(number), self.now, &self.rules);
        snapshot.chat.iter().map(|m| m.text.to_string()).collect()
    }
}

fn says(text: &str, client_ref: &str) -> Action {
    Action::Chat {
        text: ChatText::parse(text).expect("a valid text"),
        client_ref: Some(client_ref.into()),
    }
}

/// Back after a reload, with the resume token.
fn reload(number: u8) -> Command {
    Command::Join(Join {
        returning: Some(Returning {
            role: Role::Participant,
            since_version: 0,
            joined_at: None,
        }),
        ..newcomer(number)
    })
}

fn left(number: u8, reason: LeaveReason) -> Event {
    Event::Left {
        peer: peer(number),
        reason,
    }
}

#[test]
fn lost_socket_is_told_to_nobody_until_the_grace_time_has_passed() {
    let mut trial = Trial::with([newcomer(1), newcomer(2)]);
    let lost = trial.run(Command::Disconnect {
        peer: peer(2),
        home: NodeId::SINGLE,
    });
    assert_eq!(lost, Ok(vec![Event::Away(peer(2))]));
    assert_eq!(trial.pass(Duration::from_millis(29_999)), []);
    assert_eq!(
        trial.pass(Duration::from_millis(1)),
        [left(2, LeaveReason::Lost)]
    );
}

#[test]
fn resume_within_the_grace_time_keeps_the_place() {
    let mut trial = Trial::with([newcomer(1), newcomer(2)]);
    trial
        .run(Command::Disconnect {
            peer: peer(2),
            home: NodeId::SINGLE,
        })
        .unwrap();
    trial.pass(Duration::from_secs(29));
    let resume = Command::Resume {
        peer: peer(2),
        home: NodeId::SINGLE,
        returning: None,
    };
    assert_eq!(trial.run(resume), Ok(vec![Event::Back(peer(2))]));
    assert_eq!(trial.pass(Duration::from_secs(60)), []);
}

#[test]
fn socket_of_a_version_1_client_is_its_participant() {
    let mut trial = Trial::with([newcomer(1), old_client(2)]);
    let lost = trial.run(Command::Disconnect {
        peer: peer(2),
        home: NodeId::SINGLE,
    });
    assert_eq!(lost, Ok(vec![left(2, LeaveReason::Left)]));
}

#[test]
fn reload_replaces_the_participant_and_keeps_role_and_chat() {
    let mut trial = Trial::with([host(1), newcomer(2)]);
    trial.act(2, says("hello", "a")).unwrap();
    let replaced = trial.run(reload(1)).unwrap();
    assert_eq!(
        replaced,
        [left(1, LeaveReason::Replaced), Event::Joined(peer(1))]
    );
    assert_eq!(trial.room.participant(peer(1)).unwrap().role, Role::Host);
    assert_eq!(trial.chat_of(1), ["hello"]);
}

#[test]
fn chat_before_ones_time_is_not_ones_to_read() {
    let mut trial = Trial::with([newcomer(1)]);
    trial.act(1, says("before", "a")).unwrap();
    trial.run(Command::Join(newcomer(2))).unwrap();
    trial.act(1, says("after", "b")).unwrap();
    assert_eq!(trial.chat_of(1), ["before", "after"]);
    assert_eq!(trial.chat_of(2), ["after"]);
}

#[test]
fn chat_sent_twice_under_one_reference_stands_once() {
    let mut trial = Trial::with([newcomer(1)]);
    trial.act(1, says("once", "a")).unwrap();
    assert_eq!(trial.act(1, says("once", "a")), Ok(vec![]));
    assert_eq!(trial.chat_of(1), ["once"]);
}

#[test]
fn chat_that_a_room_keeps_is_bounded() {
    let mut trial = Trial::with([newcomer(1)]);
    for number in 0..300 {
        trial.act(1, says("x", &number.to_string())).unwrap();
    }
    assert_eq!(trial.chat_of(1).len(), 200);
    for number in 300..350 {
        trial
            .act(1, says(&"ß".repeat(2_000), &number.to_string()))
            .unwrap();
    }
    let bytes: usize = trial.chat_of(1).iter().map(String::len).sum();
    assert!(bytes <= 64 * 1024, "{bytes} bytes");
}

#[test]
fn locked_room_lets_in_hosts_and_those_who_reload() {
    let mut trial = Trial::with([host(1), newcomer(2)]);
    trial.act(1, Action::SetLocked(true)).unwrap();
    trial
        .run(Command::Leave {
            peer: peer(2),
            home: NodeId::SINGLE,
        })
        .unwrap();
    let stranger = trial.run(Command::Join(newcomer(3)));
    assert_eq!(stranger, Err(ErrorCode::RoomLocked));
    assert_eq!(trial.run(reload(2)), Ok(vec![Event::Joined(peer(2))]));
    assert!(trial.run(Command::Join(host(4))).is_ok());

    trial
        .run(Command::Leave {
            peer: peer(2),
            home: NodeId::SINGLE,
        })
        .unwrap();
    trial.pass(Duration::from_secs(61));
    assert_eq!(
        trial.run(reload(2)),
        Err(ErrorCode::RoomLocked),
        "long gone"
    );
}

#[test]
fn removed_session_does_not_come_back() {
    let mut trial = Trial::with([host(1), newcomer(2)]);
    let removed = trial.act(1, Action::Remove(peer(2))).unwrap();
    let by = peer(1);
    assert_eq!(
        removed,
        [
            left(2, LeaveReason::Removed),
            Event::Removed { peer: peer(2), by }
        ]
    );
    let resume = Command::Resume {
        peer: peer(2),
        home: NodeId::SINGLE,
        returning: Some(Box::new(newcomer(2))),
    };
    assert_eq!(trial.run(resume), Err(ErrorCode::Removed));
    assert_eq!(trial.run(reload(2)), Err(ErrorCode::Removed));
    assert!(trial.run(Command::Join(newcomer(3))).is_ok(), "others do");
}

#[test]
fn lowered_microphone_is_off_until_its_owner_switches_it_on() {
    let mut trial = Trial::with([host(1), newcomer(2), old_client(3)]);
    trial.act(1, Action::LowerMicrophone(peer(2))).unwrap();
    assert!(!trial.room.participant(peer(2)).unwrap().media.microphone);
    assert_eq!(
        trial.act(1, Action::LowerMicrophone(peer(3))),
        Err(ErrorCode::NotSupportedByPeer)
    );
    assert_eq!(
        trial.act(2, Action::LowerMicrophone(peer(1))),
        Err(ErrorCode::HostOnly)
    );
}

#[test]
fn host_hands_the_role_on() {
    let mut trial = Trial::with([host(1), newcomer(2)]);
    trial.act(1, Action::TransferHost(peer(2))).unwrap();
    assert_eq!(trial.room.participant(peer(2)).unwrap().role, Role::Host);
    assert_eq!(trial.act(1, Action::EndCall), Err(ErrorCode::HostOnly));
    let end = trial.act(2, Action::EndCall);
    assert_eq!(end, Ok(vec![Event::Ended(RoomEndReason::Host)]));
    assert_eq!(
        trial.run(Command::Join(newcomer(3))),
        Err(ErrorCode::RoomNotFound)
    );
}

#[test]
fn room_outlives_its_last_participant_by_the_grace_time() {
    let mut trial = Trial::with([newcomer(1)]);
    trial
        .run(Command::Leave {
            peer: peer(1),
            home: NodeId::SINGLE,
        })
        .unwrap();
    trial.pass(Duration::from_secs(9 * 60));
    assert!(!trial.room.is_over(trial.now, &trial.rules));
    trial.pass(Duration::from_secs(60));
    assert!(trial.room.is_over(trial.now, &trial.rules));
}

#[test]
fn room_that_nobody_has_joined_yet_waits_longer() {
    let mut trial = Trial::new(room(4));
    trial.pass(Duration::from_secs(60 * 60));
    assert!(!trial.room.is_over(trial.now, &trial.rules));
    trial.pass(Duration::from_secs(23 * 60 * 60));
    assert!(trial.room.is_over(trial.now, &trial.rules));
}

#[test]
fn room_with_a_lifetime_ends_with_it() {
    let options = RoomOptions {
        name: None,
        max_participants: 4,
        ttl: Some(Duration::from_secs(3_600)),
    };
    let mut trial = Trial::new(RoomState::new(room(4).id, options, START));
    trial.run(Command::Join(newcomer(1))).unwrap();
    trial
        .run(Command::Leave {
            peer: peer(1),
            home: NodeId::SINGLE,
        })
        .unwrap();
    trial.pass(Duration::from_secs(3_599));
    assert!(
        !trial.room.is_over(trial.now, &trial.rules),
        "kept although empty"
    );
    let ended = trial.pass(Duration::from_secs(1));
    assert_eq!(ended, [Event::Ended(RoomEndReason::Expired)]);
}

#[test]
fn restarted_server_waits_for_those_who_can_resume() {
    let trial = Trial::with([newcomer(1), old_client(2)]);
    let mut trial = Trial::new(trial.room.restarted(START, &Rules::default()));
    assert!(trial.room.participant(peer(2)).is_none());
    assert_eq!(
        trial.pass(Duration::from_secs(30)),
        [left(1, LeaveReason::Lost)]
    );
}

#[test]
fn room_that_the_server_forgot_takes_its_people_back_for_the_grace_time() {
    let recovering = room(4).recovering(12, START, &Rules::default());
    let mut trial = Trial::new(recovering);
    let resume = |number| Command::Resume {
        peer: peer(number),
        home: NodeId::SINGLE,
        returning: Some(Box::new(newcomer(number))),
    };
    assert_eq!(trial.run(resume(1)), Ok(vec![Event::Joined(peer(1))]));
    assert!(
        trial
            .room
            .snapshot(peer(1), trial.now, &trial.rules)
            .recovering
    );
    trial.pass(Duration::from_secs(30));
    assert!(
        !trial
            .room
            .snapshot(peer(1), trial.now, &trial.rules)
            .recovering
    );
    assert_eq!(trial.run(resume(2)), Err(ErrorCode::InvalidResumeToken));
}

#[test]
fn chat_is_there_to_read_for_someone_whose_token_is_ahead_of_a_restored_room() {
    let restored = room(4).restarted(START, &Rules::default());
    let mut trial = Trial::new(restored);
    let ahead = Join {
        returning: Some(Returning {
            role: Role::Participant,
            since_version: 40,
            joined_at: None,
        }),
        ..newcomer(1)
    };
    let resume = Command::Resume {
        peer: peer(1),
        home: NodeId::SINGLE,
        returning: Some(Box::new(ahead)),
    };
    trial.run(resume).unwrap();
    trial.act(1, says("hello", "a")).unwrap();
    assert_eq!(trial.chat_of(1), ["hello"]);
}
