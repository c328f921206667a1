//! What the media server and participants say to each other, in words of the protocol.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wecall_protocol::{
    ClientMessage, Layers, MediaFigures, MediaGone, MediaGoneReason, MediaSource, PeerId,
    RelayedAnswer, ServerMessage, Slot, SlotContent, Slots, Speaker, Speakers, View,
};
use wecall_sfu::{Figures, Gone, Refused, Source, Wanted};

/// What a participant tells its media server.
#[derive(Debug, PartialEq, Eq)]
pub enum FromMember {
    Offer(String),
    Candidate(String),
    View {
        wanted: Vec<Wanted>,
        pinned: Option<PeerId>,
    },
}

#[derive(Deserialize, Serialize)]
struct Description {
    #[serde(rename = "type")]
    kind: String,
    sdp: String,
}

#[derive(Deserialize)]
struct Candidate {
    candidate: String,
}

/// `None` for what is nothing to a media server.
pub fn decode(body: &str) -> Option<FromMember> {
    match ServerMessage::decode(body) {
        Ok(ServerMessage::Offer(offer)) => {
            let offer: Description = serde_json::from_str(offer.offer.get()).ok()?;
            return (offer.kind == "offer").then_some(FromMember::Offer(offer.sdp));
        }
        Ok(ServerMessage::IceCandidate(message)) => {
            let candidate: Candidate = serde_json::from_str(message.candidate.get()).ok()?;
            return Some(FromMember::Candidate(candidate.candidate));
        }
        // What clients say as they say it has types of its own.
        _ => {}
    }
    match ClientMessage::decode(body) {
        Ok(ClientMessage::View(view)) => Some(self::view(view)),
        _ => None,
    }
}

/// Who is shown and cannot be a peer is passed over, as whoever is not there.
fn view(view: View) -> FromMember {
    let wanted = view.shown.iter().filter_map(|shown| {
        let source = match shown.source {
            MediaSource::Camera => Source::Camera,
            MediaSource::Screen => Source::Screen,
            MediaSource::Microphone | MediaSource::ScreenAudio => return None,
        };
        Some(Wanted {
            peer: shown.peer_id.parse().ok()?,
            source,
            width: shown.width,
            height: shown.height,
        })
    });
    FromMember::View {
        wanted: wanted.collect(),
        pinned: view.pinned.and_then(|pinned| pinned.parse().ok()),
    }
}

pub fn answer(media: PeerId, sdp: String) -> Arc<str> {
    let answer = Description {
        kind: "answer".into(),
        sdp,
    };
    let json = serde_json::to_string(&answer).expect("text is JSON");
    let answer = RawValue::from_string(json).expect("it was written as JSON");
    encode(&ServerMessage::Answer(RelayedAnswer {
        peer_id: media,
        answer: &answer,
    }))
}

pub fn gone(media: PeerId, reason: MediaGoneReason) -> Arc<str> {
    encode(&ServerMessage::MediaGone(MediaGone {
        peer_id: media,
        reason,
    }))
}

pub fn slots(media: PeerId, slots: Vec<wecall_sfu::Slot>) -> Arc<str> {
    let slots = slots.into_iter().map(|slot| Slot {
        mid: slot.mid,
        content: slot.content.map(|content| SlotContent {
            peer_id: content.peer,
            source: source(content.source),
        }),
        layer: slot.layer,
        paused: slot.paused,
    });
    encode(&ServerMessage::Slots(Slots {
        peer_id: media,
        slots: slots.collect(),
    }))
}

pub fn speakers(speakers: &[(PeerId, i8)]) -> Arc<str> {
    let speakers = speakers
        .iter()
        .map(|&(peer_id, level)| Speaker { peer_id, level });
    encode(&ServerMessage::Speakers(Speakers {
        speakers: speakers.collect(),
    }))
}

pub fn layers(of: Source, layers: Vec<String>) -> Arc<str> {
    encode(&ServerMessage::Layers(Layers {
        source: source(of),
        layers,
    }))
}

