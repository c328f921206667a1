use std::{io, net::TcpListener};

use super::finding::Finding;
use crate::{
    config::{Loaded, MetricsListen},
    healthcheck, lifecycle,
};

/// Whether a server with this configuration runs already.
pub fn http(loaded: &Loaded, findings: &mut Vec<Finding>) -> bool {
    let address = lifecycle::listen_address(loaded);
    let error = match TcpListener::bind(address) {
        Ok(_) => {
            findings.push(Finding::ok("listen", format!("{address} is free for HTTP")));
            return false;
        }
        Err(error) => error,
    };
    let url = healthcheck::configured_url(loaded);
    if error.kind() == io::ErrorKind::AddrInUse
        && healthcheck::get(&url, "/health").is_ok_and(|answer| answer.body.contains("\"healthy\""))
    {
        findings.push(Finding::ok("listen", format!("WeCall runs at {url}")));
        return true;
    }
    findings.push(match error.kind() {
        io::ErrorKind::AddrInUse => Finding::problem(
            "listen",
            format!("{address} is taken by another program"),
            "stop that program, or set server.listen to another port",
        ),
        io::ErrorKind::PermissionDenied => Finding::problem(
            "listen",
            format!("{address}: ports below 1024 are for privileged programs"),
            "use a higher port behind a proxy, or grant CAP_NET_BIND_SERVICE",
        ),
        _ => Finding::problem(
            "listen",
            format!("cannot listen on {address}: {error}"),
            "set server.listen to an address of this machine",
        ),
    });
    false
}

pub fn metrics(loaded: &Loaded, is_running: bool, findings: &mut Vec<Finding>) {
    let MetricsListen::On(address) = loaded.config.metrics.listen else {
        return;
    };
    match TcpListener::bind(address) {
        Ok(_) => findings.push(Finding::ok(
            "metrics",
            format!("{address} is free for metrics"),
        )),
        Err(_) if is_running => {
            findings.push(Finding::ok(
                "metrics",
                format!("{address} is in use, as it should be"),
            ));
        }
        Err(error) => findings.push(Finding::warning(
            "metrics",
            format!("no metrics at {address}: {error}"),
            "set metrics.listen to another address, or to off",
        )),
    }
}
