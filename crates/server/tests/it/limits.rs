//! Limits by client address.

use serde_json::json;

use crate::server::{Options, Server};

#[test]
fn guessing_room_codes_is_stopped_and_real_rooms_stay_free_until_then() {
    let server = Server::start();
    let room = server.post("/api/rooms", "").json();
    let room = format!("/api/rooms/{}/validate", room["room_id"].as_str().unwrap());
    for guess in 0..60 {
        assert_eq!(server.post(&room, "").status, 200);
        let path = format!("/api/rooms/AAAA{guess:04}");
        assert_eq!(server.get(&path).status, 404);
    }
    let response = server.get("/api/rooms/ZZZZ9999");
    assert_eq!(response.status, 429);
    assert_eq!(response.json()["code"], "rate-limited");
    assert!(response.header("retry-after").parse::<u32>().unwrap() >= 1);

    let response = server.post("/api/rooms/ZZZZ9999/validate", "");
    assert_eq!(response.status, 429);
    let body = response.json();
    assert_eq!(
        (&body["valid"], &body["code"]),
        (&json!(false), &json!("rate-limited"))
    );
}

#[test]
fn clients_behind_a_trusted_proxy_are_told_apart() {
    let server = Options::new()
        .env("SERVER__TRUSTED_PROXIES", "127.0.0.0/8")
        .env("LIMITS__ROOM_CREATIONS", "1, then 1 per 1h")
        .start();
    let create = |client| {
        let headers = [("x-forwarded-for", client)];
        server.request("POST", "/api/rooms", &headers, "").status
    };
    assert_eq!(create("192.0.2.1"), 201);
    assert_eq!(create("192.0.2.1"), 429);
    assert_eq!(create("192.0.2.2"), 201);
    // What the client itself has put in front counts for nothing.
    assert_eq!(create("203.0.113.9, 192.0.2.1"), 429);
}

#[test]
fn header_of_a_client_that_is_no_proxy_counts_for_nothing() {
    let server = Options::new()
        .env("LIMITS__ROOM_CREATIONS", "1, then 1 per 1h")
        .start();
    let create = |client| {
        let headers = [("x-forwarded-for", client)];
        server.request("POST", "/api/rooms", &headers, "").status
    };
    assert_eq!(create("192.0.2.1"), 201);
    assert_eq!(create("192.0.2.2"), 429);
}

#[test]
fn too_many_sockets_of_one_client_are_refused() {
    let server = Options::new()
        .env("LIMITS__SOCKETS_PER_ADDRESS", "2")
        .start();
    let first = server.web_socket();
    let second = server.web_socket();
    let headers = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    assert_eq!(server.request("GET", "/ws", &headers, "").status, 429);
    drop((first, second));
}

#[test]
fn load_tests_can_switch_limits_off() {
    let server = Options::new()
        .env("LIMITS__ENABLED", "false")
        .env("LIMITS__ROOM_CREATIONS", "1, then 1 per 1h")
        .start();
    assert!((0..3).all(|_| server.post("/api/rooms", "").status == 201));
}

#[test]
fn server_that_is_full_of_rooms_says_so() {
    let server = Options::new().env("LIMITS__MAX_ROOMS", "1").start();
    assert_eq!(server.post("/api/rooms", "").status, 201);
    let response = server.post("/api/rooms", "");
    assert_eq!(
        (response.status, &response.json()["code"]),
        (503, &json!("unavailable"))
    );
    assert!(!response.header("retry-after").is_empty());
}
