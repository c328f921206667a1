//! `cargo xtask fuzz`: libFuzzer on each target, built by the stable compiler.
//!
//! cargo-fuzz asks for a nightly compiler, as the sanitizers do. The targets are safe Rust, where a
//! panic is what a bug looks like, so coverage is enough, and stable rustc can have LLVM add it.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::{command, metadata, packages};

const DEFAULT_SECONDS: u32 = 10;

/// The coverage that libFuzzer reads: a counter for each edge, and what comparisons compared.
const COVERAGE: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Ccodegen-units=1 --cfg fuzzing";

/// The largest input tried: a WebSocket message may have 64 KiB, and one byte more is refused.
const LARGEST_INPUT_BYTES: usize = wecall_protocol::limits::MESSAGE_BYTES + 1;

/// An input that takes this long is a finding.
const SLOWEST_INPUT_SECONDS: u32 = 5;

const MEMORY_MEGABYTES: u32 = 1024;

pub fn run(arguments: &[String]) -> Result<()> {
    let seconds = match arguments {
        [] => DEFAULT_SECONDS,
        [seconds] => seconds
            .parse()
            .context("`cargo xtask fuzz` takes a number of seconds")?,
        _ => bail!("`cargo xtask fuzz` takes a number of seconds or nothing"),
    };
    packages::need(packages::FUZZ)?;
    let host = metadata::host()?;
    let targets = targets()?;
    build(&host)?;
    for target in targets {
        fuzz(&host, &target, seconds)?;
    }
    Ok(())
}

fn build(host: &str) -> Result<()> {
    command::run(
        command::cargo()
            .current_dir(command::path("fuzz"))
            .env("CARGO_TARGET_DIR", target_folder())
            .env("RUSTFLAGS", COVERAGE)
            // Naming the target keeps build scripts and macros free of the counters.
            .args(["build", "--release", "--locked", "--bins", "--target", host]),
    )
}

fn fuzz(host: &str, target: &str, seconds: u32) -> Result<()> {
    let corpus = command::path("fuzz/corpus").join(target);
    let artifacts = command::path("fuzz/artifacts").join(target);
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&artifacts)?;
    let mut run = Command::new(target_folder().join(host).join("release").join(target));
    run.current_dir(command::root())
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={LARGEST_INPUT_BYTES}"))
        .arg(format!("-timeout={SLOWEST_INPUT_SECONDS}"))
        .arg(format!("-rss_limit_mb={MEMORY_MEGABYTES}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        // All that the targets read is JSON or a frame around it.
        .arg(format!(
            "-dict={}",
            command::path("fuzz/dictionaries/json.dict").display()
        ))
        .arg(&corpus);
    let seeds = command::path("fuzz/seeds").join(target);
    if seeds.is_dir() {
        run.arg(seeds);
    }
    eprintln!("$ {target} for {seconds} s");
    let output = run
        .output()
        .with_context(|| format!("cannot start {target}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        eprint!("{said}");
        bail!("{target} failed; the input lies in {}", artifacts.display());
    }
    if !said.contains("inline 8-bit counters") {
        bail!("{target} was built without coverage counters");
    }
    for line in said.lines().filter(|line| is_worth_telling(line)) {
        println!("{target}: {line}");
    }
    Ok(())
}

fn is_worth_telling(line: &str) -> bool {
    line.contains("inline 8-bit counters") || line.contains("DONE") || line.starts_with("Done")
}

fn target_folder() -> PathBuf {
    command::path("fuzz/target")
}

/// The targets are the binaries of `fuzz/Cargo.toml`.
fn targets() -> Result<Vec<String>> {
    let metadata = metadata::of_workspace(&command::path("fuzz"))?;
    let package = metadata
        .packages
        .iter()
        .find(|package| package.name == "wecall-fuzz")
        .context("fuzz/Cargo.toml has no package wecall-fuzz")?;
    let is_bin = |kinds: &[String]| kinds.iter().any(|kind| kind == "bin");
    let bins = package.targets.iter().filter(|target| is_bin(&target.kind));
    Ok(bins.map(|target| target.name.clone()).collect())
}
