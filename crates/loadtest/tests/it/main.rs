//! The load tool against a small relay of its own, over real sockets.

#![expect(clippy::unwrap_used, reason = "a test tells of a failure by panicking")]

mod relay;

use relay::{Behaviour, Relay};
use wecall_loadtest::{Error, signal};

fn options(relay: &Relay, participants: usize, room_size: u16) -> signal::Options {
    signal::Options {
        url: format!("ws://{}/ws", relay.addr).parse().unwrap(),
        participants,
        room_size,
        rate: 500,
        message_bytes: 20_000,
        duration: 1,
        client: wecall_loadtest::ClientVersion::V2,
        json: None,
    }
}

#[test]
fn every_message_of_the_schedule_arrives_and_is_timed() {
    let relay = Relay::start(Behaviour::Relay);
    let outcome = signal::run(&options(&relay, 9, 3)).unwrap();
    assert_eq!((outcome.participants, outcome.rooms), (9, 3));
    assert_eq!(outcome.messages, 500);
    assert!(outcome.p50_ms > 0.0 && outcome.p50_ms <= outcome.max_ms);
}

#[test]
fn refusal_is_told_with_its_code() {
    let relay = Relay::start(Behaviour::RefuseJoins);
    let error = signal::run(&options(&relay, 2, 2)).unwrap_err();
    assert!(
        matches!(&error, Error::Refused { code, .. } if code == "room-full"),
        "{error}"
    );
}

#[test]
fn socket_that_the_server_closes_ends_the_run_with_the_code() {
    let relay = Relay::start(Behaviour::CloseAtOffer);
    let error = signal::run(&options(&relay, 2, 2)).unwrap_err();
    assert!(matches!(error, Error::Closed { code: 1013, .. }), "{error}");
}
