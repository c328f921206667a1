use std::net::IpAddr;

use super::finding::Finding;
use crate::{
    config::{Loaded, TlsMode},
    lan, lifecycle,
};

pub fn look(loaded: &Loaded, findings: &mut Vec<Finding>) {
    let interfaces = lan::addresses();
    findings.push(advertised(loaded, &interfaces));
    findings.push(secure_context(loaded));
}

fn advertised(loaded: &Loaded, interfaces: &[IpAddr]) -> Finding {
    let public = &loaded.config.media.public_addresses;
    let listed = |addresses: &[IpAddr]| {
        let texts: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        texts.join(", ")
    };
    let foreign = public
        .iter()
        .filter_map(|address| address.local)
        .find(|local| !interfaces.contains(local));
    if let Some(local) = foreign {
        return Finding::problem(
            "addresses",
            format!("media.public_addresses names {local}, which no interface has"),
            format!("this machine has {}", listed(interfaces)),
        );
    }
    if !public.is_empty() {
        let told: Vec<_> = public.iter().map(|address| address.public).collect();
        return Finding::ok("addresses", format!("told to browsers: {}", listed(&told)));
    }
    match interfaces
        .iter()
        .copied()
        .find(|address| is_public(*address))
    {
        Some(_) => Finding::ok(
            "addresses",
            format!("this machine has {}", listed(interfaces)),
        ),
        None if interfaces.is_empty() => Finding::warning(
            "addresses",
            "this machine is on no network",
            "connect it, or set media.public_addresses",
        ),
        None => Finding::warning(
            "addresses",
            format!(
                "this machine has only private addresses: {}",
                listed(interfaces)
            ),
            "fine inside a local network; for people on the internet, set \
             media.public_addresses to the address that they reach, and forward the ports of TURN",
        ),
    }
}

fn is_public(address: IpAddr) -> bool {
    let open = wecall_turn::PeerPolicy::default();
    open.permits_some_port(address, &wecall_turn::Own::default())
}

fn secure_context(loaded: &Loaded) -> Finding {
    let config = &loaded.config;
    let listen = lifecycle::listen_address(loaded);
    match config.tls.mode() {
        TlsMode::Lan | TlsMode::Files { .. } => Finding::ok(
            "secure-context",
            "pages come by HTTPS, so that browsers give cameras",
        ),
        TlsMode::Off if !config.server.trusted_proxies.is_empty() => Finding::ok(
            "secure-context",
            "a proxy is trusted; it has to serve HTTPS, or browsers give no camera",
        ),
        TlsMode::Off if listen.ip().is_loopback() => Finding::warning(
            "secure-context",
            "only this machine reaches the server, at localhost",
            "for others: --lan in a local network, tls.cert_file, or a proxy for HTTPS",
        ),
        TlsMode::Off => Finding::problem(
            "secure-context",
            "pages come by plain HTTP: browsers give no camera to anyone on another machine",
            "use --lan, tls.cert_file, or a proxy for HTTPS that stands in server.trusted_proxies",
        ),
    }
}
