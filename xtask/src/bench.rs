//! `cargo xtask bench`: measurements of the release binary, in a process of its own.

use anyhow::{Result, bail};

use crate::{build, command, packages};

struct Benchmark {
    name: &'static str,
    what: &'static str,
    run: fn(&[String]) -> Result<()>,
}

const BENCHMARKS: &[Benchmark] = &[
    Benchmark {
        name: "signal",
        what: "signaling: memory, relay latency, CPU, rooms, start",
        run: signal,
    },
    Benchmark {
        name: "cluster",
        what: "three nodes over Redis: relay latency, joins, a killed node, memory, CPU",
        run: cluster,
    },
    Benchmark {
        name: "turn",
        what: "TURN: CPU per relayed packet, beside coturn's",
        run: turn,
    },
    Benchmark {
        name: "room",
        what: "a room of fifty through the whole server: CPU, memory, pictures that stand still",
        run: room,
    },
    Benchmark {
        name: "media",
        what: "forwarding: CPU a packet, latency, loss, memory, with plots; engine on core 0, load on core 1",
        run: media,
    },
];

/// Where the load of the media benchmark runs; the server has core 0 to itself.
const LOAD_CORE: &str = "1";

pub fn run(arguments: &[String]) -> Result<()> {
    let Some((name, rest)) = arguments.split_first() else {
        for Benchmark { name, what, .. } in BENCHMARKS {
            println!("{name:<10} {what}");
        }
        return Ok(());
    };
    let Some(benchmark) = BENCHMARKS.iter().find(|benchmark| benchmark.name == name) else {
        bail!("no benchmark `{name}`; `cargo xtask bench` has them all");
    };
    (benchmark.run)(rest)
}

fn signal(arguments: &[String]) -> Result<()> {
    measure("signal", arguments)
}

fn cluster(arguments: &[String]) -> Result<()> {
    packages::need(packages::REDIS)?;
    measure("cluster", arguments)
}

fn turn(arguments: &[String]) -> Result<()> {
    packages::need(packages::TURN)?;
    measure("turn", arguments)
}

fn room(arguments: &[String]) -> Result<()> {
    measure("room", arguments)
}

/// Runs the load tool's benchmark of this name.
fn measure(name: &str, arguments: &[String]) -> Result<()> {
    let server = build::binary()?;
    let mut bench = command::program(build::load_tool()?);
    bench
        .args(["bench", name, "--server"])
        .arg(server)
        .args(arguments);
    command::without_settings(&mut bench);
    command::run(&mut bench)
}

fn media(arguments: &[String]) -> Result<()> {
    command::run(command::cargo().args([
        "build",
        "--release",
        "--locked",
        "--package",
        "wecall-loadtest",
        "--package",
        "wecall-sfu",
        "--bins",
        "--example",
        "whip_whep",
    ]))?;
    let release = command::target().join("release");
    let mut bench = command::program("taskset");
    bench.args(["--cpu-list", LOAD_CORE]);
    // Neither the load nor the engine, which inherits it, is to wait for what else the machine does.
    // That needs privileges.
    let real_time = ["--rr", "1"];
    if command::read(command::program("chrt").args(real_time).arg("true")).is_ok() {
        bench.arg("chrt").args(real_time);
    }
    bench
        .arg(release.join("wecall-loadtest"))
        .args(["bench", "media", "--server"])
        .arg(release.join("examples/whip_whep"))
        .arg("--plots")
        .arg(command::path("docs/images"))
        .args(arguments);
    command::without_settings(&mut bench);
    command::run(&mut bench)
}
