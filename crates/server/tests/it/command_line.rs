//! What the program says without serving.

use std::{fs, net::TcpListener, process::Output};

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
