//! The clock of these tests: what they measure by, and how long they wait for what nothing announces.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(10);

#[expect(
    clippy::disallowed_methods,
    reason = "real processes are held to real time"
)]
pub fn now() -> Instant {
    Instant::now()
}

/// Waits until `look` finds something, no longer than `patience`.
pub fn wait_for<T>(
    what: &str,
    patience: Duration,
    mut look: impl FnMut() -> Result<T, String>,
) -> T {
    let start = now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(still) if start.elapsed() > patience => {
                panic!("not within {patience:?}: {what}; instead {still}")
            }
            Err(_) => thread::sleep(LOOK),
        }
    }
}
