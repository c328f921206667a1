use std::fmt;

use serde::{Deserialize, Serialize};
use wecall_protocol::{ChatMessage, RoomId};
use wecall_room::{Event, NodeId, RoomState};

/// The schema of records that this program writes.
///
/// 1: rooms in the file of one node. 2: participants have homes, fields that are not known are
/// kept. What only adds fields keeps the number.
pub const SCHEMA: u16 = 2;

/// A program that reads this schema understands what this one writes.
pub const OLDEST_SCHEMA: u16 = 2;

/// No other write of any record has the same.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tag(Box<str>);

impl Tag {
    pub(crate) fn new(node: NodeId, count: u64) -> Self {
        Self(format!("{node}-{count:x}").into())
    }

    pub fn parse(text: &str) -> Option<Self> {
        // A node and a count; anything much longer is none of ours.
        (1..=40).contains(&text.len()).then(|| Self(text.into()))
    }

    /// What a key that is no record has in place of a tag.
    pub fn of_nothing() -> Self {
        Self("-".into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A room as it is in the store.
#[derive(Debug, Clone)]
pub struct Record {
    pub tag: Tag,
    pub state: RoomState,
    /// The last changes that led to it, oldest first.
    pub history: Vec<Past>,
}

/// One of the last changes of a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    #[serde(rename = "v")]
    pub version: u64,
    #[serde(rename = "g")]
    pub tag: Tag,
    /// Empty when they are of a later version of the program and cannot be read.
    #[serde(rename = "e", deserialize_with = "readable", default)]
    pub events: Vec<Event>,
}

/// Why a record is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("written by a later version that this one does not understand")]
    Schema,
    #[error("not what a room looks like: {0}")]
    Content(String),
}

impl Record {
    /// Reads the fields of a record as the store has them.
    pub fn read(
        room: RoomId,
        oldest_schema: &[u8],
        tag: &[u8],
        state: &[u8],
        chat: &[u8],
        history: impl IntoIterator<Item = Vec<u8>>,
    ) -> Result<Self, Unreadable> {
        let content = |error: &dyn fmt::Display| Unreadable::Content(error.to_string());
        let schema = std::str::from_utf8(oldest_schema)
            .ok()
            .and_then(|text| text.parse::<u16>().ok())
            .ok_or_else(|| content(&"no schema"))?;
        if schema > SCHEMA {
            return Err(Unreadable::Schema);
        }
        let tag = std::str::from_utf8(tag)
            .ok()
            .and_then(Tag::parse)
            .ok_or_else(|| content(&"no tag"))?;
        let state: RoomState = serde_json::from_slice(state).map_err(|error| content(&error))?;
        if state.id != room {
            return Err(content(&"the state is of another room"));
        }
        let chat: Vec<ChatMessage> = match chat {
            b"" => Vec::new(),
            chat => serde_json::from_slice(chat).map_err(|error| content(&error))?,
        };
        let history = history
            .into_iter()
            .filter_map(|past| serde_json::from_slice(&past).ok())
            .collect();
        Ok(Self {
            tag,
            state: state.with_chat(chat),
            history,
        })
    }

    /// Whether this room once was at this version with this tag.
    pub(crate) fn has_been(&self, version: u64, tag: &Tag) -> bool {
        let was = |past: &Past| past.version == version && past.tag == *tag;
        self.tag == *tag || self.history.iter().any(was)
    }
}

fn readable<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Event>, D::Error> {
    let raw = <Box<serde_json::value::RawValue>>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).unwrap_or_default())
}

/// What a record's field holds.
pub(crate) fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("rooms hold nothing that JSON cannot")
}
