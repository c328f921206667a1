//! Sessions: lost sockets, reloads, restarts of the server, and what a host may do.

use serde_json::{Value, json};
use tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use crate::{
    client::{Client, Room, assert_undisturbed, chat, join, offer},
    server::{Options, Server},
};

/// A host and another participant, both of version 2.
fn call_of_two(server: &Server, room: &Room) -> (Client, Client) {
    let mut ada = Client::join_as_host(server, room, "Ada");
    let john = Client::join(server, room, "John Doe");
    ada.expect("peer-joined");
    (ada, john)
}

fn about(kind: &str, target: &Client) -> Value {
    json!({"type": kind, "target_peer_id": target.peer})
}

fn names(room: &Value) -> Vec<&str> {
    let participants = room["participants"].as_array().unwrap();
    participants
        .iter()
        .map(|participant| participant["user_name"].as_str().unwrap())
        .collect()
}

#[test]
fn newcomer_learns_how_things_stand() {
    let server = Server::start();
    let room = Room::with(&server, &json!({"room_name": "Standup"}));
    let (mut ada, mut john) = call_of_two(&server, &room);
    john.send(json!({"type": "media-state", "microphone": false, "camera": true, "screen": false}));
    john.send(json!({"type": "hand", "raised": true}));
    john.send(json!({"type": "rename", "user_name": "John"}));
    john.send(chat("hello"));
    for kind in ["media-state", "hand", "rename", "chat"] {
        for client in [&mut ada, &mut john] {
            client.expect(kind);
        }
    }

    let mut grace = Client::connect(&server);
    grace.send(join(&room, "Grace"));
    let joined = grace.expect("joined");
    let known = &joined["room"];
    assert_eq!(known["room_name"], "Standup");
    assert_eq!(names(known), ["Ada", "John", "Grace"]);
    assert_eq!(known["participants"][0]["role"], "host");
    assert_eq!(known["participants"][1]["media"]["microphone"], false);
    assert!(known["participants"][1]["hand_raised_at"].is_string());
    // What was written before is not for whoever comes later.
    assert_eq!(known["chat"], json!([]));
    assert_eq!(joined["resume_grace_ms"], 30_000);
    let others = grace.expect("participants");
    assert_eq!(others["participants"], json!([ada.peer, john.peer]));
}

#[test]
fn what_one_says_all_hear_and_once() {
    let server = Server::start();
    let room = Room::new(&server);
    let (mut ada, mut john) = call_of_two(&server, &room);
    let hello = json!({"type": "chat", "text": "hello", "ref": "a1"});
    john.send(hello.clone());
    john.send(hello);
    john.send(json!({"type": "hand", "raised": true}));
    john.send(json!({"type": "hand", "raised": true}));
    john.send(json!({"type": "reaction", "reaction": "clap"}));
    for client in [&mut ada, &mut john] {
        let message = client.expect("chat");
        assert_eq!(
            (&message["text"], &message["ref"]),
            (&json!("hello"), &json!("a1"))
        );
        assert_eq!(client.expect("hand")["raised"], true);
        assert_eq!(client.expect("reaction")["reaction"], "clap");
    }
}

#[test]
fn resume_brings_what_was_missed_in_order_and_nobody_notices() {
    let server = Server::start();
    let room = Room::new(&server);
    let (mut ada, mut john) = call_of_two(&server, &room);
    john.disconnect();
    ada.send(chat("one"));
    ada.send(offer(&john, "v=0 while away"));
    ada.send(chat("two"));
    for text in ["one", "two"] {
        assert_eq!(ada.expect("chat")["text"], text);
    }

    let (mut back, resumed) = john.resume(&server);
    assert_eq!(resumed["recovered"], true);
    assert_eq!(resumed["peer_id"], john.peer);
    assert!(resumed["room"].is_null());
    assert_eq!(back.expect("chat")["text"], "one");
    assert_eq!(back.expect("offer")["offer"]["sdp"], "v=0 while away");
    assert_eq!(back.expect("chat")["text"], "two");
    assert_undisturbed(&mut ada, &mut back);
}

