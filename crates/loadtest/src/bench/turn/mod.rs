//! What it costs to relay a packet, here and in coturn, with the same load one after the other.

mod load;
mod servers;

use std::{path::PathBuf, time::Duration};

use servers::Relay;

use crate::{
    Error,
    process::Machine,
    report::{Failure, Figure, Report, Spec, Target},
};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The server's binary, a release build.
    #[arg(long, value_name = "FILE")]
    pub server: PathBuf,
    /// Where to write the figures as JSON.
    #[arg(long, value_name = "FILE", default_value = "target/bench/turn.json")]
    pub json: PathBuf,
    /// Fewer and shorter runs.
    #[arg(long)]
    pub quick: bool,
}

/// Clients that send at once, each to a peer of its own.
const CLIENTS: usize = 20;

/// As video packets are.
const PACKET_BYTES: usize = 1_100;

const fn told(key: &'static str, what: &'static str) -> Spec {
    Spec {
        key,
        what,
        unit: "µs",
        target: None,
    }
}

const fn ratio(key: &'static str, what: &'static str) -> Spec {
    Spec {
        key,
        what,
        unit: "x",
        target: Some(Target::AtMost(1.0)),
    }
}

/// In the order of what [`measure`] gives.
const FIGURES: [Spec; 6] = [
    told(
        "turn.to-peer.ours",
        "server CPU per packet from client to peer",
    ),
    told("turn.to-peer.coturn", "the same, coturn"),
    ratio("turn.to-peer.ratio", "ours against coturn's"),
    told(
        "turn.to-client.ours",
        "server CPU per packet from peer to client",
    ),
    told("turn.to-client.coturn", "the same, coturn"),
    ratio("turn.to-client.ratio", "ours against coturn's"),
];

pub fn run(options: &Options) -> Result<Report, Error> {
    if !options.server.is_file() {
        return Err(Error::Missing(options.server.clone()));
    }
    let mut report = Report {
        machine: Machine::this(),
        quick: options.quick,
        figures: Vec::new(),
        failures: Vec::new(),
    };
    let runs = if options.quick { 1 } else { 3 };
    match super::repeat(runs, &FIGURES, || measure(options)) {
        Ok(figures) => report.figures.extend::<Vec<Figure>>(figures),
        Err(error) => report.failures.push(Failure {
            scenario: "turn",
            reason: error.to_string(),
        }),
    }
    Ok(report)
}

fn measure(options: &Options) -> Result<[f64; 6], Error> {
    let duration = Duration::from_secs(if options.quick { 3 } else { 8 });
    let ours = load::cost(&Relay::ours(&options.server)?, duration)?;
    let coturn = load::cost(&Relay::coturn()?, duration)?;
    Ok([
        ours.to_peer_us,
        coturn.to_peer_us,
        ours.to_peer_us / coturn.to_peer_us,
        ours.to_client_us,
        coturn.to_client_us,
        ours.to_client_us / coturn.to_client_us,
    ])
}
