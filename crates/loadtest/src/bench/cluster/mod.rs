//! The benchmark of many nodes: three of them over a real Redis, all on this machine.

mod cost;
mod failover;
mod joins;
mod nodes;
mod patience;
mod redis;
mod relay;
mod survivor;

use std::{path::PathBuf, time::Duration};

use crate::{
    Error, process,
    report::{Figure, Report},
};

use super::{chosen, repeat, report};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The server's binary, a release build.
    #[arg(long, value_name = "FILE")]
    pub server: PathBuf,
    /// Where to write the figures as JSON.
    #[arg(long, value_name = "FILE", default_value = "target/bench/cluster.json")]
    pub json: PathBuf,
    /// Fewer and shorter runs.
    #[arg(long)]
    pub quick: bool,
    /// Only these scenarios.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub only: Vec<Scenario>,
    /// Participants of the scenarios that fill the nodes.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub participants: usize,
    /// Participants of the scenario that loses a node: a third of them is there.
    #[arg(long, value_name = "N", default_value_t = 900)]
    pub survivors: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    Relay,
    Joins,
    Failover,
    Memory,
    Cpu,
}

impl Scenario {
    const ALL: [Self; 5] = [
        Self::Relay,
        Self::Joins,
        Self::Failover,
        Self::Memory,
        Self::Cpu,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Joins => "joins",
            Self::Failover => "failover",
            Self::Memory => "memory",
            Self::Cpu => "cpu",
        }
    }

    fn measure(self, options: &Options) -> Result<Vec<Figure>, Error> {
        let runs = if options.quick { 2 } else { 5 };
        match self {
            Self::Relay => repeat(runs, &relay::FIGURES, || relay::measure(options)),
            Self::Joins => repeat(runs, &joins::FIGURES, || joins::measure(options)),
            Self::Failover => repeat(runs, &failover::FIGURES, || failover::measure(options)),
            Self::Memory => repeat(runs, &cost::MEMORY, || cost::memory(options)),
            Self::Cpu => repeat(runs, &cost::CPU, || cost::cpu(options)),
        }
    }
}

impl Options {
    /// How long a scenario under load is measured.
    fn duration(&self) -> Duration {
        Duration::from_secs(if self.quick { 3 } else { 10 })
    }
}

/// Runs the scenarios and tells on stderr which one is under way.
pub fn run(options: &Options) -> Result<Report, Error> {
    if !options.server.is_file() {
        return Err(Error::Missing(options.server.clone()));
    }
    process::allow_sockets(options.participants.max(options.survivors))?;
    let scenarios = chosen(&Scenario::ALL, &options.only);
    Ok(report(
        options.quick,
        scenarios,
        Scenario::name,
        |scenario| scenario.measure(options),
    ))
}