#[test]
fn resume_says_how_much_the_server_has_received() {
    let server = Server::start();
    let room = Room::new(&server);
    let (_ada, mut john) = call_of_two(&server, &room);
    john.send(chat("one"));
    john.send_raw("nonsense");
    john.send(json!({"type": "hand", "raised": true}));
    let mut kinds: Vec<_> = (0..3).map(|_| john.receive()["type"].clone()).collect();
    // An error belongs to the socket and may overtake what belongs to the session.
    kinds.sort_by_key(Value::to_string);
    assert_eq!(kinds, ["chat", "error", "hand"]);
    john.disconnect();
    let (mut back, resumed) = john.resume(&server);
    assert_eq!(
        (&resumed["recovered"], &resumed["received"]),
        (&json!(true), &json!(3))
    );
    // Counting goes on where it was.
    back.send(chat("two"));
    back.expect("chat");
    back.disconnect();
    assert_eq!(back.resume(&server).1["received"], 4);
}

#[test]
fn resume_that_lost_messages_gets_a_snapshot() {
    let server = Server::start();
    let room = Room::new(&server);
    let (mut ada, mut john) = call_of_two(&server, &room);
    john.disconnect();
    server.log_of("socket closed");
    // More than the server keeps for someone who is away.
    for number in 0..300 {
        ada.send(offer(&john, &format!("v={number}")));
    }
    ada.send(chat("hello"));
    ada.expect("chat");
    let (mut back, resumed) = john.resume(&server);
    assert_eq!(
        (&resumed["recovered"], &resumed["received"]),
        (&json!(false), &json!(0))
    );
    assert_eq!(names(&resumed["room"]), ["Ada", "John Doe"]);
    assert_eq!(resumed["room"]["chat"][0]["text"], "hello");
    assert_undisturbed(&mut ada, &mut back);

    // A client that claims to know more than was sent has lost its way as well.
    back.disconnect();
    back.last_seq += 1_000;
    assert_eq!(back.resume(&server).1["recovered"], false);
}

#[test]
fn page_that_goes_away_without_a_word_has_left() {
    let server = Server::start();
    let room = Room::new(&server);
    let (mut ada, mut john) = call_of_two(&server, &room);
    john.send_raw(Message::Close(Some(CloseFrame {
        code: CloseCode::Away,
        reason: "".into(),
    })));
    let left = ada.expect("peer-left");
    assert_eq!(left["peer_id"], john.peer.as_str());
    assert_eq!(left["reason"], "left");
}

#[test]
fn session_taken_by_another_socket_closes_the_first() {
    let server = Server::start();
    let room = Room::new(&server);
    let (mut ada, mut john) = call_of_two(&server, &room);
    let (mut second, resumed) = john.resume(&server);
    assert_eq!(resumed["recovered"], true);
    john.expect_close(4001);
    drop(john);
    assert_undisturbed(&mut ada, &mut second);
}

#[test]
fn reload_is_the_same_person_with_a_new_connection() {
    let server = Server::start();
    let room = Room::new(&server);
    let (mut ada, mut john) = call_of_two(&server, &room);
    let rejoin = |client: &Client| {
        let mut message = join(&room, "John Doe");
        message["session"] = json!(client.token);
        message
    };

    // A page says that it goes away.
    john.send(json!({"type": "leave"}));
    assert_eq!(ada.expect("peer-left")["reason"], "left");
    let mut reloaded = Client::connect(&server).joined(rejoin(&john));
    assert_eq!(reloaded.peer, john.peer);
    assert_eq!(ada.expect("peer-joined")["peer_id"], john.peer);

    // A page that crashed does not.
    let mut again = Client::connect(&server).joined(rejoin(&reloaded));
    assert_eq!(again.peer, john.peer);
    reloaded.expect_close(4001);
    let left = ada.expect("peer-left");
    assert_eq!(
        (&left["peer_id"], &left["reason"]),
        (&json!(john.peer), &json!("replaced"))
    );
    assert_eq!(ada.expect("peer-joined")["peer_id"], john.peer);
    assert_undisturbed(&mut ada, &mut again);
}

#[test]
fn who_does_not_come_back_in_time_is_lost() {
    let server = Options::new().env("SESSION__RESUME_GRACE", "1s").start();
    let room = Room::new(&server);
    let (mut ada, mut john) = call_of_two(&server, &room);
    john.disconnect();
    let left = ada.expect("peer-left");
    assert_eq!(
        (&left["peer_id"], &left["reason"]),
        (&json!(john.peer), &json!("lost"))
    );
    let mut late = Client::connect(&server);
    late.send(json!({"type": "resume", "token": john.token, "last_seq": john.last_seq}));
    late.expect_error("invalid-resume-token");
    // The same person all the same, as after a reload.
    let mut message = join(&room, "John Doe");
    message["session"] = json!(john.token);
    assert_eq!(late.joined(message).peer, john.peer);
}

