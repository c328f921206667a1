use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    ops::RangeInclusive,
    rc::{Rc, Weak},
};

use tokio::{
    sync::watch,
    task::{self, AbortHandle},
};

use super::{
    Addresses, Shared,
    udp::{self, UdpLink},
};
use crate::{ClientId, Family, PortKind, RelayId, RelaySockets};

/// Ports that are tried for a relay. With half of them taken, all of these are in one case of
/// 65,536.
const ATTEMPTS: usize = 16;

struct Relay {
    link: Rc<UdpLink>,
    reading: AbortHandle,
}

/// The sockets of the relayed addresses.
pub struct Relays {
    ports: RangeInclusive<u16>,
    addresses: watch::Receiver<Addresses>,
    open: HashMap<RelayId, Relay>,
    shared: Weak<Shared>,
}

impl Relays {
    pub fn new(ports: RangeInclusive<u16>, addresses: watch::Receiver<Addresses>) -> Self {
        Self {
            ports,
            addresses,
            open: HashMap::new(),
            shared: Weak::new(),
        }
    }

    pub fn belong_to(&mut self, shared: &Rc<Shared>) {
        self.shared = Rc::downgrade(shared);
    }

    pub fn socket(&self, relay: RelayId) -> Option<Rc<UdpLink>> {
        self.open.get(&relay).map(|relay| relay.link.clone())
    }

    /// On a port that cannot be guessed: whoever knew it could send there first.
    fn bind(
        &self,
        client: &ClientId,
        family: Family,
        kind: PortKind,
    ) -> io::Result<(UdpLink, SocketAddr)> {
        let addresses = self.addresses.borrow();
        let Some((bound, told)) = addresses.relay_for(client, family) else {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        };
        let count = u32::from(self.ports.end().saturating_sub(*self.ports.start())) + 1;
        let mut last = io::ErrorKind::AddrInUse.into();
        for _ in 0..ATTEMPTS {
            let random = getrandom::u32().map_err(io::Error::other)?;
            // Within the range, as the remainder is below `count`.
            let mut port = self.ports.start() + (random % count) as u16;
            if kind == PortKind::Even {
                port &= !1;
                if !self.ports.contains(&port) {
                    continue;
                }
            }
            match udp::bind_relay(SocketAddr::new(bound, port)) {
                Ok(socket) => return Ok((UdpLink::new(socket)?, SocketAddr::new(told, port))),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl RelaySockets for Relays {
    fn open(
        &mut self,
        relay: RelayId,
        client: &ClientId,
        family: Family,
        ports: PortKind,
    ) -> Option<SocketAddr> {
        let shared = self.shared.upgrade()?;
        match self.bind(client, family, ports) {
            Ok((link, address)) => {
                let link = Rc::new(link);
                let reading = task::spawn_local(udp::serve_relay(shared, link.clone(), relay));
                let reading = reading.abort_handle();
                self.open.insert(relay, Relay { link, reading });
                Some(address)
            }
            Err(error) => {
                tracing::debug!(%error, ?family, "no socket for a relayed address");
                None
            }
        }
    }

    fn close(&mut self, relay: RelayId) {
        if let Some(relay) = self.open.remove(&relay) {
            relay.reading.abort();
        }
    }
}
