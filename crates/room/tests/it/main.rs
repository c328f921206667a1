//! The room machine under any sequence of commands, and in the situations that people meet.

mod properties;
mod reconcile;
mod situations;
mod topology;

use wecall_protocol::{MediaState, PeerId, RoomId, Timestamp, UserName};
use wecall_room::{Capabilities, Join, NodeId, RoomOptions, RoomState};

const START: Timestamp = Timestamp::from_unix_ms(1_700_000_000_000);

fn peer(number: u8) -> PeerId {
    PeerId::from_random([number; 16])
}

fn room(max_participants: u16) -> RoomState {
    let options = RoomOptions {
        name: None,
        max_participants,
        ttl: None,
    };
    RoomState::new(RoomId::from_random([7; 8]), options, START)
}

/// Someone with the web client of today.
fn newcomer(number: u8) -> Join {
    Join {
        peer: peer(number),
        name: UserName::parse(&format!("Person {number}")).expect("a valid name"),
        capabilities: Capabilities {
            resume: true,
            media_state: true,
            sfu: true,
        },
        media: MediaState::default(),
        publisher: false,
        home: NodeId::SINGLE,
        host: false,
        returning: None,
    }
}

/// Someone with a client of protocol version 1.
fn old_client(number: u8) -> Join {
    Join {
        capabilities: Capabilities::default(),
        ..newcomer(number)
    }
}

fn host(number: u8) -> Join {
    Join {
        host: true,
        ..newcomer(number)
    }
}
