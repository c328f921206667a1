use std::time::Duration;

/// What everyone together, one user, and one allocation may hold.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub allocations: usize,
    pub allocations_per_user: usize,
    /// Of all users behind one address, or one /64 of IPv6.
    pub allocations_per_address: usize,
    /// Of relayed payload, both directions together.
    pub bytes_per_second_per_user: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            // A quarter of the dynamic ports.
            allocations: 4_096,
            // A connection takes one for each network interface and transport, and a mesh has
            // several connections, each with another pair after a change of network.
            allocations_per_user: 64,
            // 16 people at their bound behind one NAT, and a quarter of all.
            allocations_per_address: 1_024,
            // 50 Mbit/s: three people watched and sent to at 4 Mbit/s each, twice over.
            bytes_per_second_per_user: 6_250_000,
        }
    }
}

/// Peers that one allocation may have permissions for, and channels to. A browser takes one for
/// each candidate of the other side: a dozen is many.
pub const PEERS: usize = 64;

/// RFC 8656 section 9.
pub const PERMISSION: Duration = Duration::from_secs(300);

/// RFC 8656 section 12.
pub const CHANNEL: Duration = Duration::from_secs(600);

/// RFC 8656 section 7.2. Not more is granted to those who ask for more, so that whoever is gone
/// holds a port no longer than this.
pub const LIFETIME: Duration = Duration::from_secs(600);

/// However often it is refreshed: a call of a day, and nobody keeps a port for ever with
/// credentials that have expired.
pub const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);
