use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    task::Waker,
};

use wecall_protocol::PeerId;

/// The wakers of sockets that are in no room: only the end of the server concerns them all.
#[derive(Debug, Default)]
pub struct Lobby {
    wakers: Mutex<HashMap<PeerId, Waker>>,
}

impl Lobby {
    pub fn wait(&self, peer: PeerId, waker: &Waker) {
        self.lock().insert(peer, waker.clone());
    }

    pub fn leave(&self, peer: PeerId) {
        self.lock().remove(&peer);
    }

    pub fn wake_all(&self) {
        let wakers = std::mem::take(&mut *self.lock());
        wakers.into_values().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PeerId, Waker>> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
