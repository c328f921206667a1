//! Protocol version 1, message by message, as the client that is in use speaks it.

use serde_json::{Value, json};

use crate::{
    client::{Client, Room, assert_undisturbed, chat, offer},
    server::Server,
};

/// What the client of version 1 sends.
fn join(room_id: &str, name: &str) -> Value {
    json!({"type": "join", "room_id": room_id, "user_name": name})
}

fn ids(message: &Value) -> Vec<&str> {
    let ids = message["participants"].as_array().unwrap();
    ids.iter().map(|id| id.as_str().unwrap()).collect()
}

#[test]
fn server_speaks_first_and_gives_an_id_that_cannot_be_guessed() {
    let server = Server::start();
    let clients: Vec<_> = (0..3).map(|_| Client::connect(&server)).collect();
    for client in &clients {
        // 128 random bits in base64.
        assert_eq!(client.peer.len(), 22, "{}", client.peer);
    }
    assert!(clients[0].peer != clients[1].peer && clients[1].peer != clients[2].peer);
}

#[test]
fn join_is_answered_with_ones_own_id_and_the_others() {
    let server = Server::start();
    let room = Room::new(&server);
    let mut present: Vec<Client> = vec![];
    for name in ["Ada", "John Doe", "Grace"] {
        let mut client = Client::connect(&server);
        let greeted = client.peer.clone();
        client.send(join(&room.id, name));
        let joined = client.expect("joined");
        assert_eq!(joined["room_id"], room.id);
        assert_eq!(joined["peer_id"], greeted);
        let participants = client.expect("participants");
        let others: Vec<_> = present.iter().map(|other| other.peer.as_str()).collect();
        assert_eq!(ids(&participants), others);
        present.push(client);
    }
    let info = server.get(&format!("/api/rooms/{}", room.id)).json();
    assert_eq!(info["participants"], json!(["Ada", "John Doe", "Grace"]));
    assert_eq!(info["participant_count"], 3);
}

#[test]
fn those_in_the_room_hear_of_each_newcomer() {
    let server = Server::start();
    let room = Room::new(&server);
    let mut first = Client::join_v1(&server, &room, "Ada");
    let mut second = Client::join_v1(&server, &room, "John Doe");
    assert_eq!(first.expect("peer-joined")["peer_id"], second.peer);
    let third = Client::join_v1(&server, &room, "Grace");
    assert_eq!(first.expect("peer-joined")["peer_id"], third.peer);
    assert_eq!(second.expect("peer-joined")["peer_id"], third.peer);
}

#[test]
fn name_may_be_missing() {
    let server = Server::start();
    let room = Room::new(&server);
    let mut client = Client::connect(&server);
    client.send(json!({"type": "join", "room_id": room.id}));
    client.expect("joined");
    let info = server.get(&format!("/api/rooms/{}", room.id)).json();
    assert_eq!(info["participants"], json!(["Anonymous"]));
}

#[test]
fn room_code_is_understood_in_either_case() {
    let server = Server::start();
    let room = Room::new(&server);
    let mut client = Client::connect(&server);
    client.send(join(&room.id.to_lowercase(), "Ada"));
    assert_eq!(client.expect("joined")["room_id"], room.id);
}

