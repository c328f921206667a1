//! People, with clients that behave like the web client, or like one of version 1.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use wecall_live::Resumption;
use wecall_protocol::{
    ErrorCode, MediaState, ParticipantInfo, PeerId, RoomId, TopologySet, UserName, close,
};

use super::{
    Event, World,
    gateway::{Frame, Join, Text},
    media::{Way, way_of},
};

/// Where a client is on its way into the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Out,
    /// Its socket is lost, and it has yet to open another.
    Lost,
    /// Waits for an answer on this socket.
    Entering(usize),
    In(usize),
}

/// What a client shows of someone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub name: String,
    pub media: MediaState,
    pub hand: bool,
    pub host: bool,
}

pub struct Client {
    pub room: usize,
    /// The room that it is in, or on its way into.
    pub room_id: Option<RoomId>,
    pub resumes: bool,
    pub stage: Stage,
    pub peer: PeerId,
    pub media: MediaState,
    /// Of the session that it can take up again.
    pub session: Option<String>,
    pub last_seq: u64,
    last_token: Option<String>,
    /// What it said since its session began.
    said: Vec<Text>,
    pub roster: BTreeMap<PeerId, Seen>,
    /// The way of media, as it was told.
    pub way: Way,
    /// All that were ever in the roster.
    pub known: BTreeSet<PeerId>,
    /// The last number that came of each.
    pub heard: BTreeMap<PeerId, u64>,
    /// The last number that was sent to each.
    pub sent: BTreeMap<PeerId, u64>,
    /// Counts the times that it came, went or lost its socket.
    pub changes: u64,
    /// Until then a resume that was given up may have its effect after all: that the session is
    /// taken is no other page's doing. Once.
    late_until: u64,
}

/// For so long a client waits for the answer to `join` or `resume`.
const ENTER_TIMEOUT_US: u64 = 3_000_000;

/// For so long after a resume that was given up.
const LATE_US: u64 = 60_000_000;

impl Client {
    pub fn new(room: usize, resumes: bool) -> Self {
        Self {
            room,
            room_id: None,
            resumes,
            stage: Stage::Out,
            peer: PeerId::from_random([0; 16]),
            media: MediaState::default(),
            session: None,
            last_seq: 0,
            last_token: None,
            said: Vec::new(),
            roster: BTreeMap::new(),
            way: Way::default(),
            known: BTreeSet::new(),
            heard: BTreeMap::new(),
            sent: BTreeMap::new(),
            changes: 0,
            late_until: 0,
        }
    }

    pub fn socket(&self) -> Option<usize> {
        match self.stage {
            Stage::Entering(socket) | Stage::In(socket) => Some(socket),
            Stage::Out | Stage::Lost => None,
        }
    }

    fn see(&mut self, info: &ParticipantInfo) {
        self.known.insert(info.peer_id);
        let seen = Seen {
            name: info.user_name.to_string(),
            media: info.media,
            hand: info.hand_raised_at.is_some(),
            host: info.role == wecall_protocol::Role::Host,
        };
        self.roster.insert(info.peer_id, seen);
    }
}

impl World {
    /// Opens a socket to some node, and asks to come in or to come back.
    pub fn enter(&mut self, client: usize) {
        let Some(life) = self.some_node() else {
            self.clients[client].stage = Stage::Lost;
            return self.after(200_000, Event::Retry { client });
        };
        let socket = self.open_socket(life, client);
        if self.clients[client].last_token.is_none() {
            self.clients[client].peer = PeerId::from_random(self.random.bytes());
        }
        self.ask_in(client, socket);
    }

    fn ask_in(&mut self, number: usize, socket: usize) {
        let peer = PeerId::from_random(self.random.bytes());
        let client = &mut self.clients[number];
        client.stage = Stage::Entering(socket);
        client.changes += 1;
        let room = &self.rooms[client.room];
        let room_id = *client.room_id.get_or_insert(room.id);
        let text = match &client.session {
            Some(token) => Text::Resume {
                token: token.clone(),
                last_seq: client.last_seq,
            },
            None => Text::Join(Box::new(Join {
                room: room_id,
                peer,
                name: UserName::parse(&format!("Person {number}")).expect("a valid name"),
                media: client.media,
                resumes: client.resumes,
                host_token: room
                    .host_token
                    .clone()
                    .filter(|_| number.is_multiple_of(3) && room.id == room_id),
                session: client.last_token.clone(),
            })),
        };
        let life = self.sockets[socket].life;
        self.note(|| format!("client {number} asks node {life} at socket {socket}: {text:?}"));
        self.send(socket, text);
        self.after(ENTER_TIMEOUT_US, Event::EnterTimeout { socket });
    }

