//! What a participant sees: each picture, by whichever way it comes, and how long it stood still.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use wecall_protocol::{MediaSource, PeerId};

use crate::room::journal::Progress;

/// What a person notices: as the tests in browsers count it.
const NOTICED: Duration = Duration::from_millis(500);

const MOVING: Duration = Duration::from_secs(1);

pub type Picture = (PeerId, MediaSource);

#[derive(Default)]
pub struct Feeds {
    feeds: HashMap<Picture, Feed>,
    pub sounds: u64,
    pub packets: u64,
}

struct Feed {
    frames: u64,
    /// `None` while nothing has to come.
    last: Option<Instant>,
    longest: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noticed {
    First,
    Gap(Duration),
}

impl Feeds {
    pub fn saw(&mut self, picture: Picture, frames: usize, now: Instant) -> Option<Noticed> {
        let mut noticed = None;
        let feed = self.feeds.entry(picture).or_insert_with(|| {
            noticed = Some(Noticed::First);
            Feed {
                frames: 0,
                last: None,
                longest: Duration::ZERO,
            }
        });
        feed.frames += frames as u64;
        if let Some(last) = feed.last.replace(now) {
            let gap = now.saturating_duration_since(last);
            feed.longest = feed.longest.max(gap);
            if gap >= NOTICED {
                noticed = Some(Noticed::Gap(gap));
            }
        }
        noticed
    }

    /// Nothing has to come of it for now.
    pub fn rests(&mut self, picture: Picture) {
        if let Some(feed) = self.feeds.get_mut(&picture) {
            feed.last = None;
        }
    }

    /// Only of these something has to come.
    pub fn expect(&mut self, comes: impl Fn(&Picture) -> bool) {
        for (picture, feed) in &mut self.feeds {
            if !comes(picture) {
                feed.last = None;
            }
        }
    }

    pub fn forget(&mut self, who: PeerId) {
        self.feeds.retain(|(of, _), _| *of != who);
    }

    pub fn forget_gaps(&mut self) {
        for feed in self.feeds.values_mut() {
            feed.longest = Duration::ZERO;
        }
    }

    /// Adds to the sum of all seats.
    pub fn add_to(&self, sum: &mut Progress, now: Instant) {
        sum.sounds += self.sounds;
        sum.packets += self.packets;
        for feed in self.feeds.values() {
            let since = feed.last.map(|last| now.saturating_duration_since(last));
            sum.frames += feed.frames;
            sum.pictures += usize::from(since.is_some());
            sum.paused += usize::from(since.is_none());
            sum.moving += usize::from(since.is_some_and(|since| since < MOVING));
            let longest = feed.longest.max(since.unwrap_or_default());
            sum.longest_gap_ms = sum.longest_gap_ms.max(longest.as_millis() as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn gap_counts_by_whichever_way_frames_come_and_not_while_paused() {
        let picture = (PeerId::from_random([1; 16]), MediaSource::Camera);
        let start = clock::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut feeds = Feeds::default();
        assert_eq!(feeds.saw(picture, 1, at(0)), Some(Noticed::First));
        assert_eq!(feeds.saw(picture, 1, at(499)), None);
        let gap = Noticed::Gap(Duration::from_millis(700));
        assert_eq!(feeds.saw(picture, 2, at(1_199)), Some(gap));
        feeds.rests(picture);
        assert_eq!(feeds.saw(picture, 1, at(9_000)), None);
        let mut sum = Progress::default();
        feeds.add_to(&mut sum, at(9_100));
        assert_eq!((sum.frames, sum.pictures, sum.moving), (5, 1, 1));
        assert_eq!(sum.paused, 0);
        assert_eq!(sum.longest_gap_ms, 700);
    }
}
