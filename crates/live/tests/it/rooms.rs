use std::sync::{Arc, Barrier};

use serde_json::json;
use wecall_live::CreateError;
use wecall_protocol::{ErrorCode, RoomId};
use wecall_room::{Action, Capabilities};

use crate::{START, Socket, after, create, live_with_room, new_live, peer, request, room};

crate::on_each_store! {
    newcomer_hears_of_the_others_and_they_of_the_newcomer,
    messages_go_to_those_in_the_same_room_alone,
    last_place_goes_to_one_of_many_who_want_it_at_once,
    room_that_has_ended_tells_everyone_and_its_id_stays_taken,
    host_token_is_for_one_room,
    removed_participant_hears_it_and_is_out,
    client_of_version_1_leaves_with_its_socket,
    node_holds_no_more_rooms_than_it_may,
}

fn newcomer_hears_of_the_others_and_they_of_the_newcomer() {
    let (live, _) = live_with_room();
    let first = Socket::join(&live, request(1), START).unwrap();
    assert_eq!(first.hear_types(), ["joined", "participants"]);

    let second = Socket::join(&live, request(2), START).unwrap();
    let heard = second.hear();
    assert_eq!(heard[1].1["participants"], json!([peer(1).to_string()]));
    let names: Vec<_> = heard[0].1["room"]["participants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|participant| participant["user_name"].clone())
        .collect();
    assert_eq!(names, ["Person 1", "Person 2"]);

    let (seq, told) = first.hear().pop().unwrap();
    assert_eq!((seq, &told["type"]), (3, &json!("peer-joined")));
    assert_eq!(told["participant"]["user_name"], "Person 2");
}

fn messages_go_to_those_in_the_same_room_alone() {
    let (live, _) = live_with_room();
    let elsewhere = RoomId::from_random([9; 8]);
    create(&live, elsewhere, START).unwrap();
    let first = Socket::join(&live, request(1), START).unwrap();
    let second = Socket::join(&live, request(2), START).unwrap();
    let mut other_room = request(3);
    other_room.room = elsewhere;
    let stranger = Socket::join(&live, other_room, START).unwrap();
    stranger.hear();
    second.hear();

    assert_eq!(first.relay(&live, 2, r#"{"type":"offer"}"#), Ok(()));
    assert_eq!(second.hear_types(), ["offer"]);
    for target in [1, 3, 7] {
        assert_eq!(
            first.relay(&live, target, "{}"),
            Err(ErrorCode::PeerNotFound)
        );
    }
    assert!(stranger.hear().is_empty());
}

fn last_place_goes_to_one_of_many_who_want_it_at_once() {
    let (live, _) = live_with_room();
    let live = Arc::new(live);
    let barrier = Arc::new(Barrier::new(16));
    let threads: Vec<_> = (1..=16)
        .map(|number| {
            let (live, barrier) = (live.clone(), barrier.clone());
            std::thread::spawn(move || {
                barrier.wait();
                Socket::join(&live, request(number), START).map(|_| ())
            })
        })
        .collect();
    let results: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
    let refused = results
        .iter()
        .filter(|result| **result == Err(ErrorCode::RoomFull));
    assert_eq!(refused.count(), 13);
}

#[test]
fn room_that_was_left_is_gone_after_its_grace_time() {
    let (live, _) = live_with_room();
    let socket = Socket::join(&live, request(1), START).unwrap();
    live.leave(&socket.joined, START);
    live.expire(after(599));
    assert_eq!(live.room_count(), 1);
    live.expire(after(600));
    assert_eq!(live.room_count(), 0);
    assert_eq!(
        Socket::join(&live, request(1), after(600)).map(|_| ()),
        Err(ErrorCode::RoomNotFound)
    );
}

fn room_that_has_ended_tells_everyone_and_its_id_stays_taken() {
    let (live, host_token) = live_with_room();
    let mut host = request(1);
    host.host_token = Some(&host_token);
    let host = Socket::join(&live, host, START).unwrap();
    let guest = Socket::join(&live, request(2), START).unwrap();
    guest.hear();
    live.act(&host.joined.session, Action::EndCall, START)
        .unwrap();

    let mut last = String::new();
    let poll = guest.poll(|_, body| last = body.into());
    assert!(last.contains("room-ended"), "{last}");
    assert_eq!(poll, wecall_live::Poll::Close(1000));
    assert_eq!((live.room_count(), live.participant_count()), (0, 0));
    assert_eq!(create(&live, room(), START), Err(CreateError::IdTaken));
}

fn host_token_is_for_one_room() {
    let (live, _) = live_with_room();
    let elsewhere = RoomId::from_random([9; 8]);
    let other_token = create(&live, elsewhere, START).unwrap();
    let mut impostor = request(1);
    impostor.host_token = Some(&other_token);
    let refused = Socket::join(&live, impostor, START).map(|_| ());
    assert_eq!(refused, Err(ErrorCode::InvalidHostToken));
}

fn removed_participant_hears_it_and_is_out() {
    let (live, host_token) = live_with_room();
    let mut host = request(1);
    host.host_token = Some(&host_token);
    let host = Socket::join(&live, host, START).unwrap();
    let guest = Socket::join(&live, request(2), START).unwrap();
    let token = guest.token();
    live.act(&host.joined.session, Action::Remove(peer(2)), START)
        .unwrap();

    let mut types = Vec::new();
    let poll = guest.poll(|_, body| types.push(body.contains("\"removed\"")));
    assert_eq!((types, poll), (vec![true], wecall_live::Poll::Close(1000)));
    assert_eq!(
        live.resume(&token, 1, START).map(|_| ()),
        Err(ErrorCode::Removed)
    );
    assert_eq!(live.participant_count(), 1);
}

fn client_of_version_1_leaves_with_its_socket() {
    let (live, _) = live_with_room();
    let first = Socket::join(&live, request(1), START).unwrap();
    let mut old = request(2);
    old.capabilities = Capabilities::default();
    let old = Socket::join(&live, old, START).unwrap();
    assert!(old.hear()[0].1.get("resume_token").is_none());
    first.hear();
    live.disconnect(&old.joined, START);
    assert_eq!(first.hear_types(), ["peer-left"]);
}

fn node_holds_no_more_rooms_than_it_may() {
    let live = new_live();
    for number in 0..100u8 {
        let id = RoomId::from_random([number % 32, number / 32, 0, 0, 0, 0, 0, 0]);
        create(&live, id, START).unwrap();
    }
    assert_eq!(create(&live, room(), START), Err(CreateError::TooManyRooms));
}
