//! Which addresses peers are told, and which of the machine's own belong to them.

use std::net::{IpAddr, SocketAddr};

use crate::engine::{Advertised, Transport};

/// One address that peers are told. The ports are those of the sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicAddress {
    pub public: IpAddr,
    /// The machine's own address behind it, where a NAT maps one to one.
    pub local: Option<IpAddr>,
}

/// All of them, those to prefer first: a LAN may have its own beside the public one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses(pub Vec<PublicAddress>);

impl Addresses {
    pub fn advertised(&self, udp: &[SocketAddr], tcp: &[SocketAddr]) -> Vec<Advertised> {
        let mut advertised = Vec::new();
        for (transport, sockets) in [(Transport::Udp, udp), (Transport::Tcp, tcp)] {
            for address in &self.0 {
                let alike = sockets
                    .iter()
                    .find(|socket| socket.is_ipv4() == address.public.is_ipv4());
                advertised.extend(alike.map(|socket| Advertised {
                    address: SocketAddr::new(address.public, socket.port()),
                    transport,
                }));
            }
        }
        advertised
    }

    /// The public address that a datagram to `local` was sent to.
    pub fn public(&self, local: IpAddr) -> IpAddr {
        let local = local.to_canonical();
        let mapped = self.0.iter().find(|address| address.local == Some(local));
        mapped.map_or(local, |address| address.public)
    }

    /// The own address to send from for a public one: without it, a machine with several would
    /// answer from another than it was asked at.
    pub fn local(&self, public: IpAddr, own: &[IpAddr]) -> Option<IpAddr> {
        let known = self.0.iter().find(|address| address.public == public);
        known
            .and_then(|address| address.local)
            .or_else(|| own.contains(&public).then_some(public))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nat_is_undone_in_both_directions() {
        let (public, local): (IpAddr, IpAddr) =
            ("203.0.113.7".parse().unwrap(), "10.0.0.7".parse().unwrap());
        let addresses = Addresses(vec![PublicAddress {
            public,
            local: Some(local),
        }]);
        assert_eq!(addresses.public(local), public);
        assert_eq!(addresses.local(public, &[]), Some(local));
        let lan: IpAddr = "192.168.1.2".parse().unwrap();
        assert_eq!(addresses.public(lan), lan);
        assert_eq!(
            addresses.local(lan, &[]),
            None,
            "may not be an address of this machine"
        );
        assert_eq!(addresses.local(lan, &[lan]), Some(lan));
    }

    #[test]
    fn each_address_has_the_port_of_its_family() {
        let addresses = Addresses(
            ["192.0.2.1", "2001:db8::1"]
                .map(|public| PublicAddress {
                    public: public.parse().unwrap(),
                    local: None,
                })
                .to_vec(),
        );
        let udp = ["0.0.0.0:5".parse().unwrap(), "[::]:6".parse().unwrap()];
        let advertised = addresses.advertised(&udp, &["0.0.0.0:7".parse().unwrap()]);
        let told: Vec<String> = advertised
            .iter()
            .map(|one| one.address.to_string())
            .collect();
        assert_eq!(told, ["192.0.2.1:5", "[2001:db8::1]:6", "192.0.2.1:7"]);
    }
}
