use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{
    clock,
    error::{During, Error},
    rest,
};

/// How often readiness is asked for: fine enough for a figure in milliseconds, coarse enough to
/// leave the starting server its cores.
const POLL: Duration = Duration::from_micros(500);
const READY_WITHIN: Duration = Duration::from_secs(20);
const STOPPED_WITHIN: Duration = Duration::from_secs(20);

/// A server in a process of its own, killed when this is dropped.
pub struct Server {
    child: Child,
    pub addr: SocketAddr,
    pub started_at: Instant,
    log: std::path::PathBuf,
    /// Holds data and log while the server runs, unless the caller gave a folder.
    _folder: Option<TempDir>,
}

impl Server {
    /// Starts on an empty data folder; returns when the server is ready.
    pub fn start(binary: &Path) -> Result<Self, Error> {
        Self::start_with(binary, &[])
    }

    /// The same with settings, as the environment has them.
    pub fn start_with(binary: &Path, settings: &[(&str, &str)]) -> Result<Self, Error> {
        let folder = tempfile::tempdir().during("creating a temporary folder")?;
        let mut server = Self::start_in(binary, folder.path(), settings)?;
        server._folder = Some(folder);
        Ok(server)
    }

    /// Starts on the data folder inside `folder`.
    pub fn start_in(
        binary: &Path,
        folder: &Path,
        settings: &[(&str, &str)],
    ) -> Result<Self, Error> {
        let binary = fs::canonicalize(binary).during(format!("finding {}", binary.display()))?;
        let addr = free_address()?;
        let log = folder.join("server.log");
        let output = File::create(&log).during("creating the server's log")?;
        let errors = output.try_clone().during("creating the server's log")?;
        let mut command = Command::new(&binary);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("WECALL_") {
                command.env_remove(name);
            }
        }
        command
            .arg("serve")
            .args(["--listen", &addr.to_string()])
            .args(["--metrics-listen", &free_address()?.to_string()])
            .arg("--data-dir")
            .arg(folder.join("data"))
            .env("WECALL_LIMITS__ENABLED", "false")
            .envs(settings.iter().copied())
            // No configuration file of this folder.
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        let started_at = clock::now();
        let child = command
            .spawn()
            .during(format!("starting {}", binary.display()))?;
        let mut server = Self {
            child,
            addr,
            started_at,
            log,
            _folder: None,
        };
        server.wait_until_ready()?;
        Ok(server)
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Ends it as `kill -9` does.
    pub fn kill(self) {
        drop(self);
    }

    /// Stops it as an operator does, and waits for its end.
    pub fn stop(mut self) -> Result<(), Error> {
        kill_process(self.pid(), Signal::TERM).during("stopping the server")?;
        let start = clock::now();
        while self
            .child
            .try_wait()
            .during("waiting for the server")?
            .is_none()
        {
            if start.elapsed() > STOPPED_WITHIN {
                return Err(Error::Stalled {
                    what: "stopping the server".into(),
                    after: STOPPED_WITHIN,
                });
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    fn wait_until_ready(&mut self) -> Result<(), Error> {
        loop {
            if let Ok(response) = rest::get(self.addr, "/readyz")
                && response.status == 200
            {
                return Ok(());
            }
            let ended = self.child.try_wait().during("waiting for the server")?;
            if ended.is_some() || self.started_at.elapsed() > READY_WITHIN {
                let log = fs::read_to_string(&self.log).unwrap_or_default();
                return Err(Error::NotReady(log));
            }
            thread::sleep(POLL);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when the process has ended already.
        if self.child.kill().is_ok() && self.child.wait().is_err() {
            eprintln!("the server's end was not seen");
        }
    }
}

/// An address that nobody listens on now.
pub fn free_address() -> Result<SocketAddr, Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).during("finding a free port")?;
    listener.local_addr().during("finding a free port")
}
