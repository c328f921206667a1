//! Session descriptions as participants send them to each other: with what each section is for
//! beside the SDP, as the web app does (`web/src/call/description.ts`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::Error;

#[derive(Debug, Serialize, Deserialize)]
pub struct Description {
    #[serde(rename = "type")]
    pub kind: String,
    pub sdp: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wecall: Option<Extension>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Extension {
    pub connection: String,
    pub peer: Option<String>,
    pub offer: String,
    /// By `a=mid`.
    pub sends: BTreeMap<String, String>,
    pub receives: BTreeMap<String, String>,
}

pub const MICROPHONE: &str = "microphone";
pub const CAMERA: &str = "camera";
pub const SCREEN: &str = "screen";

impl Description {
    pub fn read(raw: &RawValue) -> Result<Self, Error> {
        serde_json::from_str(raw.get()).map_err(|error| Error::Message(error.to_string()))
    }

    pub fn to_raw(&self) -> Box<RawValue> {
        to_raw_value(self).expect("texts in texts are JSON")
    }
}

/// One media section, as far as it matters to who answers.
#[derive(Debug, PartialEq, Eq)]
pub struct Section {
    pub mid: String,
    pub audio: bool,
    /// The other side sends on it.
    pub sends: bool,
    /// The other side wants something on it.
    pub receives: bool,
}

pub fn sections(sdp: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in sdp.lines() {
        if let Some(media) = line.strip_prefix("m=") {
            sections.push(Section {
                mid: String::new(),
                audio: media.starts_with("audio "),
                sends: true,
                receives: true,
            });
            continue;
        }
        let Some(section) = sections.last_mut() else {
            continue;
        };
        match line.strip_prefix("a=") {
            Some("sendonly") => section.receives = false,
            Some("recvonly") => section.sends = false,
            Some("inactive") => (section.sends, section.receives) = (false, false),
            Some(other) => {
                if let Some(mid) = other.strip_prefix("mid:") {
                    section.mid = mid.to_owned();
                }
            }
            None => {}
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_told_by_mid_kind_and_direction() {
        let sdp = "v=0\r\na=sendrecv\r\nm=audio 9 x\r\na=mid:0\r\na=sendonly\r\nm=video 9 x\r\n\
                   a=recvonly\r\na=mid:1\r\nm=video 9 x\r\na=mid:2\r\n";
        let found: Vec<_> = sections(sdp)
            .into_iter()
            .map(|one| (one.mid, one.audio, one.sends, one.receives))
            .collect();
        assert_eq!(
            found,
            [
                ("0".to_owned(), true, true, false),
                ("1".to_owned(), false, false, true),
                ("2".to_owned(), false, true, true),
            ]
        );
    }
}
