//! Everything that people do in a call, from node to node.

use serde_json::{Value, json};

use crate::{
    client::{Client, Room, chat, join, offer},
    world::nodes::Cluster,
};

/// A host, a participant and a client of version 1, each on a node of their own.
fn call_across(cluster: &Cluster) -> (Room, [Client; 3]) {
    let server = |index: usize| cluster.nodes[index].server();
    let room = Room::new(server(2));
    let mut ada = Client::join_as_host(server(0), &room, "Ada");
    let mut john = Client::join(server(1), &room, "John");
    assert_eq!(ada.expect("peer-joined")["peer_id"], john.peer);
    let grace = Client::join_v1(server(2), &room, "Grace");
    for client in [&mut ada, &mut john] {
        let joined = client.expect("peer-joined");
        assert_eq!(joined["peer_id"], grace.peer);
        assert_eq!(joined["participant"]["user_name"], "Grace");
    }
    (room, [ada, john, grace])
}

fn about(kind: &str, target: &Client) -> Value {
    json!({"type": kind, "target_peer_id": target.peer})
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn newcomer_learns_of_everyone_and_everyone_of_them() {
    let cluster = Cluster::of(3);
    let (room, [mut ada, mut john, _grace]) = call_across(&cluster);
    for node in &cluster.nodes {
        let info = node.server().get(&format!("/api/rooms/{}", room.id)).json();
        assert_eq!(info["participants"], json!(["Ada", "John", "Grace"]));
    }
    let mut late = Client::connect(cluster.nodes[1].server());
    late.send(join(&room, "Late"));
    let known = &late.expect("joined")["room"]["participants"];
    let known = known.as_array().unwrap().iter();
    let names: Vec<_> = known.map(|known| known["user_name"].clone()).collect();
    assert_eq!(names, ["Ada", "John", "Grace", "Late"]);
    late.expect("participants");
    for client in [&mut ada, &mut john] {
        assert_eq!(client.expect("peer-joined")["peer_id"], late.peer);
    }
    late.send(json!({"type": "leave"}));
    for client in [&mut ada, &mut john] {
        let left = client.expect("peer-left");
        assert_eq!(
            (&left["peer_id"], &left["reason"]),
            (&json!(late.peer), &json!("left"))
        );
    }
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn offers_answers_and_candidates_arrive_to_the_byte() {
    let cluster = Cluster::of(3);
    let (_room, [mut ada, mut john, mut grace]) = call_across(&cluster);
    grace.send(offer(&ada, "v=0 from Grace"));
    let heard = ada.expect("offer");
    assert_eq!(heard["peer_id"], grace.peer);
    assert_eq!(
        heard["offer"],
        json!({"type": "offer", "sdp": "v=0 from Grace"})
    );
    ada.send(json!({"type": "answer", "target_peer_id": grace.peer,
        "answer": {"type": "answer", "sdp": "v=0 from Ada"}}));
    assert_eq!(grace.expect("answer")["answer"]["sdp"], "v=0 from Ada");
    let candidate = r#"{"candidate":"candidate:1 1 udp 1 ::1 9 typ host", "x-new" : [1e2]}"#;
    let text = format!(
        r#"{{"type":"ice-candidate","target_peer_id":"{}","candidate":{candidate}}}"#,
        john.peer
    );
    ada.send_raw(text);
    let heard = john.receive_text();
    assert!(heard.contains(candidate), "{heard}");
    // The largest that there may be.
    let sdp = "v".repeat(48 * 1024);
    john.send(offer(&grace, &sdp));
    assert_eq!(grace.expect("offer")["offer"]["sdp"], sdp);
    john.send(
        json!({"type": "offer", "target_peer_id": "wkcOm2H1PYAUqnbpOF8CvQ",
        "offer": {"type": "offer", "sdp": "v=0"}}),
    );
    john.expect_error("peer-not-found");
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn what_one_does_all_hear_in_the_same_order() {
    let cluster = Cluster::of(3);
    let (_room, [mut ada, mut john, mut grace]) = call_across(&cluster);
    let doings = [
        json!({"type": "media-state", "microphone": false, "camera": true, "screen": false}),
        json!({"type": "hand", "raised": true}),
        json!({"type": "rename", "user_name": "Johnny"}),
        chat("hello"),
        json!({"type": "reaction", "reaction": "clap"}),
        json!({"type": "hand", "raised": false}),
    ];
    for doing in &doings {
        john.send(doing.clone());
    }
    let doer = john.peer.clone();
    // The room does not remember reactions, and they wait for nothing: they take the way of
    // messages from one to another, beside that of what changes the room.
    let is_reaction = |message: &&Value| message["type"] == "reaction";
    for client in [&mut ada, &mut john, &mut grace] {
        let heard: Vec<_> = doings.iter().map(|_| client.receive()).collect();
        let (felt, done): (Vec<&Value>, _) = heard.iter().partition(is_reaction);
        let (feelings, doings): (Vec<&Value>, _) = doings.iter().partition(is_reaction);
        for (heard, doing) in felt
            .iter()
            .zip(feelings)
            .chain(done.iter().zip::<Vec<_>>(doings))
        {
            assert_eq!(heard["peer_id"], doer);
            for (field, said) in doing.as_object().unwrap() {
                assert_eq!(heard[field], *said, "{heard}");
            }
        }
    }
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn host_acts_on_people_of_other_nodes() {
    let cluster = Cluster::of(3);
    let (room, [mut ada, mut john, mut grace]) = call_across(&cluster);
    john.send(json!({"type": "lock", "locked": true}));
    john.expect_error("host-only");
    ada.send(about("lower-microphone", &john));
    for client in [&mut ada, &mut john, &mut grace] {
        assert_eq!(client.expect("media-state")["microphone"], false);
    }
    assert_eq!(john.expect("lower-microphone")["peer_id"], ada.peer);

    ada.send(json!({"type": "lock", "locked": true}));
    for client in [&mut ada, &mut john, &mut grace] {
        assert_eq!(client.expect("lock")["locked"], true);
    }
    for node in &cluster.nodes {
        let mut stranger = Client::connect(node.server());
        stranger.send(join(&room, "Eve"));
        stranger.expect_error("room-locked");
    }

    ada.send(about("remove", &john));
    assert_eq!(john.expect("removed")["peer_id"], ada.peer);
    john.expect_close(1000);
    for client in [&mut ada, &mut grace] {
        assert_eq!(client.expect("peer-left")["reason"], "removed");
    }
    let mut back = Client::connect(cluster.nodes[2].server());
    back.send(json!({"type": "resume", "token": john.token, "last_seq": john.last_seq}));
    back.expect_error("removed");
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn host_hands_the_role_to_another_node_and_ends_the_call() {
    let cluster = Cluster::of(3);
    let (room, [mut ada, mut john, mut grace]) = call_across(&cluster);
    ada.send(about("transfer-host", &john));
    for (client, kinds) in [
        (&mut ada, vec!["role", "role", "session"]),
        (&mut john, vec!["role", "session", "role"]),
        (&mut grace, vec!["role", "role"]),
    ] {
        for kind in kinds {
            client.expect(kind);
        }
    }
    ada.send(json!({"type": "end-call"}));
    ada.expect_error("host-only");
    john.send(json!({"type": "end-call"}));
    for client in [&mut ada, &mut john, &mut grace] {
        assert_eq!(client.expect("room-ended")["reason"], "host");
        client.expect_close(1000);
    }
    for node in &cluster.nodes {
        let path = format!("/api/rooms/{}", room.id);
        assert_eq!(node.server().get(&path).status, 404, "{}", node.name);
        let mut late = Client::connect(node.server());
        late.send(join(&room, "Late"));
        late.expect_error("room-not-found");
    }
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn session_taken_up_on_another_node_closes_the_first_socket() {
    let cluster = Cluster::of(3);
    let (_room, [mut ada, mut john, _grace]) = call_across(&cluster);
    let (mut second, resumed) = john.resume(cluster.nodes[2].server());
    assert_eq!(resumed["recovered"], true);
    john.expect_close(4001);
    crate::client::assert_undisturbed(&mut ada, &mut second);
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn old_client_that_is_gone_has_left_for_all() {
    let cluster = Cluster::of(3);
    let (_room, [mut ada, mut john, mut grace]) = call_across(&cluster);
    grace.disconnect();
    for client in [&mut ada, &mut john] {
        let left = client.expect("peer-left");
        assert_eq!(
            (&left["peer_id"], &left["reason"]),
            (&json!(grace.peer), &json!("left"))
        );
    }
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn reload_on_another_node_is_the_same_person() {
    let cluster = Cluster::of(3);
    let (room, [mut ada, mut john, mut grace]) = call_across(&cluster);
    let mut message = join(&room, "John");
    message["session"] = json!(john.token);
    let reloaded = Client::connect(cluster.nodes[0].server()).joined(message);
    assert_eq!(reloaded.peer, john.peer);
    john.expect_close(4001);
    for client in [&mut ada, &mut grace] {
        let left = client.expect("peer-left");
        assert_eq!(
            (&left["peer_id"], &left["reason"]),
            (&json!(john.peer), &json!("replaced"))
        );
        assert_eq!(client.expect("peer-joined")["peer_id"], john.peer);
    }
}
