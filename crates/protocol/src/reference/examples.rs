//! An example of each message, made of the types themselves: what they cannot hold, no example can.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::{
    Answer, By, Capability, Chat, ChatMessage, ChatText, ClientMessage, EndCall, ErrorCode,
    Greeting, Hand, IceCandidate, Join, Joined, Layers, Leave, LeaveReason, Lock, MediaFigures,
    MediaGone, MediaGoneReason, MediaPath, MediaServer, MediaSource, MediaState, Offer,
    PROTOCOL_VERSION, ParticipantInfo, Participants, PeerHand, PeerId, PeerJoined, PeerLeft,
    PeerMediaPath, PeerMediaState, PeerReaction, PeerRename, PeerRole, Reach, Reaction, Reconnect,
    Refused, RelayedAnswer, RelayedCandidate, RelayedOffer, Rename, Resume, Resumed, Role,
    RoomEndReason, RoomEnded, RoomId, RoomLock, RoomName, RoomSnapshot, SendReaction,
    ServerMessage, Session, Shown, Slot, SlotContent, Slots, Speaker, Speakers, Target, Timestamp,
    Topology, TopologySet, UserName, View, limits, rest::IceServer,
};

pub struct Example<M> {
    pub kind: &'static str,
    /// What is special about it, when a message has more than one example.
    pub caption: &'static str,
    pub message: M,
}

const OFFER: &str =
    r#"{"type":"offer","sdp":"v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\n..."}"#;
const ANSWER: &str =
    r#"{"type":"answer","sdp":"v=0\r\no=- 8853094120094332114 2 IN IP4 127.0.0.1\r\n..."}"#;
const CANDIDATE: &str = r#"{"candidate":"candidate:842163049 1 udp 1677729535 192.0.2.7 46154 typ host","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"EsAw"}"#;
/// Tokens are opaque; these only show where one stands.
const RESUME_TOKEN: &str = "v1.eyJyIjoiSzdRMk05WEQiLCJwIjoi.kXJ4oK0zY1w";
const HOST_TOKEN: &str = "v1.eyJyIjoiSzdRMk05WEQiLCJoIjox.u3sPq9cXh2E";

fn raw(json: &'static str) -> &'static RawValue {
    serde_json::from_str(json).expect("the examples are JSON")
}

fn ada() -> PeerId {
    PeerId::from_random(*b"\x1f\x8a\x52\xc0\x9d\x33\x4e\x71\xb6\x0a\xe4\x28\x7c\x95\xd1\x43")
}

fn john() -> PeerId {
    PeerId::from_random(*b"\xc2\x47\x0e\x9b\x61\xf5\x3d\x80\x14\xaa\x76\xe9\x38\x5f\x02\xbd")
}

fn media_peer() -> PeerId {
    PeerId::from_random(*b"\x7d\x02\xbe\x64\x19\xc8\x4a\xf3\x90\x5e\x21\xd7\x6b\x88\x0f\x35")
}

fn name(text: &str) -> UserName {
    UserName::parse(text).expect("the names of the examples are valid")
}

fn room_id() -> RoomId {
    "K7Q2M9XD".parse().expect("the room of the examples is one")
}

/// Seconds after the creation of the room: noon of a winter's day.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_ms(1_704_110_400_000 + seconds * 1_000)
}

fn camera_only() -> MediaState {
    MediaState {
        microphone: false,
        camera: true,
        screen: false,
    }
}

fn participants() -> Vec<ParticipantInfo> {
    let capabilities = vec![Capability::Resume, Capability::MediaState, Capability::Sfu];
    vec![
        ParticipantInfo {
            peer_id: ada(),
            user_name: name("Ada"),
            role: Role::Host,
            media: MediaState::default(),
            hand_raised_at: None,
            joined_at: at(4),
            capabilities: capabilities.clone(),
            path: Topology::Mesh,
            reach: Some(Reach::Udp),
            publisher: false,
        },
        ParticipantInfo {
            peer_id: john(),
            user_name: name("John Doe"),
            role: Role::Participant,
            media: camera_only(),
            hand_raised_at: Some(at(95)),
            joined_at: at(60),
            capabilities,
            path: Topology::Mesh,
            reach: None,
            publisher: false,
        },
    ]
}

fn media_server() -> MediaServer {
    MediaServer {
        peer_id: media_peer(),
        from_participants: limits::MESH_PARTICIPANTS + 1,
    }
}

fn chat_message() -> ChatMessage {
    ChatMessage {
        id: 1,
        peer_id: ada(),
        user_name: name("Ada"),
        text: ChatText::parse("Hello, John!").expect("the chat of the examples is valid"),
        sent_at: at(72),
        client_ref: Some("a1".into()),
    }
}

fn snapshot(chat: Vec<ChatMessage>) -> RoomSnapshot {
    RoomSnapshot {
        room_id: room_id(),
        room_name: Some(RoomName::parse("Team Meeting").expect("the room's name is valid")),
        created_at: at(0),
        expires_at: None,
        version: 3,
        max_participants: 4,
        locked: false,
        topology: Topology::Mesh,
        media: Some(media_server()),
        participants: participants(),
        chat,
        recovering: false,
    }
}

