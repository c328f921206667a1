//! Bad input, and what it gets. Nothing of it disturbs anyone else in the room.

use std::net::TcpStream;

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use tungstenite::Message;

use crate::{
    client::{Client, Room, assert_undisturbed, chat, join, offer},
    server::{PATIENCE, Server},
};

/// A call of two, and someone who means no good with them in the room.
struct Call {
    server: Server,
    room: Room,
    ada: Client,
    john: Client,
    eve: Client,
}

impl Call {
    fn start() -> Self {
        let server = Server::start();
        let room = Room::new(&server);
        let mut ada = Client::join(&server, &room, "Ada");
        let mut john = Client::join(&server, &room, "John Doe");
        ada.expect("peer-joined");
        let eve = Client::join(&server, &room, "Eve");
        ada.expect("peer-joined");
        john.expect("peer-joined");
        Self {
            server,
            room,
            ada,
            john,
            eve,
        }
    }

    /// Eve sends this, is told the code, and stays; nobody else hears of it.
    fn refuses(&mut self, message: impl Into<Message>, code: &str) -> Value {
        self.eve.send_raw(message);
        let error = self.eve.expect_error(code);
        self.others_are_undisturbed();
        error
    }

    fn others_are_undisturbed(&mut self) {
        assert_undisturbed(&mut self.ada, &mut self.john);
    }

    /// Eve is still in the room, and heard as anyone is.
    fn eve_is_still_there(&mut self) {
        self.eve.send(offer(&self.ada, "v=0"));
        assert_eq!(self.ada.expect("offer")["peer_id"], self.eve.peer);
    }
}

#[test]
fn text_that_is_no_message_is_refused() {
    let mut call = Call::start();
    let cases = [
        ("", "invalid-message"),
        ("hello", "invalid-message"),
        ("{\"type\":\"chat\"", "invalid-message"),
        ("[]", "invalid-message"),
        ("null", "invalid-message"),
        ("[\"leave\"]", "invalid-message"),
        ("{}", "invalid-message"),
        ("{\"type\":7}", "invalid-message"),
        ("{\"type\":\"leave\",\"type\":\"leave\"}", "invalid-message"),
        ("{\"type\":\"dance\"}", "unknown-type"),
        ("{\"type\":\"peer-left\",\"peer_id\":\"x\"}", "unknown-type"),
    ];
    for (text, code) in cases {
        call.refuses(text, code);
    }
    let deep = format!("{{\"type\":\"chat\",\"text\":{}", "[".repeat(60_000));
    call.refuses(deep, "invalid-message");
    call.eve_is_still_there();
}

#[test]
fn missing_and_wrong_fields_are_refused_with_the_type_of_the_message() {
    let mut call = Call::start();
    let target = call.ada.peer.clone();
    let cases = [
        ("join", json!({})),
        ("join", json!({"room_id": 7})),
        ("resume", json!({"token": "t"})),
        ("resume", json!({"token": "t", "last_seq": -1})),
        ("offer", json!({"target_peer_id": target})),
        ("offer", json!({"offer": {"type": "offer", "sdp": "v=0"}})),
        (
            "offer",
            json!({"target_peer_id": 7, "offer": {"type": "offer", "sdp": "v=0"}}),
        ),
        ("offer", json!({"target_peer_id": target, "offer": "v=0"})),
        (
            "offer",
            json!({"target_peer_id": target, "offer": {"type": "answer", "sdp": "v=0"}}),
        ),
        (
            "offer",
            json!({"target_peer_id": target, "offer": {"type": "offer"}}),
        ),
        (
            "answer",
            json!({"target_peer_id": target, "answer": {"type": "offer", "sdp": "v=0"}}),
        ),
        (
            "ice-candidate",
            json!({"target_peer_id": target, "candidate": "candidate:1"}),
        ),
        (
            "ice-candidate",
            json!({"target_peer_id": target, "candidate": {"candidate": 1}}),
        ),
        ("media-state", json!({"microphone": true, "camera": true})),
        (
            "media-state",
            json!({"microphone": 1, "camera": true, "screen": true}),
        ),
        ("chat", json!({"text": null})),
        ("chat", json!({"text": "hello", "ref": "x".repeat(37)})),
        ("hand", json!({"raised": "yes"})),
        ("reaction", json!({"reaction": "spam"})),
        ("rename", json!({})),
        ("lower-microphone", json!({})),
        ("remove", json!({"target_peer_id": ["x"]})),
        ("lock", json!({"locked": 1})),
        ("transfer-host", json!({})),
    ];
    for (kind, mut message) in cases {
        message["type"] = json!(kind);
        let error = call.refuses(message.to_string(), "invalid-message");
        assert_eq!(error["in_reply_to"], kind, "{message}");
    }
    call.eve_is_still_there();
}

