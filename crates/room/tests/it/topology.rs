//! When a room goes over its media server, and when from browser to browser.

use std::time::Duration;

use wecall_protocol::{ErrorCode, LeaveReason, Topology};
use wecall_room::{Action, Command, Event, NodeId, RoomState, Rules, TopologyPolicy};

use crate::{START, newcomer, old_client, peer, room};

const HERE: NodeId = NodeId::from_random(1);
const ELSEWHERE: NodeId = NodeId::from_random(2);

struct Trial {
    room: RoomState,
    rules: Rules,
    passed: Duration,
}

impl Trial {
    fn new() -> Self {
        let mut rules = Rules::default();
        rules.media.seat = Some(HERE);
        Self {
            room: room(100),
            rules,
            passed: Duration::ZERO,
        }
    }

    fn of(people: impl IntoIterator<Item = u8>) -> Self {
        let mut trial = Self::new();
        for number in people {
            trial
                .run(Command::Join(newcomer(number)))
                .expect("there is a place");
        }
        trial
    }

    fn run(&mut self, command: Command) -> Result<Vec<Event>, ErrorCode> {
        let now = START + self.passed;
        let change = self.room.apply(command, now, &self.rules)?;
        Ok(change.events)
    }

    fn leave(&mut self, number: u8) -> Vec<Event> {
        let peer = peer(number);
        let home = NodeId::SINGLE;
        self.run(Command::Leave { peer, home })
            .expect("they are in")
    }

    fn pass(&mut self, time: Duration) -> Vec<Event> {
        self.passed += time;
        self.run(Command::Tick).expect("the room lives")
    }
}

#[test]
fn fifth_person_moves_the_room_to_its_media_server() {
    let mut trial = Trial::of(1..=4);
    assert_eq!(trial.room.topology, Topology::Mesh);
    let seat = trial.room.media.expect("so that ways to it can be tried");
    let events = trial.run(Command::Join(newcomer(5))).unwrap();
    assert_eq!(events, [Event::Joined(peer(5)), Event::TopologySet]);
    assert_eq!(trial.room.topology, Topology::Sfu);
    assert_eq!(trial.room.media, Some(seat));
}

#[test]
fn room_that_has_become_small_goes_back_when_it_has_stayed_so_for_a_while() {
    let mut trial = Trial::of(1..=5);
    trial.leave(5);
    assert_eq!(trial.room.topology, Topology::Sfu);
    let calm = trial.rules.media.calm;
    assert_eq!(trial.pass(calm / 2), []);
    trial.run(Command::Join(newcomer(6))).unwrap();
    trial.pass(calm);
    assert_eq!(trial.room.topology, Topology::Sfu, "it is large again");
    trial.leave(6);
    let deadline = trial.room.next_deadline(&trial.rules);
    assert_eq!(deadline, Some(START + trial.passed + calm));
    assert_eq!(trial.pass(calm), [Event::TopologySet]);
    assert_eq!(trial.room.topology, Topology::Mesh);
}

#[test]
fn client_of_version_1_keeps_the_room_in_mesh() {
    let mut trial = Trial::of(1..=4);
    trial.run(Command::Join(old_client(9))).unwrap();
    trial.run(Command::Join(newcomer(5))).unwrap();
    assert_eq!(trial.room.topology, Topology::Mesh);
    trial.leave(9);
    assert_eq!(trial.room.topology, Topology::Sfu);
    trial.run(Command::Join(old_client(9))).unwrap();
    assert_eq!(
        trial.room.topology,
        Topology::Mesh,
        "at once, or nobody hears them"
    );
    trial.leave(9);
    for number in 10..14 {
        trial.run(Command::Join(newcomer(number))).unwrap();
    }
    let too_late = trial.run(Command::Join(old_client(9)));
    assert_eq!(too_late, Err(ErrorCode::RoomFull));
}

