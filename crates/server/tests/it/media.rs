//! The media server: members by the WebSocket, publishers by WHIP, viewers by WHEP.

use std::net::{TcpStream, UdpSocket};

use serde_json::{Value, json};

use crate::{
    client::{Client, Room, join},
    media_kit::{
        FRAGMENT, PWD, UFRAG, expect_beside_topology, member, offer, offer_to, patch, post,
        publisher, token, viewer,
    },
    server::{Options, PATIENCE, Server, request},
};

fn metrics(server: &Server) -> String {
    let stream = TcpStream::connect(server.metrics).unwrap();
    let response = request(stream, "metrics", "GET", "/metrics", &[], "");
    response.text().to_owned()
}

fn figure(server: &Server, name: &str) -> u64 {
    let text = metrics(server);
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.rsplit(' ').next());
    value.unwrap().parse().unwrap()
}

/// Where the answer says that the media server is, by UDP over IPv4.
fn udp_address(answer: &str) -> String {
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut candidates = answer
        .lines()
        .filter(|line| line.starts_with("a=candidate:"))
        .map(words);
    let udp = candidates.find(|words| words[2] == "udp" && words[4] == "127.0.0.1");
    let udp = udp.unwrap();
    format!("{}:{}", udp[4], udp[5])
}

#[test]
fn member_is_answered_and_told_its_slots_for_each_view() {
    let server = Server::start();
    let room = Room::new(&server);
    let (mut ada, media) = member(&server, &room, "Ada");
    ada.send(offer_to(
        &media,
        &offer(&["audio sendonly", "video recvonly"]),
    ));
    let answer = ada.expect("answer");
    assert_eq!(answer["peer_id"], media.as_str());
    let sdp = answer["answer"]["sdp"].as_str().unwrap();
    assert!(sdp.contains("a=ice-lite"), "{sdp}");
    assert!(udp_address(sdp).starts_with("127.0.0.1:"));
    let other = Room::new(&server);
    let (stranger, _) = member(&server, &other, "Eve");
    let shown = json!([
        {"peer_id": stranger.peer, "source": "camera", "width": 640, "height": 360},
        {"peer_id": "nobody", "source": "screen", "width": 640, "height": 360},
    ]);
    for _ in 0..2 {
        ada.send(json!({"type": "view", "target_peer_id": media, "shown": shown}));
        let slots = ada.expect("slots");
        let expected = json!([{"mid": "1", "content": null, "paused": false}]);
        assert_eq!(slots["slots"], expected);
    }
}

#[test]
fn bad_offers_are_refused_and_disturb_nobody() {
    let server = Server::start();
    let room = Room::new(&server);
    let (mut eve, media) = member(&server, &room, "Eve");
    let many = vec!["video recvonly"; 49];
    for sdp in [
        "",
        "v=0",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n",
        &offer(&["video sendonly"; 3]),
        &offer(&many),
        &publisher().replace("a=mid:1", "a=mid:0"),
        &publisher().replace("a=fingerprint", "a=fingerprint-of-nothing"),
    ] {
        eve.send(offer_to(&media, sdp));
        let gone = eve.expect("media-gone");
        assert_eq!(
            (&gone["peer_id"], &gone["reason"]),
            (&json!(media), &json!("refused")),
            "{sdp}"
        );
    }
    // A view without a connection, and a candidate of nobody.
    eve.send(json!({"type": "view", "target_peer_id": media, "shown": []}));
    assert_eq!(eve.expect("media-gone")["reason"], "lost");
    eve.send(json!({"type": "ice-candidate", "target_peer_id": media,
        "candidate": {"candidate": "candidate:1 1 udp 1 192.0.2.1 1 typ host"}}));
    eve.send(offer_to(&media, &publisher()));
    eve.expect("answer");
}

