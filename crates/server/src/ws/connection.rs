//! One upgraded socket, from the upgrade to its end, as a future that holds next to nothing.

use std::{
    cell::Cell,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use super::{
    CloseCode, End, Flow, Handler, MessageSink, Now,
    decode::{Decoder, Event},
    frame::{Opcode, put_close, put_frame},
    unsent::Unsent,
};

/// How often the peer is asked for a sign of life. Routers forget silent TCP connections after
/// minutes, some mobile networks after 30 s.
pub const PING_EVERY: Duration = Duration::from_secs(20);

/// A peer of whom nothing came for so long is gone: two pings were not answered.
pub const SILENT_AFTER: Duration = Duration::from_secs(45);

/// How long a socket may be open without being in a room; looked at with each ping.
pub const JOIN_WITHIN: Duration = Duration::from_secs(60);

/// A peer that takes not one byte for so long is gone, or wants to hold memory.
pub const STALLED_AFTER: Duration = Duration::from_secs(30);

/// How long a peer has to take the close frame and to answer it.
pub const FAREWELL: Duration = Duration::from_secs(10);

/// One message of the largest size and its header fit into one read.
const READ_BYTES: usize = 64 * 1024 + 16;

/// So many bytes are worth a write of their own; a socket that is slow holds so many.
const WRITE_BYTES: usize = 32 * 1024;

/// After so many messages of one read the answers to them go out, that they need not wait, and pile
/// up, behind all the others.
const TEXTS_AT_ONCE: usize = 64;

/// Reads, and writes, of one turn; then the other sockets of the thread get theirs.
const ROUNDS: usize = 4;

thread_local! {
    /// Lent to the socket whose turn it is on this thread.
    static BUFFERS: Cell<Option<Box<Buffers>>> = const { Cell::new(None) };
}

struct Buffers {
    read: Box<[u8]>,
    write: Vec<u8>,
}

pin_project! {
    /// Serves one socket until it has ended. `C` reads the clock.
    pub struct Connection<S, H: Handler, C: Fn() -> Now> {
        #[pin]
        alarm: Sleep,
        socket: Socket<S, H, C>,
    }
}

struct Socket<S, H: Handler, C: Fn() -> Now> {
    io: S,
    handler: H,
    clock: C,
    /// What came in together with the HTTP request.
    early: Vec<u8>,
    decoder: Decoder,
    unsent: Unsent,
    /// The payload of the last ping that is not answered yet.
    pong: Option<Box<[u8]>>,
    phase: Phase,
    heard: Instant,
    next_ping: Instant,
    /// When the socket was in a room last, seen at the time of a ping.
    joined: Instant,
    /// Since when the peer has taken nothing of what waits.
    stalled: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Open,
    /// The handler has heard of the end; the close frame is on its way.
    Closing {
        until: Instant,
        awaits: Awaits,
    },
    Over,
}

/// What has to come before the socket can be let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaits {
    CloseFrame,
    /// The peer's frames are not understood any more. To drop the socket with bytes unread would
    /// reset it and take the close frame away from the peer, so they are read to the end.
    EndOfStream,
    Nothing,
}

impl<S, H, C> Connection<S, H, C>
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Handler,
    C: Fn() -> Now,
{
    /// `early` is what was read from `io` beyond the HTTP request.
    pub fn new(io: S, early: &[u8], handler: H, clock: C) -> Self {
        let now = clock().instant;
        Self {
            alarm: sleep_until(now + PING_EVERY),
            socket: Socket {
                io,
                handler,
                clock,
                early: early.to_vec(),
                decoder: Decoder::default(),
                unsent: Unsent::default(),
                pong: None,
                phase: Phase::Open,
                heard: now,
                next_ping: now + PING_EVERY,
                joined: now,
                stalled: None,
            },
        }
    }
}

