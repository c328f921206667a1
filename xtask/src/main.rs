//! `cargo xtask`: builds, runs, tests and packages WeCall.

mod bench;
mod build;
mod checks;
mod command;
mod content;
mod deb;
mod dependency_rules;
mod dist;
mod e2e;
mod fuzz;
mod generate;
mod image;
mod metadata;
mod notices;
mod packages;
mod precompress;
mod tools;
mod web;
mod wheels;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask COMMAND

  run [-- ARGS]     build all, then `wecall serve ARGS`
  build             web/dist and target/release/wecall
  test              every check; --list, --only NAME[,NAME], --skip NAME[,NAME]
  ci                what CI runs: `test`
  e2e [-- ARGS]     real browsers against the real binary
  fuzz [SECONDS]    each fuzz target for so long (default 10)
  bench [NAME]      measure; without a name, list what can be measured
  gen [--check]     write (or compare) what is generated from the code
  manifests         render deploy/kubernetes from the Helm chart
  dist              target/dist/wecall-VERSION-ARCH-linux.tar.gz
  deb               target/dist/wecall_VERSION_ARCH.deb

With WECALL_BIN=FILE, tests and benchmarks take that binary and build none.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((command, rest)) = arguments.split_first() else {
        print!("{USAGE}");
        return Ok(());
    };
    match command.as_str() {
        "run" => build::run(after_dashes(rest)),
        "build" => build::build().map(|_| ()),
        "test" => checks::run(rest),
        "ci" => checks::run(&[]),
        "e2e" => e2e::run(after_dashes(rest)),
        "fuzz" => fuzz::run(rest),
        "bench" => bench::run(rest),
        "gen" => generate::run(rest),
        "manifests" => checks::write_manifests(),
        "dist" => dist::run(),
        "deb" => deb::run(),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        other => bail!("no command `{other}`\n\n{USAGE}"),
    }
}

/// `run -- --lan` and `run --lan` mean the same.
fn after_dashes(arguments: &[String]) -> &[String] {
    match arguments {
        [dashes, rest @ ..] if dashes == "--" => rest,
        all => all,
    }
}
