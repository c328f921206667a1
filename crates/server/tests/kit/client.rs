//! A client of the WebSocket, as a page in a browser is one.

use std::net::{Shutdown, TcpStream};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, client::IntoClientRequest};

use crate::server::Server;

pub struct Client {
    socket: WebSocket<TcpStream>,
    /// The id that the server gave this participant.
    pub peer: String,
    /// The last resume token.
    pub token: Option<String>,
    /// The last sequence number; each message that carries one is the next.
    pub last_seq: u64,
}

pub struct Room {
    pub id: String,
    pub host_token: String,
}

impl Room {
    pub fn new(server: &Server) -> Self {
        Self::with(server, &json!({}))
    }

    pub fn with(server: &Server, options: &Value) -> Self {
        let response = server.post("/api/rooms", &options.to_string());
        assert_eq!(response.status, 201);
        let text = |field| response.json()[field].as_str().unwrap().to_owned();
        Self {
            id: text("room_id"),
            host_token: text("host_token"),
        }
    }
}

impl Client {
    /// A socket that has been greeted.
    pub fn connect(server: &Server) -> Self {
        Self::connect_over(server, server.connect())
    }

    pub fn connect_over(server: &Server, stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        let request = format!("ws://{}/ws", server.address);
        let (socket, response) =
            tungstenite::client(request.into_client_request().unwrap(), stream).unwrap();
        assert_eq!(response.status(), 101);
        let mut client = Self {
            socket,
            peer: String::new(),
            token: None,
            last_seq: 0,
        };
        client.expect("peer-id");
        client
    }

    /// In the room, as a client of version 1.
    pub fn join_v1(server: &Server, room: &Room, name: &str) -> Self {
        let mut client = Self::connect(server);
        client.send(json!({"type": "join", "room_id": room.id, "user_name": name}));
        client.expect("joined");
        client.expect("participants");
        client
    }

    /// In the room, as a client of version 2.
    pub fn join(server: &Server, room: &Room, name: &str) -> Self {
        Self::connect(server).joined(join(room, name))
    }

    /// In the room, as its host.
    pub fn join_as_host(server: &Server, room: &Room, name: &str) -> Self {
        let mut message = join(room, name);
        message["host_token"] = json!(room.host_token);
        Self::connect(server).joined(message)
    }

    pub fn joined(mut self, join: Value) -> Self {
        self.send(join);
        self.expect("joined");
        self.expect("participants");
        self
    }

    /// A new socket, and its answer to `resume` with what this client knows.
    pub fn resume(&self, server: &Server) -> (Self, Value) {
        let mut client = Self::connect(server);
        client.last_seq = self.last_seq;
        client.send(json!({"type": "resume", "token": self.token, "last_seq": self.last_seq}));
        let resumed = client.expect("resumed");
        (client, resumed)
    }

    /// The network is gone, without a word.
    pub fn disconnect(&mut self) {
        self.socket.get_ref().shutdown(Shutdown::Both).unwrap();
    }

    pub fn send(&mut self, message: Value) {
        self.send_raw(message.to_string());
    }

    /// So many of one message, for the server to read in one go.
    pub fn send_at_once(&mut self, message: &Value, times: usize) {
        for _ in 0..times {
            self.socket.write(message.to_string().into()).unwrap();
        }
        self.socket.flush().unwrap();
    }

    pub fn send_raw(&mut self, message: impl Into<Message>) {
        self.socket.send(message.into()).unwrap();
    }

    /// The next message, which is of this type.
    pub fn expect(&mut self, kind: &str) -> Value {
        let message = self.receive();
        assert_eq!(message["type"], kind, "{message}");
        message
    }

    /// The next message, which is an `error` with this code.
    pub fn expect_error(&mut self, code: &str) -> Value {
        let error = self.expect("error");
        assert_eq!(error["code"], code, "{error}");
        let sentence = error["message"].as_str().unwrap();
        assert!(sentence.ends_with('.'), "{error}");
        error
    }

    /// The server's close frame, which comes next.
    pub fn expect_close(&mut self, code: u16) {
        assert_eq!(self.receive_or_close(), Err(code));
    }

    /// Sends `message`, and answers what came before the answer of type `kind`.
    pub fn hear_until(&mut self, kind: &str, message: Value) -> Vec<Value> {
        self.send(message);
        let mut heard = vec![];
        loop {
            match self.receive() {
                answer if answer["type"] == kind => return heard,
                other => heard.push(other),
            }
        }
    }

    pub fn receive(&mut self) -> Value {
        serde_json::from_str(&self.receive_text()).unwrap()
    }

    /// The next message, to the byte.
    pub fn receive_text(&mut self) -> String {
        match self.next() {
            Message::Text(text) => {
                self.note(&serde_json::from_str(&text).unwrap());
                text.as_str().to_owned()
            }
            other => panic!("{other:?} in place of a text"),
        }
    }

    /// The next message, or the code of the close frame in its place.
    pub fn receive_or_close(&mut self) -> Result<Value, u16> {
        match self.next() {
            Message::Text(text) => {
                let message = serde_json::from_str(&text).unwrap();
                self.note(&message);
                Ok(message)
            }
            Message::Close(Some(frame)) => Err(frame.code.into()),
            other => panic!("{other:?}"),
        }
    }

    /// Messages up to the close frame, and its code.
    pub fn receive_to_the_end(&mut self) -> (Vec<Value>, u16) {
        let mut messages = vec![];
        loop {
            match self.receive_or_close() {
                Ok(message) => messages.push(message),
                Err(code) => return (messages, code),
            }
        }
    }

    /// The next text or close frame.
    fn next(&mut self) -> Message {
        loop {
            match self.socket.read().unwrap() {
                Message::Ping(_) | Message::Pong(_) => self.socket.flush().unwrap(),
                message => return message,
            }
        }
    }

    fn note(&mut self, message: &Value) {
        match message["type"].as_str().unwrap() {
            "peer-id" | "joined" => self.peer = message["peer_id"].as_str().unwrap().to_owned(),
            "resumed" => {
                self.peer = message["peer_id"].as_str().unwrap().to_owned();
                if message["recovered"] == false {
                    self.last_seq = 0;
                }
            }
            _ => {}
        }
        if let Some(token) = message["resume_token"].as_str() {
            self.token = Some(token.to_owned());
        }
        if let Some(seq) = message["seq"].as_u64() {
            assert_eq!(seq, self.last_seq + 1, "{message}");
            self.last_seq = seq;
        }
    }
}

/// A `join` of version 2.
pub fn join(room: &Room, name: &str) -> Value {
    json!({
        "type": "join",
        "room_id": room.id,
        "user_name": name,
        "capabilities": ["resume", "media-state"],
    })
}

pub fn chat(text: &str) -> Value {
    json!({"type": "chat", "text": text})
}

pub fn offer(to: &Client, sdp: &str) -> Value {
    let offer = json!({"type": "offer", "sdp": sdp});
    json!({"type": "offer", "target_peer_id": to.peer, "offer": offer})
}

/// Both hear each other, and have heard nothing else since.
pub fn assert_undisturbed(one: &mut Client, other: &mut Client) {
    for (sdp, from_one) in [("v=0 there", true), ("v=0 back", false)] {
        let (from, to) = match from_one {
            true => (&mut *one, &mut *other),
            false => (&mut *other, &mut *one),
        };
        from.send(offer(to, sdp));
        let heard = to.expect("offer");
        assert_eq!(
            (&heard["peer_id"], &heard["offer"]["sdp"]),
            (&json!(from.peer), &json!(sdp))
        );
    }
}
