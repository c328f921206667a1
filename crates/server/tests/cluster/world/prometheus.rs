//! A real Prometheus that scrapes nodes.

use std::{fmt::Write as _, fs, net::SocketAddr, process::Command};

use serde_json::Value;
use tempfile::TempDir;

use super::{http, ports::free_port, process::Process};

pub struct Prometheus {
    address: SocketAddr,
    _process: Process,
    _folder: TempDir,
}

impl Prometheus {
    /// Scrapes each second. `rules` are files of recording and alerting rules.
    pub fn scraping(targets: &[SocketAddr], rules: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let mut config = "global:\n  scrape_interval: 1s\n  evaluation_interval: 1s\n".to_owned();
        if !rules.is_empty() {
            config += "rule_files:\n";
        }
        for rules in rules {
            writeln!(config, "  - {rules}").unwrap();
        }
        let targets: Vec<_> = targets.iter().map(|target| format!("'{target}'")).collect();
        let targets = targets.join(", ");
        write!(
            config,
            "scrape_configs:\n  - job_name: wecall\n    static_configs:\n      - targets: [{targets}]\n"
        )
        .unwrap();
        let file = folder.path().join("prometheus.yml");
        fs::write(&file, config).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let process = Process::start(
            Command::new("prometheus")
                .arg(format!("--config.file={}", file.display()))
                .arg(format!("--web.listen-address={address}"))
                .arg(format!(
                    "--storage.tsdb.path={}",
                    folder.path().join("data").display()
                )),
        );
        process.log_of("Server is ready to receive web requests");
        Self {
            address,
            _process: process,
            _folder: folder,
        }
    }

    /// The series that an expression gives at this moment, or why it is none.
    pub fn query(&self, expression: &str) -> Result<Vec<Value>, String> {
        let path = format!("/api/v1/query?query={}", encoded(expression));
        let answer: Value = serde_json::from_str(&http::get(self.address, &path)?).unwrap();
        match &answer["data"]["result"] {
            Value::Array(series) => Ok(series.clone()),
            _ => Err(answer.to_string()),
        }
    }
}

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' => {
                encoded.push(byte.into());
            }
            _ => write!(encoded, "%{byte:02X}").unwrap(),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::PATIENCE;
    use crate::world::{
        clock::wait_for,
        nodes::{Node, node_options},
    };

    #[test]
    #[ignore = "needs Debian packages: cargo xtask test --only cluster"]
    fn figures_of_a_node_can_be_asked_for() {
        let node = Node::start("node-1".into(), node_options("node-1"), None);
        let prometheus = Prometheus::scraping(&[node.metrics], &[]);
        assert!(prometheus.query("sum(").is_err());
        let expression = "sum by (job) (wecall_messages_total{type=~\"off.+\"}) + 1";
        let series = wait_for("the node was scraped", PATIENCE, || {
            let series = prometheus.query(expression)?;
            match series.is_empty() {
                true => Err("no series".into()),
                false => Ok(series),
            }
        });
        assert_eq!(series[0]["value"][1], "1");
    }
}
