//! Whose a datagram is: by an address that has proven itself, or by the name in its STUN.

use std::net::SocketAddr;

use rustc_hash::FxHashMap;

use crate::{
    engine::{PeerIndex, api::Transport},
    limits,
};

type Remote = (Transport, SocketAddr);

/// An address enters after STUN from it carried the right password, and the newest owner wins: a
/// NAT gives the port of a dead peer to another one.
#[derive(Debug, Default)]
pub struct Demux {
    by_address: FxHashMap<Remote, PeerIndex>,
    by_name: FxHashMap<String, PeerIndex>,
    /// The addresses of each peer, oldest first.
    of_peer: FxHashMap<PeerIndex, Vec<Remote>>,
}

impl Demux {
    pub fn by_address(&self, remote: Remote) -> Option<PeerIndex> {
        self.by_address.get(&remote).copied()
    }

    /// By the part of the STUN user name that the engine chose itself.
    pub fn by_name(&self, name: &str) -> Option<PeerIndex> {
        self.by_name.get(name).copied()
    }

    pub fn add_name(&mut self, name: &str, peer: PeerIndex) {
        self.by_name.insert(name.to_owned(), peer);
    }

    pub fn remove_name(&mut self, name: &str) {
        self.by_name.remove(name);
    }

    pub fn add_address(&mut self, remote: Remote, peer: PeerIndex) {
        match self.by_address.insert(remote, peer) {
            Some(owner) if owner == peer => return,
            Some(owner) => {
                if let Some(addresses) = self.of_peer.get_mut(&owner) {
                    addresses.retain(|other| *other != remote);
                }
            }
            None => {}
        }
        let addresses = self.of_peer.entry(peer).or_default();
        addresses.push(remote);
        if addresses.len() > limits::PEER_ADDRESSES {
            let oldest = addresses.remove(0);
            self.by_address.remove(&oldest);
        }
    }

    pub fn remove_peer(&mut self, peer: PeerIndex) {
        for remote in self.of_peer.remove(&peer).unwrap_or_default() {
            self.by_address.remove(&remote);
        }
    }

    #[cfg(test)]
    pub fn addresses(&self) -> usize {
        self.by_address.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(port: u16) -> Remote {
        (Transport::Udp, SocketAddr::from(([192, 0, 2, 1], port)))
    }

    #[test]
    fn port_that_a_nat_gave_to_another_peer_is_the_other_peers() {
        let mut demux = Demux::default();
        demux.add_address(remote(1), 7);
        demux.add_address(remote(1), 8);
        demux.remove_peer(7);
        assert_eq!(demux.by_address(remote(1)), Some(8));
    }

    #[test]
    fn peer_that_comes_from_everywhere_keeps_its_newest_addresses() {
        let mut demux = Demux::default();
        for port in 1..=100 {
            demux.add_address(remote(port), 7);
        }
        assert_eq!(demux.addresses(), limits::PEER_ADDRESSES);
        assert_eq!(demux.by_address(remote(100)), Some(7));
        assert_eq!(demux.by_address(remote(1)), None);
        demux.remove_peer(7);
        assert_eq!(demux.addresses(), 0);
    }
}
