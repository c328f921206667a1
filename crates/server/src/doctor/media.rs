//! The media server, for real: an offer as a player makes it, and a check of ICE at each address
//! that the answer names, by UDP and by TCP.

use std::{
    fmt::Write as _,
    io::{Read, Write},
    net::{SocketAddr, TcpStream, UdpSocket},
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde_json::json;
use wecall_protocol::rest::{CreatedRoom, CreatedToken};
use wecall_turn::stun::{Attribute, Class, Message, Method, Writer};

use super::finding::Finding;
use crate::{
    clock::Clock,
    config::{Loaded, TopologySetting},
    healthcheck,
    media::Engine,
    own_addresses::OwnAddresses,
};

const PATIENCE: Duration = Duration::from_secs(1);

/// UDP may lose one.
const ATTEMPTS: usize = 3;

const UFRAG: &str = "wecalldoctor";
const PWD: &str = "nobody-else-knows-it/00";

pub async fn look(loaded: &Loaded, is_running: bool, clock: Clock, findings: &mut Vec<Finding>) {
    let config = &loaded.config;
    if !config.media.enabled || config.media.topology == TopologySetting::MeshOnly {
        let text = "there is none by the configuration: all calls go from browser to browser";
        return findings.push(Finding::ok("media", text));
    }
    if !config.cluster.roles.media {
        return findings.push(Finding::ok("media", "other nodes have the role"));
    }
    if is_running && !config.cluster.roles.web {
        let text = "it runs; without the role web it cannot be asked here";
        return findings.push(Finding::ok("media", text));
    }
    // Held until the test is over, when there was none to test.
    let (answer, _engine) = match answer(loaded, is_running, clock).await {
        Ok(found) => found,
        Err(error) => {
            let advice = "see media.listen, media.tcp_listen and the log of the server";
            return findings.push(Finding::problem("media", format!("{error:#}"), advice));
        }
    };
    if !is_where_it_was_asked_to_be(&config.media.listen, &answer) {
        findings.push(Finding::warning(
            "media-ports",
            "the default port of the media server is taken by another program, so it is at others",
            "stop it, or set media.listen and media.tcp_listen to ports that the firewall opens",
        ));
    }
    let tested = tokio::task::spawn_blocking(move || test(&answer)).await;
    match tested {
        Ok(Ok(heard)) => findings.extend(judge(&heard)),
        Ok(Err(error)) => findings.push(Finding::problem(
            "media",
            format!("{error:#}"),
            "this is a bug; please tell",
        )),
        Err(error) => findings.push(Finding::problem(
            "media",
            error.to_string(),
            "this is a bug; please tell",
        )),
    }
}

/// What the media server answers to an offer: that of the server that runs, or else one that is
/// started for the test.
async fn answer(
    loaded: &Loaded,
    is_running: bool,
    clock: Clock,
) -> anyhow::Result<(String, Option<Engine>)> {
    if is_running {
        let url = healthcheck::configured_url(loaded);
        let answer = tokio::task::spawn_blocking(move || watch(&url)).await??;
        return Ok((answer, None));
    }
    let addresses = OwnAddresses::follow(loaded.config.media.public_addresses.clone());
    let engine = Engine::start(loaded, addresses.watch())?.context("it did not start")?;
    Ok((engine.try_out(offer(), clock).await?, Some(engine)))
}

/// As a player does: in a room of its own, which is gone after a minute.
fn watch(url: &str) -> anyhow::Result<String> {
    let post = |path: &str, kind: &str, bearer: &str, body: &str| {
        let headers = [
            ("content-type", kind),
            ("authorization", &format!("Bearer {bearer}")),
        ];
        let answer = healthcheck::post(url, path, &headers, body)?;
        ensure!(answer.status == 201, "{path}: status {}", answer.status);
        Ok(answer.body)
    };
    let json = "application/json";
    let room: CreatedRoom = read(&post("/api/rooms", json, "", r#"{"ttl_seconds": 60}"#)?)?;
    let asked = json!({"kind": "watch"}).to_string();
    let path = format!("/api/rooms/{}/tokens", room.room_id);
    let token: CreatedToken = read(&post(&path, json, &room.host_token, &asked)?)?;
    let path = format!("/whep/{}", room.room_id);
    post(&path, "application/sdp", &token.token, &offer())
}

fn read<'a, T: Deserialize<'a>>(body: &'a str) -> anyhow::Result<T> {
    serde_json::from_str(body).context("an answer was not understood")
}

/// Of a player that takes sound; it never connects.
fn offer() -> String {
    let mut fingerprint = String::from("00");
    for _ in 1..32 {
        fingerprint.push_str(":00");
    }
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
         m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n\
         a=ice-ufrag:{UFRAG}\r\na=ice-pwd:{PWD}\r\na=fingerprint:sha-256 {fingerprint}\r\n\
         a=setup:actpass\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
    )
}

/// The ports of its shards follow that of the first.
fn is_where_it_was_asked_to_be(listen: &[SocketAddr], answer: &str) -> bool {
    let of_a_shard =
        |first: u16, port: u16| first == 0 || (0..256).contains(&port.wrapping_sub(first));
    candidates(answer).iter().all(|(transport, address)| {
        let mut firsts = listen.iter().map(SocketAddr::port);
        *transport == Transport::Tcp || firsts.any(|first| of_a_shard(first, address.port()))
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    Udp,
    Tcp,
}

/// One address that browsers are told, and whether the media server answers there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Heard {
    transport: Transport,
    address: SocketAddr,
    answers: bool,
}

fn test(answer: &str) -> anyhow::Result<Vec<Heard>> {
    let value = |prefix: &str| {
        let mut lines = answer.lines();
        let found = lines.find_map(|line| line.trim_end().strip_prefix(prefix));
        found.with_context(|| format!("the answer has no {prefix}"))
    };
    let request = check(value("a=ice-ufrag:")?, value("a=ice-pwd:")?)?;
    let heard = candidates(answer).into_iter().map(|(transport, address)| {
        let answered = match transport {
            Transport::Udp => ask_udp(address, &request),
            Transport::Tcp => ask_tcp(address, &request),
        };
        Heard {
            transport,
            address,
            answers: answered.is_ok(),
        }
    });
    Ok(heard.collect())
}

fn candidates(answer: &str) -> Vec<(Transport, SocketAddr)> {
    let candidate = |line: &str| {
        let words: Vec<&str> = line.strip_prefix("a=candidate:")?.split(' ').collect();
        let transport = match *words.get(2)? {
            "udp" => Transport::Udp,
            "tcp" => Transport::Tcp,
            _ => return None,
        };
        let address = SocketAddr::new(words.get(4)?.parse().ok()?, words.get(5)?.parse().ok()?);
        Some((transport, address))
    };
    let mut found: Vec<_> = answer.lines().filter_map(candidate).collect();
    found.dedup();
    found
}

/// A connectivity check (RFC 8445 § 7.2.2), as a browser sends it.
fn check(ufrag: &str, pwd: &str) -> anyhow::Result<Vec<u8>> {
    const PRIORITY: Attribute = Attribute(0x0024);
    const ICE_CONTROLLING: Attribute = Attribute(0x802a);

    let mut transaction = [0; 12];
    getrandom::fill(&mut transaction).context("the system gives no random bytes")?;
    let mut bytes = Vec::new();
    let username = format!("{ufrag}:{UFRAG}");
    Writer::new(&mut bytes, Class::Request, Method::BINDING, transaction)
        .value(Attribute::USERNAME, username.as_bytes())
        .number(PRIORITY, 1)
        .value(ICE_CONTROLLING, &transaction[..8])
        .sign(pwd.as_bytes())
        .finish();
    Ok(bytes)
}

fn is_answer(bytes: &[u8]) -> bool {
    Message::parse(bytes).is_ok_and(|message| message.class() == Class::Success)
}

fn ask_udp(server: SocketAddr, request: &[u8]) -> anyhow::Result<()> {
    let any: SocketAddr = match server.is_ipv4() {
        true => ([0, 0, 0, 0], 0).into(),
        false => ([0_u16; 8], 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut buffer = [0; 2_048];
    for _ in 0..ATTEMPTS {
        socket.send(request)?;
        if let Ok(length) = socket.recv(&mut buffer)
            && is_answer(&buffer[..length])
        {
            return Ok(());
        }
    }
    bail!("no answer")
}

/// Each message with its length before it (RFC 4571).
fn ask_tcp(server: SocketAddr, request: &[u8]) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(&u16::try_from(request.len())?.to_be_bytes())?;
    stream.write_all(request)?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer)?;
    ensure!(is_answer(&answer), "no answer that was understood");
    Ok(())
}

fn judge(heard: &[Heard]) -> Vec<Finding> {
    let list = |transport: Transport, answers: bool| {
        let mut text = String::new();
        for one in heard {
            if one.transport == transport && one.answers == answers {
                let separator = if text.is_empty() { "" } else { ", " };
                write!(text, "{separator}{}", one.address).expect("a String takes all text");
            }
        }
        text
    };
    let (udp, tcp) = (list(Transport::Udp, true), list(Transport::Tcp, true));
    let mut findings = Vec::new();
    findings.push(match udp.is_empty() {
        false => Finding::ok("media", format!("answers by UDP at {udp}")),
        true => Finding::problem(
            "media",
            "does not answer by UDP at any address that browsers are told",
            "is a firewall on this machine, or media.public_addresses wrong?",
        ),
    });
    findings.push(match tcp.is_empty() {
        false => Finding::ok("media-tcp", format!("answers by TCP at {tcp}")),
        true => Finding::warning(
            "media-tcp",
            "does not answer by TCP: people whose networks let no UDP through need TURN",
            "set media.tcp_listen, and open its port",
        ),
    });
    let silent = [list(Transport::Udp, false), list(Transport::Tcp, false)];
    if silent.iter().any(|silent| !silent.is_empty()) && !udp.is_empty() {
        let [udp, tcp] = silent;
        let separator = if udp.is_empty() || tcp.is_empty() {
            ""
        } else {
            ", "
        };
        findings.push(Finding::warning(
            "media-outside",
            format!("browsers are told {udp}{separator}{tcp}, which does not answer from here"),
            "many routers lead nobody back inside, so try from another network; if it does not \
             answer there either, look at media.public_addresses and the firewall",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::State;

    #[test]
    fn candidates_of_both_transports_are_read() {
        let answer = "a=candidate:1 1 udp 5 192.0.2.1 7882 typ host ufrag a\r\n\
            a=candidate:2 1 tcp 5 2001:db8::1 7882 typ host tcptype passive\r\n\
            a=candidate:3 1 udp 5 name.local 7882 typ host\r\na=end-of-candidates\r\n";
        assert_eq!(
            candidates(answer),
            [
                (Transport::Udp, "192.0.2.1:7882".parse().unwrap()),
                (Transport::Tcp, "[2001:db8::1]:7882".parse().unwrap()),
            ]
        );
    }

    #[test]
    fn ports_of_all_shards_are_where_they_were_asked_to_be() {
        let listen = ["0.0.0.0:7882".parse().unwrap()];
        let at = |port: u16| format!("a=candidate:1 1 udp 5 192.0.2.1 {port} typ host\r\n");
        assert!(is_where_it_was_asked_to_be(&listen, &at(7_882)));
        assert!(is_where_it_was_asked_to_be(&listen, &at(7_890)));
        assert!(!is_where_it_was_asked_to_be(&listen, &at(40_000)));
    }

    #[test]
    fn silence_is_a_problem_as_far_as_it_keeps_people_out() {
        let heard = |transport, address: &str, answers| Heard {
            transport,
            address: address.parse().unwrap(),
            answers,
        };
        let states = |heard: &[Heard]| {
            let findings = judge(heard);
            let states = findings.iter().map(|one| (one.check, one.state));
            states.collect::<Vec<_>>()
        };
        let inside = heard(Transport::Udp, "10.0.0.5:7882", true);
        let outside = heard(Transport::Udp, "203.0.113.5:7882", false);
        let tcp = heard(Transport::Tcp, "10.0.0.5:7882", true);
        assert_eq!(
            states(&[inside, tcp]),
            [("media", State::Ok), ("media-tcp", State::Ok)]
        );
        assert_eq!(
            states(&[inside, outside]),
            [
                ("media", State::Ok),
                ("media-tcp", State::Warning),
                ("media-outside", State::Warning)
            ]
        );
        assert_eq!(
            states(&[outside, tcp]),
            [("media", State::Problem), ("media-tcp", State::Ok)]
        );
    }
}
