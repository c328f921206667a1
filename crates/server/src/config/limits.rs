use std::{fmt, num::NonZeroU32, str::FromStr, time::Duration};

use super::{section::section, value::ConfigValue};

section! {
    /// Bounds on what one client, and all together, may ask of the server. A client is an IPv4
    /// address or an IPv6 network of 64 bits.
    pub struct LimitsConfig in "limits" {
        /// Whether clients are limited by their address. Off for load tests from one machine; the
        /// bounds on all together stay.
        enabled: bool = "true",
        /// Questions about rooms that do not exist: by HTTP, or by joining. This is what makes
        /// guessing room codes hopeless; an office may still click on one old link together.
        room_misses: Rate = "60, then 1 per 2s",
        /// Rooms that are created.
        room_creations: Rate = "120, then 2 per 1s",
        /// Requests of any kind.
        requests: Rate = "600, then 100 per 1s",
        /// WebSockets that are opened. After a restart all people of an office come back from one
        /// address, and must be back within their grace time.
        socket_opens: Rate = "1000, then 50 per 1s",
        /// WebSockets that are open at once.
        sockets_per_address: u32 = "2_000",
        /// Rooms of all clients together.
        max_rooms: u32 = "500_000",
        /// Connections of all clients together, WebSockets included.
        max_connections: u32 = "100_000",
    }
}

/// So many at once, then so many in each period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub burst: NonZeroU32,
    /// The time that earns one more.
    pub interval: Duration,
    count: NonZeroU32,
    period: Duration,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (burst, then) = text.split_once(',')?;
            let (count, period) = then.trim().strip_prefix("then")?.split_once("per")?;
            let burst = burst.trim().parse().ok()?;
            let count: NonZeroU32 = count.trim().parse().ok()?;
            let period = humantime::parse_duration(period.trim()).ok()?;
            let interval = period / count.get();
            (interval > Duration::ZERO).then_some(Self {
                burst,
                interval,
                count,
                period,
            })
        };
        parse().ok_or_else(|| format!("`{text}` is no rate: write for example `20, then 1 per 3s`"))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = humantime::format_duration(self.period);
        write!(f, "{}, then {} per {period}", self.burst, self.count)
    }
}

impl ConfigValue for Rate {
    const KIND: &'static str = "rate";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
    }

    fn show(&self) -> String {
        self.to_string().show()
    }
}

impl LimitsConfig {
    pub(super) fn validate(&self) -> Result<(), String> {
        for (key, value) in [
            ("sockets_per_address", self.sockets_per_address),
            ("max_rooms", self.max_rooms),
            ("max_connections", self.max_connections),
        ] {
            if value == 0 {
                return Err(format!("limits.{key}: 0 would refuse everyone"));
            }
        }
        Ok(())
    }
}
