//! The program `wecall`.

use std::process::ExitCode;

use clap::Parser;
use wecall_server::{
    cli::{AssetsCommand, Cli, Command, ConfigCommand, ServeArgs},
    clock::Clock,
    config::{self, ConfigError, Loaded, Outside},
    doctor, export, healthcheck, http, lifecycle, telemetry,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A configuration that cannot be used, as in `sysexits.h` (EX_CONFIG).
const BAD_CONFIGURATION: u8 = 78;

fn main() -> ExitCode {
    let clock = Clock::start();
    match Cli::parse().command {
        Command::Serve(args) => serve(&args, clock),
        Command::Config(ConfigCommand::Check(args)) => with_config(&args, |_| {
            println!("The configuration is valid.");
            ExitCode::SUCCESS
        }),
        Command::Config(ConfigCommand::Print(args)) => with_config(&args, |loaded| {
            print!("{}", loaded.print());
            ExitCode::SUCCESS
        }),
        Command::Config(ConfigCommand::Reference) => {
            print!("{}", config::reference());
            ExitCode::SUCCESS
        }
        Command::Assets(AssetsCommand::Export { folder }) => match export::export(&folder) {
            Ok(exported) => {
                println!(
                    "{} files, {} of them new. They are listed in {}",
                    exported.files,
                    exported.written,
                    exported.manifest.display()
                );
                ExitCode::SUCCESS
            }
            Err(error) => failed(&error),
        },
        Command::Openapi => {
            print!("{}", http::openapi_json());
            ExitCode::SUCCESS
        }
        Command::Doctor(args) => with_config(&args.serve, |loaded| {
            match doctor::run(loaded, clock, args.json) {
                Ok(code) => code,
                Err(error) => failed(&error),
            }
        }),
        Command::Healthcheck(args) => match healthcheck::check(&args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error),
        },
    }
}

fn serve(args: &ServeArgs, clock: Clock) -> ExitCode {
    with_config(args, |loaded| {
        let served = telemetry::start_logging(&loaded.config).and_then(|traces| {
            // Each call holds a socket; the soft limit of most systems is 1,024.
            if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
                tracing::warn!(%error, "the limit of open files stays as it is");
            }
            tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .thread_name("wecall")
                .build()?
                .block_on(lifecycle::run(loaded, traces, clock))
        });
        served.unwrap_or_else(|error| failed(&error))
    })
}

fn with_config(args: &ServeArgs, work: impl FnOnce(Loaded) -> ExitCode) -> ExitCode {
    let outside = Outside::of_process(args.config.clone(), args.flags());
    match Loaded::load(&outside) {
        Ok(loaded) => work(loaded),
        Err(error) => bad_configuration(&error),
    }
}

fn bad_configuration(error: &ConfigError) -> ExitCode {
    eprintln!("The configuration is not valid:\n{error}");
    ExitCode::from(BAD_CONFIGURATION)
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("wecall: {error:#}");
    ExitCode::FAILURE
}
