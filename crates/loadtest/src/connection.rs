//! The way of a fake participant into a room: join or resume, then counting what arrives.

use std::{
    mem,
    net::SocketAddr,
    os::fd::{AsFd, BorrowedFd},
};

use wecall_protocol::{PeerId, ServerMessage};

use crate::{error::Error, socket::Socket};

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
    socket: Socket,
    progress: Progress,
}

/// How far the participant has come.
struct Progress {
    stage: Stage,
    session: Session,
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
        Ok(Self {
            socket: Socket::open(addr, path)?,
            progress: Progress {
                stage: Stage::Greeting { entry },
                session,
            },
        })
    }

    /// Sends, or keeps what the socket does not take for [`flush`](Self::flush).
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.socket.send(bytes)
    }

    pub fn session(&self) -> &Session {
        &self.progress.session
    }

    /// Whether the server has said anything yet.
    pub fn is_greeted(&self) -> bool {
        !matches!(self.progress.stage, Stage::Greeting { .. })
    }

    pub fn has_unsent(&self) -> bool {
        self.socket.has_unsent()
    }

    pub fn flush(&mut self) -> Result<(), Error> {
        self.socket.flush()
    }

    /// Reads once through `buffer`, which all connections share.
    pub fn read(
        &mut self,
        buffer: &mut [u8],
        on_event: &mut impl FnMut(Event) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Self { socket, progress } = self;
        socket.read(
            buffer,
            &mut |socket, text| match progress.take_text(socket, text)? {
                Some(event) => on_event(event),
                None => Ok(()),
            },
        )
    }
}

impl Progress {
    fn take_text(&mut self, socket: &mut Socket, text: &[u8]) -> Result<Option<Event>, Error> {
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
                socket.send(&entry)?;
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
        self.socket.as_fd()
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
}
