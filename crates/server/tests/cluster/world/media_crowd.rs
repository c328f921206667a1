//! Participants with cameras and microphones: the load tool, as a program.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;

use super::process::Process;

pub struct MediaCrowd(Process);

/// What the crowd tells of itself each second.
#[derive(Debug, Deserialize)]
pub struct Progress {
    pub over_media_server: usize,
    pub moving: usize,
}

impl MediaCrowd {
    /// Everyone watches everyone; neighbours are at different nodes. They take their time to come:
    /// what one node knows of another is a second old at most.
    pub fn join(nodes: &[SocketAddr], room: &str, people: usize) -> Self {
        let urls: Vec<_> = nodes.iter().map(|node| format!("ws://{node}/ws")).collect();
        let mut command = Command::new(binary());
        command
            .args(["room", "--url", &urls.join(","), "--room", room])
            .args(["--participants", &people.to_string()])
            .args(["--watch", &(people - 1).to_string()])
            .args([
                "--join-every",
                "500",
                "--frame-rate",
                "15",
                "--seconds",
                "120",
            ]);
        Self(Process::start(&mut command))
    }

    pub fn wait_until(&self, holds: impl Fn(&Progress) -> bool) -> Progress {
        loop {
            let line = self.0.log_of(r#""event":"progress""#);
            let progress = serde_json::from_str(&line).unwrap();
            if holds(&progress) {
                return progress;
            }
        }
    }
}

/// The one that `WECALL_LOADTEST_BIN` names, or the one that was built beside the server.
fn binary() -> PathBuf {
    let beside = Path::new(env!("CARGO_BIN_EXE_wecall")).with_file_name("wecall-loadtest");
    std::env::var_os("WECALL_LOADTEST_BIN").map_or(beside, PathBuf::from)
}
