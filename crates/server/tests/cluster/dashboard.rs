//! Each panel of the dashboard, asked of a real Prometheus that scrapes nodes with people on them.

use std::{collections::BTreeSet, fs, thread, time::Duration};

use serde_json::Value;

use crate::{
    client::chat,
    server::PATIENCE,
    world::{
        balancers::deployed,
        call::Call,
        clock::{now, wait_for},
        nodes::Cluster,
        prometheus::Prometheus,
    },
};

/// Some scrapes for each rate.
const LOAD: Duration = Duration::from_secs(8);

/// Nothing of the kind has happened: divided by nothing, there is no number, but there is a series.
const MAY_BE_NO_NUMBER: [&str; 3] = ["Conflicts", "Relay", "Time to answer"];

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn each_panel_has_data() {
    let cluster = Cluster::of(3);
    let targets: Vec<_> = cluster.nodes.iter().map(|node| node.metrics).collect();
    let rules = ["recording.yml", "alerts.yml"].map(|name| deployed("prometheus").join(name));
    let rules: Vec<_> = rules.iter().map(|rules| rules.to_str().unwrap()).collect();
    let prometheus = Prometheus::scraping(&targets, &rules);
    let call = Call::across(&cluster);
    let start = now();
    let mut rounds = 0;
    while start.elapsed() < LOAD {
        call.works();
        call.people[0].send(chat("hello"));
        if rounds % 10 == 5 {
            call.people[rounds % 3].lose();
        }
        rounds += 1;
        thread::sleep(Duration::from_millis(100));
    }

    let expressions = expressions();
    assert!(expressions.len() > 20, "{}", expressions.len());
    let mut empty = vec![];
    for (panel, expression) in &expressions {
        let asked = filled_in(expression);
        let series = prometheus.query(&asked);
        let series = series.unwrap_or_else(|error| panic!("{panel}: {asked}: {error}"));
        let is_number = |series: &Value| series["value"][1] != "NaN";
        let may_be_no_number = MAY_BE_NO_NUMBER.iter().any(|name| panel.contains(name));
        let has_data = match may_be_no_number {
            true => !series.is_empty(),
            false => series.iter().any(is_number),
        };
        if !has_data {
            empty.push(format!("{panel}: {asked} gives {series:?}"));
        }
    }
    println!("{} expressions asked", expressions.len());
    assert!(empty.is_empty(), "{empty:#?}");
    call.assert_undisturbed();
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn nobody_is_woken_for_nothing() {
    let cluster = Cluster::of(2);
    let targets: Vec<_> = cluster.nodes.iter().map(|node| node.metrics).collect();
    let rules = ["recording.yml", "alerts.yml"].map(|name| deployed("prometheus").join(name));
    let rules: Vec<_> = rules.iter().map(|rules| rules.to_str().unwrap()).collect();
    let prometheus = Prometheus::scraping(&targets, &rules);
    let call = Call::across(&cluster);
    wait_for("the nodes were scraped", PATIENCE, || {
        call.works();
        match prometheus.query("count(wecall_sockets > 0)")?.first() {
            Some(series) if series["value"][1] == "2" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    let firing = prometheus.query("ALERTS{alertstate=\"firing\"}").unwrap();
    assert!(firing.is_empty(), "{firing:?}");
}

/// Title and expression of each panel, those of folded rows too.
fn expressions() -> BTreeSet<(String, String)> {
    fn collect(panels: &Value, into: &mut BTreeSet<(String, String)>) {
        for panel in panels.as_array().into_iter().flatten() {
            let title = panel["title"].as_str().unwrap_or_default();
            for target in panel["targets"].as_array().into_iter().flatten() {
                if let Some(expression) = target["expr"].as_str() {
                    into.insert((title.to_owned(), expression.to_owned()));
                }
            }
            collect(&panel["panels"], into);
        }
    }
    let text = fs::read_to_string(deployed("grafana/dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut expressions = BTreeSet::new();
    collect(&dashboard["panels"], &mut expressions);
    expressions
}

/// As Grafana fills in its variables: all nodes, and some scrapes.
fn filled_in(expression: &str) -> String {
    let filled = expression
        .replace("$__rate_interval", "10s")
        .replace("$__interval", "5s")
        .replace("$node", ".*");
    assert!(
        !filled.contains('$'),
        "a variable that is not known here: {expression}"
    );
    filled
}