#[test]
fn packets_of_strangers_are_counted_and_dropped() {
    let server = Server::start();
    let room = Room::new(&server);
    let (mut ada, media) = member(&server, &room, "Ada");
    ada.send(offer_to(&media, &publisher()));
    let answer = ada.expect("answer");
    let address = udp_address(answer["answer"]["sdp"].as_str().unwrap());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for number in 0..100_u8 {
        let packet = [if number % 2 == 0 { 0x80 } else { 0 }; 200];
        socket.send_to(&packet, &address).unwrap();
    }
    let seen = || {
        figure(&server, "wecall_sfu_dropped_total{reason=\"stranger\"}")
            + figure(&server, "wecall_sfu_dropped_total{reason=\"malformed\"}")
    };
    let mut looks = 0;
    while seen() < 100 {
        looks += 1;
        assert!(looks < 1_000, "{}", metrics(&server));
        // The figures are read every second.
        std::thread::sleep(PATIENCE / 1_000);
    }
    ada.send(offer_to(&media, &publisher()));
    ada.expect("answer");
}

#[test]
fn publisher_is_a_participant_until_its_stream_is_deleted() {
    let server = Server::start();
    let room = Room::new(&server);
    let (mut ada, _) = member(&server, &room, "Ada");
    let token = token(&server, &room, "publish");
    let path = format!("/whip/{}", room.id);
    let response = post(&server, &path, &token, &publisher());
    assert_eq!(response.status, 201, "{}", response.text());
    assert_eq!(response.header("content-type"), "application/sdp");
    assert_eq!(
        response.header("accept-patch"),
        "application/trickle-ice-sdpfrag"
    );
    assert!(response.header("link").contains("rel=\"ice-server\""));
    let participant = ada.expect("peer-joined")["participant"].clone();
    assert_eq!(
        (&participant["publisher"], &participant["user_name"]),
        (&json!(true), &json!("Stage"))
    );
    assert_eq!(
        participant["media"],
        json!({"microphone": true, "camera": true, "screen": false})
    );
    assert_eq!(ada.expect("topology")["topology"], "sfu");

    let location = response.header("location");
    assert_eq!(server.request("DELETE", &location, &[], "").status, 200);
    assert_eq!(ada.expect("peer-left")["reason"], "left");
    assert_eq!(server.request("DELETE", &location, &[], "").status, 404);
}

#[test]
fn one_token_has_one_stream() {
    let server = Server::start();
    let room = Room::new(&server);
    let (mut ada, _) = member(&server, &room, "Ada");
    let token = token(&server, &room, "publish");
    let path = format!("/whip/{}", room.id);
    assert_eq!(post(&server, &path, &token, &publisher()).status, 201);
    let first = ada.expect("peer-joined")["peer_id"].clone();
    // An offer that is not taken ends nothing.
    assert_eq!(post(&server, &path, &token, "v=0").status, 422);
    assert_eq!(post(&server, &path, &token, &publisher()).status, 201);
    assert_eq!(
        expect_beside_topology(&mut ada, "peer-left")["peer_id"],
        first
    );
    assert_ne!(
        expect_beside_topology(&mut ada, "peer-joined")["peer_id"],
        first
    );
}

