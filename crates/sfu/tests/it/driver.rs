//! Shards over real sockets: UDP and TCP, two threads, one handle.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket},
    time::{Duration, Instant},
};

use str0m::{
    Candidate, Event, Input, Output, Rtc,
    change::SdpAnswer,
    format::Codec,
    media::{Direction, MediaKind, Mid},
    net::{Protocol, Receive, TcpType},
    rtp::RtpWrite,
};
use wecall_sfu::{
    Addresses, Kind, PublicAddress, Refused, Sfu, SfuConfig, Watch,
    framing::{self, Unframer},
};

use crate::world::{peer_id, room};

/// No test waits for longer than this for anything.
const PATIENCE: Duration = Duration::from_secs(20);

#[expect(clippy::disallowed_methods, reason = "sockets live in real time")]
fn now() -> Instant {
    Instant::now()
}

fn start(shards: usize) -> (Sfu, tokio::sync::mpsc::Receiver<wecall_sfu::Event>) {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Sfu::start(SfuConfig {
        shards,
        udp: vec![any],
        tcp: vec![any],
        addresses: Addresses(vec![PublicAddress {
            public: Ipv4Addr::LOCALHOST.into(),
            local: None,
        }]),
        now,
        random: |bytes| getrandom::fill(bytes).expect("the system has randomness"),
    })
    .expect("the sockets are free")
}

enum Path {
    Udp(UdpSocket),
    Tcp(TcpStream, Unframer),
}

struct Client {
    rtc: Rtc,
    mid: Mid,
    path: Path,
    own: SocketAddr,
    remote: SocketAddr,
    connected: bool,
    received: usize,
    sent: u64,
}

impl Client {
    async fn join(sfu: &Sfu, number: u8, kind: Kind, over_tcp: bool) -> Self {
        let direction = match kind {
            Kind::Publisher => Direction::SendOnly,
            _ => Direction::RecvOnly,
        };
        let mut rtc = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_vp8(true)
            .build(now());
        let mut api = rtc.sdp_api();
        let mid = api.add_media(MediaKind::Video, direction, None, None, None);
        let (offer, pending) = api.apply().expect("something to offer");
        let answer = sfu
            .accept(room(1), peer_id(number), kind, offer.to_sdp_string())
            .await
            .expect("let in");
        let remote = candidate_of(&answer, over_tcp);
        let (path, own) = if over_tcp {
            let stream = TcpStream::connect(remote).expect("the listener is there");
            stream.set_nonblocking(true).expect("a socket");
            let own = stream.local_addr().expect("an address");
            (Path::Tcp(stream, Unframer::default()), own)
        } else {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
            socket.set_nonblocking(true).expect("a socket");
            let own = socket.local_addr().expect("an address");
            (Path::Udp(socket), own)
        };
        let builder = Candidate::builder();
        let candidate = match over_tcp {
            true => builder.tcp().host(own).tcptype(TcpType::Active).build(),
            false => builder.udp().host(own).build(),
        };
        rtc.add_local_candidate(candidate.expect("a candidate"));
        // The one path under test alone.
        let lines = answer.lines().filter(|line| {
            !line.starts_with("a=candidate:")
                || line.to_ascii_lowercase().contains(" tcp ") == over_tcp
        });
        let answer: String = lines.map(|line| format!("{line}\r\n")).collect();
        let answer = SdpAnswer::from_sdp_string(&answer).expect("an answer");
        rtc.sdp_api()
            .accept_answer(pending, answer)
            .expect("it fits");
        Self {
            rtc,
            mid,
            path,
            own,
            remote,
            connected: false,
            received: 0,
            sent: 0,
        }
    }

    fn turn(&mut self) {
        let now = now();
        self.rtc
            .handle_input(Input::Timeout(now))
            .expect("time passes");
        self.drain();
        let mut frames: Vec<Vec<u8>> = Vec::new();
        let mut buffer = vec![0; 65_536];
        match &mut self.path {
            Path::Udp(socket) => {
                while let Ok((length, _)) = socket.recv_from(&mut buffer) {
                    frames.push(buffer[..length].to_vec());
                }
            }
            Path::Tcp(stream, unframer) => {
                while let Ok(length @ 1..) = stream.read(&mut buffer) {
                    unframer
                        .feed(&buffer[..length], |frame| frames.push(frame.to_vec()))
                        .expect("frames");
                }
            }
        }
        let protocol = match self.path {
            Path::Udp(_) => Protocol::Udp,
            Path::Tcp(..) => Protocol::Tcp,
        };
        for frame in frames {
            let receive =
                Receive::new(protocol, self.remote, self.own, &frame).expect("a datagram");
            self.rtc
                .handle_input(Input::Receive(now, receive))
                .expect("of the server");
            self.drain();
        }
    }

