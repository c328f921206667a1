//! The dashboard: Grafana is not here to read it, but Prometheus' tools read its queries.

use std::{collections::BTreeSet, fs};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::{
    prometheus::{known_metrics, promtool},
    yaml::{items, text},
};
use crate::command;

/// What Grafana puts in place of these, near enough for a query to be read.
const VARIABLES: [(&str, &str); 2] = [("$__rate_interval", "30s"), ("$node", ".*")];

/// Grafana's grid.
const COLUMNS: u64 = 24;

pub fn check() -> Result<()> {
    let dashboard: Value = serde_json::from_str(&super::file("deploy/grafana/dashboard.json")?)?;
    let panels: Vec<&Value> = items(&dashboard["panels"]).collect();
    check_places(&panels)?;
    let known = known_metrics()?;
    let mut rules = Vec::new();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let title = text(&panel["title"]);
        let expressions: Vec<&str> = items(&panel["targets"]).map(|t| text(&t["expr"])).collect();
        if expressions.is_empty() {
            bail!("the panel `{title}` asks for nothing");
        }
        for expression in expressions {
            let expression = filled_in(expression).with_context(|| format!("panel `{title}`"))?;
            known
                .check(&expression)
                .with_context(|| format!("panel `{title}`"))?;
            // Not two rules that are the same, which promtool warns of.
            let record = format!("panel:query:{}", rules.len());
            rules.push(json!({ "record": record, "expr": expression }));
        }
    }
    for (path, folder) in [
        ("prometheus.yaml", "datasources"),
        ("wecall.yaml", "dashboards"),
    ] {
        super::yaml::read(&format!("deploy/grafana/provisioning/{folder}/{path}"))?;
    }
    // A query that Prometheus takes for a rule is one that it answers; JSON is YAML.
    let count = rules.len();
    let file = super::folder()?.join("dashboard-queries.json");
    let groups = json!({ "groups": [{ "name": "dashboard", "rules": rules }] });
    fs::write(&file, serde_json::to_string_pretty(&groups)?)?;
    command::run(promtool()?.args(["check", "rules"]).arg(&file))?;
    println!("{count} queries of the dashboard, all for figures that there are");
    Ok(())
}

fn filled_in(expression: &str) -> Result<String> {
    let filled = VARIABLES
        .iter()
        .fold(expression.to_owned(), |text, (name, value)| {
            text.replace(name, value)
        });
    if filled.contains('$') {
        bail!("a variable that is not known: {filled}");
    }
    Ok(filled)
}

/// Each panel has an id of its own and covers no other one.
fn check_places(panels: &[&Value]) -> Result<()> {
    let mut ids = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for panel in panels {
        let title = text(&panel["title"]);
        if !ids.insert(panel["id"].as_u64()) {
            bail!("`{title}` has the id of another panel");
        }
        let side = |name: &str| panel["gridPos"][name].as_u64().unwrap_or_default();
        let (x, y, w, h) = (side("x"), side("y"), side("w"), side("h"));
        if w == 0 || h == 0 || x + w > COLUMNS {
            bail!("`{title}` is outside of the dashboard");
        }
        for place in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            if !taken.insert(place) {
                bail!("`{title}` covers another panel");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_that_overlap_are_found() {
        let panel = |id, x| json!({ "id": id, "title": "t", "gridPos": { "x": x, "y": 0, "w": 12, "h": 8 } });
        let (left, right) = (panel(1, 0), panel(2, 12));
        check_places(&[&left, &right]).unwrap();
        assert!(check_places(&[&left, &panel(2, 11)]).is_err());
        assert!(check_places(&[&left, &panel(1, 12)]).is_err());
        assert!(check_places(&[&panel(1, 13)]).is_err());
    }

    #[test]
    fn variables_that_nobody_fills_in_are_found() {
        assert_eq!(
            filled_in("a{b=~\"$node\"}[$__rate_interval]").unwrap(),
            "a{b=~\".*\"}[30s]"
        );
        assert!(filled_in("a{b=\"$room\"}").is_err());
    }
}
