//! The benchmark of signaling: each scenario starts a server of its own, runs it hard, and gives
//! figures beside what they have to reach.

mod bundle;
pub mod cluster;
mod cpu;
mod join;
pub mod media;
mod memory;
mod node;
mod relay;
pub mod room;
mod rooms;
mod server;
mod startup;
pub mod turn;

use std::{path::PathBuf, time::Duration};

use crate::{
    Error, process,
    process::Machine,
    report::{Failure, Figure, Report, Spec},
};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The server's binary, a release build.
    #[arg(long, value_name = "FILE")]
    pub server: PathBuf,
    /// Where to write the figures as JSON.
    #[arg(long, value_name = "FILE", default_value = "target/bench/signal.json")]
    pub json: PathBuf,
    /// Fewer and shorter runs.
    #[arg(long)]
    pub quick: bool,
    /// Only these scenarios.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub only: Vec<Scenario>,
    /// Participants of the scenarios that fill the server.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub participants: usize,
    /// The folder of the web client, built.
    #[arg(long, value_name = "DIR", default_value = "web")]
    pub web: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    Memory,
    Relay,
    Cpu,
    Rooms,
    Startup,
    Bundle,
    Join,
}

impl Scenario {
    const ALL: [Self; 7] = [
        Self::Memory,
        Self::Relay,
        Self::Cpu,
        Self::Rooms,
        Self::Join,
        Self::Bundle,
        Self::Startup,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Relay => "relay",
            Self::Cpu => "cpu",
            Self::Rooms => "rooms",
            Self::Startup => "startup",
            Self::Bundle => "bundle",
            Self::Join => "join",
        }
    }

    fn measure(self, options: &Options) -> Result<Vec<Figure>, Error> {
        let runs = if options.quick { 2 } else { 5 };
        let starts = if options.quick { 4 } else { 10 };
        match self {
            Self::Memory => repeat(runs, &memory::FIGURES, || memory::measure(options)),
            Self::Relay => repeat(runs, &relay::FIGURES, || relay::measure(options)),
            Self::Cpu => repeat(runs, &cpu::FIGURES, || cpu::measure(options)),
            Self::Rooms => repeat(runs, &rooms::FIGURES, || rooms::measure(options)),
            Self::Startup => repeat(starts, &startup::FIGURES, || startup::measure(options)),
            Self::Bundle => repeat(1, &bundle::FIGURES, || bundle::measure(options)),
            Self::Join => join::measure(options, if options.quick { 3 } else { 9 }),
        }
    }
}

impl Options {
    /// Rooms of two that hold all participants.
    fn pairs(&self) -> usize {
        self.participants / 2
    }

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
    process::allow_sockets(options.participants)?;
    let scenarios = chosen(&Scenario::ALL, &options.only);
    Ok(report(
        options.quick,
        scenarios,
        Scenario::name,
        |scenario| scenario.measure(options),
    ))
}

/// Those of `all` that are asked for: all, when none is named.
fn chosen<S: Copy + PartialEq>(all: &[S], only: &[S]) -> Vec<S> {
    let is_chosen = |scenario: &S| only.is_empty() || only.contains(scenario);
    all.iter().copied().filter(is_chosen).collect()
}

/// Runs scenarios one after the other.
fn report<S: Copy>(
    quick: bool,
    scenarios: Vec<S>,
    name: impl Fn(S) -> &'static str,
    measure: impl Fn(S) -> Result<Vec<Figure>, Error>,
) -> Report {
    let mut report = Report {
        machine: Machine::this(),
        quick,
        figures: Vec::new(),
        failures: Vec::new(),
    };
    for scenario in scenarios {
        eprintln!("{} ...", name(scenario));
        match measure(scenario) {
            Ok(figures) => report.figures.extend(figures),
            Err(error) => report.failures.push(Failure {
                scenario: name(scenario),
                reason: error.to_string(),
            }),
        }
    }
    report
}

/// Measures `runs` times; each time gives one value for each of `specs`.
fn repeat<const N: usize>(
    runs: usize,
    specs: &[Spec; N],
    measure: impl Fn() -> Result<[f64; N], Error>,
) -> Result<Vec<Figure>, Error> {
    let mut series = [const { Vec::new() }; N];
    for _ in 0..runs {
        for (values, value) in series.iter_mut().zip(measure()?) {
            values.push(value);
        }
    }
    let figures = specs.iter().zip(series);
    Ok(figures
        .filter_map(|(spec, values)| Figure::new(*spec, values))
        .collect())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn each_figure_gets_its_value_of_each_run() {
        let spec = |key| Spec {
            key,
            what: "",
            unit: "",
            target: None,
        };
        let run = Cell::new(0.0);
        let figures = repeat(3, &[spec("a"), spec("b")], || {
            run.set(run.get() + 1.0);
            Ok([run.get(), 10.0 * run.get()])
        })
        .unwrap();
        assert_eq!(figures[0].runs, [1.0, 2.0, 3.0]);
        assert_eq!(figures[1].runs, [10.0, 20.0, 30.0]);
    }
}
