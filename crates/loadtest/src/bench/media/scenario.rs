//! One server under one load, and what of it has a target.

use std::time::Duration;

use super::{Options, server::Server};
use crate::{
    Error,
    media::{Crowd, Outcome, Population},
    process,
    report::{Figure, Spec, Target},
    stats,
};

pub type Load = Population;

/// Keyframes have to come, and estimates have to find out that the path is wide.
const SETTLE: Duration = Duration::from_secs(6);

pub struct Scenario {
    pub name: &'static str,
    what: &'static str,
    pub load: Load,
    targets: Targets,
}

/// None: told for its own sake.
struct Targets {
    cpu_us: Option<f64>,
    core_percent: Option<f64>,
    p99_ms: Option<f64>,
    rss_kib: Option<f64>,
}

const NONE: Targets = Targets {
    cpu_us: None,
    core_percent: None,
    p99_ms: None,
    rss_kib: None,
};

const fn stream(rooms: usize, viewers: usize) -> Load {
    Load {
        rooms,
        publishers: 1,
        viewers,
        members: 0,
        slots: 1,
    }
}

const fn room(members: usize, slots: usize) -> Load {
    Load {
        rooms: 1,
        publishers: 0,
        viewers: 0,
        members,
        slots,
    }
}

pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "1x50",
        what: "1 → 50",
        load: stream(1, 50),
        targets: Targets {
            cpu_us: Some(6.0),
            p99_ms: Some(2.0),
            ..NONE
        },
    },
    Scenario {
        name: "1x100",
        what: "1 → 100",
        load: stream(1, 100),
        targets: Targets {
            cpu_us: Some(6.0),
            rss_kib: Some(256.0),
            ..NONE
        },
    },
    Scenario {
        name: "1x200",
        what: "1 → 200",
        load: stream(1, 200),
        targets: Targets {
            cpu_us: Some(6.0),
            p99_ms: Some(5.0),
            rss_kib: Some(256.0),
            ..NONE
        },
    },
    Scenario {
        name: "10x10",
        what: "10 × 1 → 10",
        load: stream(10, 10),
        targets: Targets {
            cpu_us: Some(8.0),
            ..NONE
        },
    },
    Scenario {
        name: "1x800",
        what: "1 → 800",
        load: stream(1, 800),
        targets: Targets {
            p99_ms: Some(10.0),
            ..NONE
        },
    },
    Scenario {
        name: "room50",
        what: "50 people, 3 layers, 9 tiles",
        load: room(50, 9),
        targets: Targets {
            core_percent: Some(60.0),
            ..NONE
        },
    },
    Scenario {
        name: "room25",
        what: "25 people, 3 layers, 25 slots",
        load: room(25, 25),
        targets: Targets {
            rss_kib: Some(1_536.0),
            ..NONE
        },
    },
];

/// What came of one run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sample {
    /// Of the server, for a packet that a receiver got, in µs.
    pub cpu: f64,
    /// The same as a share of one core, in percent.
    pub core: f64,
    /// From the publisher's socket into the receiver's, in ms.
    pub p50: f64,
    pub p99: f64,
    /// In percent.
    pub lost: f64,
    /// A receiver, in KiB.
    pub rss: f64,
}

impl Sample {
    pub fn take(
        options: &Options,
        load: &Load,
        shards: usize,
        duration: Duration,
    ) -> Result<Self, Error> {
        let server = Server::find(options, shards)?;
        let empty = process::resident_bytes(server.pid)?;
        let mut crowd = Crowd::join(server.addr, load)?;
        crowd.run(SETTLE, false)?;
        let before = process::time_on_cores(server.pid)?;
        crowd.run(duration, true)?;
        let cpu = process::time_on_cores(server.pid)?.saturating_sub(before);
        let resident = process::resident_bytes(server.pid)?;
        let Outcome {
            packets,
            lost,
            latencies,
        } = crowd.outcome();
        if packets == 0 {
            return Err(Error::Media("no packet came".into()));
        }
        Ok(Self {
            cpu: cpu.as_secs_f64() * 1e6 / packets as f64,
            core: cpu.as_secs_f64() / duration.as_secs_f64() * 100.0,
            p50: latencies.quantile_ms(0.5),
            p99: latencies.quantile_ms(0.99),
            lost: lost as f64 / (packets + lost) as f64 * 100.0,
            rss: resident.saturating_sub(empty) as f64 / 1024.0 / load.receivers() as f64,
        })
    }

    /// The median of each figure by itself.
    fn median(samples: &[Self]) -> Self {
        let of = |figure: Reading| {
            let values: Vec<f64> = samples.iter().map(figure).collect();
            stats::median(&values).unwrap_or_default()
        };
        Self {
            cpu: of(|sample| sample.cpu),
            core: of(|sample| sample.core),
            p50: of(|sample| sample.p50),
            p99: of(|sample| sample.p99),
            lost: of(|sample| sample.lost),
            rss: of(|sample| sample.rss),
        }
    }
}

/// Which figure of a sample it is.
type Reading = fn(&Sample) -> f64;

impl Scenario {
    pub fn measure(&self, options: &Options) -> Result<(Vec<Figure>, Sample), Error> {
        let samples = (0..options.runs())
            .map(|_| Sample::take(options, &self.load, 1, options.duration()))
            .collect::<Result<Vec<_>, _>>()?;
        let figures = self
            .specs()
            .into_iter()
            .filter_map(|(spec, figure)| Figure::new(spec, samples.iter().map(figure).collect()));
        Ok((figures.collect(), Sample::median(&samples)))
    }

    fn specs(&self) -> [(Spec, Reading); 6] {
        let Targets {
            cpu_us,
            core_percent,
            p99_ms,
            rss_kib,
        } = self.targets;
        let told = |key: &str, what: &str, unit, bound: Option<f64>| Spec {
            key: format!("media.{}.{key}", self.name).leak(),
            what: format!("{}: {what}", self.what).leak(),
            unit,
            target: bound.map(Target::AtMost),
        };
        [
            (
                told("cpu", "server CPU per forwarded packet", "µs", cpu_us),
                |sample| sample.cpu,
            ),
            (
                told("core", "share of one core", "%", core_percent),
                |sample| sample.core,
            ),
            (
                told("p50", "one-way latency added, median", "ms", None),
                |sample| sample.p50,
            ),
            (
                told("p99", "one-way latency added, p99", "ms", p99_ms),
                |sample| sample.p99,
            ),
            (told("lost", "packets lost", "%", Some(0.0)), |sample| {
                sample.lost
            }),
            (told("rss", "RSS per receiver", "KiB", rss_kib), |sample| {
                sample.rss
            }),
        ]
    }
}