#[test]
fn pair_without_a_way_needs_the_media_server_while_both_are_in() {
    let mut trial = Trial::of(1..=3);
    let unreachable = |from, to| Command::Act {
        peer: peer(from),
        action: Action::Unreachable(peer(to)),
    };
    assert_eq!(trial.run(unreachable(1, 8)), Err(ErrorCode::PeerNotFound));
    assert_eq!(trial.run(unreachable(1, 2)), Ok(vec![Event::TopologySet]));
    assert_eq!(trial.room.topology, Topology::Sfu);
    assert_eq!(trial.run(unreachable(2, 1)), Ok(vec![]), "known");
    trial.pass(trial.rules.media.calm * 2);
    assert_eq!(trial.room.topology, Topology::Sfu);
    trial.leave(2);
    trial.pass(trial.rules.media.calm);
    assert_eq!(trial.room.topology, Topology::Mesh);
}

#[test]
fn operator_chooses() {
    let mut trial = Trial::new();
    trial.rules.media.policy = TopologyPolicy::AlwaysSfu;
    trial.run(Command::Join(newcomer(1))).unwrap();
    assert_eq!(trial.room.topology, Topology::Sfu);

    let mut trial = Trial::new();
    trial.rules.media.policy = TopologyPolicy::MeshOnly;
    for number in 1..=6 {
        trial.run(Command::Join(newcomer(number))).unwrap();
    }
    assert_eq!(
        (trial.room.topology, trial.room.media),
        (Topology::Mesh, None)
    );
}

#[test]
fn lost_media_server_is_replaced_by_another_one() {
    let mut trial = Trial::of(1..=5);
    let before = trial.room.media.unwrap();
    trial.rules.media.seat = Some(ELSEWHERE);
    assert_eq!(
        trial.run(Command::MediaLost { node: ELSEWHERE }),
        Ok(vec![])
    );
    let lost = Command::MediaLost { node: HERE };
    assert_eq!(trial.run(lost.clone()), Ok(vec![Event::TopologySet]));
    let after = trial.room.media.unwrap();
    assert_eq!(after.node, ELSEWHERE);
    assert_ne!(after.peer, before.peer);
    assert_eq!(trial.run(lost), Ok(vec![]), "done by another node already");

    trial.rules.media.seat = None;
    trial.run(Command::NodeLost { home: ELSEWHERE }).unwrap();
    assert_eq!(
        (trial.room.topology, trial.room.media),
        (Topology::Mesh, None)
    );
    assert!(trial.room.lacks_media(&trial.rules));
    trial.rules.media.seat = Some(HERE);
    trial.pass(Duration::from_secs(1));
    assert_eq!(
        trial.room.topology,
        Topology::Sfu,
        "as soon as there is one"
    );
}

#[test]
fn seat_of_the_same_node_after_a_loss_is_another_one() {
    let mut trial = Trial::of(1..=5);
    let before = trial.room.media.unwrap();
    trial.run(Command::MediaLost { node: HERE }).unwrap();
    assert_ne!(trial.room.media.unwrap().peer, before.peer);
}

#[test]
fn who_watches_or_publishes_needs_the_media_server() {
    let mut trial = Trial::of([1]);
    let watched = |watched| Command::SetWatched {
        node: HERE,
        watched,
    };
    trial.run(watched(true)).unwrap();
    assert_eq!(trial.room.topology, Topology::Sfu);
    trial.run(watched(false)).unwrap();
    trial.pass(trial.rules.media.calm);
    assert_eq!(trial.room.topology, Topology::Mesh);
    let mut camera = newcomer(7);
    camera.publisher = true;
    trial.run(Command::Join(camera)).unwrap();
    assert_eq!(trial.room.topology, Topology::Sfu);
}

#[test]
fn empty_room_has_a_media_server_only_while_someone_is_about_to_come() {
    let mut trial = Trial::new();
    assert_eq!(trial.run(Command::NeedMedia), Ok(vec![Event::TopologySet]));
    assert!(trial.room.media.is_some());
    trial.pass(Duration::from_secs(30));
    assert_eq!(trial.room.media, None);

    let mut trial = Trial::of([1]);
    assert_eq!(
        trial.leave(1),
        [
            Event::Left {
                peer: peer(1),
                reason: LeaveReason::Left
            },
            Event::TopologySet
        ]
    );
    assert_eq!(trial.room.media, None);
}
