//! WebSocket, server side, made for very many sockets that are silent most of the time.
//!
//! [`decode`] and [`frame`] are the codec without IO, [`connection`] drives one socket, [`upgrade`] begins it.
//! What the messages mean is the business of a [`Handler`]. A silent socket costs its task and
//! nothing else: bytes are read into and written from buffers that belong to the thread.

use std::task::Context;

use tokio::time::Instant;
use wecall_protocol::Timestamp;

pub mod connection;
pub mod decode;
pub mod frame;
mod sink;
mod unsent;
pub mod upgrade;

pub use decode::Refused;
pub use frame::CloseCode;
pub use sink::MessageSink;

/// One reading of the server's clock: for deadlines, and for what is told to people.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    pub instant: Instant,
    pub time: Timestamp,
}

/// One participant's side of the server: takes what their socket says, gives what it shall hear.
///
/// All calls for one socket come one after the other from the socket's task, so none may block.
pub trait Handler: Send + 'static {
    /// One complete text message, in the order of arrival. At most `limits::MESSAGE_BYTES` long.
    fn on_text(&mut self, text: &str, now: Now) -> Flow;

    /// A message that was thrown away unread.
    fn on_refused(&mut self, refused: Refused, now: Now) -> Flow;

    /// The peer has answered the ping with this payload, and thereby has received everything
    /// that was sent before it.
    fn on_pong(&mut self, payload: &[u8], now: Now);

    /// Hands over what is to be sent next, until nothing is left or `out.is_full()`.
    ///
    /// Called at the start, after messages came in, when the waker of `cx` was woken, and when the
    /// socket takes more. It is also called with a sink that is full from the start, for the
    /// handler may want to close. Before it returns [`Flow::Continue`] the handler keeps the waker
    /// of `cx` for the next message.
    fn poll_outgoing(&mut self, cx: &mut Context<'_>, out: &mut MessageSink<'_>, now: Now) -> Flow;

    /// The payload of the ping that is sent now to learn whether the peer is alive. A handler may
    /// put further pings into `out` of `poll_outgoing`.
    fn keepalive_payload(&mut self, now: Now) -> [u8; 8];

    /// Whether the socket has joined a room. One that has not is closed after a while.
    fn is_joined(&self) -> bool;

    /// Nothing more comes from this socket and nothing more will be sent. Called exactly once,
    /// whatever ended it, and as soon as that is known: the farewell on the wire goes on after it.
    fn on_closed(&mut self, end: End, now: Now);
}

/// How a handler wants to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    Continue,
    /// Send everything that was handed over, then a close frame with this code. A handler that
    /// answers a message with it is asked once more for its outgoing messages before.
    Close(CloseCode),
    /// Finish the frame that the wire has begun to take, drop those after it, and send a close
    /// frame with this code: for a peer that does not keep up.
    Cut(CloseCode),
}

/// What ended a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The peer said goodbye, with the code of its close frame.
    ClosedByPeer(Option<CloseCode>),
    /// The handler asked for it.
    ClosedByHandler(CloseCode),
    /// The peer broke the WebSocket protocol and was told so by this code.
    Violation(CloseCode),
    /// The connection broke, or ended without a close frame.
    Lost,
    /// Nothing was heard of the peer for too long.
    Silent,
    /// The peer took no bytes for too long.
    Stalled,
    /// The peer has not joined a room for too long.
    NotJoined,
    /// The server dropped the task.
    Dropped,
}
