//! One WebSocket of a fake participant: upgrade, join or resume, then counting what arrives.

use std::{
    io::{self, Read, Write},
    mem,
    net::{SocketAddr, TcpStream},
    os::fd::{AsFd, BorrowedFd},
};

use wecall_protocol::{PeerId, ServerMessage};

use crate::{
    error::{During, Error},
    frame::{self, Opcode},
};

/// Key and accept value of the example in RFC 6455 section 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Headers of an upgrade response: servers send about ten.
const MAX_HEADERS: usize = 64;

/// What one read brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// In the room, under this id.
    Joined(PeerId),
    /// In the room still.
    Resumed,
    /// Another participant's offer, answer or candidate.
    Relayed,
}

enum Stage {
    Upgrading,
    /// Waits for `peer-id`, then sends this.
    Greeting {
        entry: Vec<u8>,
    },
    /// Waits for `joined` or `resumed`.
    Entering,
    /// Waits for `participants`, which follows.
    Joined(PeerId),
    InRoom,
}

/// What a `resume` over another connection needs.
#[derive(Debug, Clone, Default)]
pub struct Session {
    /// The last token; empty for a client of version 1.
    pub token: String,
    /// The number of the last message.
    pub last_seq: u64,
}

pub struct Connection {
    stream: TcpStream,
    stage: Stage,
    entry: Vec<u8>,
    session: Session,
    /// The start of a frame whose rest has not come yet.
    partial: Vec<u8>,
    /// What the socket did not take yet.
    unsent: Vec<u8>,
}

impl Connection {
    /// Connects, and asks for the upgrade. The rest happens in [`read`](Self::read). `entry` is a
    /// frame with the `join`.
    pub fn open(addr: SocketAddr, path: &str, entry: Vec<u8>) -> Result<Self, Error> {
        Self::take_up(addr, path, entry, Session::default())
    }

