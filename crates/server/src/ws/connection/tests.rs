use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
    task::Waker,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    task::JoinHandle,
};
use wecall_protocol::{Timestamp, limits::MESSAGE_BYTES};

use super::*;
use crate::ws::Refused;

fn clock() -> Now {
    Now {
        instant: Instant::now(),
        time: Timestamp::from_unix_ms(0),
    }
}

/// What a test and the handler share.
#[derive(Default)]
struct Shared {
    joined: bool,
    heard: Vec<String>,
    to_send: VecDeque<ToSend>,
    waker: Option<Waker>,
    ends: Vec<End>,
}

enum ToSend {
    Text(String),
    Ping([u8; 8]),
    /// Also ahead of what the sink has no room for.
    Now(Flow),
}

#[derive(Clone, Default)]
struct Script(Arc<Mutex<Shared>>);

impl Script {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap()
    }

    fn send(&self, to_send: impl IntoIterator<Item = ToSend>) {
        let mut shared = self.lock();
        shared.to_send.extend(to_send);
        if let Some(waker) = shared.waker.take() {
            waker.wake();
        }
    }
}

impl Handler for Script {
    fn on_text(&mut self, text: &str, _now: Now) -> Flow {
        let mut shared = self.lock();
        shared.heard.push(text.to_owned());
        if text == "echo" {
            shared.to_send.push_back(ToSend::Text(text.to_owned()));
        }
        if text == "abuse" {
            let why = "that was too much".to_owned();
            shared.to_send.push_back(ToSend::Text(why));
            return Flow::Close(CloseCode::POLICY);
        }
        Flow::Continue
    }

    fn on_refused(&mut self, refused: Refused, _now: Now) -> Flow {
        self.lock().heard.push(format!("{refused:?}"));
        Flow::Continue
    }

    fn on_pong(&mut self, payload: &[u8], _now: Now) {
        self.lock().heard.push(format!("pong {payload:?}"));
    }

    fn poll_outgoing(&mut self, cx: &mut Context<'_>, out: &mut MessageSink<'_>, _: Now) -> Flow {
        let mut shared = self.lock();
        shared.waker = Some(cx.waker().clone());
        if let Some(ToSend::Now(flow)) = shared.to_send.back() {
            return *flow;
        }
        while !out.is_full() {
            match shared.to_send.pop_front() {
                Some(ToSend::Text(text)) => out.text([&text]),
                Some(ToSend::Ping(payload)) => out.ping(payload),
                Some(ToSend::Now(flow)) => return flow,
                None => break,
            }
        }
        Flow::Continue
    }

    fn keepalive_payload(&mut self, _now: Now) -> [u8; 8] {
        *b"keepaliv"
    }

    fn is_joined(&self) -> bool {
        self.lock().joined
    }

    fn on_closed(&mut self, end: End, _now: Now) {
        self.lock().ends.push(end);
    }
}

/// The client's end of a connection that is served by a task.
struct Client {
    io: DuplexStream,
    script: Script,
    task: JoinHandle<()>,
    began: Instant,
}

impl Client {
    fn connect(room_for: usize) -> Self {
        Self::connect_with(room_for, &[])
    }

    fn connect_with(room_for: usize, early: &[u8]) -> Self {
        let (io, served) = duplex(room_for);
        let script = Script::default();
        script.lock().joined = true;
        let task = tokio::spawn(Connection::new(served, early, script.clone(), clock));
        Self {
            io,
            script,
            task,
            began: Instant::now(),
        }
    }

    async fn write(&mut self, first: u8, payload: &[u8]) {
        self.io.write_all(&frame(first, payload)).await.unwrap();
    }

    async fn say(&mut self, text: &str) {
        self.write(0x81, text.as_bytes()).await;
    }