#[test]
fn messages_beyond_their_bounds_are_refused() {
    let mut call = Call::start();
    let target = call.ada.peer.clone();
    call.refuses("x".repeat(64 * 1024 + 1), "message-too-large");
    call.refuses("x".repeat(1000 * 1024), "message-too-large");
    call.refuses(vec![0_u8; 100], "binary-not-supported");
    call.refuses(vec![0_u8; 200_000], "binary-not-supported");

    let sdp = |kind: &str, bytes: usize| {
        let description = json!({"type": kind, "sdp": "v".repeat(bytes)});
        json!({"type": kind, "target_peer_id": target, kind: description}).to_string()
    };
    call.refuses(sdp("offer", 48 * 1024 + 1), "sdp-too-large");
    call.refuses(sdp("answer", 48 * 1024 + 1), "sdp-too-large");
    let candidate = |candidate: Value| {
        json!({"type": "ice-candidate", "target_peer_id": target, "candidate": candidate})
            .to_string()
    };
    let line = json!({"candidate": "x".repeat(513)});
    call.refuses(candidate(line), "candidate-too-large");
    let padded = json!({"candidate": "", "padding": "x".repeat(1024)});
    call.refuses(candidate(padded), "candidate-too-large");
    call.refuses(chat(&"\u{20ac}".repeat(2_001)).to_string(), "chat-too-long");

    // The largest of each gets through.
    call.eve.send_raw(sdp("offer", 48 * 1024));
    call.ada.expect("offer");
    call.eve
        .send_raw(candidate(json!({"candidate": "x".repeat(512)})));
    call.ada.expect("ice-candidate");
    call.eve.send(chat(&"\u{20ac}".repeat(2_000)));
    for client in [&mut call.ada, &mut call.john, &mut call.eve] {
        client.expect("chat");
    }
    call.others_are_undisturbed();
}

#[test]
fn far_too_large_message_ends_the_socket() {
    let mut call = Call::start();
    call.eve.send_raw("x".repeat(1024 * 1024 + 1));
    call.eve.expect_close(1009);
    call.others_are_undisturbed();
}

#[test]
fn who_is_in_no_room_can_do_nothing_in_it() {
    let mut call = Call::start();
    let mut outside = Client::connect(&call.server);
    let target = json!(call.ada.peer);
    let messages = [
        offer(&call.ada, "v=0"),
        json!({"type": "answer", "target_peer_id": target, "answer": {"type": "answer", "sdp": ""}}),
        json!({"type": "ice-candidate", "target_peer_id": target, "candidate": {"candidate": ""}}),
        json!({"type": "media-state", "microphone": true, "camera": true, "screen": true}),
        chat("hello"),
        json!({"type": "hand", "raised": true}),
        json!({"type": "reaction", "reaction": "clap"}),
        json!({"type": "rename", "user_name": "Ada"}),
        json!({"type": "lower-microphone", "target_peer_id": target}),
        json!({"type": "remove", "target_peer_id": target}),
        json!({"type": "lock", "locked": true}),
        json!({"type": "transfer-host", "target_peer_id": target}),
        json!({"type": "end-call"}),
        json!({"type": "leave"}),
    ];
    for message in messages {
        outside.send(message.clone());
        let error = outside.expect_error("not-joined");
        assert_eq!(error["in_reply_to"], message["type"]);
    }
    call.others_are_undisturbed();
}

#[test]
fn targets_are_in_the_room_or_refused() {
    let mut call = Call::start();
    let elsewhere = Room::new(&call.server);
    let stranger = Client::join(&call.server, &elsewhere, "Grace");
    let own = call.eve.peer.clone();
    let long = "x".repeat(10_000);
    for target in [&stranger.peer, &own, "nobody", "", &"A".repeat(22), &long] {
        let error = call.refuses(
            json!({"type": "offer", "target_peer_id": target, "offer": {"type": "offer", "sdp": ""}})
                .to_string(),
            "peer-not-found",
        );
        assert_eq!(error["target_peer_id"], *target);
    }
    call.eve_is_still_there();
}

#[test]
fn burst_of_candidates_for_someone_who_has_just_left_does_no_harm() {
    let mut call = Call::start();
    let nobody = "A".repeat(22);
    let candidate = json!({"candidate": "x".repeat(100)});
    let message =
        json!({"type": "ice-candidate", "target_peer_id": nobody, "candidate": candidate});
    call.eve.send_at_once(&message, 500);
    for _ in 0..500 {
        call.eve.expect_error("peer-not-found");
    }
    call.others_are_undisturbed();
    call.eve_is_still_there();
}