#[test]
fn who_has_left_cannot_resume() {
    let server = Server::start();
    let room = Room::new(&server);
    let (mut ada, mut john) = call_of_two(&server, &room);
    john.send(json!({"type": "leave"}));
    ada.expect("peer-left");
    john.send(json!({"type": "resume", "token": john.token, "last_seq": john.last_seq}));
    john.expect_error("invalid-resume-token");
}

#[test]
fn killed_server_takes_everyone_back_under_their_ids() {
    let server = Server::start();
    let room = Room::new(&server);
    let (ada, john) = call_of_two(&server, &room);
    let server = server.restart(Options::new());

    let (mut ada_back, resumed) = ada.resume(&server);
    assert_eq!(resumed["recovered"], false);
    assert_eq!(ada_back.peer, ada.peer);
    let (mut john_back, _) = john.resume(&server);
    assert_eq!(john_back.peer, john.peer);
    let info = server.get(&format!("/api/rooms/{}", room.id)).json();
    assert_eq!(info["participant_count"], 2);

    // If the room was written down before the end, nobody was gone; else its first participant
    // is told of the second.
    let heard = ada_back.hear_until("chat", chat("are you there"));
    assert!(heard.iter().all(|message| message["type"] == "peer-joined"));
    john_back.expect("chat");
    assert_undisturbed(&mut ada_back, &mut john_back);
    ada_back.send(json!({"type": "lock", "locked": true}));
    assert_eq!(ada_back.expect("lock")["locked"], true);
}

#[test]
fn server_that_lost_its_rooms_takes_them_back_by_their_tokens() {
    let mut server = Server::start();
    let room = Room::with(&server, &json!({"room_name": "Standup"}));
    let (ada, john) = call_of_two(&server, &room);
    server.kill();
    std::fs::remove_file(server.data_dir().join("rooms.redb")).unwrap();
    let server = server.restart(Options::new());

    let (mut ada_back, resumed) = ada.resume(&server);
    assert_eq!(resumed["peer_id"], ada.peer);
    assert_eq!(resumed["room"]["recovering"], true);
    assert_eq!(resumed["room"]["room_name"], "Standup");
    let (mut john_back, resumed) = john.resume(&server);
    assert_eq!(resumed["peer_id"], john.peer);
    assert_eq!(names(&resumed["room"]), ["Ada", "John Doe"]);
    assert_eq!(ada_back.expect("peer-joined")["peer_id"], john.peer);
    assert_undisturbed(&mut ada_back, &mut john_back);
    ada_back.send(json!({"type": "lock", "locked": true}));
    assert_eq!(ada_back.expect("lock")["locked"], true);
}

#[test]
fn server_that_was_told_to_stop_keeps_the_chat() {
    let mut server = Server::start();
    let room = Room::new(&server);
    let (mut ada, mut john) = call_of_two(&server, &room);
    ada.send(chat("before"));
    ada.expect("chat");
    john.expect("chat");
    server.signal("TERM");
    ada.expect_close(1012);
    john.expect_close(1012);
    ada.disconnect();
    john.disconnect();
    assert!(server.wait().success());
    let server = server.restart(Options::new());

    let (mut ada_back, resumed) = ada.resume(&server);
    assert_eq!(resumed["room"]["chat"][0]["text"], "before");
    let (mut john_back, _) = john.resume(&server);
    assert_undisturbed(&mut ada_back, &mut john_back);
}

#[test]
fn removed_participant_cannot_come_back_with_the_session() {
    let server = Server::start();
    let room = Room::new(&server);
    let (mut ada, mut john) = call_of_two(&server, &room);
    ada.send(about("remove", &john));
    assert_eq!(ada.expect("peer-left")["reason"], "removed");
    assert_eq!(john.expect("removed")["peer_id"], ada.peer);
    john.expect_close(1000);

    let mut back = Client::connect(&server);
    back.send(json!({"type": "resume", "token": john.token, "last_seq": john.last_seq}));
    back.expect_error("removed");
    let mut message = join(&room, "John Doe");
    message["session"] = json!(john.token);
    back.send(message);
    back.expect_error("removed");
    let mut other = Client::join(&server, &room, "Grace");
    ada.expect("peer-joined");
    assert_undisturbed(&mut ada, &mut other);
}

