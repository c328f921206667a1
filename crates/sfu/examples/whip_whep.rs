//! The media engine alone behind WHIP and WHEP, for measuring it: `POST /whip/{room}`,
//! `POST /whep/{room}`, and `POST /join/{room}` for one who sends and receives, with an offer,
//! answered with 201 and the answer. No tokens, no TLS, loopback only: nothing to run for people.
//!
//! `cargo run --release -p wecall-sfu --example whip_whep -- 127.0.0.1:8080 [shards]`

use std::{
    error::Error,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    time::{Duration, Instant},
};

use wecall_protocol::{PeerId, RoomId};
use wecall_sfu::{Addresses, Kind, PublicAddress, Sfu, SfuConfig, Watch, limits};

/// That of the server, as a figure has to be one of what people run.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const READ_WITHIN: Duration = Duration::from_secs(5);
const HEAD_BYTES: usize = 4 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let listen: SocketAddr = arguments.next().unwrap_or("127.0.0.1:0".into()).parse()?;
    let shards = arguments.next().map_or(Ok(1), |count| count.parse())?;
    if !listen.ip().is_loopback() {
        return Err("this is for measuring: loopback only".into());
    }
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (sfu, mut events) = Sfu::start(SfuConfig {
        shards,
        udp: vec![any],
        tcp: vec![any],
        addresses: Addresses(vec![PublicAddress {
            public: Ipv4Addr::LOCALHOST.into(),
            local: None,
        }]),
        now,
        random: |bytes| getrandom::fill(bytes).expect("the system has randomness"),
    })?;
    std::thread::spawn(move || while events.blocking_recv().is_some() {});
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let listener = TcpListener::bind(listen)?;
    println!("{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else {
            continue;
        };
        let answer = answer(&mut stream, &sfu, &runtime);
        let (status, body) = answer.unwrap_or_else(|error| ("400 Bad Request", error.to_string()));
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        // A client that does not wait for its answer is no concern of the others.
        drop(stream.write_all((head + &body).as_bytes()));
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program has to read the clock somewhere"
)]
fn now() -> Instant {
    Instant::now()
}

fn answer(
    stream: &mut TcpStream,
    sfu: &Sfu,
    runtime: &tokio::runtime::Runtime,
) -> Result<(&'static str, String), Box<dyn Error>> {
    let (path, body) = read(stream)?;
    let mut parts = path.trim_start_matches('/').split('/');
    let (verb, room) = (parts.next(), parts.next());
    let kind = match verb {
        Some("readyz") => return Ok(("200 OK", String::new())),
        Some("stats") => {
            let stats = runtime.block_on(sfu.stats())?;
            return Ok(("200 OK", format!("{stats:#?}\n")));
        }
        Some("whip") => Kind::Publisher,
        Some("whep") => Kind::Viewer(Watch::Room),
        Some("join") => Kind::Member,
        _ => return Ok(("404 Not Found", String::new())),
    };
    let room: RoomId = room.unwrap_or_default().parse()?;
    let mut id = [0; 16];
    getrandom::fill(&mut id)?;
    let answer = runtime.block_on(sfu.accept(room, PeerId::from_random(id), kind, body))?;
    Ok(("201 Created", answer))
}

/// Path and body of one request.
fn read(stream: &mut TcpStream) -> Result<(String, String), Box<dyn Error>> {
    stream.set_read_timeout(Some(READ_WITHIN))?;
    let mut bytes = Vec::new();
    let mut chunk = [0; 8 * 1024];
    loop {
        let read = stream.read(&mut chunk)?;
        bytes.extend_from_slice(&chunk[..read]);
        let head_end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = head_end {
            let head = std::str::from_utf8(&bytes[..end])?;
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(Ok(0), |(_, value)| value.trim().parse::<usize>())?;
            if length > limits::OFFER_BYTES {
                return Err("the offer is too large".into());
            }
            if bytes.len() >= end + 4 + length {
                let path = head.split(' ').nth(1).unwrap_or("/").to_owned();
                return Ok((
                    path,
                    String::from_utf8(bytes[end + 4..end + 4 + length].to_vec())?,
                ));
            }
        }
        if read == 0 || bytes.len() > HEAD_BYTES + limits::OFFER_BYTES {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
}