    /// The next frame: its first byte and its payload.
    async fn read(&mut self) -> (u8, Vec<u8>) {
        let first = self.io.read_u8().await.unwrap();
        let length = match self.io.read_u8().await.unwrap() {
            126 => usize::from(self.io.read_u16().await.unwrap()),
            127 => usize::try_from(self.io.read_u64().await.unwrap()).unwrap(),
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        self.io.read_exact(&mut payload).await.unwrap();
        (first, payload)
    }

    async fn expect_close(&mut self, code: CloseCode) {
        assert_eq!(self.read().await, (0x88, code.0.to_be_bytes().to_vec()));
    }

    async fn expect_end_of_stream(&mut self) {
        assert_eq!(self.io.read(&mut [0]).await.unwrap(), 0);
    }

    /// Waits until the task is over; answers the ends that the handler was told, and when.
    async fn ended(&mut self) -> (Vec<End>, Duration) {
        (&mut self.task).await.unwrap();
        (self.ends(), self.began.elapsed())
    }

    fn ends(&self) -> Vec<End> {
        self.script.lock().ends.clone()
    }

    fn heard(&self) -> Vec<String> {
        self.script.lock().heard.clone()
    }
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    put_frame(&mut frame, Opcode::Text, &[payload]);
    let header = frame.len() - payload.len();
    frame[0] = first;
    frame[1] |= 0x80;
    // A mask of zeros leaves the payload as it is.
    frame.splice(header..header, [0; 4]);
    frame
}

fn text(length: usize) -> ToSend {
    ToSend::Text("x".repeat(length))
}

#[tokio::test(start_paused = true)]
async fn message_is_answered_and_goodbye_returned() {
    let mut client = Client::connect(1024);
    client.say("hello").await;
    client.say("echo").await;
    assert_eq!(client.read().await, (0x81, b"echo".to_vec()));
    client.write(0x88, &[0x03, 0xE9]).await;
    client.expect_close(CloseCode(1001)).await;
    client.expect_end_of_stream().await;
    let (ends, after) = client.ended().await;
    assert_eq!(ends, [End::ClosedByPeer(Some(CloseCode(1001)))]);
    assert_eq!(after, Duration::ZERO);
    assert_eq!(client.heard(), ["hello", "echo"]);
}

#[tokio::test(start_paused = true)]
async fn goodbye_is_returned_to_a_peer_that_has_shut_its_half() {
    let mut client = Client::connect(1024);
    client.write(0x88, &[]).await;
    client.io.shutdown().await.unwrap();
    assert_eq!(client.read().await, (0x88, vec![]));
    assert_eq!(client.ended().await.0, [End::ClosedByPeer(None)]);
}

#[tokio::test(start_paused = true)]
async fn bytes_that_came_with_the_request_are_read_first() {
    let early = [frame(0x81, b"early"), frame(0x81, b"late")].concat();
    let (early, late) = early.split_at(13);
    let mut client = Client::connect_with(1024, early);
    client.io.write_all(late).await.unwrap();
    client.say("echo").await;
    client.read().await;
    assert_eq!(client.heard(), ["early", "late", "echo"]);
}

#[tokio::test(start_paused = true)]
async fn last_ping_is_answered() {
    let mut client = Client::connect(1024);
    let pings = [frame(0x89, b"first"), frame(0x89, b"last")].concat();
    client.io.write_all(&pings).await.unwrap();
    assert_eq!(client.read().await, (0x8A, b"last".to_vec()));
}

#[tokio::test(start_paused = true)]
async fn refused_messages_leave_the_socket_open() {
    let mut client = Client::connect(1024);
    client.write(0x82, b"binary").await;
    client.write(0x81, &vec![b'x'; MESSAGE_BYTES + 1]).await;
    client.say("echo").await;
    client.read().await;
    assert_eq!(client.heard(), ["Binary", "TooLarge", "echo"]);
}

#[tokio::test(start_paused = true)]
async fn peer_that_answers_pings_stays_and_a_silent_one_is_dropped() {
    let mut client = Client::connect(1024);
    for tick in 1..=10 {
        assert_eq!(client.read().await, (0x89, b"keepaliv".to_vec()));
        assert_eq!(client.began.elapsed(), tick * PING_EVERY);
        client.write(0x8A, b"keepaliv").await;
    }
    let answered = client.began.elapsed();
    let (ends, after) = client.ended().await;
    assert_eq!(ends, [End::Silent]);
    assert_eq!(after, answered + SILENT_AFTER);
    assert_eq!(client.heard().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn socket_outside_of_rooms_is_closed() {
    let mut client = Client::connect(1024);
    client.script.lock().joined = false;
    for _ in 0..2 {
        client.read().await;
        client.write(0x8A, b"keepaliv").await;
    }
    client.expect_close(CloseCode::POLICY).await;
    assert_eq!(client.began.elapsed(), JOIN_WITHIN);
    assert_eq!(client.ends(), [End::NotJoined]);
}

#[tokio::test(start_paused = true)]
async fn handlers_messages_go_out_in_order_before_its_goodbye() {
    let mut client = Client::connect(100);
    let large = 2 * WRITE_BYTES;
    client.script.send([
        text(5),
        text(large),
        ToSend::Ping(*b"12345678"),
        text(large),
        text(1),
    ]);
    for (first, length) in [
        (0x81, 5),
        (0x81, large),
        (0x89, 8),
        (0x81, large),
        (0x81, 1),
    ] {
        let (got, payload) = client.read().await;
        assert_eq!((got, payload.len()), (first, length));
    }
    client
        .script
        .send([ToSend::Now(Flow::Close(CloseCode::NORMAL))]);
    client.expect_close(CloseCode::NORMAL).await;
    assert_eq!(client.ends(), [End::ClosedByHandler(CloseCode::NORMAL)]);

    // The peer may still have something to say; it is not heard any more.
    client.say("unheard").await;
    client.write(0x88, &[0x03, 0xE8]).await;
    client.expect_end_of_stream().await;
    let (ends, after) = client.ended().await;
    assert_eq!((ends.len(), after), (1, Duration::ZERO));
    assert!(client.heard().is_empty());
}

#[tokio::test(start_paused = true)]
async fn message_may_end_the_socket_after_its_answer() {
    let mut client = Client::connect(1024);
    client.say("abuse").await;
    client.say("unheard").await;
    assert_eq!(client.read().await, (0x81, b"that was too much".to_vec()));
    client.expect_close(CloseCode::POLICY).await;
    assert_eq!(client.heard(), ["abuse"]);
    assert_eq!(client.ends(), [End::ClosedByHandler(CloseCode::POLICY)]);
}

#[tokio::test(start_paused = true)]
async fn peer_that_does_not_return_the_goodbye_is_left_after_a_while() {
    let mut client = Client::connect(1024);
    client
        .script
        .send([ToSend::Now(Flow::Close(CloseCode::RESTART))]);
    client.expect_close(CloseCode::RESTART).await;
    let (ends, after) = client.ended().await;
    assert_eq!(ends, [End::ClosedByHandler(CloseCode::RESTART)]);
    assert_eq!(after, FAREWELL);
}

#[tokio::test(start_paused = true)]
async fn slow_peer_gets_the_begun_message_and_the_code() {
    let mut client = Client::connect(100);
    client.script.send((0..9).map(|_| text(1_000)));
    // Until something has come the frames are not on the wire.
    assert_eq!(client.io.read_u8().await.unwrap(), 0x81);
    client
        .script
        .send([ToSend::Now(Flow::Cut(CloseCode::TRY_AGAIN))]);
    tokio::task::yield_now().await;
    assert_eq!(client.ends(), [End::ClosedByHandler(CloseCode::TRY_AGAIN)]);

    let mut rest = vec![0; 3 + 1_000];
    client.io.read_exact(&mut rest).await.unwrap();
    client.expect_close(CloseCode::TRY_AGAIN).await;
}

#[tokio::test(start_paused = true)]
async fn peer_that_takes_nothing_is_dropped() {
    let mut client = Client::connect(100);
    client.script.send([text(1_000)]);
    let (ends, after) = client.ended().await;
    assert_eq!(ends, [End::Stalled]);
    assert_eq!(after, STALLED_AFTER);
}

#[tokio::test(start_paused = true)]
async fn peer_that_takes_a_little_now_and_then_stays() {
    let mut client = Client::connect(100);
    client.script.send([text(1_000)]);
    for _ in 0..5 {
        tokio::time::sleep(STALLED_AFTER - Duration::from_secs(1)).await;
        client.io.read_exact(&mut [0; 100]).await.unwrap();
        client.write(0x8A, b"").await;
    }
    assert!(client.ends().is_empty());
}

#[tokio::test(start_paused = true)]
async fn violation_is_named_and_what_follows_is_swallowed() {
    let mut client = Client::connect(1024);
    client.io.write_all(&[0x81, 0x05]).await.unwrap();
    client.io.write_all(&[0; 5_000]).await.unwrap();
    client.expect_close(CloseCode::PROTOCOL_ERROR).await;
    client.expect_end_of_stream().await;
    assert_eq!(client.ends(), [End::Violation(CloseCode::PROTOCOL_ERROR)]);
    client.io.write_all(&[0; 5_000]).await.unwrap();
    client.io.shutdown().await.unwrap();
    assert_eq!(client.ended().await.1, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn connection_that_breaks_is_lost() {
    let mut client = Client::connect(1024);
    client.io.shutdown().await.unwrap();
    assert_eq!(client.ended().await.0, [End::Lost]);
}

#[tokio::test(start_paused = true)]
async fn dropped_task_tells_its_handler() {
    let mut client = Client::connect(1024);
    client.say("echo").await;
    client.read().await;
    client.task.abort();
    assert!((&mut client.task).await.unwrap_err().is_cancelled());
    assert_eq!(client.ends(), [End::Dropped]);
}

#[tokio::test(start_paused = true)]
async fn silent_socket_is_small_and_holds_no_buffer() {
    let (io, _other) = duplex(1);
    let connection = Connection::new(io, &[], Script::default(), clock);
    let streams = size_of::<DuplexStream>() + size_of::<Script>();
    let own = size_of_val(&connection) - streams;
    assert!(own <= 400, "{own} bytes");
}