    /// The same for a frame with a `resume` of `session`.
    pub fn take_up(
        addr: SocketAddr,
        path: &str,
        entry: Vec<u8>,
        session: Session,
    ) -> Result<Self, Error> {
        let stream = TcpStream::connect(addr).during(format!("connecting to {addr}"))?;
        stream.set_nodelay(true).during("setting TCP_NODELAY")?;
        stream
            .set_nonblocking(true)
            .during("setting non-blocking")?;
        let mut connection = Self {
            stream,
            stage: Stage::Upgrading,
            entry,
            session,
            partial: Vec::new(),
            unsent: Vec::new(),
        };
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
        );
        connection.send(request.as_bytes())?;
        Ok(connection)
    }

    /// Sends, or keeps what the socket does not take for [`flush`](Self::flush).
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let sent = if self.unsent.is_empty() {
            self.write(bytes)?
        } else {
            0
        };
        self.unsent.extend(&bytes[sent..]);
        Ok(())
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Whether the server has said anything yet.
    pub fn is_greeted(&self) -> bool {
        !matches!(self.stage, Stage::Upgrading | Stage::Greeting { .. })
    }

    pub fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    pub fn flush(&mut self) -> Result<(), Error> {
        let unsent = mem::take(&mut self.unsent);
        let sent = self.write(&unsent)?;
        self.unsent.extend(&unsent[sent..]);
        Ok(())
    }

    fn write(&self, bytes: &[u8]) -> Result<usize, Error> {
        match (&self.stream).write(bytes) {
            Ok(sent) => Ok(sent),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error).during("writing to a socket"),
        }
    }

    /// Reads once through `buffer`, which all connections share.
    pub fn read(
        &mut self,
        buffer: &mut [u8],
        on_event: &mut impl FnMut(Event) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let length = match (&self.stream).read(buffer) {
            Ok(0) => {
                return Err(Error::Closed {
                    code: 1006,
                    reason: "the connection ended".into(),
                });
            }
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error).during("reading from a socket"),
        };
        if self.partial.is_empty() {
            let used = self.take_all(&buffer[..length], on_event)?;
            self.partial.extend(&buffer[used..length]);
        } else {
            self.partial.extend(&buffer[..length]);
            let mut whole = mem::take(&mut self.partial);
            let used = self.take_all(&whole, on_event)?;
            whole.drain(..used);
            self.partial = whole;
        }
        Ok(())
    }

    fn take_all(
        &mut self,
        buffer: &[u8],
        on_event: &mut impl FnMut(Event) -> Result<(), Error>,
    ) -> Result<usize, Error> {
        let mut used = 0;
        if matches!(self.stage, Stage::Upgrading) {
            used = upgraded(buffer)?;
            if used == 0 {
                return Ok(0);
            }
            let entry = mem::take(&mut self.entry);
            self.stage = Stage::Greeting { entry };
        }
        while let Some(frame) = frame::decode(&buffer[used..])? {
            used += frame.consumed;
            match frame.opcode {
                Opcode::Text => {
                    if let Some(event) = self.take_text(frame.payload)? {
                        on_event(event)?;
                    }
                }
                Opcode::Ping => self.send(&frame::encode(Opcode::Pong, frame.payload))?,
                Opcode::Pong => {}
                Opcode::Close => return Err(closed(frame.payload)),
            }
        }
        Ok(used)
    }

    fn take_text(&mut self, text: &[u8]) -> Result<Option<Event>, Error> {
        if let Some(seq) = seq_of(text) {
            self.session.last_seq = seq;
        }
        if matches!(self.stage, Stage::InRoom) && is_relayed(text) {
            return Ok(Some(Event::Relayed));
        }
        let text = std::str::from_utf8(text).map_err(|error| Error::Message(error.to_string()))?;
        let message =
            ServerMessage::decode(text).map_err(|error| Error::Message(error.to_string()))?;
        match (&mut self.stage, message) {
            (_, ServerMessage::Error(refused)) => Err(Error::Refused {
                code: refused.code.as_str().into(),
                in_reply_to: refused.in_reply_to.unwrap_or_default().into(),
            }),
            (Stage::Greeting { entry }, ServerMessage::PeerId(_)) => {
                let entry = mem::take(entry);
                self.stage = Stage::Entering;
                self.send(&entry)?;
                Ok(None)
            }
            (Stage::Entering, ServerMessage::Joined(joined)) => {
                self.session.token = joined.resume_token.unwrap_or_default();
                self.stage = Stage::Joined(joined.peer_id);
                Ok(None)
            }
            (Stage::Entering, ServerMessage::Resumed(resumed)) => {
                self.session.token = resumed.resume_token;
                if !resumed.recovered {
                    self.session.last_seq = 0;
                }
                self.stage = Stage::InRoom;
                Ok(Some(Event::Resumed))
            }
            (_, ServerMessage::Session(session)) => {
                self.session.token = session.resume_token;
                Ok(None)
            }
            (Stage::Joined(peer_id), ServerMessage::Participants(_)) => {
                let joined = Event::Joined(*peer_id);
                self.stage = Stage::InRoom;
                Ok(Some(joined))
            }
            // Others come and go; `peer-joined` may even overtake `participants`.
            (Stage::Joined(_) | Stage::InRoom, _) => Ok(None),
            (_, message) => Err(Error::Message(format!(
                "`{}` before joining",
                message.kind()
            ))),
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// The length of the upgrade response at the start of `buffer`; 0 when it is not whole yet.
fn upgraded(buffer: &[u8]) -> Result<usize, Error> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response
        .parse(buffer)
        .map_err(|error| Error::Upgrade(error.to_string()))?;
    let httparse::Status::Complete(length) = parsed else {
        return Ok(0);
    };
    let accepted = response.headers.iter().any(|header| {
        header.name.eq_ignore_ascii_case("sec-websocket-accept")
            && header.value == ACCEPT.as_bytes()
    });
    match response.code {
        Some(101) if accepted => Ok(length),
        Some(101) => Err(Error::Upgrade(
            "101 and a wrong Sec-WebSocket-Accept".into(),
        )),
        code => Err(Error::Upgrade(format!("{code:?}"))),
    }
}

/// The number of a message in its session, which stands before all else.
fn seq_of(text: &[u8]) -> Option<u64> {
    let rest = text.strip_prefix(br#"{"seq":"#)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}

/// Whether this is another participant's message. `type` stands near the start of each message,
/// before what was relayed; anything else is decoded in full.
fn is_relayed(text: &[u8]) -> bool {
    const TAG: &[u8] = br#""type":""#;
    const NEAR: usize = 96;

    let start = &text[..text.len().min(NEAR)];
    let Some(at) = start.windows(TAG.len()).position(|window| window == TAG) else {
        return false;
    };
    let kind = &start[at + TAG.len()..];
    [&br#"offer""#[..], br#"answer""#, br#"ice-candidate""#]
        .iter()
        .any(|relayed| kind.starts_with(relayed))
}

fn closed(payload: &[u8]) -> Error {
    match payload {
        [a, b, reason @ ..] => Error::Closed {
            code: u16::from_be_bytes([*a, *b]),
            reason: String::from_utf8_lossy(reason).into_owned(),
        },
        _ => Error::Closed {
            code: 1005,
            reason: String::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relayed_message_is_known_with_and_without_a_number() {
        assert!(is_relayed(
            br#"{"type":"offer","peer_id":"AAAA","offer":{"type":"offer"}}"#
        ));
        assert!(is_relayed(
            br#"{"seq":17,"type":"ice-candidate","peer_id":"AAAA"}"#
        ));
        assert!(!is_relayed(br#"{"type":"peer-joined","peer_id":"AAAA"}"#));
        assert!(!is_relayed(br#"{"type":"offers"}"#));
        assert!(!is_relayed(b""));
    }

    #[test]
    fn number_of_a_message_is_read_where_there_is_one() {
        assert_eq!(seq_of(br#"{"seq":17,"type":"peer-left"}"#), Some(17));
        assert_eq!(seq_of(br#"{"type":"offer","seq":17}"#), None);
        assert_eq!(seq_of(br#"{"seq":,"type":"offer"}"#), None);
    }

    #[test]
    fn upgrade_is_taken_whole_and_only_with_the_right_accept() {
        let response = format!("HTTP/1.1 101 Switching\r\nsec-websocket-accept: {ACCEPT}\r\n\r\n");
        assert_eq!(upgraded(&response.as_bytes()[..20]).unwrap(), 0);
        assert_eq!(upgraded(response.as_bytes()).unwrap(), response.len());
        let wrong = b"HTTP/1.1 101 Switching\r\nsec-websocket-accept: no\r\n\r\n";
        assert!(upgraded(wrong).is_err());
        assert!(upgraded(b"HTTP/1.1 403 Forbidden\r\n\r\n").is_err());
    }
}
