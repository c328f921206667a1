//! The REST API: version 1 to the letter, problem details for the rest.

use serde_json::json;

use crate::server::{Options, Server};

#[test]
fn room_is_created_as_version_1_does_it() {
    let server = Server::start();
    let response = server.post("/api/rooms", r#"{"room_name": "Team Meeting"}"#);
    assert_eq!(response.status, 201);
    assert_eq!(response.header("content-type"), "application/json");
    let room = response.json();
    let id = room["room_id"].as_str().unwrap();
    assert_eq!(id.len(), 8);
    assert!(
        id.bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    );
    assert_eq!(room["room_name"], "Team Meeting");
    assert_eq!(room["participant_count"], 0);
    let created_at = room["created_at"].as_str().unwrap();
    assert!(
        created_at.starts_with("20") && created_at.ends_with('Z'),
        "{created_at}"
    );
    assert!(!room["host_token"].as_str().unwrap().is_empty());
    assert_eq!(response.header("location"), format!("/api/rooms/{id}"));

    let response = server.post(&format!("/api/rooms/{}/validate", id.to_lowercase()), "");
    assert_eq!(response.status, 200);
    let expected = json!({
        "valid": true, "room_id": id, "room_name": "Team Meeting", "participant_count": 0,
    });
    assert_eq!(response.json(), expected);

    let response = server.get(&format!("/api/rooms/{id}"));
    assert_eq!(response.status, 200);
    let info = response.json();
    assert_eq!(info["room_id"], id);
    assert_eq!(info["room_name"], "Team Meeting");
    assert_eq!(info["created_at"], created_at);
    assert_eq!(info["participant_count"], 0);
    assert_eq!(info["participants"], json!([]));
}

#[test]
fn room_needs_no_name_and_no_body() {
    let server = Server::start();
    for body in ["", "{}", r#"{"room_name": null}"#, r#"{"room_name": "  "}"#] {
        let response = server.post("/api/rooms", body);
        assert_eq!(
            (response.status, &response.json()["room_name"]),
            (201, &json!(null)),
            "{body}"
        );
    }
}

#[test]
fn room_takes_the_options_of_its_creator() {
    let server = Server::start();
    let body = r#"{"max_participants": 3, "ttl_seconds": 3600}"#;
    let room = server.post("/api/rooms", body).json();
    assert_eq!(room["max_participants"], 3);
    assert!(room["expires_at"].is_string());
}

#[test]
fn options_out_of_their_range_are_refused_with_their_code() {
    let server = Server::start();
    for (body, code) in [
        (r#"{"max_participants": 1}"#, "invalid-room-options"),
        (r#"{"max_participants": 101}"#, "invalid-room-options"),
        (r#"{"ttl_seconds": 59}"#, "invalid-room-options"),
        (r#"{"room_name": "a\nb"}"#, "invalid-room-name"),
        (
            &format!(r#"{{"room_name": "{}"}}"#, "x".repeat(101)),
            "invalid-room-name",
        ),
        (r#"{"room_name": 7}"#, "invalid-message"),
        (r#"{"max_participants": "4"}"#, "invalid-message"),
        ("[]", "invalid-message"),
        ("{]", "invalid-message"),
    ] {
        let response = server.post("/api/rooms", body);
        assert_eq!(response.status, 400, "{body}");
        assert_eq!(response.header("content-type"), "application/problem+json");
        let problem = response.json();
        assert_eq!(problem["code"], code, "{body}");
        assert_eq!(
            (&problem["type"], &problem["status"]),
            (&json!("about:blank"), &json!(400))
        );
        assert!(
            problem["detail"].as_str().unwrap().ends_with('.'),
            "{problem}"
        );
    }
}

#[test]
fn body_of_the_wrong_size_or_kind_is_refused() {
    let server = Server::start();
    let large = format!(r#"{{"room_name": "{}"}}"#, "x".repeat(17 * 1024));
    let response = server.post("/api/rooms", &large);
    assert_eq!(response.status, 413);
    assert_eq!(response.json()["code"], "message-too-large");

    let form = [("content-type", "application/x-www-form-urlencoded")];
    let response = server.request("POST", "/api/rooms", &form, "a=b");
    assert_eq!(response.status, 415);
    assert_eq!(response.header("content-type"), "application/problem+json");
}

#[test]
fn unknown_room_is_refused_in_the_shape_of_its_endpoint() {
    let server = Server::start();
    for (id, code) in [
        ("ABC12345", "room-not-found"),
        ("nonsense-id", "invalid-room-id"),
    ] {
        let response = server.post(&format!("/api/rooms/{id}/validate"), "");
        assert_eq!(response.status, 404);
        let body = response.json();
        assert_eq!(
            (&body["valid"], &body["code"]),
            (&json!(false), &json!(code))
        );
        assert!(!body["message"].as_str().unwrap().is_empty());

        let response = server.get(&format!("/api/rooms/{id}"));
        assert_eq!(
            (response.status, &response.json()["code"]),
            (404, &json!(code))
        );
    }
}

#[test]
fn what_is_not_there_is_a_problem() {
    let server = Server::start();
    let response = server.get("/api/no/such/thing");
    assert_eq!(
        (response.status, &response.json()["status"]),
        (404, &json!(404))
    );
    let response = server.request("DELETE", "/api/rooms", &[], "");
    assert_eq!(response.status, 405);
    assert_eq!(response.header("allow"), "POST");
    assert_eq!(response.header("content-type"), "application/problem+json");
    let response = server.get("/ws");
    assert_eq!(response.status, 426);
    assert_eq!(response.header("upgrade"), "websocket");
}

#[test]
fn config_tells_clients_of_the_operators_ice_servers_alone_without_turn() {
    let without = Options::new().env("TURN__ENABLED", "false");
    let config = without.clone().start().get("/api/config").json();
    assert_eq!(config["ice_servers"], json!([]));
    assert_eq!(config["max_participants"], 100);

    let servers = json!([{"urls": ["stun:stun.example.org"]}]);
    let server = without
        .env("ICE__SERVERS", &servers.to_string())
        .env("ROOMS__MAX_PARTICIPANTS", "4")
        .start();
    let config = server.get("/api/config").json();
    assert_eq!(
        (&config["ice_servers"], &config["max_participants"]),
        (&servers, &json!(4))
    );
}

#[test]
fn config_makes_turn_credentials_for_each_who_asks() {
    let server = Options::new()
        .env("TURN__LISTEN", "0.0.0.0:0")
        .env("TURN__HOST", "call.example.org")
        .env("TURN__CREDENTIAL_LIFETIME", "2h")
        .start();
    let ask = || server.get("/api/config").json();
    let (first, second) = (ask(), ask());
    assert_eq!(first["ice_ttl_ms"], 7_200_000);
    let turn = &first["ice_servers"][0];
    assert_ne!(turn["username"], second["ice_servers"][0]["username"]);
    let urls = turn["urls"].as_array().unwrap();
    assert_eq!(urls.len(), 3, "{urls:?}");
    for url in urls {
        assert!(
            url.as_str().unwrap().contains(":call.example.org:"),
            "{url}"
        );
    }
}

#[test]
fn health_counts_rooms_and_sockets() {
    let server = Server::start();
    server.post("/api/rooms", "");
    let socket = server.web_socket();
    let expected = json!({"status": "healthy", "rooms": 1, "active_connections": 1});
    assert_eq!(server.get("/health").json(), expected);
    drop(socket);
    assert_eq!(server.get("/livez").status, 200);
    assert_eq!(
        server.get("/readyz").json(),
        json!({"status": "ok", "reasons": []})
    );
}

#[test]
fn openapi_document_is_what_the_program_prints() {
    let server = Server::start();
    let served = server.get("/api/openapi.json");
    let folder = tempfile::tempdir().unwrap();
    let printed = crate::server::program(folder.path())
        .arg("openapi")
        .output()
        .unwrap();
    assert_eq!(served.body, printed.stdout);
}

#[test]
fn listed_pages_may_use_the_api_and_others_may_not() {
    let server = Options::new()
        .env("HTTP__ALLOWED_ORIGINS", "https://app.example.org")
        .start();
    let own = format!("http://{}", server.address);
    for (origin, grant) in [
        ("https://app.example.org", "https://app.example.org"),
        (own.as_str(), own.as_str()),
        ("https://evil.test", ""),
        ("null", ""),
    ] {
        let response = server.request("GET", "/api/config", &[("origin", origin)], "");
        assert_eq!(
            response.header("access-control-allow-origin"),
            grant,
            "{origin}"
        );
        assert_eq!(response.header("vary"), "origin");

        let preflight = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type"),
        ];
        let response = server.request("OPTIONS", "/api/rooms", &preflight, "");
        assert_eq!(response.status, 204);
        assert_eq!(
            response.header("access-control-allow-origin"),
            grant,
            "{origin}"
        );
        assert!(
            response
                .header("access-control-allow-headers")
                .contains("content-type")
        );
        assert!(
            response
                .header("access-control-allow-methods")
                .contains("POST")
        );
    }
}

#[test]
fn web_socket_opens_for_listed_pages_only() {
    let server = Server::start();
    let ask = |origin| {
        let headers = [
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("origin", origin),
        ];
        server.request("GET", "/ws", &headers, "").status
    };
    assert_eq!(ask("http://localhost:3000"), 101);
    assert_eq!(ask("https://evil.test"), 403);
}
