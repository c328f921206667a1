//! `wecall doctor`: what stands in the way of calls, before somebody calls. It looks at the
//! configuration and the machine, and does for real what can be done: listens, allocates, relays.

mod addresses;
mod finding;
mod machine;
mod media;
mod ports;
mod redis;
mod relay;
mod tls;

use std::process::ExitCode;

use finding::{Finding, State};

use crate::{clock::Clock, config::Loaded};

/// Looks at everything and tells. A problem makes the exit code 1; warnings do not.
pub fn run(loaded: Loaded, clock: Clock, as_json: bool) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let findings = runtime.block_on(findings(&loaded, clock));
    if as_json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        print!("{}", finding::table(&findings));
    }
    let is_healthy = findings.iter().all(|one| one.state != State::Problem);
    Ok(if is_healthy {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn findings(loaded: &Loaded, clock: Clock) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_running = ports::http(loaded, &mut findings);
    ports::metrics(loaded, is_running, &mut findings);
    machine::look(loaded, clock, &mut findings);
    addresses::look(loaded, &mut findings);
    tls::look(loaded, clock, &mut findings);
    relay::look(loaded, is_running, clock, &mut findings).await;
    media::look(loaded, is_running, clock, &mut findings).await;
    redis::look(loaded, clock, &mut findings).await;
    findings
}