#[test]
fn joining_twice_is_refused() {
    let mut call = Call::start();
    let message = join(&call.room, "Eve");
    call.refuses(message.to_string(), "already-joined");
    let token = call.ada.token.clone();
    let resume = json!({"type": "resume", "token": token, "last_seq": 0});
    call.refuses(resume.to_string(), "already-joined");
    call.eve_is_still_there();
}

#[test]
fn only_hosts_act_as_hosts() {
    let mut call = Call::start();
    let target = json!(call.ada.peer);
    for message in [
        json!({"type": "lower-microphone", "target_peer_id": target}),
        json!({"type": "remove", "target_peer_id": target}),
        json!({"type": "lock", "locked": true}),
        json!({"type": "transfer-host", "target_peer_id": target}),
        json!({"type": "end-call"}),
    ] {
        call.refuses(message.to_string(), "host-only");
    }
    call.eve_is_still_there();
}

#[test]
fn join_that_cannot_be_is_refused_and_may_be_tried_again() {
    let server = Server::start();
    let room = Room::with(&server, &json!({"max_participants": 2}));
    let mut ada = Client::join(&server, &room, "Ada");
    let mut client = Client::connect(&server);
    let mut refused = |change: Value, code: &str| {
        let mut message = join(&room, "Eve");
        for (field, value) in change.as_object().unwrap() {
            message[field] = value.clone();
        }
        client.send(message);
        client.expect_error(code);
    };
    for code in ["ZZZZ", "", "ZZZZ-ZZZ", "ZZZZZZZZZ", "../../.."] {
        refused(json!({"room_id": code}), "invalid-room-id");
    }
    refused(json!({"room_id": "ZZZZ2345"}), "room-not-found");
    let names = [
        "",
        "   ",
        "a\nb",
        "a\u{0}b",
        "\u{202e}Ada",
        "\u{200b}",
        &"x".repeat(65),
    ];
    for name in names {
        refused(json!({"user_name": name}), "invalid-name");
    }
    refused(json!({"host_token": "guess"}), "invalid-host-token");
    refused(
        json!({"host_token": "x".repeat(10_000)}),
        "invalid-host-token",
    );

    client.send(join(&room, &"\u{e9}".repeat(64)));
    client.expect("joined");
    client.expect("participants");
    ada.expect("peer-joined");
    let mut third = Client::connect(&server);
    third.send(join(&room, "Grace"));
    third.expect_error("room-full");
    assert_undisturbed(&mut ada, &mut client);
}

#[test]
fn bad_name_is_not_taken_up() {
    let mut call = Call::start();
    for name in ["", "a\tb", &"x".repeat(65)] {
        call.refuses(
            json!({"type": "rename", "user_name": name}).to_string(),
            "invalid-name",
        );
    }
    call.eve_is_still_there();
}

#[test]
fn guessed_tokens_are_refused() {
    let mut call = Call::start();
    let token = call.ada.token.clone().unwrap();
    let mut outside = Client::connect(&call.server);
    let (body, mac) = token.rsplit_once('.').unwrap();
    let forged = format!("{body}.{}", mac.chars().rev().collect::<String>());
    for token in ["", "x", &forged, &call.room.host_token, &"x".repeat(10_000)] {
        outside.send(json!({"type": "resume", "token": token, "last_seq": 0}));
        outside.expect_error("invalid-resume-token");
    }
    call.others_are_undisturbed();
}

#[test]
fn flood_of_what_all_hear_is_refused_and_then_ends_the_socket() {
    let mut call = Call::start();
    let mut told = 0;
    let mut refused = 0;
    let code = loop {
        let raised = told % 2 == 0;
        call.eve.send(json!({"type": "hand", "raised": raised}));
        match call.eve.receive_or_close() {
            Ok(answer) if answer["type"] == "hand" => told += 1,
            Ok(answer) => {
                assert_eq!(answer["code"], "rate-limited", "{answer}");
                refused += 1;
            }
            Err(code) => break code,
        }
    };
    assert_eq!(code, 1008);
    assert!((60..200).contains(&told), "{told}");
    assert!((100..200).contains(&refused), "{refused}");
    for client in [&mut call.ada, &mut call.john] {
        for _ in 0..told {
            client.expect("hand");
        }
    }
    call.others_are_undisturbed();
}

