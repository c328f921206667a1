//! Who speaks, and whose sound is forwarded, from the levels that clients put beside their audio
//! (RFC 6464).

use std::time::{Duration, Instant};

use crate::{engine::PeerIndex, engine::api::Source, limits};

/// Louder than this is speech, in dBov.
const SPEECH: f32 = -35.0;

/// Someone speaks who was louder than that for this share of the window.
const WINDOW: Duration = Duration::from_millis(400);
const SHARE_PERCENT: u32 = 40;

/// One who is not forwarded takes the place of the quietest when this much louder.
const LOUDER_BY: f32 = 3.0;

/// How fast the remembered level follows one packet: speech at once, silence in a second.
const RISES: f32 = 0.5;
const FALLS: f32 = 0.02;

/// Where a client tells no levels: after all who do speak.
const UNKNOWN_LEVEL: f32 = -60.0;
const SILENCE: f32 = -127.0;

pub type Voice = (PeerIndex, Source);

#[derive(Debug)]
struct Level {
    voice: Voice,
    smooth: f32,
    window_began: Instant,
    packets: u32,
    loud: u32,
    loudest: f32,
    speaks: bool,
    said: f32,
    last: Instant,
}

/// All voices of a room.
#[derive(Debug, Default)]
pub struct Speakers {
    levels: Vec<Level>,
    /// Those that are forwarded, in the order in which they came in. One more than a receiver has
    /// slots, as its own voice may be among them.
    forwarded: Vec<Voice>,
    told: Vec<Voice>,
}

impl Speakers {
    /// True if another set is forwarded now.
    pub fn heard(&mut self, voice: Voice, level: Option<i8>, now: Instant) -> bool {
        let level = level.map_or(UNKNOWN_LEVEL, |level| f32::from(level).clamp(SILENCE, 0.0));
        let at = match self.levels.iter().position(|other| other.voice == voice) {
            Some(at) => at,
            None => {
                self.levels.push(Level {
                    voice,
                    smooth: SILENCE,
                    window_began: now,
                    packets: 0,
                    loud: 0,
                    loudest: SILENCE,
                    speaks: false,
                    said: SILENCE,
                    last: now,
                });
                self.levels.len() - 1
            }
        };
        let own = &mut self.levels[at];
        let follow = if level > own.smooth { RISES } else { FALLS };
        own.smooth += (level - own.smooth) * follow;
        own.last = now;
        own.packets += 1;
        if level >= SPEECH {
            own.loud += 1;
            own.loudest = own.loudest.max(level);
        }
        own.close_window(now);
        let smooth = own.smooth;
        self.admit(voice, smooth)
    }

    fn admit(&mut self, voice: Voice, smooth: f32) -> bool {
        if self.forwarded.contains(&voice) {
            return false;
        }
        if self.forwarded.len() <= limits::AUDIO_SLOTS {
            self.forwarded.push(voice);
            return true;
        }
        let level_of = |voice: &Voice| {
            let level = self.levels.iter().find(|level| level.voice == *voice);
            level.map_or(SILENCE, |level| level.smooth)
        };
        let quietest = (0..self.forwarded.len())
            .min_by(|a, b| level_of(&self.forwarded[*a]).total_cmp(&level_of(&self.forwarded[*b])));
        match quietest {
            Some(at) if smooth >= SPEECH && smooth > level_of(&self.forwarded[at]) + LOUDER_BY => {
                self.forwarded[at] = voice;
                true
            }
            _ => false,
        }
    }

    /// Forwarded voices, loudest first: a receiver with fewer slots takes the first of them.
    pub fn by_loudness(&self) -> Vec<Voice> {
        let mut voices = self.forwarded.clone();
        let level = |voice: &Voice| {
            self.levels
                .iter()
                .find(|level| level.voice == *voice)
                .map_or(SILENCE, |level| level.smooth)
        };
        voices.sort_by(|a, b| level(b).total_cmp(&level(a)));
        voices
    }

    /// Voices that left, or a source that was closed.
    pub fn forget(&mut self, gone: impl Fn(Voice) -> bool) {
        self.levels.retain(|level| !gone(level.voice));
        self.forwarded.retain(|voice| !gone(*voice));
        self.told.retain(|voice| !gone(*voice));
    }

