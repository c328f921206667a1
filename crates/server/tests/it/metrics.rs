//! What Prometheus is told.

use std::net::TcpStream;

use crate::server::{PATIENCE, Server, request};

fn scrape(server: &Server) -> String {
    let stream = TcpStream::connect(server.metrics).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let response = request(stream, "metrics", "GET", "/metrics", &[], "");
    assert_eq!(response.status, 200);
    response.text().to_owned()
}

#[test]
fn rooms_sockets_and_requests_are_counted() {
    let server = Server::start();
    server.post("/api/rooms", "");
    server.get("/api/rooms/ABC12345");
    let socket = server.web_socket();
    let text = scrape(&server);
    for line in [
        "wecall_rooms 1",
        "wecall_participants 0",
        "wecall_sockets 1",
        "wecall_messages_total{type=\"offer\"} 0",
        "wecall_errors_total{code=\"room-not-found\"} 1",
        "wecall_http_requests_total{route=\"/api/rooms\",method=\"POST\",status=\"201\"} 1",
        "wecall_http_requests_total{route=\"/ws\",method=\"GET\",status=\"101\"} 1",
        "wecall_http_request_seconds_bucket{route=\"/api/rooms\",le=\"+Inf\"} 1",
        "wecall_relay_seconds_count 0",
        "wecall_turn_allocations 0",
        "wecall_turn_refused_total{reason=\"no-credentials\"} 0",
    ] {
        assert!(
            text.lines().any(|known| known == line),
            "{line} is not in\n{text}"
        );
    }
    assert!(text.contains("process_resident_memory_bytes"), "{text}");
    drop(socket);
}

#[test]
fn codes_and_names_of_rooms_are_in_no_figure() {
    let server = Server::start();
    let room = server
        .post("/api/rooms", r#"{"room_name": "Standup"}"#)
        .json();
    let id = room["room_id"].as_str().unwrap();
    server.get(&format!("/api/rooms/{id}"));
    let text = scrape(&server);
    assert!(!text.contains(id) && !text.contains("Standup"), "{text}");
}

#[test]
fn figures_are_not_for_everyone() {
    let server = Server::start();
    assert!(!server.get("/metrics").text().contains("wecall_rooms"));
}

/// Dashboards and alerts are held against the list: what is not on it can be watched by nobody.
#[test]
fn figures_are_the_ones_that_are_listed() {
    let list = include_str!("../../../../deploy/metrics.txt");
    let server = Server::start();
    server.get("/api/config");
    let text = scrape(&server);
    let told = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let mut count = 0;
    for figure in told {
        let is_listed = list.lines().any(|line| {
            let rest = line.strip_prefix(figure);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        });
        assert!(is_listed, "`{figure}` is not in deploy/metrics.txt");
        count += 1;
    }
    assert!(count > 0, "{text}");
}