#[test]
fn microphone_is_lowered_for_all() {
    let server = Server::start();
    let room = Room::new(&server);
    let (mut ada, mut john) = call_of_two(&server, &room);
    let mut old = Client::join_v1(&server, &room, "Grace");
    ada.expect("peer-joined");
    john.expect("peer-joined");

    ada.send(about("lower-microphone", &john));
    for client in [&mut ada, &mut john, &mut old] {
        let state = client.expect("media-state");
        assert_eq!(state["microphone"], false);
        assert_eq!(state["camera"], true);
    }
    assert_eq!(john.expect("lower-microphone")["peer_id"], ada.peer);
    ada.send(about("lower-microphone", &old));
    ada.expect_error("not-supported-by-peer");
    assert_undisturbed(&mut old, &mut john);
}

#[test]
fn locked_room_lets_in_hosts_and_those_who_were_there() {
    let server = Server::start();
    let room = Room::new(&server);
    let (mut ada, mut john) = call_of_two(&server, &room);
    ada.send(json!({"type": "lock", "locked": true}));
    for client in [&mut ada, &mut john] {
        assert_eq!(client.expect("lock")["locked"], true);
    }
    let mut stranger = Client::connect(&server);
    stranger.send(join(&room, "Eve"));
    stranger.expect_error("room-locked");

    john.send(json!({"type": "leave"}));
    ada.expect("peer-left");
    let mut message = join(&room, "John Doe");
    message["session"] = json!(john.token);
    let mut john = Client::connect(&server).joined(message);
    ada.expect("peer-joined");
    let mut second_host = Client::join_as_host(&server, &room, "Ada's phone");
    for client in [&mut ada, &mut john] {
        assert_eq!(client.expect("peer-joined")["participant"]["role"], "host");
    }

    second_host.send(json!({"type": "lock", "locked": false}));
    ada.expect("lock");
    stranger.send(join(&room, "Eve"));
    stranger.expect("joined");
}

#[test]
fn host_hands_the_role_on_and_it_survives_a_restart() {
    let server = Server::start();
    let room = Room::new(&server);
    let (mut ada, mut john) = call_of_two(&server, &room);
    ada.send(about("transfer-host", &john));
    for (client, kinds) in [
        (&mut ada, ["role", "role", "session"]),
        (&mut john, ["role", "session", "role"]),
    ] {
        for kind in kinds {
            client.expect(kind);
        }
    }
    ada.send(json!({"type": "lock", "locked": true}));
    ada.expect_error("host-only");

    let mut server = server;
    server.kill();
    std::fs::remove_file(server.data_dir().join("rooms.redb")).unwrap();
    let server = server.restart(Options::new());
    let (mut john_back, _) = john.resume(&server);
    john_back.send(json!({"type": "lock", "locked": true}));
    john_back.expect("lock");
    let (mut ada_back, _) = ada.resume(&server);
    ada_back.send(json!({"type": "lock", "locked": false}));
    ada_back.expect_error("host-only");
}

#[test]
fn host_ends_the_call_for_all() {
    let server = Server::start();
    let room = Room::new(&server);
    let (mut ada, mut john) = call_of_two(&server, &room);
    let mut old = Client::join_v1(&server, &room, "Grace");
    for client in [&mut ada, &mut john] {
        client.expect("peer-joined");
    }
    ada.send(json!({"type": "end-call"}));
    for client in [&mut ada, &mut john, &mut old] {
        assert_eq!(client.expect("room-ended")["reason"], "host");
        client.expect_close(1000);
    }
    assert_eq!(server.get(&format!("/api/rooms/{}", room.id)).status, 404);
    let mut late = Client::connect(&server);
    late.send(json!({"type": "resume", "token": john.token, "last_seq": john.last_seq}));
    late.expect_error("room-not-found");
    late.send(join(&room, "John Doe"));
    late.expect_error("room-not-found");
}

#[test]
fn host_token_of_another_room_makes_no_host() {
    let server = Server::start();
    let (room, other) = (Room::new(&server), Room::new(&server));
    let mut message = join(&room, "Eve");
    message["host_token"] = json!(other.host_token);
    let mut client = Client::connect(&server);
    client.send(message);
    client.expect_error("invalid-host-token");
}
