//! `wecall-loadtest`: load for a server, and the benchmarks.

use std::{fs, path::Path, process::ExitCode};

use clap::{Parser, Subcommand};
use serde::Serialize;
use wecall_loadtest::{Error, Report, bench, room, signal};

#[derive(Debug, Parser)]
#[command(version, about = "Load for a WeCall server, and its benchmarks")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Participants in rooms who relay offers on a schedule, against a server that runs.
    Signal(signal::Options),
    /// Participants with cameras and microphones in one room, against a server that runs.
    Room(room::Options),
    /// Benchmarks that start servers of their own.
    #[command(subcommand)]
    Bench(Benchmark),
}

#[derive(Debug, Subcommand)]
enum Benchmark {
    /// Signaling: memory, latency, CPU, rooms, start.
    Signal(bench::Options),
    /// Many nodes over one Redis: latency, joins, the loss of a node, and what Redis costs.
    Cluster(bench::cluster::Options),
    /// TURN: CPU per relayed packet, beside coturn's.
    Turn(bench::turn::Options),
    /// Media: CPU, latency, loss and memory of forwarding.
    Media(bench::media::Options),
    /// One large room through the whole server: CPU and memory, and whether all pictures move.
    Room(bench::room::Options),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::Signal(options) => {
            let outcome = signal::run(&options)?;
            print!("{}", outcome.table());
            if let Some(path) = &options.json {
                write_json(path, &outcome)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Room(options) => {
            room::run(&options)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Bench(Benchmark::Signal(options)) => show(&bench::run(&options)?, &options.json),
        Command::Bench(Benchmark::Cluster(options)) => {
            show(&bench::cluster::run(&options)?, &options.json)
        }
        Command::Bench(Benchmark::Turn(options)) => {
            show(&bench::turn::run(&options)?, &options.json)
        }
        Command::Bench(Benchmark::Media(options)) => {
            show(&bench::media::run(&options)?, &options.json)
        }
        Command::Bench(Benchmark::Room(options)) => {
            show(&bench::room::run(&options)?, &options.json)
        }
    }
}

fn show(report: &Report, json: &Path) -> Result<ExitCode, Error> {
    print!("{}", report.table());
    write_json(json, report)?;
    // A missed target is a result; a scenario without one is not.
    Ok(if report.failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    let during = |source| Error::Io {
        what: format!("writing {}", path.display()),
        source,
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(during)?;
    }
    let json = serde_json::to_string_pretty(value).map_err(|error| during(error.into()))?;
    fs::write(path, json + "\n").map_err(during)
}
