//! When the web client tries again (`web/src/call/reconnectPolicy.ts`), with its figures.

use std::time::Duration;

/// How the last attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    Closed,
    /// Nothing has reached the server, so there is nobody to spare by waiting.
    TimedOut,
}

/// How long to wait before the next attempt. `failed` is 0 right after a loss; `chance` is from 0
/// up to 1.
pub fn delay(failed: u32, since_loss: Duration, last: Failure, chance: f64) -> Duration {
    const FIRST_WINDOW: Duration = Duration::from_millis(300);
    if failed == 0 {
        return FIRST_WINDOW.mul_f64(chance);
    }
    if last == Failure::TimedOut {
        return Duration::from_millis(250).mul_f64(chance);
    }
    let cap = match since_loss.as_secs() {
        0..20 => Duration::from_secs(1),
        20..60 => Duration::from_secs(2),
        _ => Duration::from_secs(5),
    };
    let window = cap.min(FIRST_WINDOW * 2_u32.pow(failed.min(8)));
    window.mul_f64(0.5 + chance / 2.0)
}

/// How long an attempt may take.
pub fn attempt(failed: u32) -> Duration {
    const SHORT_ATTEMPTS: u32 = 8;
    let later = failed.checked_sub(SHORT_ATTEMPTS);
    Duration::from_secs(match later.map(|later| later % 3) {
        None | Some(1) => 2,
        Some(0) => 4,
        Some(_) => 8,
    })
}

/// How long a server that answers may take for a `join` or a `resume`.
pub const ENTER: Duration = Duration::from_secs(5);

/// What was handed to the kernel and is still there after this long goes nowhere.
pub const STALLED_SEND: Duration = Duration::from_secs(3);
