//! What the program says without serving.

use std::{fs, net::TcpListener, process::Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::server::{Options, Server, program};

fn run(arguments: &[&str], environment: &[(&str, &str)], file: &str) -> Output {
    let folder = TempDir::new().unwrap();
    if !file.is_empty() {
        fs::write(folder.path().join("wecall.toml"), file).unwrap();
    }
    let mut command = program(folder.path());
    command.args(arguments).envs(environment.iter().copied());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn config_check_tells_by_its_exit_code() {
    let good = run(&["config", "check"], &[], "[rooms]\nmax_participants = 4\n");
    assert_eq!(good.status.code(), Some(0));
    let bad = run(&["config", "check"], &[], "[rooms]\nmax_participant = 4\n");
    assert_eq!(bad.status.code(), Some(78));
    let complaint = text(&bad.stderr);
    assert!(
        complaint.contains("did you mean max_participants?"),
        "{complaint}"
    );
}

#[test]
fn config_print_shows_where_values_are_from() {
    let output = run(
        &["config", "print", "--listen", "127.0.0.1:9"],
        &[("WECALL_LIMITS__ENABLED", "false")],
        "[rooms]\nempty_grace = \"5m\"\n",
    );
    let printed = text(&output.stdout);
    for line in [
        "listen = \"127.0.0.1:9\" # --listen",
        "enabled = false # WECALL_LIMITS__ENABLED",
        "empty_grace = \"5m\" # wecall.toml",
        "resume_grace = \"30s\" # default",
    ] {
        assert!(printed.contains(line), "{line} is not in\n{printed}");
    }
}

#[test]
fn serve_refuses_a_configuration_that_is_wrong() {
    let output = run(&["serve"], &[("WECALL_SERVER__LISTN", "127.0.0.1:0")], "");
    assert_eq!(output.status.code(), Some(78));
    let complaint = text(&output.stderr);
    assert!(
        complaint.contains("did you mean WECALL_SERVER__LISTEN?"),
        "{complaint}"
    );
}

#[test]
fn reference_is_markdown_with_the_variables() {
    let output = run(&["config", "reference"], &[], "");
    let reference = text(&output.stdout);
    assert!(reference.starts_with("# Configuration"));
    assert!(reference.contains("`WECALL_LIMITS__ENABLED`"));
}

#[test]
fn version_is_told() {
    let output = run(&["--version"], &[], "");
    assert_eq!(
        text(&output.stdout),
        format!("wecall {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn healthcheck_asks_the_server() {
    let server = Server::start();
    let url = format!("http://{}", server.address);
    let output = run(&["healthcheck", "--url", &url], &[], "");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let listen = server.address.to_string();
    let output = run(&["healthcheck"], &[("WECALL_SERVER__LISTEN", &listen)], "");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    drop(server);
    let output = run(&["healthcheck", "--url", &url], &[], "");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn taken_ports_that_were_asked_for_end_the_start() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(
        &["serve", "--listen", &address, "--metrics-listen", "off"],
        &[],
        "",
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cannot listen on"));
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--metrics-listen",
        &address,
    ];
    let output = run(&arguments, &[], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cannot serve metrics on"));
}

#[test]
fn two_servers_do_not_share_a_data_folder() {
    let server = Server::start();
    let folder = server.data_dir();
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--metrics-listen",
        "off",
    ];
    let folder = folder.to_str().unwrap();
    let output = run(&[&arguments[..], &["--data-dir", folder]].concat(), &[], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("is another server running on it?"));
}

#[test]
fn secrets_are_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let server = Options::new().start();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(server.data_dir()), 0o700);
    assert_eq!(mode(server.data_dir().join("secret.key")), 0o600);
}

/// What the doctor found out, by the name of the check.
fn doctor(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, Value) {
    let arguments = [&["doctor", "--json"], arguments].concat();
    let output = run(&arguments, environment, "");
    let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let by_check = findings
        .into_iter()
        .map(|one| (one["check"].as_str().unwrap().to_owned(), one));
    (output.status.code(), by_check.collect())
}

#[test]
fn doctor_tries_turn_and_the_media_server_in_each_way() {
    let free = ["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"];
    let environment = [
        ("WECALL_TURN__LISTEN", "0.0.0.0:0"),
        ("WECALL_TURN__TLS_LISTEN", "0.0.0.0:0"),
        ("WECALL_TLS__LAN", "true"),
        ("WECALL_MEDIA__LISTEN", "0.0.0.0:0"),
        ("WECALL_MEDIA__TCP_LISTEN", "0.0.0.0:0"),
        ("WECALL_MEDIA__PUBLIC_ADDRESSES", "203.0.113.5"),
    ];
    let (_, found) = doctor(&free, &environment);
    assert_eq!(found["media"]["state"], "ok", "{found:#}");
    assert_eq!(found["media-tcp"]["state"], "ok", "{found:#}");
    // Nobody is there.
    assert_eq!(found["media-outside"]["state"], "warning", "{found:#}");
    let server = Options::new()
        .argument("--lan")
        .env("TURN__LISTEN", "0.0.0.0:0")
        .env("TURN__TLS_LISTEN", "0.0.0.0:0")
        .start();
    let (listen, metrics) = (server.address.to_string(), server.metrics.to_string());
    let arguments = ["--lan", "--listen", &listen, "--metrics-listen", &metrics];
    let (code, found) = doctor(&arguments, &[("WECALL_MEDIA__LISTEN", "127.0.0.1:0")]);
    for check in ["turn", "turn-tcp", "turn-tls", "media", "media-tcp"] {
        assert_eq!(found[check]["state"], "ok", "{found:#}");
    }
    assert_eq!(code, Some(0), "{found:#}");
}

#[test]
fn doctor_relays_a_packet_over_a_server_of_its_own() {
    let free = ["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"];
    let (code, found) = doctor(&free, &[("WECALL_TURN__LISTEN", "0.0.0.0:0")]);
    assert_eq!(found["turn"]["state"], "ok", "{found:#}");
    assert_eq!(found["listen"]["state"], "ok", "{found:#}");
    assert_eq!(code, Some(0), "{found:#}");
}

#[test]
fn doctor_finds_the_server_that_runs_and_relays_over_it() {
    let server = Options::new().env("TURN__LISTEN", "0.0.0.0:0").start();
    let (listen, metrics) = (server.address.to_string(), server.metrics.to_string());
    let (code, found) = doctor(&["--listen", &listen, "--metrics-listen", &metrics], &[]);
    let text = found["listen"]["text"].as_str().unwrap();
    assert!(text.starts_with("WeCall runs at"), "{found:#}");
    assert_eq!(found["turn"]["state"], "ok", "{found:#}");
    assert_eq!(code, Some(0), "{found:#}");
}

#[test]
fn doctor_names_problems_and_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let environment = [
        ("WECALL_TURN__ENABLED", "false"),
        ("WECALL_REDIS__URL", "redis://127.0.0.1:1"),
        ("WECALL_MEDIA__PUBLIC_ADDRESSES", "203.0.113.5/198.51.100.1"),
    ];
    let arguments = ["--listen", &listen, "--metrics-listen", "off"];
    let (code, found) = doctor(&arguments, &environment);
    for check in ["listen", "redis", "addresses"] {
        assert_eq!(found[check]["state"], "problem", "{found:#}");
        assert!(found[check]["advice"].is_string(), "{found:#}");
    }
    assert_eq!(found["turn"]["state"], "warning", "{found:#}");
    assert_eq!(code, Some(1), "{found:#}");
}
