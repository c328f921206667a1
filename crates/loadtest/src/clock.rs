use std::time::Instant;

/// The one place where the tool reads the clock: what it measures is real time.
#[expect(
    clippy::disallowed_methods,
    reason = "a measurement of real time has no other source"
)]
pub fn now() -> Instant {
    Instant::now()
}
