use super::*;

fn outside(environment: &[(&str, &str)], flags: &[(&'static str, &'static str, &str)]) -> Outside {
    Outside {
        file: None,
        environment: environment
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        flags: flags
            .iter()
            .map(|&(flag, key, value)| FlagValue {
                flag,
                key,
                value: value.into(),
            })
            .collect(),
    }
}

fn with_file(text: &str, mut outside: Outside) -> Result<Loaded, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    fs::write(&path, text).unwrap();
    outside.file = Some(path);
    Loaded::load(&outside)
}

#[test]
fn every_default_is_valid() {
    let loaded = Loaded::load(&Outside::default()).unwrap();
    assert_eq!(loaded.config.server.listen.to_string(), "127.0.0.1:8000");
    assert_eq!(loaded.config.session.resume_grace.as_secs(), 30);
    assert_eq!(loaded.origin("server.listen"), Origin::Default);
}

#[test]
fn flag_beats_environment_beats_file_beats_default() {
    let file = "[server]\nlisten = \"127.0.0.1:1\"\ndata_dir = \"from-file\"\ndrain = \"1s\"\n";
    let environment = [
        ("WECALL_SERVER__LISTEN", "127.0.0.1:2"),
        ("WECALL_SERVER__DATA_DIR", "from-environment"),
    ];
    let flags = [("--listen", "server.listen", "127.0.0.1:3")];
    let loaded = with_file(file, outside(&environment, &flags)).unwrap();
    let server = &loaded.config.server;
    assert_eq!(server.listen.port(), 3);
    assert_eq!(server.data_dir, Path::new("from-environment"));
    assert_eq!(server.drain.as_secs(), 1);
    assert_eq!(loaded.origin("server.listen"), Origin::Flag("--listen"));
}

#[test]
fn unknown_names_are_refused_with_the_nearest_one() {
    let file = "[serverr]\nx = 1\n[rooms]\nmax_participant = 4\n";
    let environment = [("WECALL_LIMITS__ENABLE", "false")];
    let error = with_file(file, outside(&environment, &[]))
        .unwrap_err()
        .to_string();
    assert!(error.contains("[serverr]; did you mean server?"), "{error}");
    assert!(
        error.contains("rooms.max_participant; did you mean max_participants?"),
        "{error}"
    );
    assert!(
        error.contains("WECALL_LIMITS__ENABLE; did you mean WECALL_LIMITS__ENABLED?"),
        "{error}"
    );
}

#[test]
fn variables_that_kubernetes_sets_for_a_service_are_no_settings() {
    let environment = [
        ("WECALL_PORT", "tcp://10.0.0.1:8000"),
        ("WECALL_PORT_8000_TCP_ADDR", "10.0.0.1"),
        ("WECALL_SERVICE_HOST", "10.0.0.1"),
        ("WECALL_METRICS_SERVICE_PORT_HTTP", "9090"),
    ];
    Loaded::load(&outside(&environment, &[])).unwrap();
    let slip = [("WECALL_SERVER_LISTEN", "127.0.0.1:0")];
    assert!(Loaded::load(&outside(&slip, &[])).is_err());
}

#[test]
fn variable_without_a_section_is_a_slip_or_someone_elses() {
    for (slip, meant) in [
        ("WECALL_LISTEN", "WECALL_SERVER__LISTEN"),
        ("WECALL_SERVER_LISTN", "WECALL_SERVER__LISTEN"),
        ("WECALL_DATA_DIR", "WECALL_SERVER__DATA_DIR"),
        ("WECALL_LIMITS_ENABLED", "WECALL_LIMITS__ENABLED"),
    ] {
        let error = Loaded::load(&outside(&[(slip, "x")], &[])).unwrap_err();
        let words = format!("{slip}; did you mean {meant}?");
        assert!(error.to_string().contains(&words), "{error}");
    }
    let others = [
        ("WECALL_BIN", "target/release/wecall"),
        ("WECALL_HOME", "x"),
    ];
    let loaded = Loaded::load(&outside(&others, &[])).unwrap();
    assert_eq!(loaded.passed_over(), ["WECALL_BIN", "WECALL_HOME"]);
}

#[test]
fn bad_values_name_their_key_and_where_they_are_from() {
    let file = "[rooms]\nempty_grace = \"soon\"\nmax_participants = \"4\"\n";
    let environment = [
        ("WECALL_SERVER__LISTEN", "8000"),
        ("WECALL_LIMITS__REQUESTS", "9 per 1s"),
    ];
    let error = with_file(file, outside(&environment, &[]))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("server.listen (from WECALL_SERVER__LISTEN): `8000`"),
        "{error}"
    );
    assert!(
        error.contains("limits.requests (from WECALL_LIMITS__REQUESTS)"),
        "{error}"
    );
    assert!(
        error.contains("wecall.toml): `soon` is no duration"),
        "{error}"
    );
    assert!(error.contains("wecall.toml): expected number"), "{error}");
}

#[test]
fn value_out_of_its_range_is_refused() {
    let environment = [("WECALL_ROOMS__MAX_PARTICIPANTS", "1000")];
    let error = Loaded::load(&outside(&environment, &[]))
        .unwrap_err()
        .to_string();
    assert!(error.contains("rooms.max_participants: 1000"), "{error}");
}

#[test]
fn secrets_are_used_but_not_shown() {
    let file = r#"
        [[ice.servers]]
        urls = ["turn:turn.example.org:3478"]
        username = "u"
        credential = "hush"
    "#;
    let loaded = with_file(file, Outside::default()).unwrap();
    let servers = loaded.config.ice.servers.for_clients();
    assert_eq!(servers[0].credential.as_deref(), Some("hush"));
    assert!(!loaded.print().contains("hush"));
    assert!(!format!("{:?}", loaded.config).contains("hush"));
}

#[test]
fn secret_comes_from_a_file_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credential");
    fs::write(&path, "hush\n").unwrap();
    let json = serde_json::json!([{
        "urls": ["turns:t.example.org"], "username": "u", "credential_file": path,
    }])
    .to_string();
    let loaded = Loaded::load(&outside(&[("WECALL_ICE__SERVERS", &json)], &[])).unwrap();
    let servers = loaded.config.ice.servers.for_clients();
    assert_eq!(servers[0].credential.as_deref(), Some("hush"));
}

#[test]
fn what_is_printed_can_be_read_back() {
    let first = Loaded::load(&Outside::default()).unwrap().print();
    let second = with_file(&first, Outside::default()).unwrap();
    let values = |text: &str| -> Vec<String> {
        let line = |line: &str| line.split(" # ").next().unwrap_or_default().to_owned();
        text.lines().map(line).collect()
    };
    assert_eq!(values(&first), values(&second.print()));
}

#[test]
fn reference_names_every_key() {
    let text = reference();
    for section in SECTIONS {
        for key in section.keys {
            assert!(text.contains(&format!("`{}.{}`", section.name, key.name)));
            assert!(
                !key.doc.is_empty(),
                "{}.{} has no words",
                section.name,
                key.name
            );
        }
    }
}
