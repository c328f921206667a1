//! TURN, for real: credentials as a browser gets them, an allocation, and a packet from one relayed
//! address to another.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream, ToSocketAddrs, UdpSocket},
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use wecall_protocol::rest::{ClientConfig, IceServer};
use wecall_turn::{
    Credentials, Family,
    client::{Client, Received, Success},
};

use super::finding::Finding;
use crate::{
    clock::Clock, config::Loaded, healthcheck, own_addresses::OwnAddresses, secret, tls, turn::Turn,
};

const CHANNEL: u16 = 0x4000;

/// A packet and its answer on the worst network.
const PATIENCE: Duration = Duration::from_secs(1);

/// UDP may lose one.
const ATTEMPTS: usize = 3;

pub async fn look(loaded: &Loaded, is_running: bool, clock: Clock, findings: &mut Vec<Finding>) {
    let config = &loaded.config.turn;
    if !config.enabled && config.external_urls.is_empty() {
        let advice = "set turn.enabled, or turn.external_urls to a server of your own";
        let text = "there is none: people behind strict firewalls get no call";
        return findings.push(Finding::warning("turn", text, advice));
    }
    // Held until the test is over, when there was none to test.
    let (servers, _own) = match servers(loaded, is_running, clock).await {
        Ok(found) => found,
        Err(error) => {
            let advice = "see turn.listen and the log of the server";
            return findings.push(Finding::problem("turn", format!("{error:#}"), advice));
        }
    };
    let turn = servers
        .iter()
        .find_map(|server| Some((udp_address(server)?, credentials(server)?)));
    let Some((urls_host, credentials)) = turn else {
        let advice = "set turn.listen to a port that is free; coturn may be there already";
        let text = "no TURN server over UDP is told to browsers";
        return findings.push(Finding::warning("turn", text, advice));
    };
    let test = tokio::task::spawn_blocking(move || test(&urls_host, &credentials)).await;
    findings.push(match test {
        Ok(Ok(text)) => Finding::ok("turn", text),
        Ok(Err(error)) => Finding::problem(
            "turn",
            format!("{error:#}"),
            "UDP has to reach the port of turn.listen and those of turn.relay_ports: look at the \
             firewall, and at media.public_addresses",
        ),
        Err(error) => Finding::problem("turn", error.to_string(), "this is a bug; please tell"),
    });
    for stream in Stream::ALL {
        let Some(address) = servers.iter().find_map(|server| stream.address(server)) else {
            continue;
        };
        let tested = tokio::task::spawn_blocking(move || stream.test(&address)).await;
        findings.push(match tested {
            Ok(Ok(text)) => Finding::ok(stream.check(), text),
            Ok(Err(error)) => {
                Finding::warning(stream.check(), format!("{error:#}"), stream.advice())
            }
            Err(error) => Finding::warning(
                stream.check(),
                error.to_string(),
                "this is a bug; please tell",
            ),
        });
    }
}

/// The ways for networks that let no UDP through.
#[derive(Debug, Clone, Copy)]
enum Stream {
    Tcp,
    Tls,
}

impl Stream {
    const ALL: [Self; 2] = [Self::Tcp, Self::Tls];

    const fn check(self) -> &'static str {
        match self {
            Self::Tcp => "turn-tcp",
            Self::Tls => "turn-tls",
        }
    }

    const fn advice(self) -> &'static str {
        match self {
            Self::Tcp => "TCP has to reach the port of turn.listen: look at the firewall",
            Self::Tls => {
                "TCP has to reach the port of turn.tls_listen, and the certificate has to be for \
                 turn.host: look at the firewall and at tls.cert_file"
            }
        }
    }

    /// Host and port of its first URL.
    fn address(self, server: &IceServer) -> Option<String> {
        server.urls.iter().find_map(|url| {
            let rest = match self {
                Self::Tcp => url
                    .strip_prefix("turn:")
                    .filter(|rest| rest.ends_with("?transport=tcp")),
                Self::Tls => url.strip_prefix("turns:"),
            };
            Some(rest?.split('?').next()?.to_owned())
        })
    }

    fn test(self, address: &str) -> anyhow::Result<String> {
        let server = address
            .to_socket_addrs()
            .with_context(|| format!("the name of {address} is not known"))?
            .next()
            .with_context(|| format!("{address} has no address"))?;
        let stream = TcpStream::connect_timeout(&server, PATIENCE)
            .with_context(|| format!("{address} takes no connection"))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        match self {
            Self::Tcp => bind_over(stream)?,
            Self::Tls => bind_over(healthcheck::encrypted(stream)?)?,
        }
        Ok(format!("{address} answers"))
    }
}

/// STUN messages tell their length themselves.
fn bind_over(mut stream: impl Read + Write) -> anyhow::Result<()> {
    let nobody = Credentials {
        username: String::new(),
        password: String::new(),
    };
    let mut client = Client::new(nobody, 0);
    stream.write_all(&client.binding()).context("no answer")?;
    let mut answer = vec![0; 20];
    stream.read_exact(&mut answer).context("no answer")?;
    let length = usize::from(u16::from_be_bytes([answer[2], answer[3]]));
    answer.resize(20 + length, 0);
    stream.read_exact(&mut answer[20..]).context("no answer")?;
    match client.receive(&answer) {
        Some(Received::Success(_)) => Ok(()),
        _ => bail!("the answer is not STUN"),
    }
}