    /// Who speaks, loudest first, if that is not what was told last.
    pub fn news(&mut self, now: Instant) -> Option<Vec<(PeerIndex, i8)>> {
        for level in &mut self.levels {
            // With DTX a silent client sends nothing, so no packet closes its window.
            level.close_window(now);
            if now.saturating_duration_since(level.last) > WINDOW {
                level.speaks = false;
                level.smooth = SILENCE;
            }
        }
        let microphones = self
            .levels
            .iter()
            .filter(|level| level.voice.1 == Source::Microphone);
        let mut speaking: Vec<&Level> = microphones.filter(|level| level.speaks).collect();
        speaking.sort_by(|a, b| b.said.total_cmp(&a.said));
        let voices: Vec<Voice> = speaking.iter().map(|level| level.voice).collect();
        if voices == self.told {
            return None;
        }
        let news = speaking
            .iter()
            .map(|level| (level.voice.0, level.said as i8))
            .collect();
        self.told = voices;
        Some(news)
    }

    /// Where a voice stands among those that were told last.
    pub fn rank(&self, peer: PeerIndex) -> Option<usize> {
        self.told.iter().position(|voice| voice.0 == peer)
    }
}

impl Level {
    fn close_window(&mut self, now: Instant) {
        if now.saturating_duration_since(self.window_began) < WINDOW {
            return;
        }
        self.speaks = self.packets > 0 && self.loud * 100 >= self.packets * SHARE_PERCENT;
        // Changes that nobody sees on a meter are no news.
        self.said = (self.loudest / 6.0).round() * 6.0;
        self.window_began = now;
        self.packets = 0;
        self.loud = 0;
        self.loudest = SILENCE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Talk {
        speakers: Speakers,
        now: Instant,
    }

    impl Talk {
        fn new() -> Self {
            Self {
                speakers: Speakers::default(),
                now: crate::engine::test_clock(),
            }
        }

        fn say(&mut self, packets: u32, levels: &[(PeerIndex, i8)]) {
            for _ in 0..packets {
                self.now += Duration::from_millis(20);
                for (peer, level) in levels {
                    self.speakers
                        .heard((*peer, Source::Microphone), Some(*level), self.now);
                }
            }
        }

        fn news(&mut self) -> Option<Vec<PeerIndex>> {
            let news = self.speakers.news(self.now)?;
            Some(news.into_iter().map(|(peer, _)| peer).collect())
        }
    }

    #[test]
    fn cough_is_no_speech_and_a_pause_for_breath_is() {
        let mut talk = Talk::new();
        talk.say(21, &[(1, -20), (2, -80)]);
        assert_eq!(talk.news(), Some(vec![1]));
        talk.say(12, &[(1, -20)]);
        talk.say(8, &[(1, -90)]);
        assert_eq!(talk.news(), None, "60 % of the window");
        talk.say(21, &[(1, -90)]);
        assert_eq!(talk.news(), Some(vec![]));
    }

    #[test]
    fn one_who_stops_sending_stops_speaking() {
        let mut talk = Talk::new();
        talk.say(21, &[(1, -20)]);
        assert_eq!(talk.news(), Some(vec![1]));
        talk.now += Duration::from_secs(1);
        assert_eq!(talk.news(), Some(vec![]));
    }

    #[test]
    fn loud_voice_takes_the_place_of_the_quietest_and_a_quiet_one_does_not() {
        let mut talk = Talk::new();
        let everyone: Vec<(PeerIndex, i8)> = (0..=limits::AUDIO_SLOTS as PeerIndex)
            .map(|peer| (peer, -30 - peer as i8))
            .collect();
        talk.say(200, &everyone);
        let last = limits::AUDIO_SLOTS as PeerIndex;
        talk.say(50, &[(90, -50)]);
        assert!(!talk.speakers.forwarded.iter().any(|voice| voice.0 == 90));
        talk.say(10, &[(91, -10)]);
        assert!(talk.speakers.forwarded.iter().any(|voice| voice.0 == 91));
        assert!(!talk.speakers.forwarded.iter().any(|voice| voice.0 == last));
    }
}
