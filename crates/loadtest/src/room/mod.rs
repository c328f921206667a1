//! A room full of participants who send and watch real media, and follow the room from browser to
//! browser to its media server and back, as the web app does.

mod camera;
mod clip;
mod crowd;
mod feeds;
mod frames;
mod journal;
mod link;
mod linked;
mod negotiation;
mod participant;
mod sdp;
mod way;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    time::Duration,
};

use wecall_protocol::RoomId;

use crate::{Error, clock, error::During, process, rest, room::clip::Layer, signal::Url};
pub(crate) use crowd::{Crowd, Pace, Scene};
pub(crate) use journal::{Journal, Progress};

use journal::Happening;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The server's WebSocket, as ws://127.0.0.1:8000/ws. Several: the seats take turns.
    #[arg(long, required = true, value_delimiter = ',')]
    pub url: Vec<Url>,
    /// The room; another one is made without it.
    #[arg(long)]
    pub room: Option<RoomId>,
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub participants: usize,
    /// How long the room lasts.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub seconds: u64,
    /// Leave as soon as standard input ends, too.
    #[arg(long)]
    pub until_stdin_ends: bool,
    /// Between one who joins and the next.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub join_every: u64,
    /// Microphones only.
    #[arg(long)]
    pub no_video: bool,
    /// Simulcast layers that go to the media server, from the smallest.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=3))]
    pub layers: u8,
    /// Frames a second of each camera.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub frame_rate: u32,
    /// How many speak at the same time, one after the other.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub speakers: usize,
    /// How long each speaks.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    pub speaks_for: u64,
    /// How many pictures each watches over the media server.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = watched)]
    pub watch: usize,
    /// The address that media is sent from and to, if not the one that reaches the server.
    #[arg(long)]
    pub ip: Option<IpAddr>,
}

/// Pictures that one connection to a media server has slots for.
fn watched(text: &str) -> Result<usize, String> {
    const VIDEO_SLOTS: usize = 27;

    let count = text.parse().map_err(|_| "no number".to_owned())?;
    if count > VIDEO_SLOTS {
        return Err(format!("at most {VIDEO_SLOTS}"));
    }
    Ok(count)
}

/// What each participant does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Habits {
    pub video: bool,
    /// How many are sent to the media server, from the smallest.
    pub layers: usize,
    /// Pictures that are watched over it.
    pub watch: usize,
}

impl Habits {
    fn layers(self) -> &'static [Layer] {
        let count = if self.video { self.layers } else { 0 };
        &Layer::ALL[..count]
    }
}

/// Prints a line of JSON for each thing that happens.
pub fn run(options: &Options) -> Result<(), Error> {
    // A socket to the server and one to its media server; in a mesh one to each other.
    process::allow_sockets(options.participants * 10)?;
    let nodes = options
        .url
        .iter()
        .map(|url| Ok((url.resolve()?, url.path.clone())));
    let nodes = nodes.collect::<Result<Vec<_>, Error>>()?;
    let first = nodes.first().ok_or_else(|| Error::Url(String::new()))?;
    let room = match options.room {
        Some(room) => room,
        None => {
            let rooms = rest::create_rooms(first.0, 1, options.participants)?;
            let made = rooms.first().copied();
            made.ok_or_else(|| Error::Http("no room was made".into()))?
        }
    };
    let ip = match options.ip {
        Some(ip) => ip,
        None => own_address(first.0)?,
    };
    let scene = Scene {
        room,
        nodes,
        ip,
        participants: options.participants,
        habits: Habits {
            video: !options.no_video,
            layers: options.layers.into(),
            watch: options.watch,
        },
        pace: Pace {
            frame_rate: options.frame_rate,
            speakers: options.speakers,
            speaks_for: Duration::from_secs(options.speaks_for.max(1)),
            join_every: Duration::from_millis(options.join_every),
        },
    };
    let journal = Journal::new(clock::now());
    journal.tell(clock::now(), &Happening::Room { room_id: room })?;
    let mut crowd = Crowd::new(scene, journal)?;
    if options.until_stdin_ends {
        crowd.watch_stdin()?;
    }
    let done = crowd.stay(Duration::from_secs(options.seconds))?;
    crowd.finish(done)
}

/// The address of this machine by which the server is reached; of a server at the same machine, the
/// one by which others are, as browsers take no media from a loopback address.
pub(crate) fn own_address(server: SocketAddr) -> Result<IpAddr, Error> {
    // RFC 5737: nobody is there. Nothing is sent to it either.
    const ELSEWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)), 9);

    let own = towards(server).during("finding the way to the server")?;
    match towards(ELSEWHERE) {
        Ok(other) if own.is_loopback() => Ok(other),
        _ => Ok(own),
    }
}

fn towards(there: SocketAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match there {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let probe = UdpSocket::bind((any, 0))?;
    probe.connect(there)?;
    Ok(probe.local_addr()?.ip())
}
