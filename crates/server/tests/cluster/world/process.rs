//! A program from outside, with its log.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
};

use crate::server::PATIENCE;

pub struct Process {
    name: String,
    child: Child,
    /// Whether it has processes of its own, which would outlive a kill.
    has_children: bool,
    log: Receiver<String>,
}

impl Process {
    pub fn start(command: &mut Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let (sender, log) = channel();
        collect(child.stdout.take().unwrap(), sender.clone());
        collect(child.stderr.take().unwrap(), sender);
        Self {
            name,
            child,
            has_children: false,
            log,
        }
    }

    /// Asked to end, in place of killed, as it has to end processes of its own.
    pub fn with_children(mut self) -> Self {
        self.has_children = true;
        self
    }

    /// Waits for a line of the log that has this part, and skips those before it.
    pub fn log_of(&self, part: &str) -> String {
        let mut before = vec![];
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(part) => return line,
                Ok(line) => before.push(line),
                Err(_) => panic!("{}: no {part:?}, but {before:#?}", self.name),
            }
        }
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status();
        assert!(sent.unwrap().success(), "{} is gone", self.name);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.has_children && matches!(self.child.try_wait(), Ok(None)) {
            self.signal("TERM");
        } else {
            // It may have ended already; a stopped one ends as well.
            drop(self.child.kill());
        }
        drop(self.child.wait());
    }
}

fn collect(output: impl Read + Send + 'static, log: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if log.send(line).is_err() {
                break;
            }
        }
    });
}
