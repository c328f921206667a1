//! Where people reach the media server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use wecall_sfu::{Addresses, PublicAddress};
use wecall_turn::driver;

/// Addresses that are told at most: a browser tries each of them from each of its own.
const TOLD: usize = 8;

/// The public addresses and those of the interfaces: people on the same network may reach only the
/// latter. Loopback beside them when people come from this machine, and when there is nothing else.
pub fn told(own: &driver::Addresses, from_this_machine: bool) -> Addresses {
    let public = own.public.iter().map(|one| PublicAddress {
        public: one.public,
        local: one.local,
    });
    let mut told: Vec<PublicAddress> = Vec::new();
    for address in public.chain(own.interfaces.iter().copied().map(of_this_machine)) {
        let known = told.iter().any(|other| other.public == address.public);
        if !known && told.len() < TOLD {
            told.push(address);
        }
    }
    if from_this_machine || told.is_empty() {
        let loopback: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        told.extend(loopback.map(of_this_machine));
    }
    Addresses(told)
}

fn of_this_machine(address: IpAddr) -> PublicAddress {
    PublicAddress {
        public: address,
        local: Some(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told_of(public: &[&str], interfaces: &[&str], from_this_machine: bool) -> Vec<String> {
        let own = driver::Addresses {
            public: public
                .iter()
                .map(|public| driver::PublicAddress {
                    public: public.parse().unwrap(),
                    local: None,
                })
                .collect(),
            interfaces: interfaces.iter().map(|one| one.parse().unwrap()).collect(),
        };
        let told = told(&own, from_this_machine).0;
        told.iter().map(|one| one.public.to_string()).collect()
    }

    #[test]
    fn public_and_local_addresses_are_told_once_each() {
        assert_eq!(
            told_of(&["203.0.113.5"], &["10.0.0.5", "203.0.113.5"], false),
            ["203.0.113.5", "10.0.0.5"]
        );
    }

    #[test]
    fn loopback_is_told_where_it_is_of_use() {
        assert_eq!(told_of(&[], &[], false), ["127.0.0.1", "::1"]);
        assert_eq!(
            told_of(&[], &["10.0.0.5"], true),
            ["10.0.0.5", "127.0.0.1", "::1"]
        );
    }
}
