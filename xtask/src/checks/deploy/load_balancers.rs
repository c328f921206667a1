//! HAProxy and nginx read their own configurations, as they are and with the lines for TLS that
//! stand in comments. That calls pass them is for the tests of many nodes to show, which start these
//! very files.

use std::{fs, net::TcpListener, path::Path};

use anyhow::{Context as _, Result, ensure};

use crate::command;

/// The variables that both files are filled in with, and values to check with.
const NODES: [(&str, &str); 3] = [
    ("WECALL_NODE_1", "127.0.0.1:8001"),
    ("WECALL_NODE_2", "127.0.0.1:8002"),
    ("WECALL_NODE_3", "127.0.0.1:8003"),
];

/// Between these words, commented lines are what TLS needs.
const TLS: (&str, &str) = ("# With TLS", "# Behind another");
const COMMENTED: &str = "    #   ";

pub fn check() -> Result<()> {
    let certificate = super::folder()?.join("certificate");
    make_certificate(&certificate)?;
    haproxy(&certificate)?;
    nginx(&certificate)
}

fn haproxy(certificate: &Path) -> Result<()> {
    let folder = super::folder()?.join("haproxy");
    fs::create_dir_all(&folder)?;
    let plain = super::file("deploy/haproxy.cfg")?;
    let (lines, rest) = with_tls(&plain, "bind \"${WECALL_BIND}\"")?;
    let tls = rest.replace(TLS.0, &format!("{lines}\n    {}", TLS.0));
    let tls = replaced(
        &tls,
        "/etc/haproxy/certs/",
        &certificate.display().to_string(),
    )?;
    for (name, content) in [("plain.cfg", plain), ("tls.cfg", tls)] {
        let file = folder.join(name);
        fs::write(&file, content)?;
        let program = command::find("haproxy").context("haproxy is missing")?;
        let mut check = command::program(program);
        check.args(["-c", "-V", "-f"]).arg(&file);
        // With what it takes by itself, and with what one gives it.
        command::run(&mut check)?;
        check
            .envs([("WECALL_BIND", "127.0.0.1:8080")])
            .envs([("WECALL_STATS_BIND", "127.0.0.1:8404")])
            .envs(NODES);
        command::run(&mut check)?;
    }
    Ok(())
}

fn nginx(certificate: &Path) -> Result<()> {
    let folder = super::folder()?.join("nginx");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("nginx.conf"), main_file())?;
    let plain = super::file("deploy/nginx.conf")?;
    // The one line that is a server of its own goes to the end.
    let (lines, rest) = with_tls(&plain, "listen ${WECALL_BIND};")?;
    let (servers, lines): (Vec<&str>, Vec<&str>) =
        lines.lines().partition(|line| line.contains("server {"));
    let tls = rest.replace(TLS.0, &format!("{}\n    {}", lines.join("\n"), TLS.0));
    let mut tls = format!("{tls}{}\n", servers.join("\n"));
    for file in ["fullchain.pem", "key.pem"] {
        let here = certificate.join("all.pem").display().to_string();
        tls = replaced(&tls, &format!("/etc/ssl/wecall/{file}"), &here)?;
    }
    for port in ["80;", "443 ssl"] {
        // nginx opens its ports even to check.
        let free = format!(
            "listen {}{}",
            free_address()?,
            port.trim_start_matches(char::is_numeric)
        );
        tls = replaced(&tls, &format!("listen {port}"), &free)?;
    }
    let plain = replaced(&plain, "${WECALL_BIND}", &free_address()?)?;
    for mut site in [plain, tls] {
        for (name, value) in NODES {
            site = replaced(&site, &format!("${{{name}}}"), value)?;
        }
        fs::write(folder.join("wecall.conf"), site)?;
        let program = command::find("nginx").context("nginx is missing")?;
        command::run(
            command::program(program)
                .arg("-t")
                .arg("-p")
                .arg(&folder)
                .args(["-c", "nginx.conf", "-e", "stderr"]),
        )?;
    }
    Ok(())
}

/// The lines that are in comments for TLS, and the text without the line that they stand in for.
fn with_tls(text: &str, plain: &str) -> Result<(String, String)> {
    let (_, after) = text.split_once(TLS.0).context("no lines for TLS")?;
    let (between, _) = after
        .split_once(TLS.1)
        .context("no end of the lines for TLS")?;
    let lines: Vec<&str> = between
        .lines()
        .filter_map(|line| line.strip_prefix(COMMENTED))
        .collect();
    ensure!(lines.len() > 2, "no lines for TLS");
    Ok((lines.join("\n"), replaced(text, plain, "")?))
}

/// Outside of comments too, or it would be for nothing.
fn replaced(text: &str, place: &str, value: &str) -> Result<String> {
    let is_used = text
        .lines()
        .any(|line| line.contains(place) && !line.trim_start().starts_with('#'));
    ensure!(is_used, "`{place}` is nowhere");
    Ok(text.replace(place, value))
}

fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// Certificate and key in one file, which is all that the folder holds.
fn make_certificate(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let file = folder.join("all.pem");
    let key = super::folder()?.join("key.pem");
    command::read(
        command::program("openssl")
            .args([
                "req",
                "-x509",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
            ])
            .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&file),
    )?;
    let both = fs::read_to_string(&file)? + &fs::read_to_string(&key)?;
    Ok(fs::write(file, both)?)
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
