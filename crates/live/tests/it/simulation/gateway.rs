//! Sockets, as the gateway of a node serves them.

use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll as Polled, Waker},
};

use wecall_live::{Answer, JoinRequest, Joined, Poll, Resumption};
use wecall_protocol::{ErrorCode, MediaState, PeerId, RoomId, UserName};
use wecall_room::{Action, Capabilities};

use super::{Event, World};
use crate::WEB_CLIENT;

/// What a client says.
#[derive(Debug, Clone)]
pub enum Text {
    Join(Box<Join>),
    Resume { token: String, last_seq: u64 },
    Leave,
    Relay { target: PeerId, number: u64 },
    Act(Action),
    Acknowledge(u64),
}

#[derive(Debug, Clone)]
pub struct Join {
    pub room: RoomId,
    pub peer: PeerId,
    pub name: UserName,
    pub media: MediaState,
    pub resumes: bool,
    pub host_token: Option<String>,
    pub session: Option<String>,
}

/// What a client hears.
#[derive(Debug)]
pub enum Frame {
    Refused(ErrorCode),
    Resumed(Box<Resumption>),
    Message { seq: u64, body: String },
    Closed(u16),
}

enum Entry {
    Join(Answer<Result<Joined, ErrorCode>>),
    Resume(Answer<Result<Resumption, ErrorCode>>),
}

pub struct Socket {
    pub life: usize,
    pub client: usize,
    joined: Option<Joined>,
    entry: Option<Entry>,
    /// The node has not closed it, nor seen it close.
    pub open_at_node: bool,
    pub open_at_client: bool,
    /// Nothing gets through any more, though neither side may know.
    pub broken: bool,
    deliver_at: u64,
}

impl World {
    pub fn open_socket(&mut self, life: usize, client: usize) -> usize {
        self.sockets.push(Socket {
            life,
            client,
            joined: None,
            entry: None,
            open_at_node: true,
            open_at_client: true,
            broken: false,
            deliver_at: 0,
        });
        self.sockets.len() - 1
    }

    /// The client says something.
    pub fn send(&mut self, socket: usize, text: Text) {
        if !self.sockets[socket].broken {
            self.after(300, Event::Text { socket, text });
        }
    }

