//! epoll with the sockets' indexes as tokens, and timeouts finer than a millisecond.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    time::Duration,
};

use rustix::{
    buffer::spare_capacity,
    event::{
        Timespec,
        epoll::{self, EventData, EventFlags},
    },
};

/// Events taken at once: few, so that a sender on a schedule gets its turn between them.
const BATCH: usize = 128;

pub struct Poller {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
}

#[derive(Debug, Clone, Copy)]
pub struct Ready {
    pub token: usize,
    pub readable: bool,
    pub writable: bool,
}

impl Poller {
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(BATCH),
        })
    }

    pub fn add(&self, socket: impl AsFd, token: usize) -> io::Result<()> {
        let data = EventData::new_u64(token as u64);
        Ok(epoll::add(&self.epoll, socket, data, EventFlags::IN)?)
    }

    pub fn remove(&self, socket: impl AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, socket)?)
    }

    /// Whether to tell also when `socket` takes bytes again.
    pub fn watch_writable(&self, socket: impl AsFd, token: usize, watch: bool) -> io::Result<()> {
        let mut flags = EventFlags::IN;
        flags.set(EventFlags::OUT, watch);
        let data = EventData::new_u64(token as u64);
        Ok(epoll::modify(&self.epoll, socket, data, flags)?)
    }

    /// Adds what is ready to `ready`; nothing when `timeout` has passed.
    pub fn wait(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        });
        self.events.clear();
        match epoll::wait(
            &self.epoll,
            spare_capacity(&mut self.events),
            timeout.as_ref(),
        ) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        ready.extend(self.events.drain(..).map(|event| {
            // Errors and hang-ups come out of the next read.
            // Copied out: the kernel's structure is packed.
            let flags = event.flags;
            let broken = flags.intersects(EventFlags::ERR | EventFlags::HUP);
            Ready {
                token: usize::try_from(event.data.u64()).expect("made of an index"),
                readable: broken || flags.contains(EventFlags::IN),
                writable: flags.contains(EventFlags::OUT),
            }
        }));
        Ok(())
    }
}
