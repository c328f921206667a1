//! What happens, as a line of JSON each, so that a test can wait for it.

use std::{
    io::{self, Write as _},
    time::Instant,
};

use serde::Serialize;
use wecall_protocol::{MediaSource, PeerId, Reach, RoomId, Topology};

use crate::error::{During, Error};

#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Happening {
    /// The first of all.
    Room {
        room_id: RoomId,
    },
    Joined {
        seat: usize,
        peer_id: PeerId,
        topology: Topology,
    },
    /// Connected to another participant, or to the media server.
    Connected {
        seat: usize,
        to: PeerId,
        media: bool,
    },
    Topology {
        seat: usize,
        topology: Topology,
        media: Option<PeerId>,
    },
    Path {
        seat: usize,
        path: Topology,
        reach: Option<Reach>,
    },
    /// The first picture of someone that could be decoded, and how long after joining.
    FirstFrame {
        seat: usize,
        of: PeerId,
        source: MediaSource,
        after_ms: u64,
    },
    /// No picture of someone could be decoded for so long, and now there is one.
    Gap {
        seat: usize,
        of: PeerId,
        source: MediaSource,
        gap_ms: u64,
    },
    FirstSound {
        seat: usize,
        from: PeerId,
        after_ms: u64,
    },
    /// A connection ended before its time.
    Lost {
        seat: usize,
        to: PeerId,
        why: String,
    },
    Refused {
        seat: usize,
        code: String,
        in_reply_to: String,
    },
    /// The participant is out of the room without having left.
    Ended {
        seat: usize,
        why: String,
    },
    Progress(Progress),
    Done(Progress),
}

/// Of all seats together.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Progress {
    pub seats: usize,
    pub over_media_server: usize,
    /// Pictures that are watched, and those of them that came on within the last second.
    pub pictures: usize,
    pub moving: usize,
    /// Pictures that are not sent for now: the path is too narrow, or the camera is off.
    pub paused: usize,
    pub frames: u64,
    pub sounds: u64,
    /// RTP packets that came in.
    pub packets: u64,
    pub longest_gap_ms: u64,
    /// Of what the media server takes its paths to carry, the least: below what is watched, pictures
    /// are paused.
    pub least_estimate_kbps: Option<u32>,
}

pub struct Journal {
    origin: Instant,
    silent: bool,
}

impl Journal {
    pub fn new(origin: Instant) -> Self {
        Self {
            origin,
            silent: false,
        }
    }

    /// Where only the sums at the end matter.
    pub fn silent(origin: Instant) -> Self {
        Self {
            origin,
            silent: true,
        }
    }

    pub fn tell(&self, now: Instant, happening: &Happening) -> Result<(), Error> {
        if self.silent {
            return Ok(());
        }
        #[derive(Serialize)]
        struct Line<'a> {
            at_ms: u128,
            #[serde(flatten)]
            happening: &'a Happening,
        }
        let line = Line {
            at_ms: now.saturating_duration_since(self.origin).as_millis(),
            happening,
        };
        let mut text = serde_json::to_string(&line).during("writing a line")?;
        text.push('\n');
        let mut out = io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        written.during("writing a line")
    }
}
