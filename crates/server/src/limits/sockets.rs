//! How many WebSockets each client holds open.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::RetryAfter;

/// Nobody knows when one of a client's sockets closes; this keeps it from asking all the time.
const RETRY: Duration = Duration::from_secs(10);

/// Bounded by `limits.max_connections`, as each entry has at least one of them.
#[derive(Debug)]
pub struct Sockets {
    open: Mutex<Open>,
    per_client: u32,
    enabled: bool,
}

#[derive(Debug, Default)]
struct Open {
    by_client: HashMap<u64, u32>,
    total: u64,
}

/// The right to have a socket open.
#[derive(Debug)]
pub struct SocketPermit {
    sockets: Arc<Sockets>,
    client: u64,
}

impl Sockets {
    pub fn new(per_client: u32, enabled: bool) -> Self {
        Self {
            open: Mutex::default(),
            per_client,
            enabled,
        }
    }

    pub fn open(sockets: &Arc<Self>, client: u64) -> Result<SocketPermit, RetryAfter> {
        let mut open = sockets.lock();
        let count = open.by_client.entry(client).or_default();
        if sockets.enabled && *count >= sockets.per_client {
            return Err(RetryAfter(RETRY));
        }
        *count += 1;
        open.total += 1;
        drop(open);
        Ok(SocketPermit {
            sockets: sockets.clone(),
            client,
        })
    }

    pub fn open_now(&self) -> u64 {
        self.lock().total
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        // Counts are changed in one step, so a panic of another thread spoils nothing.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SocketPermit {
    fn drop(&mut self) {
        let mut open = self.sockets.lock();
        open.total -= 1;
        if let Some(count) = open.by_client.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                open.by_client.remove(&self.client);
            }
        }
    }
}
