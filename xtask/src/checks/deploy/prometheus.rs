//! `promtool` reads the rules and runs their tests; here is what it does not see.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{
    metric_names::Known,
    yaml::{self, items, text},
};
use crate::command;

const FOLDER: &str = "deploy/prometheus";

pub fn check() -> Result<()> {
    command::run(promtool()?.args(["check", "config", "prometheus.yml"]))?;
    command::run(promtool()?.args(["test", "rules", "tests.yml"]))?;
    let known = known_metrics()?;
    for rule in rules("recording.yml")?.iter().chain(&rules("alerts.yml")?) {
        known.check(text(&rule["expr"]))?;
    }
    let tests = yaml::read("deploy/prometheus/tests.yml")?;
    let guide = super::file("docs/operating.md")?;
    let alerts = rules("alerts.yml")?;
    for alert in &alerts {
        check_alert(alert, &tests, &guide)?;
    }
    println!(
        "{} alerts, each tested both ways and explained",
        alerts.len()
    );
    Ok(())
}

pub fn promtool() -> Result<std::process::Command> {
    let program = command::find("promtool").context("promtool is missing")?;
    let mut promtool = command::program(program);
    promtool.current_dir(command::path(FOLDER));
    Ok(promtool)
}

/// What nodes tell and what the rules make of it.
pub fn known_metrics() -> Result<Known> {
    let recorded = rules("recording.yml")?;
    let recorded: Vec<String> = recorded
        .iter()
        .map(|rule| text(&rule["record"]).to_owned())
        .collect();
    Known::new(&super::file("deploy/metrics.txt")?, &recorded)
}

fn rules(name: &str) -> Result<Vec<Value>> {
    let file = yaml::read(&format!("{FOLDER}/{name}"))?;
    let rules = items(&file["groups"]).flat_map(|group| items(&group["rules"]));
    Ok(rules.cloned().collect())
}

/// It fires in one test and not in another, wakes or does not wake people, and the guide says what
/// to do.
fn check_alert(alert: &Value, tests: &Value, guide: &str) -> Result<()> {
    let name = text(&alert["alert"]);
    let outcomes: BTreeSet<bool> = items(&tests["tests"])
        .flat_map(|test| items(&test["alert_rule_test"]))
        .filter(|test| text(&test["alertname"]) == name)
        .map(|test| items(&test["exp_alerts"]).next().is_some())
        .collect();
    if outcomes.len() != 2 {
        bail!("{name} needs a test in which it fires and one in which it does not");
    }
    if !["page", "ticket"].contains(&text(&alert["labels"]["severity"])) {
        bail!("{name} has a severity that is neither page nor ticket");
    }
    if !guide.contains(&format!("`{name}`")) {
        bail!("docs/operating.md does not say what to do about {name}");
    }
    Ok(())
}