#[test]
fn tokens_are_for_one_room_and_one_kind() {
    let server = Server::start();
    let (room, other) = (Room::new(&server), Room::new(&server));
    let watch = token(&server, &room, "watch");
    let elsewhere = token(&server, &other, "publish");
    let path = format!("/whip/{}", room.id);
    for bad in [watch.as_str(), &elsewhere, &room.host_token, "", "a.b"] {
        let response = post(&server, &path, bad, &publisher());
        assert_eq!(response.status, 401, "{bad}");
        assert_eq!(response.header("www-authenticate"), "Bearer");
        assert_eq!(response.json()["code"], "invalid-token");
    }
    let tokens = format!("/api/rooms/{}/tokens", room.id);
    let body = r#"{"kind": "publish"}"#;
    assert_eq!(server.post(&tokens, body).status, 401);
    for (bearer, body, status) in [
        (&other.host_token, body, 403),
        (&room.host_token, r#"{"kind": "dance"}"#, 400),
        (&room.host_token, "", 400),
        (
            &room.host_token,
            r#"{"kind": "watch", "ttl_seconds": 1}"#,
            400,
        ),
        (&room.host_token, r#"{"kind": "watch", "name": ""}"#, 400),
    ] {
        let bearer = format!("Bearer {bearer}");
        let headers = [
            ("content-type", "application/json"),
            ("authorization", bearer.as_str()),
        ];
        let response = server.request("POST", &tokens, &headers, body);
        assert_eq!(response.status, status, "{body}");
    }
}

#[test]
fn viewer_brings_the_room_to_its_media_server_and_is_no_participant() {
    let server = Server::start();
    let room = Room::new(&server);
    let (mut ada, _) = member(&server, &room, "Ada");
    let token = token(&server, &room, "watch");
    let whole = post(&server, &format!("/whep/{}", room.id), &token, &viewer());
    assert_eq!(whole.status, 201, "{}", whole.text());
    assert_eq!(ada.expect("topology")["topology"], "sfu");
    let one = format!("/whep/{}/{}", room.id, ada.peer);
    assert_eq!(post(&server, &one, &token, &viewer()).status, 201);
    let info = server.get(&format!("/api/rooms/{}", room.id)).json();
    assert_eq!(info["participant_count"], 1);
    let sends = post(&server, &one, &token, &publisher());
    assert_eq!(
        (sends.status, &sends.json()["code"]),
        (422, &json!("media-refused"))
    );
    let nobody = format!("/whep/{}/nobody", room.id);
    assert_eq!(post(&server, &nobody, &token, &viewer()).status, 404);
}

#[test]
fn viewers_of_a_room_are_bounded() {
    let server = Options::new().env("MEDIA__MAX_VIEWERS", "1").start();
    let room = Room::new(&server);
    let token = token(&server, &room, "watch");
    let path = format!("/whep/{}", room.id);
    let first = post(&server, &path, &token, &viewer());
    assert_eq!(first.status, 201);
    assert_eq!(post(&server, &path, &token, &viewer()).status, 403);
    let location = first.header("location");
    assert_eq!(server.request("DELETE", &location, &[], "").status, 200);
    assert_eq!(post(&server, &path, &token, &viewer()).status, 201);
}

#[test]
fn full_or_locked_room_takes_no_publisher() {
    let server = Server::start();
    let room = Room::with(&server, &json!({"max_participants": 2}));
    let token = token(&server, &room, "publish");
    let path = format!("/whip/{}", room.id);
    let mut host = Client::join_as_host(&server, &room, "Ada");
    host.send(json!({"type": "lock", "locked": true}));
    host.expect("lock");
    let locked = post(&server, &path, &token, &publisher());
    assert_eq!(
        (locked.status, &locked.json()["code"]),
        (403, &json!("room-locked"))
    );
    // Someone was about to come, so that the room has a media server.
    host.expect("topology");
    host.send(json!({"type": "lock", "locked": false}));
    host.expect("lock");
    Client::join(&server, &room, "John Doe");
    let full = post(&server, &path, &token, &publisher());
    assert_eq!(
        (full.status, &full.json()["code"]),
        (403, &json!("room-full"))
    );
}

#[test]
fn candidates_and_restarts_of_ice_go_by_the_etag() {
    let server = Server::start();
    let room = Room::new(&server);
    let token = token(&server, &room, "publish");
    let begun = post(&server, &format!("/whip/{}", room.id), &token, &publisher());
    let (location, etag) = (begun.header("location"), begun.header("etag"));
    let candidates = format!(
        "a=ice-ufrag:{UFRAG}\r\na=ice-pwd:{PWD}\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n\
         a=candidate:1 1 udp 1 192.0.2.1 4000 typ host\r\na=end-of-candidates\r\n"
    );
    assert_eq!(patch(&server, &location, &etag, &candidates).status, 204);
    assert_eq!(
        patch(&server, &location, "\"other\"", &candidates).status,
        412
    );
    let none = server.request("PATCH", &location, &[FRAGMENT], &candidates);
    assert_eq!(none.status, 428);
    let json = [("content-type", "application/json"), ("if-match", "*")];
    let other = server.request("PATCH", &location, &json, "{}");
    assert_eq!(other.status, 415);
    assert_eq!(patch(&server, &location, "*", "{}").status, 422);
    let long = "a=x\r\n".repeat(4_000);
    assert_eq!(patch(&server, &location, "*", &long).status, 413);

    let restart = candidates.replace(UFRAG, "efgh");
    assert_eq!(patch(&server, &location, &etag, &restart).status, 412);
    let restarted = patch(&server, &location, "*", &restart);
    assert_eq!(restarted.status, 200, "{}", restarted.text());
    assert_eq!(restarted.header("content-type"), FRAGMENT.1);
    let new = restarted.header("etag");
    assert_ne!(new, etag);
    let ufrag = format!("a=ice-ufrag:{}\r\n", new.trim_matches('"'));
    assert!(restarted.text().contains(&ufrag), "{}", restarted.text());
    assert_eq!(patch(&server, &location, &new, &restart).status, 204);
    assert_eq!(patch(&server, &location, &etag, &restart).status, 412);
}

#[test]
fn doors_of_streams_take_offers_and_nothing_else() {
    let server = Server::start();
    let room = Room::new(&server);
    let token = token(&server, &room, "publish");
    let path = format!("/whip/{}", room.id);
    for method in ["GET", "PUT", "DELETE"] {
        assert_eq!(
            server.request(method, &path, &[], "").status,
            405,
            "{method}"
        );
    }
    let options = server.request("OPTIONS", &path, &[], "");
    assert_eq!(options.status, 204);
    assert_eq!(options.header("accept-post"), "application/sdp");
    let large = format!("{}a=x:{}\r\n", publisher(), "x".repeat(48 * 1024));
    assert_eq!(post(&server, &path, &token, &large).status, 413);
    let bearer = format!("Bearer {token}");
    let headers = [
        ("content-type", "text/plain"),
        ("authorization", bearer.as_str()),
    ];
    let plain = server.request("POST", &path, &headers, &publisher());
    assert_eq!(plain.status, 415);
    let begun = post(&server, &path, &token, &publisher());
    let location = begun.header("location");
    for forged in [
        location.replace("/streams/", "/streams/A"),
        location.replace("whip", "whep"),
        format!("{location}A"),
        format!("{path}/streams/nothing"),
    ] {
        assert_eq!(server.request("DELETE", &forged, &[], "").status, 404);
    }
    assert_eq!(server.request("DELETE", &location, &[], "").status, 200);
}

#[test]
fn pages_of_listed_origins_may_watch() {
    let server = Options::new()
        .env("HTTP__ALLOWED_ORIGINS", "https://example.org")
        .start();
    let headers = [
        ("origin", "https://example.org"),
        ("access-control-request-method", "PATCH"),
    ];
    let response = server.request("OPTIONS", "/whep/ABC12345", &headers, "");
    assert_eq!(response.status, 204);
    assert!(
        response
            .header("access-control-allow-methods")
            .contains("PATCH, DELETE")
    );
    assert!(
        response
            .header("access-control-allow-headers")
            .contains("if-match")
    );
    let exposed = response.header("access-control-expose-headers");
    assert!(exposed.contains("etag") && exposed.contains("link"));
}

#[test]
fn without_a_media_server_rooms_have_none() {
    let server = Options::new().env("MEDIA__ENABLED", "false").start();
    let room = Room::new(&server);
    let mut client = Client::connect(&server);
    let mut message = join(&room, "Ada");
    message["capabilities"] = json!(["sfu"]);
    client.send(message);
    assert_eq!(client.expect("joined")["room"]["media"], Value::Null);
    let token = token(&server, &room, "publish");
    let refused = post(&server, &format!("/whip/{}", room.id), &token, &publisher());
    assert_eq!(refused.status, 503);
    assert_ne!(refused.header("retry-after"), "");
}
