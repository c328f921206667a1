//! The compose file. There is no Docker here to read it: whatever it refers to exists, and what has
//! to agree does.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::yaml::{self, entries, items, text};
use crate::command;

const SERVICES: [&str; 7] = [
    "node1",
    "node2",
    "node3",
    "haproxy",
    "redis",
    "prometheus",
    "grafana",
];

const NODES: [&str; 3] = ["node1", "node2", "node3"];

pub fn check() -> Result<()> {
    let compose = yaml::read("deploy/compose.yaml")?;
    for name in SERVICES {
        let service = &compose["services"][name];
        ensure!(service.is_object(), "there is no service {name}");
        check_references(&compose, service).with_context(|| format!("service {name}"))?;
    }
    check_addresses(&compose)?;
    check_nodes(&compose)?;
    check_targets()?;
    ensure!(
        compose["services"]["redis"]["healthcheck"]["test"].is_array(),
        "nodes wait for the health of Redis, which has no check"
    );
    println!(
        "{} services, all that they refer to is there",
        SERVICES.len()
    );
    Ok(())
}

fn check_references(compose: &Value, service: &Value) -> Result<()> {
    let image = text(&service["image"]);
    ensure!(image.contains(':'), "the image `{image}` has no version");
    let networks = match &service["networks"] {
        Value::Array(names) => names.iter().map(text).collect(),
        networks => entries(networks)
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>(),
    };
    ensure!(!networks.is_empty(), "it is in no network");
    let mut wanted: Vec<(&str, &str)> = networks
        .into_iter()
        .map(|name| ("networks", name))
        .collect();
    wanted.extend(items(&service["secrets"]).map(|name| ("secrets", text(name))));
    wanted.extend(entries(&service["depends_on"]).map(|(name, _)| ("services", name.as_str())));
    for volume in items(&service["volumes"]) {
        let source = text(volume).split(':').next().unwrap_or_default();
        match source.strip_prefix("./") {
            Some(file) => {
                let path = command::path(Path::new("deploy").join(file));
                ensure!(path.exists(), "{} is not there", path.display());
            }
            None => wanted.push(("volumes", source)),
        }
    }
    for (kind, name) in wanted {
        ensure!(
            compose[kind].get(name).is_some(),
            "`{name}` is not among the {kind}"
        );
    }
    Ok(())
}

fn address<'a>(compose: &'a Value, service: &str) -> &'a str {
    text(&compose["services"][service]["networks"]["front"]["ipv4_address"])
}

/// HAProxy knows the nodes by their addresses, and they know its own.
fn check_addresses(compose: &Value) -> Result<()> {
    let haproxy = &compose["services"]["haproxy"]["environment"];
    let mut addresses = BTreeSet::from([address(compose, "haproxy")]);
    for (number, node) in (1..).zip(NODES) {
        let here = address(compose, node);
        let there = text(&haproxy[format!("WECALL_NODE_{number}")]);
        ensure!(
            there == format!("{here}:8000"),
            "HAProxy looks for {node} at {there}, it is at {here}"
        );
        addresses.insert(here);
        let trusted =
            text(&compose["services"][node]["environment"]["WECALL_SERVER__TRUSTED_PROXIES"]);
        ensure!(
            trusted == format!("{}/32", address(compose, "haproxy")),
            "{node} trusts {trusted}, which is not HAProxy"
        );
    }
    ensure!(
        addresses.len() == NODES.len() + 1,
        "two services have one address"
    );
    Ok(())
}

/// Each has a name, the shared key and Redis, and is given the time that its drain takes.
fn check_nodes(compose: &Value) -> Result<()> {
    for node in NODES {
        let service = &compose["services"][node];
        let environment = &service["environment"];
        ensure!(
            text(&environment["WECALL_CLUSTER__NODE_NAME"]) == node,
            "{node} has another name"
        );
        for name in ["WECALL_REDIS__PASSWORD_FILE", "WECALL_SESSION__KEY_FILE"] {
            let secret = text(&environment[name]).strip_prefix("/run/secrets/");
            let mounted = items(&service["secrets"]).any(|known| Some(text(known)) == secret);
            ensure!(mounted, "{node}: the file of {name} is not mounted");
        }
        let seconds = |value: &Value| seconds(text(value));
        let takes = seconds(&environment["WECALL_SERVER__DRAIN_DELAY"])?
            + seconds(&environment["WECALL_SERVER__DRAIN"])?;
        let given = seconds(&service["stop_grace_period"])?;
        ensure!(given > takes + 5, "{node} is killed while it drains");
    }
    Ok(())
}

fn check_targets() -> Result<()> {
    let prometheus = yaml::read("deploy/prometheus/prometheus.yml")?;
    let mut targets = 0;
    for target in items(&prometheus["scrape_configs"])
        .flat_map(|job| items(&job["static_configs"]))
        .flat_map(|config| items(&config["targets"]))
    {
        let name = text(target).split(':').next().unwrap_or_default();
        ensure!(
            SERVICES.contains(&name),
            "Prometheus asks {name}, which is no service"
        );
        targets += 1;
    }
    ensure!(
        targets == NODES.len() + 1,
        "Prometheus asks {targets} targets"
    );
    Ok(())
}

fn seconds(text: &str) -> Result<u64> {
    match text.strip_suffix('s').map(str::parse) {
        Some(Ok(seconds)) => Ok(seconds),
        _ => bail!("`{text}` is not in seconds"),
    }
}
