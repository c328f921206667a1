//! What the fake participants say.

use std::{borrow::Cow, fmt::Write as _};

use serde_json::value::RawValue;
use wecall_protocol::{Capability, ClientMessage, Join, MediaState, Offer, PeerId, Resume, RoomId};

use crate::{
    connection::Session,
    frame::{self, Opcode},
};

/// Which client the fake participants are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ClientVersion {
    /// Sends `room_id` and `user_name` alone, never resumes.
    V1,
    /// Announces `resume` and `media-state`.
    V2,
}

pub fn join_frame(room_id: RoomId, seat: usize, version: ClientVersion) -> Vec<u8> {
    let (capabilities, media) = match version {
        ClientVersion::V1 => (Vec::new(), None),
        ClientVersion::V2 => (
            vec![
                capability(Capability::Resume),
                capability(Capability::MediaState),
            ],
            Some(MediaState::default()),
        ),
    };
    let join = ClientMessage::Join(Join {
        room_id: room_id.to_string(),
        user_name: Some(format!("Participant {seat}")),
        capabilities,
        media,
        host_token: None,
        session: None,
    });
    frame::encode(Opcode::Text, join.encode().as_bytes())
}

fn capability(capability: Capability) -> String {
    let name = match capability {
        Capability::Resume => "resume",
        Capability::MediaState => "media-state",
        Capability::Sfu => "sfu",
    };
    name.to_owned()
}

pub fn resume_frame(session: &Session) -> Vec<u8> {
    let resume = ClientMessage::Resume(Resume {
        token: session.token.clone(),
        last_seq: session.last_seq,
    });
    frame::encode(Opcode::Text, resume.encode().as_bytes())
}

/// An offer whose WebSocket message is `message_bytes` long, or as short as it can be.
pub fn offer_frame(target: PeerId, message_bytes: usize) -> Vec<u8> {
    let smallest = offer_text(target, "").len();
    let mut sdp = String::new();
    // Counted as JSON: each line break is four bytes there.
    let mut room = message_bytes.saturating_sub(smallest);
    for number in 0.. {
        let line = sdp_line(number);
        let Some(left) = room.checked_sub(line.len() + 4) else {
            break;
        };
        room = left;
        sdp.push_str(&line);
        sdp.push_str("\r\n");
    }
    sdp.extend(std::iter::repeat_n('x', room));
    frame::encode(Opcode::Text, offer_text(target, &sdp).as_bytes())
}

fn offer_text(target: PeerId, sdp: &str) -> String {
    let sdp = serde_json::Value::from(sdp);
    let offer = format!(r#"{{"type":"offer","sdp":{sdp}}}"#);
    let offer: &RawValue = serde_json::from_str(&offer).expect("written as JSON above");
    ClientMessage::Offer(Offer {
        target_peer_id: Cow::Owned(target.to_string()),
        offer,
    })
    .encode()
}

/// Lines of the lengths and kinds that fill a browser's offer.
fn sdp_line(number: u32) -> String {
    let id = 35 + number % 90;
    let mut line = String::new();
    let written = match number % 4 {
        0 => write!(line, "a=rtpmap:{id} H264/90000"),
        1 => write!(line, "a=rtcp-fb:{id} transport-cc"),
        2 => write!(
            line,
            "a=fmtp:{id} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
        ),
        _ => write!(
            line,
            "a=ssrc:{} cname:Zm9vYmFyYmF6cXV4",
            number.wrapping_mul(2_654_435_761)
        ),
    };
    written.expect("a string takes all");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(frame: &[u8]) -> String {
        let header = if frame[1] & 0x7f == 126 { 4 } else { 2 };
        let (mask, payload) = frame[header..].split_at(4);
        let bytes = payload.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m);
        String::from_utf8(bytes.collect()).unwrap()
    }

    #[test]
    fn offer_has_the_length_asked_for_and_is_one_that_a_server_takes() {
        for bytes in [200, 2_000, 10_000, 40_000] {
            let text = text_of(&offer_frame(PeerId::from_random([9; 16]), bytes));
            assert_eq!(text.len(), bytes);
            let Ok(ClientMessage::Offer(message)) = ClientMessage::decode(&text) else {
                panic!("no offer of {bytes} bytes");
            };
            assert_eq!(
                wecall_protocol::check_description(message.offer, "offer"),
                Ok(())
            );
        }
    }

    #[test]
    fn join_of_version_1_has_no_field_of_version_2() {
        let room: RoomId = "ABC23456".parse().unwrap();
        let text = text_of(&join_frame(room, 7, ClientVersion::V1));
        assert!(
            !text.contains("media") && !text.contains("resume"),
            "{text}"
        );
        let text = text_of(&join_frame(room, 7, ClientVersion::V2));
        assert!(text.contains(r#"["resume","media-state"]"#), "{text}");
    }
}
