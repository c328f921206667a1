use std::{
    fmt, io,
    net::{IpAddr, SocketAddr, TcpListener, UdpSocket},
};

use anyhow::Context;
use wecall_turn::driver::{self, Sockets};

use crate::config::{Loaded, Origin, TurnConfig};

/// Where clients find each transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ports {
    pub udp: Option<u16>,
    pub tcp: Option<u16>,
    pub tls: Option<u16>,
    /// Whether it listens at addresses of IPv6, beside those of IPv4 or alone.
    pub families: Families,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Families {
    pub v4: bool,
    pub v6: bool,
}

impl Families {
    fn of(addresses: impl Iterator<Item = SocketAddr> + Clone) -> Self {
        Self {
            v4: addresses.clone().any(|address| address.is_ipv4()),
            v6: { addresses }.any(|address| address.is_ipv6()),
        }
    }

    pub fn has(self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(_) => self.v4,
            IpAddr::V6(_) => self.v6,
        }
    }
}

/// So many ports that the system has chosen for UDP may be taken for TCP.
const PORTS_TRIED: usize = 16;

/// Sockets for UDP and TCP at the same ports, also where the system chooses them.
#[expect(clippy::type_complexity, reason = "what `bind_each` gives, twice")]
fn bind_plain(
    listen: &[SocketAddr],
    is_default: bool,
) -> anyhow::Result<(Option<Vec<UdpSocket>>, Option<Vec<TcpListener>>)> {
    let chosen_by_system = listen.iter().any(|address| address.port() == 0);
    let mut tried = 0;
    loop {
        tried += 1;
        let udp = bind_each(listen, is_default, driver::bind_udp);
        let udp = udp.context("turn.listen: cannot listen by UDP")?;
        let at = listen.iter().enumerate().map(|(index, address)| {
            let socket = udp.as_ref().and_then(|sockets| sockets.get(index));
            match (address.port(), socket) {
                (0, Some(socket)) => socket.local_addr().unwrap_or(*address),
                _ => *address,
            }
        });
        let at: Vec<SocketAddr> = at.collect();
        match bind_each(&at, is_default, driver::bind_tcp) {
            Err(error) if chosen_by_system && tried < PORTS_TRIED && is_taken(&error) => {}
            tcp => return Ok((udp, tcp.context("turn.listen: cannot listen by TCP")?)),
        }
    }
}

fn is_taken(error: &anyhow::Error) -> bool {
    let error: Option<&io::Error> = error.downcast_ref();
    error.is_some_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

/// Sockets that listen already.
pub struct Bound {
    pub sockets: Sockets,
}

impl Bound {
    /// `None` when the port that nobody asked for is taken: coturn may be here already.
    pub fn bind(loaded: &Loaded, has_tls: bool) -> anyhow::Result<Option<Self>> {
        let config = &loaded.config.turn;
        let is_default = |key| loaded.origin(key) == Origin::Default;
        let plain = is_default("turn.listen");
        let (udp, tcp) = bind_plain(&config.listen, plain)?;
        let (Some(udp), Some(tcp)) = (udp, tcp) else {
            tracing::warn!(
                "no TURN: its port is taken; set turn.listen to another one, or turn.enabled to false"
            );
            return Ok(None);
        };
        let tls = match has_tls {
            true => bind_each(
                &config.tls_listen,
                is_default("turn.tls_listen"),
                driver::bind_tcp,
            )
            .context("turn.tls_listen: cannot listen")?,
            false => Some(Vec::new()),
        };
        let tls = tls.unwrap_or_else(|| {
            tracing::warn!("no TURN over TLS: its port is taken; set turn.tls_listen");
            Vec::new()
        });
        let sockets = Sockets { udp, tcp, tls };
        Ok(Some(Self { sockets }))
    }

    pub fn ports(&self) -> Ports {
        let Sockets { udp, tcp, tls } = &self.sockets;
        let of = |listeners: &[TcpListener]| {
            let first = listeners.first()?.local_addr().ok()?;
            Some(first.port())
        };
        let addresses = udp.iter().filter_map(|socket| socket.local_addr().ok());
        let families = Families::of(addresses);
        let udp = udp
            .first()
            .and_then(|socket: &UdpSocket| socket.local_addr().ok());
        Ports {
            udp: udp.map(|address| address.port()),
            tcp: of(tcp),
            tls: of(tls),
            families,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sockets { udp, tcp, tls } = &self.sockets;
        let udp = udp.iter().map(|socket| ("udp", socket.local_addr()));
        let tcp = tcp.iter().map(|socket| ("tcp", socket.local_addr()));
        let tls = tls.iter().map(|socket| ("tls", socket.local_addr()));
        let mut separator = "";
        for (kind, address) in udp.chain(tcp).chain(tls) {
            if let Ok(address) = address {
                write!(f, "{separator}{kind}/{address}")?;
                separator = " ";
            }
        }
        Ok(())
    }
}

/// As they will be on nodes with this configuration.
pub fn configured_ports(config: &TurnConfig, has_tls: bool) -> Ports {
    let port = |addresses: &[SocketAddr]| addresses.first().map(SocketAddr::port);
    Ports {
        udp: port(&config.listen),
        tcp: port(&config.listen),
        tls: port(&config.tls_listen).filter(|_| has_tls),
        families: Families::of(config.listen.iter().copied()),
    }
}

/// `None` when a default address is taken. One of a family that the machine does not have is
/// passed over if it is a default.
fn bind_each<T>(
    addresses: &[SocketAddr],
    is_default: bool,
    bind: impl Fn(SocketAddr) -> io::Result<T>,
) -> anyhow::Result<Option<Vec<T>>> {
    let mut bound = Vec::new();
    for address in addresses {
        match bind(*address) {
            Ok(socket) => bound.push(socket),
            Err(error) if is_default && error.kind() == io::ErrorKind::AddrInUse => {
                return Ok(None);
            }
            Err(error) if is_default && address.is_ipv6() => {
                tracing::debug!(%error, %address, "no IPv6 for TURN");
            }
            Err(error) => return Err(error).with_context(|| address.to_string()),
        }
    }
    Ok(Some(bound))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Outside;

    fn outside(listen: &str) -> Outside {
        Outside {
            environment: vec![("WECALL_TURN__LISTEN".into(), listen.into())],
            ..Outside::default()
        }
    }

    #[test]
    fn taken_port_is_a_failure_only_if_it_was_asked_for() {
        // Taken by this, or by a server that runs on this machine already.
        let taken = UdpSocket::bind("0.0.0.0:3478");
        let by_default = Loaded::load(&Outside::default()).unwrap();
        assert!(Bound::bind(&by_default, false).unwrap().is_none());
        let asked_for = Loaded::load(&outside("0.0.0.0:3478")).unwrap();
        assert!(Bound::bind(&asked_for, false).is_err());
        drop(taken);
    }

    #[test]
    fn udp_and_tcp_share_the_port_that_the_system_chose() {
        let loaded = Loaded::load(&outside("127.0.0.1:0")).unwrap();
        let ports = Bound::bind(&loaded, false).unwrap().unwrap().ports();
        assert!(ports.udp.is_some());
        assert_eq!(ports.udp, ports.tcp);
        assert_eq!(ports.tls, None);
    }
}
