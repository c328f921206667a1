//! Traces for a collector, and a collector that is not there.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::{
    client::{Client, Room, assert_undisturbed, chat},
    collector::Collector,
    server::{Options, Server, request},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn traced(collector: &Collector) -> Options {
    Options::new()
        .env("TRACING__OTLP_ENDPOINT", &collector.endpoint())
        .env("CLUSTER__NODE_NAME", "node-7")
}

/// Asks for the configuration as a part of [`TRACE`].
fn ask_within_a_trace(server: &Server, sampled: bool) {
    let flags = if sampled { "01" } else { "00" };
    let traceparent = format!("00-{TRACE}-00f067aa0ba902b7-{flags}");
    let headers = [("traceparent", traceparent.as_str())];
    let answer = server.request("GET", "/api/config", &headers, "");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("traceparent"), "");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn what_people_do_is_traced_without_saying_who_or_where() {
    let collector = Collector::start();
    let server = traced(&collector).start();
    let room = Room::new(&server);
    let mut ada = Client::join(&server, &room, "Ada");
    let mut john = Client::join(&server, &room, "John");
    ada.expect("peer-joined");
    assert_undisturbed(&mut ada, &mut john);
    ada.send(chat("a secret"));
    john.expect("chat");
    let mut grace = Client::connect(&server);
    grace.send(json!({"type": "join", "room_id": "NOROOM99", "user_name": "Grace"}));
    grace.expect_error("room-not-found");
    server.get("/livez");
    server.get(&format!("/api/rooms/{}", room.id));

    let find = |name: &str, key: &str, value: &str| {
        collector.wait(name, |spans| {
            let has = |span: &&crate::collector::Span| {
                span.name == name && span.attributes.get(key).is_some_and(|is| is == value)
            };
            spans.iter().find(has).cloned()
        })
    };
    let lookup = find(
        "GET /api/rooms/{room_id}",
        "http.response.status_code",
        "200",
    );
    assert_eq!(lookup.resource["service.name"], "wecall");
    assert_eq!(lookup.node(), "node-7");
    let chat = find("act", "kind", "chat");
    let upgrade = collector.wait("upgrade", |spans| {
        spans.iter().find(|span| chat.is_child_of(span)).cloned()
    });
    assert_eq!(upgrade.name, "GET /ws");
    find("join", "outcome", "done");
    find("join", "outcome", "room-not-found");

    for span in collector.spans() {
        let text = format!("{span:?}");
        assert!(!text.contains("livez") && !text.contains("offer"), "{text}");
        let secrets = [&room.id, &ada.peer, &john.peer, &room.host_token];
        for secret in secrets.map(String::as_str).into_iter().chain([
            "NOROOM99",
            "Ada",
            "a secret",
            "127.0.0.1",
        ]) {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}

#[test]
fn trusted_proxies_alone_say_what_belongs_to_a_trace() {
    let collector = Collector::start();
    let server = traced(&collector).start();
    ask_within_a_trace(&server, true);
    let alone = collector.wait("request", |spans| spans.first().cloned());
    assert_eq!(alone.name, "GET /api/config");
    assert_ne!(hex(&alone.trace), TRACE);
    assert_eq!(hex(&alone.parent), "");

    let collector = Collector::start();
    let behind = traced(&collector).env("SERVER__TRUSTED_PROXIES", "127.0.0.1/32");
    let server = behind.env("TRACING__SAMPLE_PERCENT", "0").start();
    // Neither this one nor one that nobody decided about.
    ask_within_a_trace(&server, false);
    server.get("/api/config");
    ask_within_a_trace(&server, true);
    let within = collector.wait("request", |spans| spans.first().cloned());
    assert_eq!(hex(&within.trace), TRACE);
    assert_eq!(hex(&within.parent), "00f067aa0ba902b7");
    assert_eq!(collector.spans().len(), 1);
}

#[test]
fn last_spans_are_sent_before_the_end() {
    let collector = Collector::start();
    let mut server = traced(&collector).start();
    server.get("/api/config");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert_eq!(collector.spans().len(), 1);
}

#[test]
fn collector_that_is_not_there_is_told_and_counted_and_no_harm() {
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nowhere.local_addr().unwrap();
    drop(nowhere);
    let endpoint = format!("http://{address}");
    let mut server = Options::new()
        .env("TRACING__OTLP_ENDPOINT", &endpoint)
        .start();
    let room = Room::new(&server);
    let mut ada = Client::join(&server, &room, "Ada");
    let told = server.log_of("traces do not get to the collector; calls do not need it");
    assert_eq!(told["level"], "WARN");
    let mut john = Client::join(&server, &room, "John");
    ada.expect("peer-joined");
    assert_undisturbed(&mut ada, &mut john);
    let figures = request(
        server_metrics(&server),
        "metrics",
        "GET",
        "/metrics",
        &[],
        "",
    );
    let not_taken = figures.text().lines().find_map(|line| {
        line.strip_prefix("wecall_trace_spans_dropped_total{reason=\"not-taken\"} ")
    });
    assert!(not_taken.is_some_and(|count| count != "0"), "{not_taken:?}");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn collector_that_does_not_answer_holds_the_end_up_for_two_seconds_at_most() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let mut server = Options::new()
        .env("TRACING__OTLP_ENDPOINT", &endpoint)
        .start();
    server.get("/api/config");
    // The request is there, and nobody reads it.
    let (_held, _) = silent.accept().unwrap();
    server.signal("TERM");
    server.log_of("the last traces did not get to the collector in time");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn logs_are_the_same_with_and_without_traces() {
    let collector = Collector::start();
    let joined = |options: Options| {
        let server = options.env("LOGGING__FILTER", "debug,wecall=trace").start();
        let room = Room::new(&server);
        let _ada = Client::join(&server, &room, "Ada");
        let mut event = server.log_of("joined");
        for changing in ["timestamp", "room", "peer"] {
            event.as_object_mut().unwrap().remove(changing);
        }
        event
    };
    let without: Value = joined(Options::new());
    assert_eq!(joined(traced(&collector)), without);
    assert!(without.get("span").is_none(), "{without}");
}

fn server_metrics(server: &Server) -> std::net::TcpStream {
    let stream = std::net::TcpStream::connect(server.metrics).unwrap();
    stream
        .set_read_timeout(Some(crate::server::PATIENCE))
        .unwrap();
    stream
}
