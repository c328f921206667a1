//! Live state as the gateway sees it: who hears what, over lost sockets and restarts.

#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

mod alone;
mod node;
mod restart;
mod rooms;
mod sessions;
mod simulation;

use std::{
    cell::Cell,
    task::{Context, Waker},
    time::Duration,
};

use node::Live;
use serde_json::Value;
use wecall_live::{JoinRequest, Joined, Poll};
use wecall_protocol::{ErrorCode, MediaState, PeerId, RoomId, Timestamp, UserName};
use wecall_room::{Capabilities, RoomOptions, Rules};

const START: Timestamp = Timestamp::from_unix_ms(1_700_000_000_000);
const SECRET: [u8; 32] = [42; 32];
const WEB_CLIENT: Capabilities = Capabilities {
    resume: true,
    media_state: true,
    sfu: true,
};

fn after(seconds: u64) -> Timestamp {
    START + Duration::from_secs(seconds)
}

fn peer(number: u8) -> PeerId {
    PeerId::from_random([number; 16])
}

fn room() -> RoomId {
    RoomId::from_random([3; 8])
}

/// Where the rooms of a test are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rooms {
    InMemory,
    Shared,
}

thread_local! {
    static ROOMS: Cell<Rooms> = const { Cell::new(Rooms::InMemory) };
}

/// Runs each of the tests on each kind of store: what they say holds for all.
macro_rules! on_each_store {
    ($($test:ident,)*) => {
        mod in_memory {
            $(#[test]
            fn $test() {
                super::$test();
            })*
        }

        mod shared {
            $(#[test]
            fn $test() {
                crate::ROOMS.set(crate::Rooms::Shared);
                super::$test();
            })*
        }
    };
}
use on_each_store;

fn new_live() -> Live {
    match ROOMS.get() {
        Rooms::InMemory => Live::in_memory(Rules::default(), 100),
        Rooms::Shared => Live::shared(Rules::default(), 100),
    }
}

/// A node with one room for three, and its host token.
fn live_with_room() -> (Live, String) {
    let live = new_live();
    let host_token = create(&live, room(), START).expect("an empty node has room");
    (live, host_token)
}

fn create(live: &Live, id: RoomId, now: Timestamp) -> Result<String, wecall_live::CreateError> {
    let options = RoomOptions {
        name: None,
        max_participants: 3,
        ttl: None,
    };
    live.create(id, options, now)
}

fn request(number: u8) -> JoinRequest<'static> {
    JoinRequest {
        room: room(),
        peer: peer(number),
        name: UserName::parse(&format!("Person {number}")).expect("a valid name"),
        capabilities: WEB_CLIENT,
        media: MediaState::default(),
        host_token: None,
        session: None,
        publisher: false,
        ice_servers: Vec::new(),
    }
}

/// A socket of a participant, as the gateway polls it.
struct Socket {
    joined: Joined,
}

impl Socket {
    fn join(live: &Live, request: JoinRequest<'_>, now: Timestamp) -> Result<Self, ErrorCode> {
        let joined = live.join(request, now)?;
        Ok(Self { joined })
    }

    fn poll(&self, mut take: impl FnMut(u64, &str)) -> Poll {
        let cx = Context::from_waker(Waker::noop());
        let Joined { session, epoch } = &self.joined;
        session.poll(*epoch, &cx, true, |seq, body, _| {
            take(seq, body);
            true
        })
    }

    /// What has come since the last call, with sequence numbers.
    fn hear(&self) -> Vec<(u64, Value)> {
        let mut heard = Vec::new();
        self.poll(|seq, body| {
            heard.push((seq, serde_json::from_str(body).expect("messages are JSON")));
        });
        heard
    }

    /// The types of what has come since the last call.
    fn hear_types(&self) -> Vec<String> {
        let heard = self.hear().into_iter();
        heard
            .map(|(_, message)| message["type"].as_str().expect("a type").to_owned())
            .collect()
    }

    /// The resume token that came with `joined`.
    fn token(&self) -> String {
        let (seq, joined) = self.hear().into_iter().next().expect("joined comes first");
        assert_eq!((seq, &joined["type"]), (1, &"joined".into()));
        joined["resume_token"].as_str().expect("a token").to_owned()
    }

    fn relay(&self, live: &Live, target: u8, body: &str) -> Result<(), ErrorCode> {
        live.relay(&self.joined.session, peer(target), body)
    }
}
