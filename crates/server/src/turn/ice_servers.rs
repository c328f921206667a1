//! What browsers are told: static servers of the operator, and TURN with credentials that are made
//! for each who asks.

use std::{net::IpAddr, time::Duration};

use tokio::sync::watch;
use wecall_protocol::{Timestamp, rest::IceServer};
use wecall_turn::{Secret, driver::Addresses};

use super::{
    listen::{Families, Ports},
    secret_in,
};
use crate::config::Config;

/// Ways to one server that are told: a browser tries each on each of its networks.
const MAX_HOSTS: usize = 2;

/// More URLs slow a browser down; Firefox says so from the fifth on.
const MAX_URLS: usize = 4;

pub struct IceDirectory {
    fixed: Vec<IceServer>,
    turn: Option<TurnDirectory>,
    lifetime: Duration,
}

struct TurnDirectory {
    secret: Secret,
    urls: Urls,
}

enum Urls {
    /// Of the operator's own server.
    Fixed(Vec<String>),
    BuiltIn {
        ports: Ports,
        host: Option<String>,
        addresses: watch::Receiver<Addresses>,
    },
}

impl IceDirectory {
    pub(super) fn new(
        config: &Config,
        ports: Option<Ports>,
        secret: Secret,
        addresses: watch::Receiver<Addresses>,
    ) -> anyhow::Result<Self> {
        let turn = match (&config.turn.external_secret_file, ports) {
            (Some(path), _) => Some(TurnDirectory {
                secret: secret_in(path, "turn.external_secret_file")?,
                urls: Urls::Fixed(
                    config
                        .turn
                        .external_urls
                        .iter()
                        .map(|url| url.0.clone())
                        .collect(),
                ),
            }),
            (None, Some(ports)) => Some(TurnDirectory {
                secret,
                urls: Urls::BuiltIn {
                    ports,
                    host: config.turn.host.clone(),
                    addresses,
                },
            }),
            (None, None) => None,
        };
        Ok(Self {
            fixed: config.ice.servers.for_clients(),
            turn,
            lifetime: config.turn.credential_lifetime,
        })
    }

    /// For a client that asked `host` for them, and that quotas know as `user`.
    pub fn for_client(&self, host: Option<&str>, user: &str, now: Timestamp) -> Vec<IceServer> {
        let mut servers = self.fixed.clone();
        let Some(turn) = &self.turn else {
            return servers;
        };
        let urls = turn.urls.for_client(host);
        if urls.is_empty() {
            return servers;
        }
        let now_s = u64::try_from(now.as_unix_ms() / 1_000).unwrap_or(0);
        let credentials = turn.secret.mint(user, now_s + self.lifetime.as_secs());
        servers.push(IceServer {
            urls,
            username: Some(credentials.username),
            credential: Some(credentials.password),
        });
        servers
    }
}

impl Urls {
    fn for_client(&self, asked: Option<&str>) -> Vec<String> {
        let (ports, host, addresses) = match self {
            Self::Fixed(urls) => return urls.clone(),
            Self::BuiltIn {
                ports,
                host,
                addresses,
            } => (ports, host, addresses),
        };
        let hosts = match host {
            Some(host) => vec![host.clone()],
            None => hosts(asked, &addresses.borrow(), ports.families),
        };
        let mut urls = Vec::new();
        for host in &hosts {
            // The name that a certificate is for is the one that the page has.
            for (scheme, port, transport) in [
                ("stun", ports.udp.filter(|_| urls.is_empty()), ""),
                ("turn", ports.udp, "?transport=udp"),
                ("turn", ports.tcp, "?transport=tcp"),
                ("turns", ports.tls, "?transport=tcp"),
            ] {
                if let Some(port) = port {
                    urls.push(format!("{scheme}:{host}:{port}{transport}"));
                }
            }
        }
        if urls.len() > MAX_URLS {
            // TURN over UDP tells a browser's own address as well.
            urls.retain(|url| !url.starts_with("stun:"));
            urls.truncate(MAX_URLS);
        }
        urls
    }
}

