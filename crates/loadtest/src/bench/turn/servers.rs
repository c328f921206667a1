use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::Pid;
use tempfile::TempDir;
use wecall_turn::{Credentials, Secret, client::Client};

use crate::{
    clock,
    error::{During, Error},
};

const SECRET: &str = "a-secret-for-the-benchmark";
const READY_WITHIN: Duration = Duration::from_secs(20);

/// A TURN server in a process of its own, killed when this is dropped.
pub struct Relay {
    child: Child,
    pub addr: SocketAddr,
    _folder: TempDir,
}

impl Relay {
    pub fn ours(binary: &Path) -> Result<Self, Error> {
        let folder = folder()?;
        let addr = free_address()?;
        let secret = folder.path().join("turn-secret");
        fs::write(&secret, SECRET).during("writing the secret")?;
        let mut command = Command::new(fs::canonicalize(binary).during("finding the server")?);
        command
            .args(["serve", "--listen", &free_address()?.to_string()])
            .args(["--metrics-listen", "off", "--data-dir", "data"])
            .env("WECALL_TURN__LISTEN", addr.to_string())
            .env("WECALL_TURN__SECRET_FILE", secret)
            .env("WECALL_TURN__ALLOWED_PEERS", "127.0.0.0/8")
            // More than the load sends.
            .env("WECALL_TURN__USER_KBIT_PER_SECOND", "4000000");
        Self::start(command, addr, folder)
    }

    pub fn coturn() -> Result<Self, Error> {
        let folder = folder()?;
        let addr = free_address()?;
        let mut command = Command::new("turnserver");
        command
            .args([
                "-n",
                "--no-tls",
                "--no-dtls",
                "--no-cli",
                "--use-auth-secret",
            ])
            .args([
                "--allow-loopback-peers",
                "--log-file=/dev/null",
                "--realm=coturn",
            ])
            // One relay thread, as ours has: threads would share the work, not lessen it.
            .args(["--relay-threads=1", "--userdb=db", "--pidfile=pid"])
            .arg(format!("--static-auth-secret={SECRET}"))
            .arg(format!("--listening-ip={}", addr.ip()))
            .arg(format!("--relay-ip={}", addr.ip()))
            .arg(format!("--listening-port={}", addr.port()));
        Self::start(command, addr, folder)
    }

    fn start(mut command: Command, addr: SocketAddr, folder: TempDir) -> Result<Self, Error> {
        let child = command
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .during(format!("starting {}", command.get_program().display()))?;
        let relay = Self {
            child,
            addr,
            _folder: folder,
        };
        relay.wait_until_ready()?;
        Ok(relay)
    }

    fn wait_until_ready(&self) -> Result<(), Error> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).during("opening a socket")?;
        let patience = Duration::from_millis(20);
        socket
            .set_read_timeout(Some(patience))
            .during("opening a socket")?;
        let mut client = Client::new(credentials("probe"), 0);
        let start = clock::now();
        while start.elapsed() < READY_WITHIN {
            socket
                .send_to(&client.binding(), self.addr)
                .during("sending")?;
            if socket.recv(&mut [0; 512]).is_ok() {
                return Ok(());
            }
        }
        Err(Error::NotReady(format!("no STUN at {}", self.addr)))
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // Both fail only when the process has ended already.
        if self.child.kill().is_ok() && self.child.wait().is_err() {
            eprintln!("the server's end was not seen");
        }
    }
}

/// Good until 2033: coturn takes times for 32 bits with a sign, so that 2038 is the past to it.
pub fn credentials(user: &str) -> Credentials {
    Secret::new(SECRET).mint(user, 2_000_000_000)
}

fn folder() -> Result<TempDir, Error> {
    tempfile::tempdir().during("creating a temporary folder")
}

fn free_address() -> Result<SocketAddr, Error> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).during("finding a free port")?;
    socket.local_addr().during("finding a free port")
}
