//! HAProxy and nginx read their own configurations. That calls pass them is for the tests of many
//! nodes to show, which start these very files.

use std::{fs, net::TcpListener};

use anyhow::{Context as _, Result, bail};

use crate::command;

/// The variables that both files are filled in with, and values to check with.
const NODES: [(&str, &str); 3] = [
    ("WECALL_NODE_1", "127.0.0.1:8001"),
    ("WECALL_NODE_2", "127.0.0.1:8002"),
    ("WECALL_NODE_3", "127.0.0.1:8003"),
];

pub fn check() -> Result<()> {
    haproxy()?;
    nginx()
}

fn haproxy() -> Result<()> {
    let config = command::path("deploy/haproxy.cfg");
    let check = || {
        let program = command::find("haproxy").context("haproxy is missing")?;
        let mut check = command::program(program);
        check.args(["-c", "-V", "-f"]).arg(&config);
        anyhow::Ok(check)
    };
    // With what it takes by itself, and with what one gives it.
    command::run(&mut check()?)?;
    let given = [
        ("WECALL_BIND", "127.0.0.1:8080"),
        ("WECALL_STATS_BIND", "127.0.0.1:8404"),
    ];
    command::run(check()?.envs(given).envs(NODES))
}

fn nginx() -> Result<()> {
    let folder = super::folder()?.join("nginx");
    fs::create_dir_all(&folder)?;
    let mut site = super::file("deploy/nginx.conf")?;
    // nginx opens its ports even to check.
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    for (name, value) in NODES.into_iter().chain([("WECALL_BIND", free.as_str())]) {
        let place = format!("${{{name}}}");
        let outside_of_comments =
            |line: &str| !line.trim_start().starts_with('#') && line.contains(&place);
        if !site.lines().any(outside_of_comments) {
            bail!("{place} is not in deploy/nginx.conf");
        }
        site = site.replace(&place, value);
    }
    fs::write(folder.join("wecall.conf"), site)?;
    fs::write(folder.join("nginx.conf"), main_file())?;
    let program = command::find("nginx").context("nginx is missing")?;
    command::run(
        command::program(program)
            .arg("-t")
            .arg("-p")
            .arg(&folder)
            .args(["-c", "nginx.conf", "-e", "stderr"]),
    )
}

/// What an installed nginx has around the file, all paths below one's own folder.
fn main_file() -> String {
    let mut text = "pid nginx.pid;\nevents {}\nhttp {\n    access_log off;\n".to_owned();
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        text.push_str(&format!("    {kind}_temp_path {kind};\n"));
    }
    text.push_str("    include wecall.conf;\n}\n");
    text
}
