//! What forwarding costs: streams with many viewers, many small rooms, rooms of participants with
//! layers, and both cores.

mod growth;
mod plot;
mod scenario;
mod server;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use self::{
    growth::Growth,
    scenario::{Load, Sample},
};
use crate::{
    Error, process,
    process::Machine,
    report::{Failure, Figure, Report, Spec, Target},
};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// A server that prints its address and answers `POST /whip/{room}`, `/whep/{room}` and
    /// `/join/{room}`.
    #[arg(long, value_name = "FILE", required_unless_present = "url")]
    pub server: Option<PathBuf>,
    /// A server that runs already, at HOST:PORT. Its process is told by `--pid`.
    #[arg(long, value_name = "ADDRESS", requires = "pid")]
    pub url: Option<SocketAddr>,
    #[arg(long)]
    pub pid: Option<i32>,
    /// The core that a server started here runs on. This tool should run on another (`taskset`).
    #[arg(long, default_value_t = 0)]
    pub core: usize,
    /// Where to write the figures as JSON.
    #[arg(long, value_name = "FILE", default_value = "target/bench/media.json")]
    pub json: PathBuf,
    /// Where to draw how cost grows with viewers, rooms and publishers. Only what was measured in
    /// full is drawn.
    #[arg(long, value_name = "DIR")]
    pub plots: Option<PathBuf>,
    /// Fewer and shorter runs.
    #[arg(long)]
    pub quick: bool,
    /// Only these scenarios, by name: 1x50, 1x100, 1x200, 1x800, 10x10, room50, room25, cores.
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,
}

impl Options {
    const fn runs(&self) -> usize {
        if self.quick { 1 } else { 3 }
    }

    const fn duration(&self) -> Duration {
        Duration::from_secs(if self.quick { 3 } else { 5 })
    }

    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }
}

pub fn run(options: &Options) -> Result<Report, Error> {
    process::allow_sockets(2_000)?;
    let mut report = Report {
        machine: Machine::this(),
        quick: options.quick,
        figures: Vec::new(),
        failures: Vec::new(),
    };
    let mut growth = Growth::default();
    for scenario in scenario::SCENARIOS {
        if !options.wants(scenario.name) {
            continue;
        }
        eprintln!("{} ...", scenario.name);
        match scenario.measure(options) {
            Ok((figures, sample)) => {
                report.figures.extend(figures);
                growth.add(scenario.load, sample);
            }
            Err(error) => report.failures.push(Failure {
                scenario: scenario.name,
                reason: error.to_string(),
            }),
        }
    }
    if options.wants(CORES) {
        eprintln!("{CORES} ...");
        match both_cores(options) {
            Ok(figure) => report.figures.extend(figure),
            Err(error) => report.failures.push(Failure {
                scenario: CORES,
                reason: error.to_string(),
            }),
        }
    }
    let everything = options.only.is_empty() && !options.quick;
    if let (Some(folder), true) = (&options.plots, everything)
        && let Err(error) = growth.measure(options).and_then(|()| growth.draw(folder))
    {
        report.failures.push(Failure {
            scenario: "plots",
            reason: error.to_string(),
        });
    }
    Ok(report)
}

const CORES: &str = "cores";

/// Rooms enough that each shard has some: the same ones on one shard and on two.
const SPREAD: Load = Load {
    rooms: 16,
    publishers: 1,
    viewers: 12,
    members: 0,
    slots: 1,
};

/// Both cores hold the server's two shards while this tool takes a part of one of them, so what they
/// could forward at most is told by what a packet costs them.
fn both_cores(options: &Options) -> Result<Option<Figure>, Error> {
    let spec = Spec {
        key: "media.cores",
        what: "two shards on both cores, capacity against one shard on one core",
        unit: "x",
        target: Some(Target::AtLeast(1.8)),
    };
    let mut ratios = Vec::new();
    for _ in 0..options.runs() {
        let one = Sample::take(options, &SPREAD, 1, options.duration())?;
        let two = Sample::take(options, &SPREAD, 2, options.duration())?;
        ratios.push(2.0 * one.cpu / two.cpu);
    }
    Ok(Figure::new(spec, ratios))
}
