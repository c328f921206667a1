//! As little of a server as the load tool needs: rooms are made up, members are not checked.

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering},
    },
    thread,
};

use tungstenite::{
    Message, WebSocket,
    protocol::{CloseFrame, Role},
};
use wecall_protocol::{
    ClientMessage, ErrorCode, Greeting, Joined, PROTOCOL_VERSION, Participants, PeerId, Refused,
    RelayedOffer, RoomId, RoomSnapshot, ServerMessage, Timestamp, Topology, rest::CreatedRoom,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    Relay,
    RefuseJoins,
    CloseAtOffer,
}

/// Threads end with their sockets, and those with the test.
pub struct Relay {
    pub addr: SocketAddr,
}

struct State {
    behaviour: Behaviour,
    next_id: AtomicU8,
    writers: Mutex<HashMap<String, WebSocket<TcpStream>>>,
}

impl Relay {
    pub fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let state = Arc::new(State {
            behaviour,
            next_id: AtomicU8::new(1),
            writers: Mutex::default(),
        });
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, state) = (stream.unwrap(), state.clone());
                thread::spawn(move || state.serve(stream));
            }
        });
        Self { addr }
    }
}

impl State {
    fn serve(&self, stream: TcpStream) {
        let mut start = [0; 4];
        while stream.peek(&mut start).unwrap() < start.len() {}
        match &start {
            b"GET " => self.serve_socket(stream),
            _ => self.serve_rooms(stream),
        }
    }

    fn serve_rooms(&self, mut stream: TcpStream) {
        let mut request = [0; 4096];
        while let Ok(1..) = stream.read(&mut request) {
            let room = CreatedRoom {
                room_id: room_id(),
                room_name: None,
                created_at: Timestamp::from_unix_ms(0),
                participant_count: 0,
                max_participants: 4,
                expires_at: None,
                host_token: "host".into(),
            };
            let body = serde_json::to_string(&room).unwrap();
            let length = body.len();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            stream.write_all((head + &body).as_bytes()).unwrap();
        }
    }

    fn serve_socket(&self, stream: TcpStream) {
        let writer = stream.try_clone().unwrap();
        let mut reader = tungstenite::accept(stream).unwrap();
        let peer_id = PeerId::from_random([self.next_id.fetch_add(1, Ordering::Relaxed); 16]);
        let writer = WebSocket::from_raw_socket(writer, Role::Server, None);
        let me = peer_id.to_string();
        self.writers.lock().unwrap().insert(me.clone(), writer);
        self.send(
            &me,
            &ServerMessage::PeerId(Greeting {
                peer_id,
                protocol: PROTOCOL_VERSION,
            }),
        );
        while let Ok(Message::Text(text)) = reader.read() {
            match ClientMessage::decode(&text).unwrap() {
                ClientMessage::Join(_) => self.join(&me, peer_id),
                ClientMessage::Offer(offer) => self.relay(peer_id, &offer),
                other => panic!("the load tool sent `{}`", other.kind()),
            }
        }
    }

    fn join(&self, me: &str, peer_id: PeerId) {
        if self.behaviour == Behaviour::RefuseJoins {
            let refused = Refused {
                code: ErrorCode::RoomFull,
                message: "full".into(),
                in_reply_to: Some("join".into()),
                target_peer_id: None,
            };
            return self.send(me, &ServerMessage::Error(refused));
        }
        let joined = Joined {
            room_id: room_id(),
            peer_id,
            room: RoomSnapshot {
                room_id: room_id(),
                room_name: None,
                created_at: Timestamp::from_unix_ms(0),
                expires_at: None,
                version: 1,
                max_participants: 4,
                locked: false,
                topology: Topology::Mesh,
                media: None,
                participants: Vec::new(),
                chat: Vec::new(),
                recovering: false,
            },
            resume_token: None,
            resume_grace_ms: 0,
            ice_servers: Vec::new(),
        };
        self.send(me, &ServerMessage::Joined(Box::new(joined)));
        let participants = Vec::new();
        self.send(
            me,
            &ServerMessage::Participants(Participants { participants }),
        );
    }

    fn relay(&self, from: PeerId, offer: &wecall_protocol::Offer<'_>) {
        if self.behaviour == Behaviour::CloseAtOffer {
            let mut writers = self.writers.lock().unwrap();
            let writer = writers.get_mut(&*offer.target_peer_id).unwrap();
            let close = CloseFrame {
                code: 1013.into(),
                reason: "too slow".into(),
            };
            writer.close(Some(close)).unwrap();
            return;
        }
        let relayed = RelayedOffer {
            peer_id: from,
            offer: offer.offer,
        };
        self.send(&offer.target_peer_id, &ServerMessage::Offer(relayed));
    }

    fn send(&self, to: &str, message: &ServerMessage<'_>) {
        let mut writers = self.writers.lock().unwrap();
        let writer = writers.get_mut(to).expect("a participant who joined");
        // A socket that the tool has closed meanwhile is no matter here.
        if let Err(error) = writer.send(Message::text(message.encode())) {
            eprintln!("{to}: {error}");
        }
    }
}

fn room_id() -> RoomId {
    RoomId::from_random([5; 8])
}