impl<S, H, C> Future for Connection<S, H, C>
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Handler,
    C: Fn() -> Now,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let mut buffers = BUFFERS.take().unwrap_or_else(Buffers::new);
        let turn = this.socket.turn(cx, &mut buffers);
        BUFFERS.set(Some(buffers));
        if turn.is_ready() {
            return Poll::Ready(());
        }

        let deadline = this.socket.deadline();
        // An alarm that is too early is cheaper than one moved with each message.
        if deadline < this.alarm.deadline() {
            this.alarm.as_mut().reset(deadline);
        }
        while this.alarm.as_mut().poll(cx).is_ready() {
            if deadline <= this.alarm.deadline() {
                cx.waker().wake_by_ref();
                break;
            }
            this.alarm.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

impl Buffers {
    fn new() -> Box<Self> {
        Box::new(Self {
            read: vec![0; READ_BYTES].into_boxed_slice(),
            write: Vec::with_capacity(2 * WRITE_BYTES),
        })
    }
}

impl<S, H, C> Socket<S, H, C>
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Handler,
    C: Fn() -> Now,
{
    /// Does what can be done now; ready when nothing is left to do ever.
    fn turn(&mut self, cx: &mut Context<'_>, buffers: &mut Buffers) -> Poll<()> {
        let now = (self.clock)();
        let out = &mut buffers.write;
        out.clear();
        self.look_at_the_time(now, out);
        self.read(cx, &mut buffers.read, out, now);
        self.write(cx, out, now);
        match self.phase {
            Phase::Over => Poll::Ready(()),
            Phase::Open | Phase::Closing { .. } => Poll::Pending,
        }
    }

    /// The next time at which something happens by itself.
    fn deadline(&self) -> Instant {
        match self.phase {
            Phase::Closing { until, .. } => until,
            Phase::Open | Phase::Over => {
                let deadline = self.next_ping.min(self.heard + SILENT_AFTER);
                match self.stalled {
                    Some(since) => deadline.min(since + STALLED_AFTER),
                    None => deadline,
                }
            }
        }
    }

    fn look_at_the_time(&mut self, now: Now, out: &mut Vec<u8>) {
        let at = now.instant;
        match self.phase {
            Phase::Closing { until, .. } if at >= until => self.phase = Phase::Over,
            Phase::Open if at >= self.heard + SILENT_AFTER => self.end(End::Silent, now),
            Phase::Open
                if self
                    .stalled
                    .is_some_and(|since| at >= since + STALLED_AFTER) =>
            {
                self.end(End::Stalled, now);
            }
            Phase::Open if at >= self.next_ping => {
                self.next_ping = at + PING_EVERY;
                if self.handler.is_joined() {
                    self.joined = at;
                } else if at >= self.joined + JOIN_WITHIN {
                    return self.close(Some(CloseCode::POLICY), End::NotJoined, now, out);
                }
                // Behind bytes that wait a ping says nothing, and more of them would pile up.
                if self.unsent.is_empty() {
                    let payload = self.handler.keepalive_payload(now);
                    put_frame(out, Opcode::Ping, &[&payload]);
                }
            }
            Phase::Open | Phase::Closing { .. } | Phase::Over => {}
        }
    }

    fn read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8], out: &mut Vec<u8>, now: Now) {
        if !self.early.is_empty() {
            let mut early = std::mem::take(&mut self.early);
            self.take(cx, &mut early, out, now);
        }
        for _ in 0..ROUNDS {
            match self.phase {
                // A peer that has said goodbye may have closed its half by now.
                Phase::Closing {
                    awaits: Awaits::Nothing,
                    ..
                }
                | Phase::Over => return,
                Phase::Open | Phase::Closing { .. } => {}
            }
            let mut read = ReadBuf::new(buffer);
            match Pin::new(&mut self.io).poll_read(cx, &mut read) {
                Poll::Pending => return,
                Poll::Ready(Ok(())) if !read.filled().is_empty() => {
                    self.heard = now.instant;
                    self.take(cx, read.filled_mut(), out, now);
                }
                Poll::Ready(Ok(()) | Err(_)) => return self.end(End::Lost, now),
            }
        }
        cx.waker().wake_by_ref();
    }

    fn take(&mut self, cx: &mut Context<'_>, mut bytes: &mut [u8], out: &mut Vec<u8>, now: Now) {
        for number in 1.. {
            let (taken, event) = self.decoder.decode(bytes);
            let Some(event) = event else { return };
            let flow = match (self.phase, event) {
                (Phase::Open, Event::Text(text)) => self.handler.on_text(text, now),
                (Phase::Open, Event::Refused(refused)) => self.handler.on_refused(refused, now),
                (Phase::Open, Event::Pong(payload)) => {
                    self.handler.on_pong(payload, now);
                    Flow::Continue
                }
                (Phase::Open, Event::Ping(payload)) => {
                    // Of several pings the last may be answered for all (RFC 6455 section 5.5.3).
                    self.pong = Some(payload.into());
                    Flow::Continue
                }
                (_, Event::Close(code)) => {
                    self.close(code, End::ClosedByPeer(code), now, out);
                    self.expect(Awaits::Nothing);
                    Flow::Continue
                }
                (_, Event::Violation(code)) => {
                    self.close(Some(code), End::Violation(code), now, out);
                    self.expect(Awaits::EndOfStream);
                    Flow::Continue
                }
                (Phase::Closing { .. } | Phase::Over, _) => Flow::Continue,
            };
            let flow = match flow {
                Flow::Close(_) => self.last_words(cx, flow, out, now),
                Flow::Continue | Flow::Cut(_) => flow,
            };
            self.follow(flow, out, now);
            bytes = &mut bytes[taken..];
            if number % TEXTS_AT_ONCE == 0 {
                self.write(cx, out, now);
            }
        }
    }

    fn write(&mut self, cx: &mut Context<'_>, out: &mut Vec<u8>, now: Now) {
        let mut more = true;
        for _ in 0..ROUNDS {
            let ready = match self.poll_flush(cx, now) {
                Poll::Pending => false,
                Poll::Ready(Ok(())) => true,
                Poll::Ready(Err(_)) => return self.end(End::Lost, now),
            };
            if more && matches!(self.phase, Phase::Open) {
                let budget = if ready { WRITE_BYTES } else { 0 };
                if let Some(payload) = self.pong.take_if(|_| ready) {
                    put_frame(out, Opcode::Pong, &[&payload]);
                }
                let mut sink = MessageSink::new(out, budget);
                let flow = self.handler.poll_outgoing(cx, &mut sink, now);
                more = sink.is_full() && ready;
                self.follow(flow, out, now);
            }
            if out.is_empty() {
                if ready {
                    self.part(cx);
                }
                return;
            }
            let taken = match ready.then(|| Pin::new(&mut self.io).poll_write(cx, out)) {
                Some(Poll::Ready(Ok(taken))) => taken,
                Some(Poll::Ready(Err(_))) => return self.end(End::Lost, now),
                Some(Poll::Pending) | None => 0,
            };
            self.unsent.keep(out, taken);
            out.clear();
        }
        cx.waker().wake_by_ref();
    }

    /// Gets rid of what an earlier write has left.
    fn poll_flush(&mut self, cx: &mut Context<'_>, now: Now) -> Poll<io::Result<()>> {
        let flushed = loop {
            if self.unsent.is_empty() {
                break Pin::new(&mut self.io).poll_flush(cx);
            }
            match Pin::new(&mut self.io).poll_write(cx, self.unsent.bytes()) {
                Poll::Ready(Ok(0)) => break Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(taken)) => {
                    self.unsent.advance(taken);
                    self.stalled = None;
                }
                Poll::Ready(Err(error)) => break Poll::Ready(Err(error)),
                Poll::Pending => break Poll::Pending,
            }
        };
        match flushed {
            Poll::Pending => {
                self.stalled.get_or_insert(now.instant);
            }
            Poll::Ready(_) => self.stalled = None,
        }
        flushed
    }

    /// A message has made the handler close: its answer to it goes out first.
    fn last_words(
        &mut self,
        cx: &mut Context<'_>,
        close: Flow,
        out: &mut Vec<u8>,
        now: Now,
    ) -> Flow {
        let budget = if self.unsent.is_empty() {
            WRITE_BYTES
        } else {
            0
        };
        let mut sink = MessageSink::new(out, budget);
        match self.handler.poll_outgoing(cx, &mut sink, now) {
            Flow::Continue => close,
            other => other,
        }
    }

    fn follow(&mut self, flow: Flow, out: &mut Vec<u8>, now: Now) {
        match flow {
            Flow::Continue => {}
            Flow::Close(code) => self.close(Some(code), End::ClosedByHandler(code), now, out),
            Flow::Cut(code) => {
                out.clear();
                self.unsent.cut();
                self.close(Some(code), End::ClosedByHandler(code), now, out);
            }
        }
    }

    /// Tells the handler of the end and begins the farewell, unless that has happened.
    fn close(&mut self, code: Option<CloseCode>, end: End, now: Now, out: &mut Vec<u8>) {
        if matches!(self.phase, Phase::Open) {
            put_close(out, code);
            let until = now.instant + FAREWELL;
            let awaits = Awaits::CloseFrame;
            self.phase = Phase::Closing { until, awaits };
            self.handler.on_closed(end, now);
        }
    }

    fn expect(&mut self, now_awaits: Awaits) {
        if let Phase::Closing { awaits, .. } = &mut self.phase {
            *awaits = now_awaits;
        }
    }

    /// Goes as far with the farewell as can be after the last byte is sent.
    fn part(&mut self, cx: &mut Context<'_>) {
        let Phase::Closing { awaits, .. } = self.phase else {
            return;
        };
        if awaits == Awaits::CloseFrame {
            return;
        }
        let shut = Pin::new(&mut self.io).poll_shutdown(cx);
        if shut.is_ready() && awaits == Awaits::Nothing {
            self.phase = Phase::Over;
        }
    }

    /// Ends without a farewell.
    fn end(&mut self, end: End, now: Now) {
        let before = std::mem::replace(&mut self.phase, Phase::Over);
        if matches!(before, Phase::Open) {
            self.handler.on_closed(end, now);
        }
    }
}

impl<S, H: Handler, C: Fn() -> Now> Drop for Socket<S, H, C> {
    fn drop(&mut self) {
        if matches!(self.phase, Phase::Open) {
            let now = (self.clock)();
            self.handler.on_closed(End::Dropped, now);
        }
    }
}

#[cfg(test)]
mod tests;