    pub fn on_text(&mut self, number: usize, text: Text) {
        let socket = &self.sockets[number];
        if !socket.open_at_node || socket.broken {
            return;
        }
        let life = socket.life;
        let live = self.lives[life].live.clone();
        let now = self.node_time(life);
        let socket = &mut self.sockets[number];
        match (text, &socket.joined) {
            (Text::Join(join), None) => {
                let request = JoinRequest {
                    room: join.room,
                    peer: join.peer,
                    name: join.name,
                    capabilities: if join.resumes {
                        WEB_CLIENT
                    } else {
                        Capabilities::default()
                    },
                    media: join.media,
                    host_token: join.host_token.as_deref(),
                    session: join.session.as_deref(),
                    publisher: false,
                    ice_servers: Vec::new(),
                };
                socket.entry = Some(Entry::Join(live.join(request, now)));
            }
            (Text::Resume { token, last_seq }, None) => {
                socket.entry = Some(Entry::Resume(live.resume(&token, last_seq, now)));
            }
            (Text::Acknowledge(seq), Some(joined)) => joined.session.acknowledge(joined.epoch, seq),
            (Text::Leave, Some(_)) => {
                if let Some(joined) = socket.joined.take() {
                    live.leave(&joined, now);
                }
            }
            (
                Text::Relay {
                    target,
                    number: count,
                },
                Some(joined),
            ) => {
                let joined = joined.clone();
                if joined.session.count_received() {
                    let from = joined.session.peer;
                    let body = format!(r#"{{"type":"offer","peer_id":"{from}","n":{count}}}"#);
                    let instant = self.clock.now().instant;
                    let sent = live.relay(&joined.session, target, body.into(), instant);
                    self.check_sent(number, target, count, sent);
                }
            }
            (Text::Act(action), Some(joined)) => {
                if joined.session.count_received() {
                    drop(live.act(&joined.session, action, now));
                }
            }
            (Text::Join(_) | Text::Resume { .. }, Some(_)) | (_, None) => {}
        }
    }

    /// The node sees that a socket is closed.
    pub fn on_socket_closed(&mut self, number: usize) {
        let socket = &mut self.sockets[number];
        if !std::mem::replace(&mut socket.open_at_node, false) {
            return;
        }
        let life = socket.life;
        if let Some(joined) = socket.joined.take() {
            let live = self.lives[life].live.clone();
            live.disconnect(&joined, self.node_time(life));
        }
    }

    /// Goes on with those who wait to come in. Whether any did.
    pub fn poll_answers(&mut self, life: usize) -> bool {
        let mut any = false;
        for number in 0..self.sockets.len() {
            if self.sockets[number].life != life {
                continue;
            }
            let Some(entry) = self.sockets[number].entry.take() else {
                continue;
            };
            let (entered, frame) = match entry {
                Entry::Join(mut answer) => match poll(&mut answer) {
                    None => {
                        self.sockets[number].entry = Some(Entry::Join(answer));
                        continue;
                    }
                    Some(Ok(joined)) => (Some(joined), None),
                    Some(Err(code)) => (None, Some(Frame::Refused(code))),
                },
                Entry::Resume(mut answer) => match poll(&mut answer) {
                    None => {
                        self.sockets[number].entry = Some(Entry::Resume(answer));
                        continue;
                    }
                    Some(Ok(resumption)) => {
                        let joined = resumption.joined.clone();
                        (Some(joined), Some(Frame::Resumed(Box::new(resumption))))
                    }
                    Some(Err(code)) => (None, Some(Frame::Refused(code))),
                },
            };
            any = true;
            if let Some(joined) = entered {
                if self.sockets[number].open_at_node {
                    self.sockets[number].joined = Some(joined);
                } else {
                    // Whoever asked is gone by now.
                    let live = self.lives[life].live.clone();
                    live.disconnect(&joined, self.node_time(life));
                }
            }
            if let Some(frame) = frame {
                self.deliver(number, frame);
            }
        }
        any
    }

    pub fn poll_sockets(&mut self, life: usize) {
        let cx = Context::from_waker(Waker::noop());
        let mut closed = false;
        for number in 0..self.sockets.len() {
            if self.sockets[number].life != life || !self.sockets[number].open_at_node {
                continue;
            }
            let Some(joined) = self.sockets[number].joined.clone() else {
                continue;
            };
            let mut frames = Vec::new();
            let polled = joined
                .session
                .poll(joined.epoch, &cx, true, |seq, body, _| {
                    let body = body.to_owned();
                    frames.push(Frame::Message { seq, body });
                    true
                });
            for frame in frames {
                self.deliver(number, frame);
            }
            let code = match polled {
                Poll::Waiting => continue,
                Poll::Close(code) => code,
                Poll::Overflowed => 1013,
                Poll::Superseded => wecall_protocol::close::SESSION_TAKEN,
            };
            self.note(|| format!("node {life} closes socket {number} with {code}"));
            self.deliver(number, Frame::Closed(code));
            self.on_socket_closed(number);
            closed = true;
        }
        if closed {
            self.settle_node(life);
        }
    }

    fn deliver(&mut self, number: usize, frame: Frame) {
        let latency = self.random.between(200, 5_000);
        let socket = &mut self.sockets[number];
        socket.deliver_at = socket.deliver_at.max(self.now + latency);
        let at = socket.deliver_at;
        self.at(
            at,
            Event::Deliver {
                socket: number,
                frame,
            },
        );
    }
}

fn poll<T: Unpin + Send + 'static>(answer: &mut Answer<T>) -> Option<T> {
    let mut cx = Context::from_waker(Waker::noop());
    match Pin::new(answer).poll(&mut cx) {
        Polled::Ready(value) => Some(value),
        Polled::Pending => None,
    }
}