/// Where this client reaches the machine, the nearest first: by the address that it has used, if it
/// is a local one, and by the public ones.
fn hosts(asked: Option<&str>, addresses: &Addresses, families: Families) -> Vec<String> {
    let heard = |address: &IpAddr| families.has(*address);
    let public = addresses.public.iter().map(|address| address.public);
    let public = one_of_each_family(public.filter(heard));
    let mut hosts = match asked.map(|host| (host, literal(host))) {
        None => Vec::new(),
        Some((host, address)) if is_this_machine(host, address) => {
            // Firefox uses no server on loopback, but one on another address of the machine.
            let interfaces = addresses.interfaces.iter().copied().filter(heard);
            match one_of_each_family(interfaces) {
                found if found.is_empty() => vec![host.to_owned()],
                found => found,
            }
        }
        Some((host, Some(address))) if is_local(address) => vec![host.to_owned()],
        Some((host, _)) if public.is_empty() => vec![host.to_owned()],
        Some(_) => Vec::new(),
    };
    hosts.extend(public);
    hosts.dedup();
    hosts.truncate(MAX_HOSTS);
    hosts
}

fn one_of_each_family(addresses: impl Iterator<Item = IpAddr> + Clone) -> Vec<String> {
    let four = addresses.clone().find(IpAddr::is_ipv4);
    let six = { addresses }.find(IpAddr::is_ipv6);
    four.into_iter().chain(six).map(in_url).collect()
}

fn in_url(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

fn literal(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

fn is_this_machine(host: &str, address: Option<IpAddr>) -> bool {
    let is_name = host == "localhost" || host.ends_with(".localhost");
    is_name || address.is_some_and(|address| address.to_canonical().is_loopback())
}

fn is_local(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use wecall_turn::driver::PublicAddress;

    use super::*;

    fn told(asked: &str, public: &[&str], interfaces: &[&str]) -> Vec<String> {
        let public = public.iter().map(|address| PublicAddress {
            public: address.parse().unwrap(),
            local: None,
        });
        let addresses = Addresses {
            public: public.collect(),
            interfaces: interfaces.iter().map(|one| one.parse().unwrap()).collect(),
        };
        let both = Families { v4: true, v6: true };
        hosts(Some(asked), &addresses, both)
    }

    #[test]
    fn host_of_the_page_is_told_unless_the_operator_knows_better() {
        assert_eq!(
            told("call.example.org", &[], &["10.0.0.5"]),
            ["call.example.org"]
        );
        assert_eq!(
            told("call.example.org", &["203.0.113.5"], &["10.0.0.5"]),
            ["203.0.113.5"]
        );
        let both = ["203.0.113.5", "2001:db8::1", "203.0.113.6"];
        assert_eq!(
            told("call.example.org", &both, &[]),
            ["203.0.113.5", "[2001:db8::1]"]
        );
    }

    #[test]
    fn local_network_and_the_internet_are_both_told() {
        assert_eq!(
            told("192.168.1.5", &["203.0.113.5"], &["192.168.1.5"]),
            ["192.168.1.5", "203.0.113.5"]
        );
        assert_eq!(told("[fd00::1]", &[], &[]), ["[fd00::1]"]);
    }

    #[test]
    fn this_machine_is_reached_by_an_address_that_every_browser_takes() {
        for asked in ["localhost", "127.0.0.1", "[::1]", "a.localhost"] {
            assert_eq!(told(asked, &[], &["10.0.0.5", "10.1.0.5"]), ["10.0.0.5"]);
        }
        assert_eq!(told("localhost", &[], &[]), ["localhost"]);
    }

    #[test]
    fn urls_name_each_transport_that_is_there() {
        let (_, addresses) = watch::channel(Addresses::default());
        let urls = Urls::BuiltIn {
            ports: Ports {
                udp: Some(3_478),
                tcp: Some(3_479),
                tls: Some(443),
                families: Families::default(),
            },
            host: Some("turn.example.org".into()),
            addresses,
        };
        assert_eq!(
            urls.for_client(None),
            [
                "stun:turn.example.org:3478",
                "turn:turn.example.org:3478?transport=udp",
                "turn:turn.example.org:3479?transport=tcp",
                "turns:turn.example.org:443?transport=tcp",
            ]
        );
    }
}