pub fn figures(figures: &Figures) -> Arc<str> {
    let kbps = |bps: u64| u32::try_from(bps / 1_000).unwrap_or(u32::MAX);
    let round_trip = figures.round_trip.map(|time| time.as_millis());
    encode(&ServerMessage::MediaFigures(MediaFigures {
        estimate_kbps: figures.estimate_bps.map(kbps),
        allocated_kbps: kbps(figures.allocated_bps),
        desired_kbps: kbps(figures.desired_bps),
        round_trip_ms: round_trip.map(|ms| u32::try_from(ms).unwrap_or(u32::MAX)),
        loss_to_client: figures.loss_to_peer,
        loss_from_client: figures.loss_from_peer,
        over_tcp: figures.over_tcp,
    }))
}

pub const fn why_refused(refused: &Refused) -> MediaGoneReason {
    match refused {
        Refused::TooLarge
        | Refused::Malformed(_)
        | Refused::TooMany
        | Refused::NotAllowed
        | Refused::InAnotherRoom => MediaGoneReason::Refused,
        Refused::Full | Refused::Busy | Refused::Stopped | Refused::NoAddress => {
            MediaGoneReason::Busy
        }
        Refused::Unknown => MediaGoneReason::Lost,
    }
}

/// `None` when there is nobody to be told: whoever closed a connection, or has another one, would
/// take it for that one's end.
pub const fn why_gone(gone: Gone) -> Option<MediaGoneReason> {
    match gone {
        Gone::Removed | Gone::Replaced | Gone::Closed => None,
        Gone::NeverConnected | Gone::Lost => Some(MediaGoneReason::Lost),
        Gone::Failed => Some(MediaGoneReason::Failed),
    }
}

const fn source(source: Source) -> MediaSource {
    match source {
        Source::Microphone => MediaSource::Microphone,
        Source::Camera => MediaSource::Camera,
        Source::Screen => MediaSource::Screen,
        Source::ScreenAudio => MediaSource::ScreenAudio,
    }
}

fn encode(message: &ServerMessage<'_>) -> Arc<str> {
    message.encode().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: &str = "BwcHBwcHBwcHBwcHBwcHBw";

    #[test]
    fn offers_candidates_and_views_are_understood() {
        let offer = format!(
            r#"{{"type":"offer","peer_id":"{PEER}","offer":{{"type":"offer","sdp":"v=0\r\n"}}}}"#
        );
        assert_eq!(decode(&offer), Some(FromMember::Offer("v=0\r\n".into())));
        let candidate = format!(
            r#"{{"type":"ice-candidate","peer_id":"{PEER}","candidate":{{"candidate":"c"}}}}"#
        );
        assert_eq!(decode(&candidate), Some(FromMember::Candidate("c".into())));
        let view = format!(
            r#"{{"type":"view","target_peer_id":"{PEER}","pinned":"nobody","shown":[
                {{"peer_id":"{PEER}","source":"camera","width":320,"height":180}},
                {{"peer_id":"{PEER}","source":"microphone","width":1,"height":1}},
                {{"peer_id":"?","source":"screen","width":1,"height":1}}]}}"#
        );
        let wanted = Wanted {
            peer: PEER.parse().unwrap(),
            source: Source::Camera,
            width: 320,
            height: 180,
        };
        assert_eq!(
            decode(&view),
            Some(FromMember::View {
                wanted: vec![wanted],
                pinned: None
            })
        );
    }

    #[test]
    fn what_is_nothing_to_a_media_server_is_passed_over() {
        for body in [
            "",
            "{}",
            r#"{"type":"leave"}"#,
            &format!(
                r#"{{"type":"offer","peer_id":"{PEER}","offer":{{"type":"answer","sdp":""}}}}"#
            ),
            &format!(r#"{{"type":"offer","peer_id":"{PEER}","offer":[]}}"#),
        ] {
            assert_eq!(decode(body), None, "{body}");
        }
    }
}