#[test]
fn offer_answer_and_candidates_are_passed_on_to_the_byte() {
    let server = Server::start();
    let room = Room::new(&server);
    let mut there = Client::join_v1(&server, &room, "Ada");
    let mut newcomer = Client::join_v1(&server, &room, "John Doe");
    there.expect("peer-joined");

    // Spaces, an unknown field, an exponent and an order of their own: nothing of it is touched.
    let bodies = [
        (
            "offer",
            r#"{"type": "offer", "sdp":"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n","x-new":[1e2, null]}"#,
        ),
        ("answer", r#"{"sdp":"v=0\r\n\u00e9","type":"answer"}"#),
        (
            "ice-candidate",
            r#"{"candidate":"candidate:1 1 udp 2122260223 192.0.2.7 46154 typ host","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"EsAw","later":{}}"#,
        ),
        (
            "ice-candidate",
            r#"{"candidate":"","sdpMid":null,"sdpMLineIndex":0}"#,
        ),
    ];
    for (kind, body) in bodies {
        let field = kind.strip_prefix("ice-").unwrap_or(kind);
        let target = &there.peer;
        newcomer.send_raw(format!(
            r#"{{"type":"{kind}","target_peer_id":"{target}","{field}":{body},"unknown":true}}"#
        ));
        let text = there.receive_text();
        assert!(text.contains(body), "{text}");
        let message: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(message["type"], kind);
        assert_eq!(message["peer_id"], newcomer.peer);
        assert_eq!(message[field], serde_json::from_str::<Value>(body).unwrap());
        // The old client ignores what it does not know, but there is no need to make it.
        assert_eq!(message.as_object().unwrap().len(), 3, "{message}");
    }
}

#[test]
fn messages_from_one_to_one_arrive_in_order() {
    let server = Server::start();
    let room = Room::new(&server);
    let mut there = Client::join_v1(&server, &room, "Ada");
    let mut newcomer = Client::join_v1(&server, &room, "John Doe");
    there.expect("peer-joined");
    for number in 0..200 {
        newcomer.send(offer(&there, &format!("v={number}")));
    }
    for number in 0..200 {
        assert_eq!(there.expect("offer")["offer"]["sdp"], format!("v={number}"));
    }
}

#[test]
fn leave_is_told_to_the_others() {
    let server = Server::start();
    let room = Room::new(&server);
    let mut stays = Client::join_v1(&server, &room, "Ada");
    let mut leaves = Client::join_v1(&server, &room, "John Doe");
    stays.expect("peer-joined");
    leaves.send(json!({"type": "leave"}));
    assert_eq!(stays.expect("peer-left")["peer_id"], leaves.peer);
    drop(leaves);
    let info = server.get(&format!("/api/rooms/{}", room.id)).json();
    assert_eq!(info["participants"], json!(["Ada"]));
}

#[test]
fn lost_socket_is_a_leave_at_once() {
    let server = Server::start();
    let room = Room::new(&server);
    let mut stays = Client::join_v1(&server, &room, "Ada");
    let lost = Client::join_v1(&server, &room, "John Doe");
    stays.expect("peer-joined");
    let peer = lost.peer.clone();
    drop(lost);
    assert_eq!(stays.expect("peer-left")["peer_id"], peer);
}

#[test]
fn error_has_a_message_and_the_socket_stays() {
    let server = Server::start();
    let mut client = Client::connect(&server);
    client.send_raw("this is no JSON");
    assert!(client.expect("error")["message"].is_string());
    client.send(join("ZZZZZZZZ", "Ada"));
    assert!(client.expect("error")["message"].is_string());
    let room = Room::new(&server);
    client.send(join(&room.id, "Ada"));
    client.expect("joined");
}

#[test]
fn nothing_is_relayed_out_of_the_room() {
    let server = Server::start();
    let (here, elsewhere) = (Room::new(&server), Room::new(&server));
    let mut ada = Client::join_v1(&server, &here, "Ada");
    let mut john = Client::join_v1(&server, &here, "John Doe");
    ada.expect("peer-joined");
    let mut stranger = Client::join_v1(&server, &elsewhere, "Eve");
    for target in [&ada, &john] {
        stranger.send(offer(target, "v=0"));
        let error = stranger.expect_error("peer-not-found");
        assert_eq!(error["target_peer_id"], target.peer);
    }
    assert_undisturbed(&mut ada, &mut john);
}

#[test]
fn room_outlives_the_reload_of_its_only_participant() {
    let server = Server::start();
    let room = Room::new(&server);
    let mut alone = Client::join_v1(&server, &room, "Ada");
    alone.send(json!({"type": "leave"}));
    drop(alone);
    Client::join_v1(&server, &room, "Ada");
}

#[test]
fn client_that_is_in_a_room_cannot_join_again() {
    let server = Server::start();
    let (room, other) = (Room::new(&server), Room::new(&server));
    let mut client = Client::join_v1(&server, &room, "Ada");
    for room in [&room, &other] {
        client.send(join(&room.id, "Ada"));
        client.expect_error("already-joined");
    }
    let info = server.get(&format!("/api/rooms/{}", other.id)).json();
    assert_eq!(info["participant_count"], 0);
}

#[test]
fn both_versions_are_in_one_call() {
    let server = Server::start();
    let room = Room::new(&server);
    let mut old = Client::join_v1(&server, &room, "Ada");
    let mut new = Client::join(&server, &room, "John Doe");
    let joined = old.receive_text();
    assert!(!joined.contains("\"seq\""), "{joined}");
    assert_undisturbed(&mut old, &mut new);

    // What version 2 adds are types that the old client ignores.
    new.send(chat("hello"));
    new.expect("chat");
    assert!(old.expect("chat")["seq"].is_null());
    drop(old);
    assert_eq!(new.expect("peer-left")["reason"], "left");
}
