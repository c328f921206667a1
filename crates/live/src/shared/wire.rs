//! What nodes tell each other. JSON, as most of it is messages of clients, which are; and a person
//! can read along.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wecall_protocol::{PeerId, RoomId};
use wecall_room::{Event, NodeId, RoomState};

use super::record::{Tag, to_json};
use crate::session::{Handover, Line, Stamp};

/// One message on a node's channel.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Message<'a> {
    #[serde(borrow)]
    Change(Box<ChangeNote<'a>>),
    #[serde(borrow)]
    Link(LinkNote<'a>),
}

/// A room has changed.
#[derive(Debug, Deserialize)]
pub(super) struct ChangeNote<'a> {
    #[serde(rename = "r")]
    pub room: RoomId,
    /// The tag that the record had before.
    #[serde(rename = "p")]
    pub previous: Tag,
    #[serde(rename = "g")]
    pub tag: Tag,
    /// A program that understands this schema understands the state.
    #[serde(rename = "m")]
    pub oldest_schema: u16,
    #[serde(rename = "e", borrow)]
    events: &'a RawValue,
    /// The span of the change, when it is traced.
    #[serde(rename = "x", default)]
    pub trace: Option<String>,
    /// Without the chat.
    #[serde(rename = "s")]
    pub state: RoomState,
}

impl ChangeNote<'_> {
    /// `None` when they do not tell all, or a later version of the program has written them.
    pub fn events(&self) -> Option<Vec<Event>> {
        serde_json::from_str(self.events.get()).ok()
    }
}

/// The beginning of a change note; the state and two closing braces follow. Without events the
/// others fetch the record.
pub(super) fn change_note(
    room: RoomId,
    previous: &Tag,
    tag: &Tag,
    events: Option<&[Event]>,
    trace: Option<&str>,
) -> String {
    #[derive(Serialize)]
    struct Head<'a> {
        r: RoomId,
        p: &'a Tag,
        g: &'a Tag,
        m: u16,
        e: Option<&'a [Event]>,
        #[serde(skip_serializing_if = "Option::is_none")]
        x: Option<&'a str>,
    }
    let head = Head {
        r: room,
        p: previous,
        g: tag,
        m: super::record::OLDEST_SCHEMA,
        e: events,
        x: trace,
    };
    let head = to_json(&head);
    format!("{{\"change\":{},\"s\":}}}}", &head[..head.len() - 1])
}

/// A part of the stream from one node to another.
#[derive(Debug, Deserialize)]
pub(super) struct LinkNote<'a> {
    #[serde(rename = "f")]
    pub from: NodeId,
    /// Whom it is for. One that was given up goes on under another id, and with other numbers.
    #[serde(rename = "d")]
    pub to: NodeId,
    /// The number of the first item.
    #[serde(rename = "s")]
    pub first: u64,
    #[serde(rename = "m", borrow)]
    pub items: Vec<&'a RawValue>,
    /// All items of the other direction up to this one have arrived.
    #[serde(rename = "a")]
    pub acknowledged: u64,
    /// Items of the other direction from this one on are missing.
    #[serde(rename = "n", default)]
    pub missing: Option<u64>,
    /// What has arrived is to be told at once.
    #[serde(rename = "q", default)]
    pub asks: bool,
    /// When it was sent, in Unix milliseconds.
    #[serde(rename = "t")]
    pub sent_at: i64,
}

/// Something for a participant or the node itself.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Item<'a> {
    /// What one participant sends another.
    #[serde(borrow)]
    Direct(Direct<'a>),
    /// Something for everyone in a room that the room does not remember.
    #[serde(borrow)]
    All(ForAll<'a>),
    /// A participant is here now: what do you have for them?
    TakeOver(TakeOver),
    HandedOver(Box<HandedOver>),
    /// A question to a room's media server.
    AskMedia(MediaQuestion),
    MediaAnswer(MediaReply),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct MediaQuestion {
    /// Tells the questions of a node apart.
    #[serde(rename = "n")]
    pub number: u64,
    #[serde(rename = "r")]
    pub room: RoomId,
    #[serde(rename = "p")]
    pub media: PeerId,
    #[serde(rename = "b")]
    pub body: Box<str>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct MediaReply {
    #[serde(rename = "n")]
    pub number: u64,
    /// Nothing, when there is no such media server.
    #[serde(rename = "b")]
    pub body: Option<Box<str>>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Direct<'a> {
    #[serde(rename = "r")]
    pub room: RoomId,
    /// The version of the room that the sender's node had.
    #[serde(rename = "v")]
    pub version: u64,
    #[serde(rename = "f")]
    pub from: PeerId,
    #[serde(rename = "t")]
    pub to: PeerId,
    #[serde(rename = "g")]
    pub stamp: Stamp,
    /// For the room's media server.
    #[serde(rename = "m", default, skip_serializing_if = "std::ops::Not::not")]
    pub to_media: bool,
    #[serde(rename = "b", borrow)]
    pub body: &'a RawValue,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ForAll<'a> {
    #[serde(rename = "r")]
    pub room: RoomId,
    #[serde(rename = "b", borrow)]
    pub body: &'a RawValue,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TakeOver {
    #[serde(rename = "r")]
    pub room: RoomId,
    #[serde(rename = "p")]
    pub peer: PeerId,
    /// The version at which the participant moved: they have to have been told up to there.
    #[serde(rename = "v")]
    pub version: u64,
    #[serde(rename = "k")]
    pub line: Line,
    #[serde(rename = "l")]
    pub last_seq: u64,
    /// The span of the arrival, when it is traced.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct HandedOver {
    #[serde(rename = "p")]
    pub peer: PeerId,
    #[serde(rename = "v")]
    pub version: u64,
    #[serde(rename = "h")]
    pub handover: Option<Handover>,
}

#[cfg(test)]
mod tests {
    use wecall_room::RoomOptions;

    use super::*;

    fn note(trace: Option<&str>) -> String {
        let room: RoomId = "ABC12345".parse().unwrap();
        let tag = Tag::new(NodeId::from_random(7), 1);
        let note = change_note(room, &tag, &tag, Some(&[]), trace);
        let now = wecall_protocol::Timestamp::from_unix_ms(1);
        let options = RoomOptions {
            name: None,
            max_participants: 2,
            ttl: None,
        };
        let state = to_json(&RoomState::new(room, options, now));
        // As the store does it.
        let (head, braces) = note.split_at(note.len() - 2);
        format!("{head}{state}{braces}")
    }

    #[test]
    fn change_that_is_not_traced_is_as_older_nodes_write_it() {
        let text = note(None);
        assert!(!text.contains("\"x\""), "{text}");
        let Message::Change(read) = serde_json::from_str(&text).unwrap() else {
            panic!("{text}");
        };
        assert_eq!(read.trace, None);
    }

    #[test]
    fn span_of_a_change_comes_along() {
        let text = note(Some("00-4bf9-00f0-01"));
        let Message::Change(read) = serde_json::from_str(&text).unwrap() else {
            panic!("{text}");
        };
        assert_eq!(read.trace.as_deref(), Some("00-4bf9-00f0-01"));
        assert_eq!(read.events(), Some(vec![]));
    }
}
