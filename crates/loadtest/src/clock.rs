use std::time::{Duration, Instant, SystemTime};

/// The one place where the tool reads the clock: what it measures is real time.
#[expect(
    clippy::disallowed_methods,
    reason = "a measurement of real time has no other source"
)]
pub fn now() -> Instant {
    Instant::now()
}

/// On the clock that the kernel stamps datagrams with.
#[expect(
    clippy::disallowed_methods,
    reason = "a measurement of real time has no other source"
)]
pub fn since_epoch() -> Duration {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default()
}
