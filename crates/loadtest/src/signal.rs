//! Load for a server that runs already: participants in rooms, who relay offers on a schedule.

use std::{
    net::{SocketAddr, ToSocketAddrs},
    path::PathBuf,
    time::Duration,
};

use serde::Serialize;

use crate::{
    Error, clock,
    error::During,
    open_loop::{OpenLoop, Rate},
    payload::ClientVersion,
    process, rest,
    swarm::{Spread, Swarm, Venue},
};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The server's WebSocket, as ws://127.0.0.1:8000/ws.
    #[arg(long)]
    pub url: Url,
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub participants: usize,
    /// Participants of each room.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(2..))]
    pub room_size: u16,
    /// Messages a second, of all participants together.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub rate: u32,
    /// Length of each message.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub message_bytes: usize,
    /// In seconds; a fifth of it runs before, to warm up.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub duration: u64,
    /// Which client the participants are.
    #[arg(long, value_enum, default_value = "v2")]
    pub client: ClientVersion,
    /// Where to write the result as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// The parts of a `ws:` address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    authority: String,
    pub(crate) path: String,
}

impl std::str::FromStr for Url {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = || Error::Url(text.into());
        let rest = text.strip_prefix("ws://").ok_or_else(invalid)?;
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/ws"),
        };
        let port = authority
            .rsplit_once(':')
            .map(|(_, port)| port.parse::<u16>());
        if !matches!(port, Some(Ok(_))) || path.contains(char::is_whitespace) {
            return Err(invalid());
        }
        Ok(Self {
            authority: authority.into(),
            path: path.into(),
        })
    }
}

impl Url {
    pub(crate) fn resolve(&self) -> Result<SocketAddr, Error> {
        let what = format!("resolving {}", self.authority);
        let mut addresses = self.authority.to_socket_addrs().during(what)?;
        addresses
            .next()
            .ok_or_else(|| Error::Url(self.authority.clone()))
    }
}

#[derive(Debug, Serialize)]
pub struct Outcome {
    pub participants: usize,
    pub rooms: usize,
    pub joins_a_second: f64,
    /// Sent and received, after the warm-up.
    pub messages: u64,
    pub messages_a_second: f64,
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    pub max_ms: f64,
}

pub fn run(options: &Options) -> Result<Outcome, Error> {
    process::allow_sockets(options.participants)?;
    let addr = options.url.resolve()?;
    let room_size = usize::from(options.room_size);
    let count = (options.participants / room_size).max(1);
    let rooms = rest::create_rooms(addr, count, room_size)?;
    let venue = Venue {
        nodes: &[addr],
        spread: Spread::Rooms,
        path: &options.url.path,
        rooms: &rooms,
        room_size,
    };
    let start = clock::now();
    let mut swarm = Swarm::join(&venue, options.client)?;
    let joining = start.elapsed();
    let load = OpenLoop {
        rate: Rate::a_second(options.rate),
        message_bytes: options.message_bytes,
        duration: Duration::from_secs(options.duration.max(1)),
    };
    let outcome = load.run(&mut swarm)?;
    let latencies = outcome.latencies;
    Ok(Outcome {
        participants: swarm.len(),
        rooms: rooms.len(),
        joins_a_second: swarm.len() as f64 / joining.as_secs_f64(),
        messages: latencies.count(),
        messages_a_second: latencies.count() as f64 / load.duration.as_secs_f64(),
        p50_ms: latencies.quantile_ms(0.5),
        p90_ms: latencies.quantile_ms(0.9),
        p99_ms: latencies.quantile_ms(0.99),
        p999_ms: latencies.quantile_ms(0.999),
        max_ms: latencies.max_ms(),
    })
}

impl Outcome {
    pub fn table(&self) -> String {
        format!(
            "participants   {:>10}  in {} rooms, {:.0} joins/s\n\
             messages       {:>10}  {:.0} /s\n\
             latency p50    {:>10.2}  ms\n\
             latency p90    {:>10.2}  ms\n\
             latency p99    {:>10.2}  ms\n\
             latency p99.9  {:>10.2}  ms\n\
             latency max    {:>10.2}  ms\n",
            self.participants,
            self.rooms,
            self.joins_a_second,
            self.messages,
            self.messages_a_second,
            self.p50_ms,
            self.p90_ms,
            self.p99_ms,
            self.p999_ms,
            self.max_ms,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_needs_scheme_and_port_and_has_a_usual_path() {
        let url: Url = "ws://127.0.0.1:8000".parse().unwrap();
        assert_eq!(url, "ws://127.0.0.1:8000/ws".parse().unwrap());
        assert_eq!(url.resolve().unwrap(), ([127, 0, 0, 1], 8000).into());
        for text in [
            "http://a:1/ws",
            "wss://a:1/ws",
            "ws://a/ws",
            "ws://a:99999",
            "ws://a:1/w s",
        ] {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
    }
}