    pub fn on_enter_timeout(&mut self, socket: usize) {
        let client = self.sockets[socket].client;
        if self.clients[client].stage == Stage::Entering(socket) {
            self.note(|| format!("client {client} waits no longer at socket {socket}"));
            self.give_up_socket(client);
            self.retry(client);
        }
    }

    /// The client closes its socket, or finds it dead.
    pub fn give_up_socket(&mut self, number: usize) {
        let client = &mut self.clients[number];
        let Some(socket) = client.socket() else {
            return;
        };
        client.changes += 1;
        if matches!(client.stage, Stage::Entering(_)) && client.session.is_some() {
            client.late_until = self.now + LATE_US;
        }
        client.stage = Stage::Lost;
        self.sockets[socket].open_at_client = false;
        self.check_disconnected(number);
        self.after(500, Event::SocketClosed { socket });
    }

    fn retry(&mut self, number: usize) {
        self.clients[number].stage = Stage::Lost;
        let pause = self.random.between(50_000, 700_000);
        self.after(pause, Event::Retry { client: number });
    }

    /// Its socket is gone: a client that cannot resume is out.
    pub fn on_socket_lost(&mut self, number: usize) {
        self.give_up_socket(number);
        let client = &mut self.clients[number];
        if client.session.is_none() && !(client.resumes && client.last_token.is_some()) {
            return self.be_out(number);
        }
        self.retry(number);
    }

    pub fn be_out(&mut self, number: usize) {
        self.note(|| format!("client {number} is out"));
        self.check_farewell(self.clients[number].peer);
        let Client {
            room,
            resumes,
            changes,
            ..
        } = self.clients[number];
        self.clients[number] = Client {
            changes: changes + 1,
            ..Client::new(room, resumes)
        };
    }

    /// A page that is loaded again: the same person anew.
    pub fn reload(&mut self, number: usize) {
        self.give_up_socket(number);
        let peer = self.clients[number].peer;
        self.check_reload(peer);
        let client = &mut self.clients[number];
        client.session = None;
        // It knows nothing of what it did before.
        client.late_until = 0;
        client.roster.clear();
        self.retry(number);
    }

    pub fn say(&mut self, number: usize, text: Text) {
        let client = &mut self.clients[number];
        if let Stage::In(socket) = client.stage {
            if !matches!(text, Text::Acknowledge(_) | Text::Leave) && client.resumes {
                client.said.push(text.clone());
            }
            self.send(socket, text);
        }
    }

    pub fn on_frame(&mut self, socket: usize, frame: Frame) {
        let number = self.sockets[socket].client;
        if !self.sockets[socket].open_at_client || self.sockets[socket].broken {
            return;
        }
        let stage = self.clients[number].stage;
        if self.clients[number].socket() != Some(socket) {
            return;
        }
        match frame {
            Frame::Refused(code) => self.on_refused(number, socket, code),
            Frame::Resumed(resumption) => self.on_resumed(number, socket, *resumption),
            Frame::Closed(code) => {
                self.note(|| format!("client {number}: socket {socket} is closed with {code}"));
                if code == close::SESSION_TAKEN {
                    let until = std::mem::take(&mut self.clients[number].late_until);
                    if self.now >= until {
                        self.fail(format!("client {number} is told that it is open elsewhere"));
                    }
                }
                self.on_socket_lost(number);
            }
            Frame::Message { seq, body } => {
                let message: Value = serde_json::from_str(&body).expect("messages are JSON");
                let kind = message["type"].as_str().unwrap_or_default().to_owned();
                self.note(|| format!("client {number} hears {seq} {body:.160}"));
                match stage {
                    Stage::Entering(_) if kind == "joined" => {
                        self.on_joined(number, socket, seq, &message)
                    }
                    Stage::In(_) => self.on_message(number, seq, &kind, &message),
                    _ => self.fail(format!("client {number} hears {kind} before it is in")),
                }
            }
        }
    }

    fn on_refused(&mut self, number: usize, socket: usize, code: ErrorCode) {
        self.note(|| format!("client {number} is refused: {code:?}"));
        let resuming = self.clients[number].session.is_some();
        match code {
            ErrorCode::Unavailable => {
                self.give_up_socket(number);
                self.retry(number);
            }
            ErrorCode::InvalidResumeToken if resuming => {
                self.clients[number].session = None;
                self.check_reload(self.clients[number].peer);
                self.ask_in(number, socket);
            }
            _ => {
                self.check_refused(number, code);
                self.give_up_socket(number);
                self.be_out(number);
            }
        }
    }

