//! One large room through the whole server: signaling, its media server, and what each of many
//! people watches of the others.

use std::{path::PathBuf, time::Duration};

use super::server::Server;
use crate::{
    Error, clock, process,
    process::Machine,
    report::{Failure, Report, Spec, Target},
    rest,
    room::{self, Crowd, Habits, Journal, Pace, Progress, Scene},
};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The server's binary, a release build.
    #[arg(long, value_name = "FILE")]
    pub server: PathBuf,
    /// Where to write the figures as JSON.
    #[arg(long, value_name = "FILE", default_value = "target/bench/room.json")]
    pub json: PathBuf,
    /// One shorter run.
    #[arg(long)]
    pub quick: bool,
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub participants: usize,
    /// Pictures that each watches: a page of tiles on a laptop.
    #[arg(long, value_name = "N", default_value_t = 9)]
    pub watch: usize,
    /// Frames a second of each camera. The load tool shares the machine: fifty cameras at thirty
    /// are more than two cores take in.
    #[arg(long, value_name = "N", default_value_t = 15)]
    pub frame_rate: u32,
}

/// Everyone joins, connects, and the estimates have found that the path is wide.
const SETTLE: Duration = Duration::from_secs(20);

const fn told(key: &'static str, what: &'static str, unit: &'static str) -> Spec {
    Spec {
        key,
        what,
        unit,
        target: None,
    }
}

/// In the order of what [`measure`] gives.
const FIGURES: [Spec; 6] = [
    told("room.cpu", "server CPU per packet that arrived", "µs"),
    told("room.core", "share of one core", "%"),
    told("room.packets", "packets that arrived", "/s"),
    told("room.rss", "RSS per participant", "KiB"),
    Spec {
        key: "room.moving",
        what: "pictures that move, of those watched",
        unit: "%",
        target: Some(Target::AtLeast(100.0)),
    },
    Spec {
        key: "room.gap",
        what: "longest time that a picture stood still",
        unit: "ms",
        target: Some(Target::AtMost(1_000.0)),
    },
];

pub fn run(options: &Options) -> Result<Report, Error> {
    if !options.server.is_file() {
        return Err(Error::Missing(options.server.clone()));
    }
    process::allow_sockets(options.participants * 4)?;
    let mut report = Report {
        machine: Machine::this(),
        quick: options.quick,
        figures: Vec::new(),
        failures: Vec::new(),
    };
    let runs = if options.quick { 1 } else { 3 };
    match super::repeat(runs, &FIGURES, || measure(options)) {
        Ok(figures) => report.figures = figures,
        Err(error) => report.failures.push(Failure {
            scenario: "room",
            reason: error.to_string(),
        }),
    }
    Ok(report)
}

fn measure(options: &Options) -> Result<[f64; 6], Error> {
    let settings = [
        ("WECALL_MEDIA__TOPOLOGY", "always-sfu"),
        ("WECALL_TURN__ENABLED", "false"),
    ];
    let server = Server::start_with(&options.server, &settings)?;
    let empty = process::resident_bytes(server.pid())?;
    let rooms = rest::create_rooms(server.addr, 1, options.participants)?;
    let room = *rooms
        .first()
        .ok_or_else(|| Error::Http("no room was made".into()))?;
    let scene = Scene {
        room,
        nodes: vec![(server.addr, "/ws".into())],
        ip: room::own_address(server.addr)?,
        participants: options.participants,
        habits: Habits {
            video: true,
            layers: 3,
            watch: options.watch,
        },
        pace: Pace {
            frame_rate: options.frame_rate,
            speakers: 2,
            speaks_for: Duration::from_secs(5),
            join_every: Duration::from_millis(50),
        },
    };
    let mut crowd = Crowd::new(scene, Journal::silent(clock::now()))?;
    crowd.stay(SETTLE)?;
    crowd.forget_gaps();
    let duration = Duration::from_secs(if options.quick { 10 } else { 30 });
    let before = crowd.stay(Duration::ZERO)?;
    let (start, cpu_before) = (clock::now(), process::cpu_time(server.pid())?);
    let after = crowd.stay(duration)?;
    let cpu = process::cpu_time(server.pid())?.saturating_sub(cpu_before);
    let elapsed = start.elapsed();
    let resident = process::resident_bytes(server.pid())?;
    if after.over_media_server < options.participants {
        let Progress {
            seats,
            over_media_server,
            ..
        } = after;
        let what = format!("of {seats} participants {over_media_server} go over the media server");
        return Err(Error::Media(what));
    }
    let packets = (after.packets - before.packets) as f64;
    // What is paused for want of bandwidth counts as well: a machine's own path is wide.
    let watched = options.watch.min(options.participants - 1) * options.participants;
    Ok([
        cpu.as_secs_f64() * 1e6 / packets,
        cpu.as_secs_f64() / elapsed.as_secs_f64() * 100.0,
        packets / elapsed.as_secs_f64(),
        resident.saturating_sub(empty) as f64 / 1024.0 / options.participants as f64,
        after.moving as f64 / watched as f64 * 100.0,
        after.longest_gap_ms as f64,
    ])
}
