//! Starts the program and talks to it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

/// Long enough for two busy cores; nothing waits for it to pass.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Server {
    child: Child,
    log: Receiver<Value>,
    folder: Folder,
    pub address: SocketAddr,
    pub metrics: SocketAddr,
}

/// Where a server lives; gone with the last server that lives in it.
struct Folder(TempDir);

/// How to start a server.
#[derive(Default, Clone)]
pub struct Options {
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// Another build of the program than the one under test.
    pub binary: Option<PathBuf>,
    listen: Option<SocketAddr>,
    metrics: Option<SocketAddr>,
}

/// A server that was ended, whose folder and addresses wait for the next one.
pub struct Ended {
    folder: Folder,
    address: SocketAddr,
    metrics: SocketAddr,
}

impl Options {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Sets `WECALL_{name}`.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment
            .push((format!("WECALL_{name}"), value.into()));
        self
    }

    /// In place of free ports.
    pub fn listen_at(mut self, address: SocketAddr, metrics: SocketAddr) -> Self {
        (self.listen, self.metrics) = (Some(address), Some(metrics));
        self
    }

    pub fn start(self) -> Server {
        Server::start_in(self, Folder(TempDir::new().unwrap()))
    }
}

impl Ended {
    /// A new process on the same data folder and ports.
    pub fn start(self, options: Options) -> Server {
        Server::start_in(options.listen_at(self.address, self.metrics), self.folder)
    }
}

/// The program, in a clean environment.
pub fn program(folder: &Path) -> Command {
    program_at(Path::new(env!("CARGO_BIN_EXE_wecall")), folder)
}

fn program_at(binary: &Path, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().current_dir(folder);
    command
}

impl Server {
    pub fn start() -> Self {
        Options::new().start()
    }

    fn start_in(options: Options, folder: Folder) -> Self {
        let or_any = |address: Option<SocketAddr>| {
            let address = address.unwrap_or(([127, 0, 0, 1], 0).into());
            address.to_string()
        };
        let mut command = match &options.binary {
            Some(binary) => program_at(binary, folder.0.path()),
            None => program(folder.0.path()),
        };
        let mut child = command
            .args(["serve", "--listen", &or_any(options.listen)])
            .args(["--metrics-listen", &or_any(options.metrics)])
            .args(&options.arguments)
            .env("WECALL_LOGGING__FORMAT", "json")
            // The usual ports are free for one of the tests that run at once.
            .env("WECALL_TURN__LISTEN", "127.0.0.1:0")
            .env("WECALL_MEDIA__LISTEN", "127.0.0.1:0")
            .env("WECALL_MEDIA__TCP_LISTEN", "127.0.0.1:0")
            .env("WECALL_MEDIA__SHARDS", "1")
            .envs(options.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, log) = channel();
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if sender.send(event).is_err() {
                    break;
                }
            }
        });
        let mut server = Self {
            child,
            log,
            folder,
            address: ([127, 0, 0, 1], 0).into(),
            metrics: ([127, 0, 0, 1], 0).into(),
        };
        server.metrics = server.bound("serving metrics");
        server.address = server.bound("listening");
        server.log_of("ready");
        server
    }

    fn bound(&self, message: &str) -> SocketAddr {
        let event = self.log_of(message);
        event["address"].as_str().unwrap().parse().unwrap()
    }

    /// Waits for an event of the log, and skips those before it.
    pub fn log_of(&self, message: &str) -> Value {
        let mut before = vec![];
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(event) if event["message"] == message => return event,
                Ok(event) => before.push(event),
                Err(_) => panic!("no {message:?} in the log, but {before:#?}"),
            }
        }
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folder.0.path().join("data")
    }

    pub fn get(&self, path: &str) -> Response {
        self.request("GET", path, &[], "")
    }

    pub fn post(&self, path: &str, body: &str) -> Response {
        let json = [("content-type", "application/json")];
        self.request("POST", path, &json, body)
    }

    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        request(
            self.connect(),
            &self.address.to_string(),
            method,
            path,
            headers,
            body,
        )
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// A WebSocket that has got its 101; what comes next are frames.
    pub fn web_socket(&self) -> TcpStream {
        let mut stream = self.connect();
        let address = self.address;
        write!(
            stream,
            "GET /ws HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        .unwrap();
        let head = read_head(&mut stream);
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        stream
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Ends the process without a warning, as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn wait(&mut self) -> ExitStatus {
        let pid = self.child.id();
        // The end of its output is the end of the process: nothing to poll for.
        while self.log.recv_timeout(PATIENCE).is_ok() {}
        match self.child.try_wait().unwrap() {
            Some(status) => status,
            None => {
                let ended = self.child.wait().unwrap();
                assert!(
                    ended.code().is_some(),
                    "process {pid} did not end by itself"
                );
                ended
            }
        }
    }

    /// Ends the process, if it has not ended by itself, and keeps its place.
    pub fn end(mut self) -> Ended {
        self.kill();
        Ended {
            folder: std::mem::replace(&mut self.folder, Folder(TempDir::new().unwrap())),
            address: self.address,
            metrics: self.metrics,
        }
    }

    /// A new process on the same data folder and ports, after the end of this one.
    pub fn restart(self, options: Options) -> Self {
        self.end().start(options)
    }

    /// Everything that it has written to standard output, after its end.
    pub fn output(&mut self) -> String {
        let mut text = String::new();
        let stdout = self.child.stdout.as_mut().unwrap();
        stdout.read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// The values of a header, or nothing.
    pub fn header(&self, name: &str) -> String {
        let values = self.headers.iter().filter(|(known, _)| known == name);
        let values: Vec<_> = values.map(|(_, value)| value.as_str()).collect();
        values.join(", ")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// One request on a connection of its own.
pub fn request(
    mut stream: impl Read + Write,
    host: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Response {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() {
        head += &format!("content-length: {}\r\n", body.len());
    }
    write!(stream, "{head}\r\n{body}").unwrap();
    let head = read_head(&mut stream);
    let mut lines = head.lines();
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().unwrap());
    let has_body = method != "HEAD" && status != 304;
    let mut body = vec![0; if has_body { length } else { 0 }];
    stream.read_exact(&mut body).unwrap();
    Response {
        status,
        headers,
        body,
    }
}

fn read_head(stream: &mut impl Read) -> String {
    let mut head = vec![];
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}
