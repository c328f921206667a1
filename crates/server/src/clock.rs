//! The one place that reads the time; everything else gets it handed.

use std::time::{Duration, Instant, SystemTime};

use wecall_protocol::Timestamp;

#[derive(Debug, Clone, Copy)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// A clock that counts [`Clock::uptime`] from now.
    pub fn start() -> Self {
        Self {
            started: Self::read(),
        }
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let now = SystemTime::now();
        // A clock before 1970 is one that was never set; nothing here goes by the date.
        let since_epoch = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Timestamp::from_unix_ms(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }

    /// A time that never goes backwards, for intervals.
    pub fn instant(&self) -> Instant {
        Self::read()
    }

    /// The time since [`Clock::start`].
    pub fn uptime(&self) -> Duration {
        Self::read() - self.started
    }

    /// The same for those who can hold no clock.
    pub fn read() -> Instant {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        Instant::now()
    }
}
