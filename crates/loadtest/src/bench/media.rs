//! What forwarding costs: one publisher of 1.5 Mbit/s and many viewers, and many small rooms.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::Pid;

use crate::{
    Error,
    error::During,
    media::{Crowd, Outcome},
    process::{self, Machine},
    report::{Failure, Figure, Report, Spec, Target},
};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// A server that prints its address and answers `POST /whip/{room}` and `/whep/{room}`.
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
    /// Fewer and shorter runs.
    #[arg(long)]
    pub quick: bool,
    /// Only these scenarios, as ROOMSxVIEWERS.
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,
}

struct Scenario {
    rooms: usize,
    viewers: usize,
    /// Per forwarded packet, in µs; p99 in ms.
    cpu: f64,
    latency: f64,
}

const SCENARIOS: &[Scenario] = &[
    Scenario {
        rooms: 1,
        viewers: 50,
        cpu: 6.0,
        latency: 2.0,
    },
    Scenario {
        rooms: 1,
        viewers: 100,
        cpu: 6.0,
        latency: 5.0,
    },
    Scenario {
        rooms: 1,
        viewers: 200,
        cpu: 6.0,
        latency: 5.0,
    },
    Scenario {
        rooms: 10,
        viewers: 10,
        cpu: 8.0,
        latency: 5.0,
    },
    Scenario {
        rooms: 1,
        viewers: 800,
        cpu: 6.0,
        latency: 10.0,
    },
];

/// Estimates have to find out that the path is wide, and keyframes have to come.
const SETTLE: Duration = Duration::from_secs(6);

pub fn run(options: &Options) -> Result<Report, Error> {
    process::allow_sockets(2_000)?;
    let mut report = Report {
        machine: Machine::this(),
        quick: options.quick,
        figures: Vec::new(),
        failures: Vec::new(),
    };
    for scenario in SCENARIOS {
        let name = format!("{}x{}", scenario.rooms, scenario.viewers);
        if !options.only.is_empty() && !options.only.contains(&name) {
            continue;
        }
        eprintln!("{name} ...");
        match scenario.measure(options) {
            Ok(figures) => report.figures.extend(figures),
            Err(error) => report.failures.push(Failure {
                scenario: name.leak(),
                reason: error.to_string(),
            }),
        }
    }
    Ok(report)
}

impl Scenario {
    fn specs(&self) -> [Spec; 6] {
        let Self { rooms, viewers, .. } = *self;
        let told = |key: &str, what: &str, unit, target| Spec {
            key: format!("media.{rooms}x{viewers}.{key}").leak(),
            what: format!("{rooms} × 1 → {viewers}: {what}").leak(),
            unit,
            target,
        };
        [
            told(
                "cpu",
                "server CPU per forwarded packet",
                "µs",
                Some(Target::AtMost(self.cpu)),
            ),
            told("core", "share of one core", "%", None),
            told("p50", "one-way latency, median", "ms", None),
            told(
                "p99",
                "one-way latency, p99",
                "ms",
                Some(Target::AtMost(self.latency)),
            ),
            told("lost", "packets lost", "%", Some(Target::AtMost(0.0))),
            told("rss", "RSS per viewer", "KiB", Some(Target::AtMost(256.0))),
        ]
    }

    fn measure(&self, options: &Options) -> Result<Vec<Figure>, Error> {
        let (runs, duration) = if options.quick { (1, 5) } else { (3, 15) };
        let mut series = [const { Vec::new() }; 6];
        for _ in 0..runs {
            let values = self.measure_once(options, Duration::from_secs(duration))?;
            for (series, value) in series.iter_mut().zip(values) {
                series.push(value);
            }
        }
        let figures = self.specs().into_iter().zip(series);
        Ok(figures
            .filter_map(|(spec, values)| Figure::new(spec, values))
            .collect())
    }

    fn measure_once(&self, options: &Options, duration: Duration) -> Result<[f64; 6], Error> {
        let server = Server::find(options)?;
        let empty = process::resident_bytes(server.pid)?;
        let mut crowd = Crowd::join(server.addr, self.rooms, self.viewers)?;
        crowd.run(SETTLE, false)?;
        let before = process::cpu_time(server.pid)?;
        crowd.run(duration, true)?;
        let cpu = process::cpu_time(server.pid)?.saturating_sub(before);
        let resident = process::resident_bytes(server.pid)?;
        let Outcome {
            packets,
            lost,
            latencies,
        } = crowd.outcome();
        if packets == 0 {
            return Err(Error::Media("no packet came".into()));
        }
        Ok([
            cpu.as_secs_f64() * 1e6 / packets as f64,
            cpu.as_secs_f64() / duration.as_secs_f64() * 100.0,
            latencies.quantile_ms(0.5),
            latencies.quantile_ms(0.99),
            lost as f64 / (packets + lost) as f64 * 100.0,
            resident.saturating_sub(empty) as f64 / 1024.0 / (self.rooms * self.viewers) as f64,
        ])
    }
}

struct Server {
    addr: SocketAddr,
    pid: Pid,
    child: Option<Child>,
}

impl Server {
    fn find(options: &Options) -> Result<Self, Error> {
        match (
            &options.server,
            options.url,
            options.pid.and_then(Pid::from_raw),
        ) {
            (_, Some(addr), Some(pid)) => Ok(Self {
                addr,
                pid,
                child: None,
            }),
            (Some(binary), ..) => Self::start(binary, options.core),
            _ => Err(Error::Machine("no server to measure".into())),
        }
    }

    fn start(binary: &Path, core: usize) -> Result<Self, Error> {
        let binary = fs::canonicalize(binary).during(format!("finding {}", binary.display()))?;
        // `taskset` becomes the server, so the process is the one that was started.
        let mut child = Command::new("taskset")
            .args(["--cpu-list", &core.to_string()])
            .arg(&binary)
            .arg("127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .during(format!("starting {}", binary.display()))?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output)
                .read_line(&mut line)
                .during("reading the server's address")?;
        }
        let addr = line.trim().parse();
        let pid = Pid::from_child(&child);
        let server = Self {
            addr: addr.map_err(|_| Error::NotReady(line.clone()))?,
            pid,
            child: Some(child),
        };
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child
            && child.kill().is_ok()
            && child.wait().is_err()
        {
            eprintln!("the server's end was not seen");
        }
    }
}