#[test]
fn flood_of_relayed_messages_is_refused_and_then_ends_the_socket() {
    let mut call = Call::start();
    let nobody = "A".repeat(22);
    let message = json!({
        "type": "ice-candidate", "target_peer_id": nobody, "candidate": {"candidate": ""},
    });
    let mut limited = 0;
    // Faster than is allowed, and reading all answers, as an attacker with a plan would.
    let code = 'flood: loop {
        call.eve.send_at_once(&message, 500);
        for _ in 0..500 {
            match call.eve.receive_or_close() {
                Ok(answer) if answer["code"] == "peer-not-found" => {}
                Ok(answer) => {
                    assert_eq!(answer["code"], "rate-limited", "{answer}");
                    limited += 1;
                }
                Err(code) => break 'flood code,
            }
        }
    };
    assert_eq!(code, 1008);
    assert!(limited >= 100, "{limited}");
    call.others_are_undisturbed();
}

#[test]
fn persistent_abuse_ends_the_socket() {
    let mut call = Call::start();
    let mut refused = 0;
    let code = loop {
        call.eve.send_raw("nonsense");
        match call.eve.receive_or_close() {
            Ok(answer) => assert_eq!(answer["code"], "invalid-message"),
            Err(code) => break code,
        }
        refused += 1;
    };
    assert_eq!(code, 1008);
    assert!((100..200).contains(&refused), "{refused}");
    call.others_are_undisturbed();
}

#[test]
fn slow_reader_is_cut_off_and_can_resume() {
    let mut call = Call::start();
    let mut slow = Client::connect_over(&call.server, narrow_stream(&call.server));
    slow = slow.joined(join(&call.room, "Grace"));
    for client in [&mut call.ada, &mut call.john, &mut call.eve] {
        client.expect("peer-joined");
    }

    // More than the queue and the buffers of the system hold, and less than Eve's allowance.
    let sdp = "v".repeat(45_000);
    for _ in 0..85 {
        call.eve.send(offer(&slow, &sdp));
    }
    call.eve_is_still_there();
    call.others_are_undisturbed();

    let (messages, code) = slow.receive_to_the_end();
    assert_eq!(code, 1013);
    assert!(messages.iter().all(|message| message["type"] == "offer"));
    assert!(messages.len() < 85, "{}", messages.len());

    let (mut back, resumed) = slow.resume(&call.server);
    assert_eq!(resumed["recovered"], false);
    assert_eq!(resumed["peer_id"], slow.peer);
    let present = resumed["room"]["participants"].as_array().unwrap();
    assert_eq!(present.len(), 4);
    assert_undisturbed(&mut back, &mut call.ada);
    call.others_are_undisturbed();
}

/// A connection that takes few bytes which nobody reads.
fn narrow_stream(server: &Server) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    socket.connect(&server.address.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[test]
fn client_that_breaks_the_websocket_protocol_is_told_so() {
    use std::io::{Read, Write};

    let mut call = Call::start();
    // Unmasked, reserved bit, reserved opcode, fragmented ping, continuation of nothing.
    for first_two in [
        [0x81, 0x01],
        [0xC1, 0x81],
        [0x83, 0x81],
        [0x09, 0x81],
        [0x80, 0x81],
    ] {
        let mut socket = call.server.web_socket();
        socket.write_all(&first_two).unwrap();
        socket.write_all(&[0; 5]).unwrap();
        let mut frames = vec![];
        socket.read_to_end(&mut frames).unwrap();
        // Close, two bytes: 1002.
        assert!(frames.ends_with(&[0x88, 0x02, 0x03, 0xEA]), "{frames:x?}");
    }
    let mut socket = call.server.web_socket();
    // One byte that is no UTF-8.
    socket.write_all(&[0x81, 0x81, 0, 0, 0, 0, 0xFF]).unwrap();
    let mut frames = vec![];
    socket.read_to_end(&mut frames).unwrap();
    assert!(frames.ends_with(&[0x88, 0x02, 0x03, 0xEF]), "{frames:x?}");
    call.others_are_undisturbed();
}

#[test]
fn pages_of_other_origins_may_not_connect() {
    let server = Server::start();
    let status = |origin: &str| {
        let headers = [
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("origin", origin),
        ];
        server.request("GET", "/ws", &headers, "").status
    };
    assert_eq!(status("https://evil.example"), 403);
    assert_eq!(status("null"), 403);
    assert_eq!(status("http://localhost:3000"), 101);
    assert_eq!(status(&format!("http://{}", server.address)), 101);
}

#[test]
fn request_that_is_no_handshake_is_told_what_is_expected() {
    let server = Server::start();
    let response = server.get("/ws");
    assert_eq!(response.status, 426);
    assert_eq!(response.header("upgrade"), "websocket");
    let headers = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "8"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let response = server.request("GET", "/ws", &headers, "");
    assert_eq!(response.status, 426);
    assert_eq!(response.header("sec-websocket-version"), "13");
}