/// Of each message that a client sends.
pub fn client() -> Vec<Example<ClientMessage<'static>>> {
    let to_john = || Cow::from(john().to_string());
    let target = || Target {
        target_peer_id: john().to_string(),
    };
    let join_of_version_1 = Join {
        room_id: room_id().to_string(),
        user_name: Some("John Doe".into()),
        capabilities: Vec::new(),
        media: None,
        host_token: None,
        session: None,
    };
    let join_as_host = Join {
        user_name: Some("Ada".into()),
        capabilities: vec!["resume".into(), "media-state".into(), "sfu".into()],
        media: Some(MediaState::default()),
        host_token: Some(HOST_TOKEN.into()),
        ..join_of_version_1.clone()
    };
    let join_after_reload = Join {
        media: Some(camera_only()),
        host_token: None,
        session: Some(RESUME_TOKEN.into()),
        user_name: Some("John Doe".into()),
        ..join_as_host.clone()
    };
    let messages = [
        ("Version 1", ClientMessage::Join(join_of_version_1)),
        (
            "Whoever created the room",
            ClientMessage::Join(join_as_host),
        ),
        (
            "After the page was loaded again",
            ClientMessage::Join(join_after_reload),
        ),
        (
            "",
            ClientMessage::Resume(Resume {
                token: RESUME_TOKEN.into(),
                last_seq: 17,
            }),
        ),
        ("", ClientMessage::Leave(Leave {})),
        (
            "",
            ClientMessage::Offer(Offer {
                target_peer_id: to_john(),
                offer: raw(OFFER),
            }),
        ),
        (
            "",
            ClientMessage::Answer(Answer {
                target_peer_id: to_john(),
                answer: raw(ANSWER),
            }),
        ),
        (
            "",
            ClientMessage::IceCandidate(IceCandidate {
                target_peer_id: to_john(),
                candidate: raw(CANDIDATE),
            }),
        ),
        ("", ClientMessage::MediaState(camera_only())),
        (
            "",
            ClientMessage::View(View {
                target_peer_id: media_peer().to_string(),
                shown: vec![Shown {
                    peer_id: john().to_string(),
                    source: MediaSource::Camera,
                    width: 640,
                    height: 360,
                }],
                pinned: None,
            }),
        ),
        (
            "",
            ClientMessage::MediaPath(MediaPath {
                path: Some(Topology::Sfu),
                reach: Some(Reach::Udp),
            }),
        ),
        ("", ClientMessage::Unreachable(target())),
        (
            "",
            ClientMessage::Chat(Chat {
                text: "Hello, John!".into(),
                client_ref: Some("a1".into()),
            }),
        ),
        ("", ClientMessage::Hand(Hand { raised: true })),
        (
            "",
            ClientMessage::Reaction(SendReaction {
                reaction: Reaction::ThumbsUp,
            }),
        ),
        (
            "",
            ClientMessage::Rename(Rename {
                user_name: "Ada L.".into(),
            }),
        ),
        ("", ClientMessage::LowerMicrophone(target())),
        ("", ClientMessage::Remove(target())),
        ("", ClientMessage::Lock(Lock { locked: true })),
        ("", ClientMessage::TransferHost(target())),
        ("", ClientMessage::EndCall(EndCall {})),
    ];
    messages
        .into_iter()
        .map(|(caption, message)| Example {
            kind: message.kind(),
            caption,
            message,
        })
        .collect()
}