    fn on_joined(&mut self, number: usize, socket: usize, seq: u64, message: &Value) {
        let joined: wecall_protocol::Joined =
            serde_json::from_value(message.clone()).expect("joined is joined");
        let client = &mut self.clients[number];
        client.stage = Stage::In(socket);
        client.changes += 1;
        client.peer = joined.peer_id;
        client.said.clear();
        client.last_seq = seq;
        client.session.clone_from(&joined.resume_token);
        client.last_token = joined.resume_token;
        client.roster.clear();
        client.way = way_of(&joined.room);
        for info in &joined.room.participants {
            client.see(info);
        }
        self.check_connected(number);
        self.check_anew(number);
    }

    fn on_resumed(&mut self, number: usize, socket: usize, resumption: Resumption) {
        let client = &mut self.clients[number];
        client.stage = Stage::In(socket);
        client.changes += 1;
        client.last_token = Some(resumption.resume_token.clone());
        client.session = Some(resumption.resume_token);
        let (recovered, received) = (resumption.recovered, resumption.received);
        if let Some(room) = &resumption.room {
            client.way = way_of(room);
            let before = std::mem::take(&mut client.roster);
            for info in &room.participants {
                client.see(info);
            }
            client.last_seq = 0;
            client.said.clear();
            let gone: Vec<PeerId> = before
                .into_keys()
                .filter(|peer| !client.roster.contains_key(peer))
                .collect();
            let recovering = room.recovering;
            for peer in gone.into_iter().filter(|_| !recovering) {
                self.check_gone(number, peer, "snapshot");
            }
            self.check_anew(number);
        } else {
            let received = usize::try_from(received).unwrap_or(usize::MAX);
            if received > client.said.len() {
                let said = client.said.len();
                self.fail(format!(
                    "client {number} said {said}, and {received} are said to have come"
                ));
                return;
            }
            let missed = client.said[received..].to_vec();
            for text in missed {
                self.send(socket, text);
            }
        }
        self.note(|| format!("client {number} has resumed, recovered: {recovered}"));
        self.count_resume(recovered);
        self.check_connected(number);
    }

    fn on_message(&mut self, number: usize, seq: u64, kind: &str, message: &Value) {
        let client = &mut self.clients[number];
        if client.resumes {
            if seq != client.last_seq + 1 {
                let last = client.last_seq;
                return self.fail(format!("client {number} got {seq} after {last}"));
            }
            client.last_seq = seq;
        }
        let peer: Option<PeerId> = message["peer_id"].as_str().and_then(|id| id.parse().ok());
        let seen = peer.and_then(|peer| client.roster.get_mut(&peer));
        match (kind, peer, seen) {
            ("peer-joined", Some(peer), seen) => {
                if seen.is_some() {
                    return self.fail(format!("client {number} is told twice that {peer} is in"));
                }
                let info = serde_json::from_value(message["participant"].clone());
                client.see(&info.expect("a participant"));
            }
            ("peer-left", Some(peer), Some(_)) => {
                client.roster.remove(&peer);
                let reason = message["reason"].as_str().unwrap_or_default().to_owned();
                self.check_gone(number, peer, &reason);
            }
            ("peer-left", Some(peer), None) => {
                self.fail(format!(
                    "client {number} is told of {peer}, who is not in, that they left"
                ));
            }
            ("offer", Some(from), _) => {
                let count = message["n"].as_u64().unwrap_or(0);
                self.check_heard(number, from, count);
            }
            ("media-state", _, Some(seen)) => {
                let on = |key: &str| message[key].as_bool().unwrap_or(false);
                seen.media = MediaState {
                    microphone: on("microphone"),
                    camera: on("camera"),
                    screen: on("screen"),
                };
            }
            ("topology", ..) => match serde_json::from_value::<TopologySet>(message.clone()) {
                Ok(told) => client.way = (told.topology, told.media),
                Err(error) => self.fail(format!("client {number} cannot read it: {error}")),
            },
            ("hand", _, Some(seen)) => seen.hand = message["raised"].as_bool().unwrap_or(false),
            ("rename", _, Some(seen)) => {
                seen.name = message["user_name"].as_str().unwrap_or_default().into();
            }
            ("role", _, Some(seen)) => seen.host = message["role"] == "host",
            ("session", _, _) => {
                let token = message["resume_token"].as_str().unwrap_or_default();
                client.session = Some(token.into());
                client.last_token = Some(token.into());
            }
            ("removed" | "room-ended", _, _) => {
                let ended = kind == "room-ended";
                self.check_dismissed(number, ended);
                self.give_up_socket(number);
                self.be_out(number);
            }
            _ => {}
        }
    }
}
