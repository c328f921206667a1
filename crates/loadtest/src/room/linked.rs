//! A connection together with what is known of it: whose it is, and what comes in over it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::{Duration, Instant},
};

use str0m::media::Mid;
use wecall_protocol::{MediaSource, Slot};

use crate::room::{feeds::Picture, link::Link, sdp, way::End};

/// What has not come by then will not, so that the path may be told without it: as in the web app.
const PATIENCE: Duration = Duration::from_secs(8);

pub struct Linked {
    pub link: Link,
    /// What the poller calls it.
    pub token: usize,
    /// Names of this connection, and of the other side's.
    pub name: String,
    pub theirs: Option<String>,
    pub opened_at: Instant,
    pub connected_at: Option<Instant>,
    /// What each section carries.
    contents: HashMap<Mid, Picture>,
    /// Sections that have brought a frame of what is in them.
    seen: HashSet<Mid>,
    /// What it was last asked to show.
    pub asked_for: Option<Vec<Picture>>,
}

impl Linked {
    pub fn new(link: Link, token: usize, now: Instant) -> Self {
        Self {
            link,
            token,
            name: format!("loadtest-{token}"),
            theirs: None,
            opened_at: now,
            connected_at: None,
            contents: HashMap::new(),
            seen: HashSet::new(),
            asked_for: None,
        }
    }

    pub fn content(&self, mid: Mid) -> Option<Picture> {
        self.contents.get(&mid).copied()
    }

    pub fn saw(&mut self, mid: Mid) {
        self.seen.insert(mid);
    }

    /// What another participant says that it sends where.
    pub fn set_sections(&mut self, end: End, sections: &BTreeMap<String, String>) {
        let End::Participant(who) = end else {
            return;
        };
        self.contents.clear();
        for (mid, purpose) in sections {
            let source = match purpose.as_str() {
                sdp::MICROPHONE => MediaSource::Microphone,
                sdp::CAMERA => MediaSource::Camera,
                sdp::SCREEN => MediaSource::Screen,
                _ => MediaSource::ScreenAudio,
            };
            self.contents.insert(Mid::from(mid.as_str()), (who, source));
        }
    }

    /// What the media server says is in its slots. Gives the pictures that it pauses; who has yet to
    /// come is no such one, as nobody who waits for them cares for the reason.
    pub fn set_slots(&mut self, slots: &[Slot]) -> Vec<Picture> {
        let before = std::mem::take(&mut self.contents);
        let mut paused = Vec::new();
        for slot in slots {
            let Some(content) = slot.content else {
                continue;
            };
            let mid = Mid::from(slot.mid.as_str());
            let picture = (content.peer_id, content.source);
            self.contents.insert(mid, picture);
            if before.get(&mid) != Some(&picture) {
                self.seen.remove(&mid);
            }
            if slot.paused && self.seen.contains(&mid) {
                paused.push(picture);
            }
        }
        paused
    }

    /// Whether all that is to come comes over it.
    pub fn brings_all(&self, end: End, camera: bool, now: Instant) -> bool {
        let Some(since) = self.connected_at else {
            return false;
        };
        if now.saturating_duration_since(since) >= PATIENCE {
            return true;
        }
        match end {
            End::Participant(_) => !camera || !self.seen.is_empty(),
            End::Media(_) => self.asked_for.as_ref().is_some_and(|wanted| {
                wanted.iter().all(|picture| {
                    let mut contents = self.contents.iter();
                    let slot = contents.find(|(_, content)| *content == picture);
                    slot.is_some_and(|(mid, _)| self.seen.contains(mid))
                })
            }),
        }
    }
}
