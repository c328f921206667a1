//! Who asks: the connection's other end, or whom a trusted proxy names.

use std::net::IpAddr;

use axum::http::HeaderMap;
use ipnet::IpNet;

use crate::limits::ClientAddr;

/// Goes from the connection backwards through `X-Forwarded-For` for as long as each hop is
/// trusted. What stands further left could be written by anyone.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> ClientAddr {
    let mut client = peer.to_canonical();
    if !is_trusted(client, trusted) {
        return ClientAddr(client);
    }
    let hops = headers
        .get_all("x-forwarded-for")
        .iter()
        .rev()
        .flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
    for hop in hops {
        let Some(address) = parse(hop.trim()) else {
            // What a trusted proxy wrote is not readable: it is the last thing that is known.
            break;
        };
        client = address;
        if !is_trusted(client, trusted) {
            break;
        }
    }
    ClientAddr(client)
}

pub fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|network| network.contains(&address))
}

/// Some proxies add the port.
fn parse(hop: &str) -> Option<IpAddr> {
    let address = hop
        .parse()
        .or_else(|_| hop.parse().map(|socket: std::net::SocketAddr| socket.ip()))
        .or_else(|_| hop.trim_matches(['[', ']']).parse());
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted: Vec<_> = trusted
            .iter()
            .map(|network| network.parse().unwrap())
            .collect();
        client_address(peer.parse().unwrap(), &headers, &trusted)
            .0
            .to_string()
    }

    #[test]
    fn header_counts_for_nothing_without_a_trusted_proxy() {
        assert_eq!(client("198.51.100.1", &["192.0.2.9"], &[]), "198.51.100.1");
        assert_eq!(
            client("198.51.100.1", &["192.0.2.9"], &["10.0.0.0/8"]),
            "198.51.100.1"
        );
    }

    #[test]
    fn first_untrusted_hop_from_the_right_is_the_client() {
        let trusted = ["10.0.0.0/8", "127.0.0.1/32"];
        assert_eq!(
            client("127.0.0.1", &["1.1.1.1, 192.0.2.9, 10.0.0.7"], &trusted),
            "192.0.2.9"
        );
        assert_eq!(
            client("127.0.0.1", &["1.1.1.1", "192.0.2.9,10.0.0.7"], &trusted),
            "192.0.2.9"
        );
        assert_eq!(
            client("::ffff:127.0.0.1", &["192.0.2.9:4711"], &trusted),
            "192.0.2.9"
        );
        assert_eq!(
            client("10.0.0.1", &["[2001:db8::1]:80"], &trusted),
            "2001:db8::1"
        );
    }

    #[test]
    fn unreadable_hop_ends_the_search_at_the_proxy_before_it() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(
            client("10.0.0.1", &["192.0.2.9, unknown, 10.0.0.2"], &trusted),
            "10.0.0.2"
        );
        assert_eq!(client("10.0.0.1", &[], &trusted), "10.0.0.1");
    }
}
