//! The sockets of the media server.

use std::{
    io,
    net::{Ipv6Addr, SocketAddr, UdpSocket},
    thread,
};

use anyhow::Context;
use tokio::sync::mpsc;
use wecall_sfu::{Addresses, Event, Sfu, SfuConfig};

use crate::{
    clock::Clock,
    config::{Loaded, Origin},
};

/// Starts the media engine. Where a default port is taken, as by another server on this machine, it
/// takes free ones; those that were asked for must be free.
pub fn start(
    loaded: &Loaded,
    addresses: &Addresses,
) -> anyhow::Result<(Sfu, mpsc::Receiver<Event>)> {
    let config = &loaded.config.media;
    let is_default = |key| loaded.origin(key) == Origin::Default;
    let (udp_default, tcp_default) = (is_default("media.listen"), is_default("media.tcp_listen"));
    let start = |udp, tcp| {
        Sfu::start(SfuConfig {
            shards: shards(config.shards),
            udp,
            tcp,
            addresses: addresses.clone(),
            now: Clock::read,
            random,
        })
    };
    let udp = there(&config.listen, udp_default);
    let tcp = there(&config.tcp_listen, tcp_default);
    let started = match start(udp.clone(), tcp.clone()) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && (udp_default || tcp_default) => {
            tracing::warn!(
                "a default port of the media server is taken, so it listens at free ones, which no \
                 firewall knows; set media.listen and media.tcp_listen"
            );
            start(
                at_free_ports(udp, udp_default),
                at_free_ports(tcp, tcp_default),
            )
        }
        started => started,
    };
    started.context("media.listen, media.tcp_listen: cannot listen")
}

fn shards(configured: u16) -> usize {
    match configured {
        0 => thread::available_parallelism().map_or(1, usize::from),
        shards => shards.into(),
    }
}

/// Without addresses of a family that the machine does not have, if nobody asked for them.
fn there(addresses: &[SocketAddr], is_default: bool) -> Vec<SocketAddr> {
    let has_ipv6 = || UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).is_ok();
    let mut addresses = addresses.to_vec();
    if is_default && !has_ipv6() {
        addresses.retain(SocketAddr::is_ipv4);
    }
    addresses
}

fn at_free_ports(mut addresses: Vec<SocketAddr>, is_default: bool) -> Vec<SocketAddr> {
    if is_default {
        addresses.iter_mut().for_each(|address| address.set_port(0));
    }
    addresses
}

fn random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("it gave the session key its bytes");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Outside;

    fn loaded(variables: &[(&str, &str)]) -> Loaded {
        let shards = [("WECALL_MEDIA__SHARDS", "1")];
        let environment = shards.iter().chain(variables);
        Loaded::load(&Outside {
            environment: environment
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            ..Outside::default()
        })
        .unwrap()
    }

    #[test]
    fn taken_port_is_a_failure_only_if_it_was_asked_for() {
        // Taken by this, or by a server that runs on this machine already.
        let taken = UdpSocket::bind("0.0.0.0:7882");
        let nowhere = Addresses::default();
        let (sfu, _events) = start(&loaded(&[]), &nowhere).unwrap();
        let ports = sfu.listening().udp.iter().map(SocketAddr::port);
        assert!({ ports }.all(|port| port != 7_882 && port != 0));
        let asked_for = loaded(&[("WECALL_MEDIA__LISTEN", "0.0.0.0:7882")]);
        assert!(start(&asked_for, &nowhere).is_err());
        drop(taken);
    }
}
