//! What a person shares with whoever plays them.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use super::view::View;
use crate::world::clock::now;

pub struct Shared {
    view: Mutex<View>,
    changed: Condvar,
}

impl Shared {
    pub fn new() -> Self {
        Self {
            view: Mutex::new(View::new()),
            changed: Condvar::new(),
        }
    }

    pub fn look(&self) -> MutexGuard<'_, View> {
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        view.expire();
        view
    }

    /// Waits for the next change, or until `deadline`; false when that has passed.
    pub fn await_change<'a>(
        &self,
        view: MutexGuard<'a, View>,
        deadline: Instant,
    ) -> (MutexGuard<'a, View>, bool) {
        let left = deadline.saturating_duration_since(now());
        let waited = self.changed.wait_timeout(view, left);
        let (view, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (view, now() < deadline)
    }

    pub fn change<T>(&self, change: impl FnOnce(&mut View) -> T) -> T {
        let changed = change(&mut self.look());
        self.changed.notify_all();
        changed
    }
}
