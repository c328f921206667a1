//! What is no Redis for us: the program refuses to start, and names the setting.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Stdio},
    thread,
};

use tempfile::TempDir;

use crate::{
    server::{PATIENCE, program},
    world::{
        clock::wait_for,
        nodes::{Node, node_options},
        ports::free_port,
        redis::{Redis, RedisOptions},
    },
};

/// What the program says when it does not start.
fn refusal(settings: &[(&str, &str)]) -> String {
    let folder = TempDir::new().unwrap();
    let mut command = program(folder.path());
    command.args([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--metrics-listen",
        "off",
    ]);
    for (name, value) in settings {
        command.env(format!("WECALL_{name}"), value);
    }
    let mut child = Running(command.stderr(Stdio::piped()).spawn().unwrap());
    let status = wait_for("it refuses to start", PATIENCE, || {
        let status = child.0.try_wait().unwrap();
        status.ok_or_else(|| "it runs".into())
    });
    assert!(!status.success());
    let mut said = String::new();
    let stderr = child.0.stderr.as_mut().unwrap();
    stderr.read_to_string(&mut said).unwrap();
    println!("{}", said.trim_end());
    assert!(
        !said.contains("hush") && !said.contains("panicked"),
        "{said}"
    );
    said
}

/// Ended by the end of the test, whatever it does.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn nothing_there() {
    let url = format!("redis://127.0.0.1:{}", free_port());
    let said = refusal(&[("REDIS__URL", &url)]);
    assert!(
        said.contains("redis.url") && said.contains("refused"),
        "{said}"
    );
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn name_that_nobody_knows() {
    let said = refusal(&[("REDIS__URL", "redis://redis.invalid:6379")]);
    assert!(said.contains("redis.url"), "{said}");
    assert!(said.contains("redis.invalid"), "{said}");
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn wrong_password_or_none() {
    let redis = RedisOptions::new().password("right").start();
    for password in ["", ":hush@"] {
        let url = format!("redis://{password}127.0.0.1:{}", redis.port);
        let said = refusal(&[("REDIS__URL", &url)]);
        assert!(said.contains("redis.url"), "{said}");
        assert!(said.contains("redis.password_file"), "{said}");
        assert!(said.contains("password"), "{said}");
    }
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn something_else_than_redis() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let answer = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
            // Whoever is gone needs no answer.
            drop(
                stream
                    .read(&mut [0; 1024])
                    .and_then(|_| stream.write_all(answer.as_bytes())),
            );
        }
    });
    let said = refusal(&[("REDIS__URL", &format!("redis://{address}"))]);
    assert!(said.contains("redis.url"), "{said}");
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn older_version_than_is_supported() {
    let redis = Redis::start();
    let info = redis.command(&["INFO", "server"]);
    let version = info
        .lines()
        .find_map(|line| line.strip_prefix("redis_version:"));
    let version = version.unwrap().trim().to_owned();
    // As long as the true one, so that lengths in between stay right.
    let old = format!("6.1.{}", "9".repeat(version.len() - 4));
    let pretender = pretender(redis.address(), version, old.clone());
    let said = refusal(&[("REDIS__URL", &format!("redis://{pretender}"))]);
    assert!(said.contains("redis.url"), "{said}");
    assert!(said.contains(&old) && said.contains("6.2"), "{said}");
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn certificate_of_an_unknown_authority() {
    let redis = RedisOptions::new().tls().start();
    let said = refusal(&[("REDIS__URL", &redis.url())]);
    assert!(said.contains("redis.ca_file"), "{said}");
    let missing = redis.certificate().with_extension("missing");
    let said = refusal(&[
        ("REDIS__URL", &redis.url()),
        ("REDIS__CA_FILE", missing.to_str().unwrap()),
    ]);
    assert!(said.contains("redis.ca_file"), "{said}");
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn file_of_authorities_that_is_none() {
    let redis = RedisOptions::new().tls().start();
    let garbage = redis.certificate().with_extension("garbage");
    fs::write(&garbage, "-----BEGIN CERTIFICATE-----\nnonsense\n").unwrap();
    let said = refusal(&[
        ("REDIS__URL", &redis.url()),
        ("REDIS__CA_FILE", garbage.to_str().unwrap()),
    ]);
    assert!(said.contains("redis.ca_file"), "{said}");
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn store_of_another_schema() {
    let redis = Redis::start();
    let schema = "wecall:{nodes}:schema";
    redis.command(&["SET", schema, "4/3"]);
    let later = refusal(&[("REDIS__URL", &redis.url())]);
    assert!(later.contains("redis.prefix"), "{later}");
    assert!(later.contains("schema 4/3"), "{later}");
    assert_eq!(redis.command(&["GET", schema]), "4/3", "it is not ours");

    redis.command(&["SET", schema, "a name"]);
    let strange = refusal(&[("REDIS__URL", &redis.url())]);
    assert!(strange.contains("redis.prefix"), "{strange}");

    redis.command(&["DEL", schema]);
    redis.command(&["LPUSH", schema, "1"]);
    let other = refusal(&[("REDIS__URL", &redis.url())]);
    assert!(other.contains("redis.prefix"), "{other}");
    assert!(other.contains("another program"), "{other}");
    assert_eq!(redis.command(&["LLEN", schema]), "1", "it is not ours");

    // Under another prefix there is nothing in the way.
    let options = node_options("node-1")
        .env("REDIS__URL", &redis.url())
        .env("REDIS__PREFIX", "mine");
    let node = Node::start("node-1".into(), options, None);
    assert_eq!(node.server().get("/readyz").status, 200);
    assert_eq!(redis.command(&["GET", "mine:{nodes}:schema"]), "2/2");
}

#[test]
#[ignore = "needs Debian packages: cargo xtask test --only cluster"]
fn not_an_address() {
    for url in ["http://127.0.0.1:6379", "redis//127.0.0.1"] {
        let said = refusal(&[("REDIS__URL", url)]);
        assert!(said.contains("redis.url"), "{said}");
    }
}

/// A way to `server` on which one text is replaced by another of the same length.
fn pretender(server: SocketAddr, text: String, by: String) -> SocketAddr {
    assert_eq!(text.len(), by.len());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(server).unwrap();
            let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || pass_on(from, to, |_| {}));
            let (text, by) = (text.clone().into_bytes(), by.clone().into_bytes());
            thread::spawn(move || {
                pass_on(server, client, |bytes| {
                    let length = text.len();
                    for at in 0..bytes.len().saturating_sub(length - 1) {
                        if bytes[at..at + length] == text {
                            bytes[at..at + length].copy_from_slice(&by);
                        }
                    }
                });
            });
        }
    });
    address
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, change: impl Fn(&mut [u8])) {
    let mut buffer = [0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        change(&mut buffer[..length]);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // The other direction ends as well.
    drop(to.shutdown(std::net::Shutdown::Both));
}