/// Of each message that the server sends.
pub fn server() -> Vec<Example<ServerMessage<'static>>> {
    let [_, john_info] = <[_; 2]>::try_from(participants()).expect("the example is of two");
    let joined = Joined {
        room_id: room_id(),
        peer_id: john(),
        room: snapshot(Vec::new()),
        resume_token: Some(RESUME_TOKEN.into()),
        resume_grace_ms: 30_000,
        ice_servers: vec![IceServer {
            urls: vec!["turn:call.example.org:3478?transport=udp".into()],
            username: Some("1767366245:9Y2Ky0qv".into()),
            credential: Some("GJ0XlDyWvTnOsl1o8e0kBdgNwbM=".into()),
        }],
    };
    let recovered = Resumed {
        peer_id: john(),
        recovered: true,
        received: 9,
        resume_token: RESUME_TOKEN.into(),
        room: None,
    };
    let not_recovered = Resumed {
        recovered: false,
        received: 0,
        room: Some(snapshot(vec![chat_message()])),
        ..recovered.clone()
    };
    let refused = Refused {
        code: ErrorCode::PeerNotFound,
        message: ErrorCode::PeerNotFound.sentence().into(),
        in_reply_to: Some("offer".into()),
        target_peer_id: Some(john().to_string().into()),
    };
    let messages = [
        (
            "",
            ServerMessage::PeerId(Greeting {
                peer_id: john(),
                protocol: PROTOCOL_VERSION,
            }),
        ),
        ("", ServerMessage::Joined(Box::new(joined))),
        (
            "",
            ServerMessage::Participants(Participants {
                participants: vec![ada()],
            }),
        ),
        (
            "Nothing was lost",
            ServerMessage::Resumed(Box::new(recovered)),
        ),
        (
            "Messages may have been lost",
            ServerMessage::Resumed(Box::new(not_recovered)),
        ),
        (
            "",
            ServerMessage::Session(Session {
                resume_token: RESUME_TOKEN.into(),
            }),
        ),
        (
            "",
            ServerMessage::PeerJoined(PeerJoined {
                peer_id: john(),
                participant: john_info,
            }),
        ),
        (
            "",
            ServerMessage::PeerLeft(PeerLeft {
                peer_id: john(),
                reason: LeaveReason::Left,
            }),
        ),
        (
            "",
            ServerMessage::Offer(RelayedOffer {
                peer_id: ada(),
                offer: raw(OFFER),
            }),
        ),
        (
            "",
            ServerMessage::Answer(RelayedAnswer {
                peer_id: ada(),
                answer: raw(ANSWER),
            }),
        ),
        (
            "",
            ServerMessage::IceCandidate(RelayedCandidate {
                peer_id: ada(),
                candidate: raw(CANDIDATE),
            }),
        ),
        (
            "",
            ServerMessage::MediaState(PeerMediaState::new(john(), camera_only())),
        ),
        (
            "",
            ServerMessage::Topology(TopologySet {
                topology: Topology::Sfu,
                media: Some(media_server()),
            }),
        ),
        (
            "",
            ServerMessage::MediaPath(PeerMediaPath {
                peer_id: ada(),
                path: Topology::Sfu,
                reach: Some(Reach::Udp),
            }),
        ),
        (
            "",
            ServerMessage::Slots(Slots {
                peer_id: media_peer(),
                slots: vec![Slot {
                    mid: "4".into(),
                    content: Some(SlotContent {
                        peer_id: ada(),
                        source: MediaSource::Camera,
                    }),
                    layer: Some("h".into()),
                    paused: false,
                }],
            }),
        ),
        (
            "",
            ServerMessage::Speakers(Speakers {
                speakers: vec![Speaker {
                    peer_id: ada(),
                    level: -24,
                }],
            }),
        ),
        (
            "",
            ServerMessage::Layers(Layers {
                source: MediaSource::Camera,
                layers: vec!["q".into(), "h".into()],
            }),
        ),
        (
            "",
            ServerMessage::MediaFigures(MediaFigures {
                estimate_kbps: Some(2_400),
                allocated_kbps: 1_150,
                desired_kbps: 1_150,
                round_trip_ms: Some(24),
                loss_to_client: Some(0.0),
                loss_from_client: None,
                over_tcp: false,
            }),
        ),
        (
            "",
            ServerMessage::MediaGone(MediaGone {
                peer_id: media_peer(),
                reason: MediaGoneReason::Lost,
            }),
        ),
        ("", ServerMessage::Chat(chat_message())),
        (
            "",
            ServerMessage::Hand(PeerHand {
                peer_id: john(),
                raised: true,
                hand_raised_at: Some(at(95)),
            }),
        ),
        (
            "",
            ServerMessage::Reaction(PeerReaction {
                peer_id: john(),
                reaction: Reaction::ThumbsUp,
            }),
        ),
        (
            "",
            ServerMessage::Rename(PeerRename {
                peer_id: ada(),
                user_name: name("Ada L."),
            }),
        ),
        (
            "",
            ServerMessage::Role(PeerRole {
                peer_id: john(),
                role: Role::Host,
            }),
        ),
        (
            "",
            ServerMessage::Lock(RoomLock {
                locked: true,
                peer_id: ada(),
            }),
        ),
        ("", ServerMessage::LowerMicrophone(By { peer_id: ada() })),
        ("", ServerMessage::Removed(By { peer_id: ada() })),
        (
            "",
            ServerMessage::RoomEnded(RoomEnded {
                reason: RoomEndReason::Host,
            }),
        ),
        ("", ServerMessage::Reconnect(Reconnect { after_ms: 420 })),
        ("", ServerMessage::Error(refused)),
    ];
    messages
        .into_iter()
        .map(|(caption, message)| Example {
            kind: message.kind(),
            caption,
            message,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_message_has_an_example_that_decodes_to_itself() {
        let mut seen = BTreeSet::new();
        for example in client() {
            let text = example.message.encode();
            let again = ClientMessage::decode(&text).expect(&text);
            assert_eq!(again.encode(), text);
            seen.insert(example.kind);
        }
        assert_eq!(seen, ClientMessage::TYPES.iter().copied().collect());

        let mut seen = BTreeSet::new();
        for example in server() {
            let text = example.message.encode();
            let again = ServerMessage::decode(&text).expect(&text);
            assert_eq!(again.encode(), text);
            seen.insert(example.kind);
        }
        assert_eq!(seen, ServerMessage::TYPES.iter().copied().collect());
    }
}
