//! All participants of the room on one thread.

use std::{
    collections::HashMap,
    io::{self, Read as _},
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use wecall_protocol::RoomId;

use crate::{
    clock,
    error::{During, Error},
    poller::{Poller, Ready},
    room::{
        Habits,
        camera::OPUS_PACKET,
        clip::Clips,
        journal::{Happening, Journal, Progress},
        link::Heard,
        participant::Participant,
        way::End,
    },
    socket::Socket,
};

/// What waits for time to pass is looked at so often.
const TICK: Duration = Duration::from_millis(100);
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// Large enough for most messages in one read.
const READ_BYTES: usize = 64 * 1024;

const VIDEO_CLOCK: u64 = 90_000;

/// How long a goodbye may take to go out.
const GOODBYE: Duration = Duration::from_millis(200);

const STDIN: usize = usize::MAX;

pub struct Pace {
    pub frame_rate: u32,
    pub speakers: usize,
    pub speaks_for: Duration,
    pub join_every: Duration,
}

/// Who goes where, and what they do there.
pub struct Scene {
    pub room: RoomId,
    /// Addresses of nodes and the paths of their WebSockets; at least one. The seats take turns.
    pub nodes: Vec<(SocketAddr, String)>,
    /// Where media comes from and goes to.
    pub ip: IpAddr,
    pub participants: usize,
    pub habits: Habits,
    pub pace: Pace,
}

pub struct Crowd {
    scene: Scene,
    origin: Instant,
    clips: Clips,
    journal: Journal,
    poller: Poller,
    ready: Vec<Ready>,
    buffer: Box<[u8]>,
    participants: Vec<Option<Participant>>,
    /// Tokens of the poller: the first are the seats' own.
    watched: HashMap<usize, (usize, End)>,
    last_token: usize,
    films: Vec<Instant>,
    next_voice: Instant,
    next_tick: Instant,
    next_progress: Instant,
    next_join: Instant,
    stdin_ended: bool,
}

impl Crowd {
    pub fn new(scene: Scene, journal: Journal) -> Result<Self, Error> {
        let now = clock::now();
        Ok(Self {
            last_token: scene.participants,
            scene,
            origin: now,
            clips: Clips::load(),
            journal,
            poller: Poller::new().during("creating an epoll")?,
            ready: Vec::new(),
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
            participants: Vec::new(),
            watched: HashMap::new(),
            films: Vec::new(),
            next_voice: now,
            next_tick: now,
            next_progress: now + PROGRESS_EVERY,
            next_join: now,
            stdin_ended: false,
        })
    }

    /// Of gaps only those from now on count.
    pub fn forget_gaps(&mut self) {
        for participant in self.participants.iter_mut().flatten() {
            participant.feeds.forget_gaps();
        }
    }

    /// Tells how it was, and everyone leaves.
    pub fn finish(&mut self, done: Progress) -> Result<(), Error> {
        self.journal.tell(clock::now(), &Happening::Done(done))?;
        self.say_goodbye()
    }

    /// Everyone leaves when standard input ends.
    pub fn watch_stdin(&self) -> Result<(), Error> {
        let watched = self.poller.add(io::stdin(), STDIN);
        watched.during("watching standard input")
    }

    /// Lets people in, and media flow, for so long or until everyone is out of the room again.
    pub fn stay(&mut self, lasts: Duration) -> Result<Progress, Error> {
        let end = clock::now() + lasts;
        while clock::now() < end && !self.is_over() {
            self.let_in()?;
            self.turn()?;
        }
        Ok(self.progress(clock::now()))
    }

    fn is_over(&self) -> bool {
        let all_came = self.participants.len() == self.scene.participants;
        self.stdin_ended || all_came && self.participants.iter().all(Option::is_none)
    }

    /// One after the other, so that seats and the order of joining are the same.
    fn let_in(&mut self) -> Result<(), Error> {
        let participants = self.scene.participants;
        let now = clock::now();
        let seat = self.participants.len();
        let is_last_in = self
            .participants
            .last()
            .is_none_or(|last| last.as_ref().is_none_or(Participant::has_joined));
        if seat == participants || !is_last_in || now < self.next_join {
            return Ok(());
        }
        let Scene { nodes, pace, .. } = &self.scene;
        self.next_join = now + pace.join_every;
        let (addr, path) = &nodes[seat % nodes.len()];
        let socket = Socket::open(*addr, path)?;
        let watched = self.poller.add(&socket, seat);
        watched.during("adding a socket to epoll")?;
        let participant = Participant::new(seat, socket, &self.scene, now);
        self.participants.push(Some(participant));
        // People do not film in step.
        let apart = self.frame_time() / participants.max(1) as u32 * seat as u32;
        self.films.push(now + apart);
        Ok(())
    }

    fn frame_time(&self) -> Duration {
        Duration::from_secs(1) / self.scene.pace.frame_rate
    }

    fn turn(&mut self) -> Result<(), Error> {
        let now = clock::now();
        let longest = self.next_deadline().saturating_duration_since(now);
        let mut ready = std::mem::take(&mut self.ready);
        ready.clear();
        let waited = self.poller.wait(Some(longest.min(TICK)), &mut ready);
        waited.during("waiting for sockets")?;
        for one in &ready {
            match one.token {
                STDIN => self.read_stdin()?,
                token if token < self.participants.len() => self.serve_socket(*one)?,
                token => self.serve_link(token)?,
            }
        }
        self.ready = ready;
        self.film();
        self.speak();
        self.wake()?;
        self.tick()
    }

    fn next_deadline(&self) -> Instant {
        let participants = self.participants.iter().flatten();
        let links = participants.flat_map(|one| one.links.values());
        links
            .map(|linked| linked.link.deadline)
            .chain(self.films.iter().copied())
            .chain([self.next_voice, self.next_tick])
            .min()
            .unwrap_or(self.next_tick)
    }

    fn read_stdin(&mut self) -> Result<(), Error> {
        let read = io::stdin().read(&mut self.buffer);
        self.stdin_ended = read.during("reading standard input")? == 0;
        Ok(())
    }

    fn serve_socket(&mut self, ready: Ready) -> Result<(), Error> {
        let seat = ready.token;
        let Some(participant) = &mut self.participants[seat] else {
            return Ok(());
        };
        let mut texts = Vec::new();
        let mut done = if ready.writable {
            participant.socket.flush()
        } else {
            Ok(())
        };
        if ready.readable && done.is_ok() {
            done = participant.socket.read(&mut self.buffer, &mut |_, text| {
                texts.push(String::from_utf8_lossy(text).into_owned());
                Ok(())
            });
        }
        for text in &texts {
            // What the server tells goes before the end that came with it.
            let heard = participant.hear(text, clock::now(), &mut self.last_token);
            done = heard.and(done);
        }
        self.conclude(seat, done)
    }

    fn serve_link(&mut self, token: usize) -> Result<(), Error> {
        let Some((seat, end)) = self.watched.get(&token).copied() else {
            return Ok(());
        };
        self.with_link(seat, end, |linked, heard| {
            linked.link.read(clock::now(), heard)
        })
    }

    fn with_link(
        &mut self,
        seat: usize,
        end: End,
        act: impl FnOnce(&mut super::linked::Linked, &mut Vec<Heard>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(participant) = &mut self.participants[seat] else {
            return Ok(());
        };
        let Some(linked) = participant.links.get_mut(&end) else {
            return Ok(());
        };
        let mut heard = Vec::new();
        if act(linked, &mut heard).is_err() {
            heard.push(Heard::Lost);
        }
        let now = clock::now();
        let matters = heard
            .iter()
            .any(|one| matches!(one, Heard::Connected | Heard::Lost));
        for one in heard {
            participant.heard(end, one, now);
        }
        if !matters && participant.told.is_empty() {
            return Ok(());
        }
        let done = participant.settle(now, &mut self.last_token);
        self.conclude(seat, done)
    }

    /// Writes down what the participant tells, watches its new connections, and lets it go if it
    /// cannot go on.
    fn conclude(&mut self, seat: usize, done: Result<(), Error>) -> Result<(), Error> {
        let now = clock::now();
        let Some(participant) = &mut self.participants[seat] else {
            return Ok(());
        };
        for told in participant.told.drain(..) {
            self.journal.tell(now, &told)?;
        }
        if let Err(error) = done {
            let why = error.to_string();
            self.journal.tell(now, &Happening::Ended { seat, why })?;
            self.participants[seat] = None;
            self.watched.retain(|_, (of, _)| *of != seat);
            return Ok(());
        }
        let watch = participant.socket.has_unsent();
        let watched = self.poller.watch_writable(&participant.socket, seat, watch);
        watched.during("watching a socket")?;
        let gone = |token: &usize, end: &End| {
            let linked = participant.links.get(end);
            linked.is_none_or(|linked| linked.token != *token)
        };
        self.watched
            .retain(|token, (of, end)| *of != seat || !gone(token, end));
        for (end, linked) in &participant.links {
            if self.watched.insert(linked.token, (seat, *end)).is_none() {
                let watched = self.poller.add(&linked.link.socket, linked.token);
                watched.during("watching a socket")?;
            }
        }
        Ok(())
    }

    fn film(&mut self) {
        let frame = self.frame_time();
        for (participant, due) in self.participants.iter_mut().zip(&mut self.films) {
            let now = clock::now();
            if *due > now {
                continue;
            }
            // After a pause of the whole process there is nothing to make up for.
            *due = (*due + frame).max(now);
            let elapsed = now.saturating_duration_since(self.origin);
            let time = (elapsed.as_micros() as u64 * VIDEO_CLOCK / 1_000_000) as u32;
            for linked in participant
                .iter_mut()
                .flat_map(|one| one.links.values_mut())
            {
                let rate = self.scene.pace.frame_rate;
                linked.link.film(&self.clips, time, rate, now);
            }
        }
    }

    fn speak(&mut self) {
        let now = clock::now();
        if now < self.next_voice {
            return;
        }
        self.next_voice = (self.next_voice + OPUS_PACKET).max(now);
        let elapsed = now.saturating_duration_since(self.origin);
        let turn = (elapsed.as_millis() / self.scene.pace.speaks_for.as_millis()) as usize;
        let count = self.participants.len().max(1);
        for participant in self.participants.iter_mut().flatten() {
            let place =
                (participant.seat + count - turn * self.scene.pace.speakers % count) % count;
            let speaks = place < self.scene.pace.speakers;
            for linked in participant.links.values_mut() {
                linked.link.speak(&self.clips, speaks, now);
            }
        }
    }

    fn wake(&mut self) -> Result<(), Error> {
        let now = clock::now();
        let mut due = Vec::new();
        for participant in self.participants.iter().flatten() {
            let links = participant.links.iter();
            let late = links.filter(|(_, linked)| linked.link.deadline <= now);
            due.extend(late.map(|(end, _)| (participant.seat, *end)));
        }
        for (seat, end) in due {
            self.with_link(seat, end, |linked, heard| linked.link.wake(now, heard))?;
        }
        Ok(())
    }

    fn tick(&mut self) -> Result<(), Error> {
        let now = clock::now();
        if now < self.next_tick {
            return Ok(());
        }
        self.next_tick = now + TICK;
        for seat in 0..self.participants.len() {
            if let Some(participant) = &mut self.participants[seat] {
                let done = participant.settle(now, &mut self.last_token);
                self.conclude(seat, done)?;
            }
        }
        if now >= self.next_progress {
            self.next_progress = now + PROGRESS_EVERY;
            let progress = self.progress(now);
            self.journal.tell(now, &Happening::Progress(progress))?;
        }
        Ok(())
    }

    fn progress(&self, now: Instant) -> Progress {
        let mut sum = Progress::default();
        for participant in self.participants.iter().flatten() {
            sum.seats += 1;
            sum.over_media_server += usize::from(participant.is_over_media_server());
            participant.feeds.add_to(&mut sum, now);
            let estimates = [sum.least_estimate_kbps, participant.estimate_kbps];
            sum.least_estimate_kbps = estimates.into_iter().flatten().min();
        }
        sum
    }

    /// So that nobody waits for their return.
    fn say_goodbye(&mut self) -> Result<(), Error> {
        for participant in self.participants.iter_mut().flatten() {
            // Whose socket has ended meanwhile is out already.
            drop(participant.leave());
        }
        let end = clock::now() + GOODBYE;
        while clock::now() < end && self.has_unsent() {
            for participant in self.participants.iter_mut().flatten() {
                drop(participant.socket.flush());
            }
            let waited = self
                .poller
                .wait(Some(Duration::from_millis(5)), &mut self.ready);
            waited.during("waiting for sockets")?;
        }
        Ok(())
    }

    fn has_unsent(&self) -> bool {
        let mut participants = self.participants.iter().flatten();
        participants.any(|one| one.socket.has_unsent())
    }
}