/// What browsers are told: by the server that runs, or else by one that is started for the test.
async fn servers(
    loaded: &Loaded,
    is_running: bool,
    clock: Clock,
) -> anyhow::Result<(Vec<IceServer>, Option<Turn>)> {
    if is_running {
        let url = healthcheck::configured_url(loaded);
        let answer = healthcheck::get(&url, "/api/config")?;
        ensure!(
            answer.status == 200,
            "/api/config: status {}",
            answer.status
        );
        let config: ClientConfig =
            serde_json::from_str(&answer.body).context("/api/config was not understood")?;
        return Ok((config.ice_servers, None));
    }
    secret::create_data_dir(&loaded.config.server.data_dir)?;
    let key_file = loaded.config.session.key_file.as_deref();
    let key = secret::session_key(&loaded.config.server.data_dir, key_file)?;
    let tls = tls::set_up(&loaded.config, clock).await?;
    let turn = Turn::start(
        loaded,
        &key,
        tls.as_ref().map(|tls| &tls.server_config),
        OwnAddresses::follow(loaded.config.media.public_addresses.clone()).watch(),
        Vec::new(),
        clock,
    )?;
    let servers = turn
        .directory
        .for_client(Some("localhost"), "doctor", clock.now());
    Ok((servers, Some(turn)))
}

/// Host and port of the last URL over UDP: the public one, if there are several.
fn udp_address(server: &IceServer) -> Option<String> {
    let addresses = server.urls.iter().filter_map(|url| {
        let rest = url.strip_prefix("turn:")?;
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        (query != "transport=tcp").then(|| address.to_owned())
    });
    let (four, six): (Vec<_>, Vec<_>) = addresses.partition(|address| !address.starts_with('['));
    four.into_iter()
        .next_back()
        .or_else(|| six.into_iter().next_back())
}

fn credentials(server: &IceServer) -> Option<Credentials> {
    Some(Credentials {
        username: server.username.clone()?,
        password: server.credential.clone()?,
    })
}

fn test(address: &str, credentials: &Credentials) -> anyhow::Result<String> {
    let server = address
        .to_socket_addrs()
        .or_else(|_| (address, 3_478).to_socket_addrs())
        .with_context(|| format!("the name of {address} is not known"))?
        .next()
        .with_context(|| format!("{address} has no address"))?;
    let mut one = Line::open(server, credentials)?;
    let mapped = one.ask(Client::binding).context("no STUN over UDP")?.mapped;
    let mut other = Line::open(server, credentials)?;
    let (first, second) = (one.allocate()?, other.allocate()?);
    one.ask(|client| client.bind(CHANNEL, second))
        .context("the other relayed address may not be a peer")?;
    other
        .ask(|client| client.bind(CHANNEL, first))
        .context("the other relayed address may not be a peer")?;
    let packet = Client::channel_data(CHANNEL, b"wecall doctor");
    let mut arrived = false;
    for _ in 0..ATTEMPTS {
        one.socket.send(&packet)?;
        if other.hears(b"wecall doctor") {
            arrived = true;
            break;
        }
    }
    ensure!(arrived, "a packet from {first} did not arrive at {second}");
    for line in [&mut one, &mut other] {
        // The port is free again now, and not only when the allocation expires.
        line.ask(|client| client.refresh(0))?;
    }
    let seen = mapped.map_or_else(String::new, |mapped| {
        format!(", which sees {}", mapped.ip())
    });
    Ok(format!(
        "{server} relays over UDP{seen}; relayed addresses are at {}",
        first.ip()
    ))
}

/// A client of the server.
struct Line {
    socket: UdpSocket,
    client: Client,
}

impl Line {
    fn open(server: SocketAddr, credentials: &Credentials) -> anyhow::Result<Self> {
        let any: SocketAddr = match server.is_ipv4() {
            true => ([0, 0, 0, 0], 0).into(),
            false => ([0_u16; 8], 0).into(),
        };
        let socket = UdpSocket::bind(any)?;
        socket.connect(server)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let random = getrandom::u64().context("the system gives no random bytes")?;
        let client = Client::new(credentials.clone(), random);
        Ok(Self { socket, client })
    }

    fn allocate(&mut self) -> anyhow::Result<SocketAddr> {
        let success = self
            .ask(|client| client.allocate(Family::V4))
            .context("no allocation")?;
        success.relayed.context("an allocation without an address")
    }

    fn ask(&mut self, request: impl Fn(&mut Client) -> Vec<u8>) -> anyhow::Result<Success> {
        let mut buffer = [0; 2_048];
        let mut challenges = 0;
        let mut last = None;
        for _ in 0..ATTEMPTS * 2 {
            self.socket.send(&request(&mut self.client))?;
            let length = match self.socket.recv(&mut buffer) {
                Ok(length) => length,
                Err(error) => {
                    last = Some(error);
                    continue;
                }
            };
            match self.client.receive(&buffer[..length]) {
                Some(Received::Success(success)) => return Ok(success),
                Some(Received::Error {
                    code: 401 | 438, ..
                }) if challenges < 2 => challenges += 1,
                Some(Received::Error { code, .. }) => bail!("the server answers {code}"),
                _ => {}
            }
        }
        match last {
            Some(error) => Err(error).context("no answer"),
            None => bail!("no answer that was understood"),
        }
    }

    fn hears(&mut self, expected: &[u8]) -> bool {
        let mut buffer = [0; 2_048];
        let Ok(length) = self.socket.recv(&mut buffer) else {
            return false;
        };
        let received = self.client.receive(&buffer[..length]);
        matches!(received, Some(Received::OnChannel { data, .. }) if data == expected)
    }
}