    fn drain(&mut self) {
        loop {
            match self.rtc.poll_output().expect("a connection") {
                Output::Timeout(_) => return,
                Output::Transmit(transmit) if transmit.destination == self.remote => {
                    match &mut self.path {
                        Path::Udp(socket) => drop(socket.send_to(&transmit.contents, self.remote)),
                        Path::Tcp(stream, _) => {
                            let mut bytes = Vec::new();
                            assert!(framing::frame(&transmit.contents, &mut bytes));
                            stream.write_all(&bytes).expect("the server reads");
                        }
                    }
                }
                Output::Transmit(_) => {}
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(Event::RtpPacket(_)) => self.received += 1,
                Output::Event(_) => {}
            }
        }
    }

    fn publish(&mut self) {
        let pt = self
            .rtc
            .codec_config()
            .params()
            .iter()
            .find(|params| params.spec().codec == Codec::Vp8);
        let pt = pt.expect("VP8").pt();
        self.sent += 1;
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(self.mid, None).expect("a stream");
        // One keyframe after the other, each of one packet.
        let payload = vec![
            0x90, 0x80, 0x80, 0x01, 0x10, 0, 0, 0x9d, 1, 0x2a, 0x80, 2, 0x68, 1, 0, 0, 0, 0,
        ];
        stream.write_rtp(
            RtpWrite::new(
                pt,
                self.sent.into(),
                self.sent as u32 * 3_000,
                now(),
                payload,
            )
            .marker(true),
        );
    }
}

fn candidate_of(answer: &str, tcp: bool) -> SocketAddr {
    let line = answer.lines().find(|line| {
        line.starts_with("a=candidate:") && line.to_ascii_lowercase().contains(" tcp ") == tcp
    });
    let words: Vec<&str> = line.expect("a candidate of the kind").split(' ').collect();
    format!("{}:{}", words[4], words[5])
        .parse()
        .expect("an address")
}

fn until(clients: &mut [&mut Client], what: &str, done: impl Fn(&[&mut Client]) -> bool) {
    let began = now();
    while !done(clients) {
        assert!(began.elapsed() < PATIENCE, "{what}");
        for client in clients.iter_mut() {
            client.turn();
        }
        std::thread::yield_now();
    }
}

async fn media_flows(shards: usize, over_tcp: bool) {
    let (sfu, mut events) = start(shards);
    let mut publisher = Client::join(&sfu, 1, Kind::Publisher, over_tcp).await;
    let mut viewer = Client::join(&sfu, 2, Kind::Viewer(Watch::Room), over_tcp).await;
    let mut clients = [&mut publisher, &mut viewer];
    until(&mut clients, "both connect", |clients| {
        clients.iter().all(|client| client.connected)
    });
    let began = now();
    while clients[1].received < 100 {
        assert!(
            began.elapsed() < PATIENCE,
            "only {} packets came",
            clients[1].received
        );
        clients[0].publish();
        let sent = clients[0].sent;
        clients.iter_mut().for_each(|client| client.turn());
        // A slot is pointed at a new source within a tick; do not send all before that.
        if sent > 50 && clients[1].received == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    let stats = sfu.stats().await.expect("the shards run");
    assert_eq!(stats.len(), shards);
    assert_eq!(stats.iter().map(|shard| shard.peers).sum::<u64>(), 2);
    let connections: u64 = stats.iter().map(|shard| shard.tcp_connections).sum();
    assert_eq!(connections, if over_tcp { 2 } else { 0 });
    assert!(matches!(
        events.try_recv(),
        Ok(wecall_sfu::Event::Connected { .. })
    ));
    sfu.remove(room(1), peer_id(1)).expect("told");
    let figures = sfu.figures(room(1), peer_id(1)).await;
    assert_eq!(figures, Ok(None), "the commands are carried out in order");
    drop(sfu);
}

#[tokio::test]
async fn media_flows_over_udp() {
    media_flows(1, false).await;
}

#[tokio::test]
async fn media_flows_over_tcp_to_whichever_shard_the_room_is_on() {
    media_flows(3, true).await;
}

#[tokio::test]
async fn offer_that_is_refused_and_addresses_that_change() {
    let (sfu, _events) = start(2);
    let refused = sfu
        .accept(room(1), peer_id(1), Kind::Publisher, "nonsense".into())
        .await;
    assert!(matches!(refused, Err(Refused::Malformed(_))));
    let other: SocketAddr = "192.0.2.44:1".parse().expect("an address");
    let addresses = Addresses(vec![PublicAddress {
        public: other.ip(),
        local: Some(Ipv4Addr::LOCALHOST.into()),
    }]);
    sfu.set_addresses(&addresses).expect("told");
    let mut rtc = Rtc::builder().build(now());
    let mut api = rtc.sdp_api();
    api.add_media(MediaKind::Video, Direction::SendOnly, None, None, None);
    let (offer, _) = api.apply().expect("something to offer");
    let answer = sfu
        .accept(room(1), peer_id(1), Kind::Publisher, offer.to_sdp_string())
        .await
        .expect("let in");
    assert_eq!(candidate_of(&answer, false).ip(), other.ip());
}
