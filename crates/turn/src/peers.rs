//! To whom may be relayed. A relay inside a network is a way around its firewall, so that only
//! addresses of the public internet are open unless the operator opens others; addresses that
//! carry another address inside are judged by both.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

/// What the operator opens.
#[derive(Debug, Clone, Default)]
pub struct PeerPolicy {
    pub networks: Vec<IpNet>,
    /// UDP ports of this machine: those of its media server.
    pub own_ports: Vec<u16>,
}

/// What is of this machine: its services may trust what comes from it.
#[derive(Debug, Clone, Default)]
pub struct Own {
    pub addresses: Vec<IpAddr>,
    /// Of the TURN server itself. What loops through it would do so for ever.
    pub ports: Vec<u16>,
}

impl Own {
    fn listens_at(&self, peer: SocketAddr) -> bool {
        self.is_here(peer.ip()) && self.ports.contains(&peer.port())
    }

    fn is_here(&self, address: IpAddr) -> bool {
        address.is_loopback() || self.addresses.contains(&address)
    }
}

impl PeerPolicy {
    /// Whether something at this address may be a peer.
    pub fn permits(&self, peer: SocketAddr, own: &Own) -> bool {
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let is_own = own.is_here(peer.ip()) && self.own_ports.contains(&peer.port());
        !own.listens_at(peer) && (is_own || self.opens(peer.ip(), own))
    }

    /// Whether any port of this address may be a peer.
    pub fn permits_some_port(&self, peer: IpAddr, own: &Own) -> bool {
        let peer = peer.to_canonical();
        (own.is_here(peer) && !self.own_ports.is_empty()) || self.opens(peer, own)
    }

    fn opens(&self, peer: IpAddr, own: &Own) -> bool {
        let is_opened = self.networks.iter().any(|network| network.contains(&peer));
        is_opened || (is_public(peer) && !own.addresses.contains(&peer))
    }
}

fn is_public(peer: IpAddr) -> bool {
    match peer {
        IpAddr::V4(peer) => is_public_v4(peer),
        IpAddr::V6(peer) => is_public_v6(peer),
    }
}

/// The IANA registry of special addresses, without those that are globally reachable.
fn is_public_v4(peer: Ipv4Addr) -> bool {
    let [a, b, c, _] = peer.octets();
    !(peer.is_private()
        || peer.is_loopback()
        || peer.is_link_local()
        || peer.is_documentation()
        // This network, multicast, and what is reserved with broadcast in it.
        || a == 0
        || a >= 224
        // Carrier-grade NAT, IETF protocols, 6to4 relays, benchmarks.
        || (a == 100 && b & 0xc0 == 64)
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        || (a == 198 && b & 0xfe == 18))
}

fn is_public_v6(peer: Ipv6Addr) -> bool {
    let s = peer.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    // NAT64 of the well-known prefix; other prefixes are of a local network.
    if s[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return is_public_v4(v4(s[6], s[7]));
    }
    // Only 2000::/3 is given out: this leaves out loopback, unspecified, mapped and compatible
    // IPv4, unique local, link-local, site-local and multicast.
    if s[0] & 0xe000 != 0x2000 {
        return false;
    }
    match (s[0], s[1]) {
        // 6to4.
        (0x2002, _) => is_public_v4(v4(s[1], s[2])),
        // IETF protocols, Teredo and ORCHID among them: 2001::/23.
        (0x2001, 0..=0x01ff) => false,
        // Documentation.
        (0x2001, 0x0db8) | (0x3fff, 0..=0x0fff) => false,
        // ISATAP carries IPv4 in the host part (RFC 5214).
        _ if s[4] & 0xfdff == 0 && s[5] == 0x5efe => is_public_v4(v4(s[6], s[7])),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Own {
        Own {
            addresses: vec!["198.51.99.7".parse().unwrap()],
            ports: vec![3_478],
        }
    }

    fn permits(policy: &PeerPolicy, peer: &str) -> bool {
        policy.permits(SocketAddr::new(peer.parse().unwrap(), 4_000), &own())
    }

    #[test]
    fn public_addresses_are_open() {
        let policy = PeerPolicy::default();
        for peer in [
            "8.8.8.8",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "2a00:1450::1",
            "2002:808:808::1",
            "64:ff9b::8.8.8.8",
        ] {
            assert!(permits(&policy, peer), "{peer}");
        }
    }

    #[test]
    fn private_addresses_are_closed_in_every_disguise() {
        let policy = PeerPolicy::default();
        let closed = [
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "198.51.99.7",
        ];
        for peer in closed {
            assert!(!permits(&policy, peer), "{peer}");
            let Ok(v4) = peer.parse::<Ipv4Addr>() else {
                panic!("{peer}");
            };
            let [a, b, c, d] = v4.octets();
            // The own address is public, and in a disguise nobody's in particular.
            if peer != "198.51.99.7" {
                for disguise in [
                    format!("64:ff9b::{peer}"),
                    format!("2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1"),
                    format!("2a00:1450::5efe:{peer}"),
                    format!("2a00:1450::200:5efe:{peer}"),
                ] {
                    assert!(!permits(&policy, &disguise), "{disguise}");
                }
            }
            for disguise in [
                format!("::ffff:{peer}"),
                format!("::{peer}"),
                format!("64:ff9b:1::{peer}"),
                format!("2001::{peer}"),
                format!("fe80::5efe:{peer}"),
            ] {
                assert!(!permits(&policy, &disguise), "{disguise}");
            }
        }
        for peer in [
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "2001:10::1",
            "3fff:1::1",
            "100::1",
            "4000::1",
            "5f00::1",
        ] {
            assert!(!permits(&policy, peer), "{peer}");
        }
    }

    #[test]
    fn what_the_operator_opens_is_open_and_no_more() {
        let policy = PeerPolicy {
            networks: vec!["10.1.0.0/16".parse().unwrap()],
            own_ports: vec![4_000],
        };
        assert!(permits(&policy, "10.1.2.3"));
        assert!(permits(&policy, "::ffff:10.1.2.3"));
        assert!(!permits(&policy, "10.2.2.3"));
        assert!(permits(&policy, "127.0.0.1"));
        assert!(permits(&policy, "198.51.99.7"));
        assert!(!policy.permits("127.0.0.1:4001".parse().unwrap(), &own()));
        assert!(policy.permits_some_port("127.0.0.1".parse().unwrap(), &own()));
        assert!(!policy.permits_some_port("10.2.2.3".parse().unwrap(), &own()));
    }

    #[test]
    fn own_listening_port_is_closed_even_where_the_operator_opens_all() {
        let policy = PeerPolicy {
            networks: vec!["0.0.0.0/0".parse().unwrap()],
            own_ports: vec![3_478],
        };
        for (peer, is_open) in [
            ("198.51.99.7:3478", false),
            ("127.0.0.1:3478", false),
            ("198.51.99.7:3479", true),
            ("10.0.0.1:3478", true),
        ] {
            assert_eq!(
                policy.permits(peer.parse().unwrap(), &own()),
                is_open,
                "{peer}"
            );
        }
    }
}
