//! How the server ends, and what is there afterwards.

use std::io::Read;

use serde_json::json;

use crate::server::{Options, Server};

/// FIN, opcode close, two bytes: 1012, the server restarts.
const RESTART: [u8; 4] = [0x88, 0x02, 0x03, 0xf4];

#[test]
fn signal_without_anyone_there_ends_the_server_well() {
    for name in ["TERM", "INT"] {
        let mut server = Server::start();
        server.signal(name);
        server.log_of("stopped");
        assert_eq!(server.wait().code(), Some(0), "{name}");
    }
}

#[test]
fn readiness_fails_first_and_sockets_are_told_to_come_back() {
    let mut server = Server::start();
    let mut socket = server.web_socket();
    server.signal("TERM");
    server.log_of("draining");
    // The socket does not answer the close frame, so the drain lasts.
    let response = server.get("/readyz");
    assert_eq!(response.status, 503);
    let reasons = json!(["the server is stopping"]);
    assert_eq!(
        response.json(),
        json!({"status": "unavailable", "reasons": reasons})
    );
    assert_eq!(server.get("/livez").status, 200);

    let mut frames = vec![];
    socket.read_to_end(&mut frames).unwrap();
    assert!(frames.ends_with(&RESTART), "{frames:x?}");
    drop(socket);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn new_sockets_are_refused_while_the_server_stops() {
    let server = Server::start();
    let held = server.web_socket();
    server.signal("TERM");
    server.log_of("draining");
    let headers = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let response = server.request("GET", "/ws", &headers, "");
    assert_eq!(
        (response.status, &response.json()["code"]),
        (503, &json!("unavailable"))
    );
    drop(held);
}

#[test]
fn second_signal_ends_the_server_at_once() {
    let mut server = Server::start();
    let held = server.web_socket();
    server.signal("TERM");
    server.log_of("draining");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(130));
    drop(held);
}

#[test]
fn rooms_are_there_again_after_a_stop() {
    let mut server = Server::start();
    let room = server
        .post("/api/rooms", r#"{"room_name": "Standup"}"#)
        .json();
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    let server = server.restart(Options::new());
    let path = format!("/api/rooms/{}", room["room_id"].as_str().unwrap());
    assert_eq!(server.get(&path).json()["room_name"], "Standup");
}

#[test]
fn killed_server_starts_again_on_its_port_and_key() {
    let server = Server::start();
    let key = std::fs::read(server.data_dir().join("secret.key")).unwrap();
    let address = server.address;
    let server = server.restart(Options::new());
    assert_eq!(server.address, address);
    assert_eq!(
        std::fs::read(server.data_dir().join("secret.key")).unwrap(),
        key
    );
}
