//! Who may ask how often: limits by client address.

mod bucket;
mod sockets;

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    time::{Duration, Instant},
};

use bucket::Buckets;
pub use sockets::SocketPermit;
use sockets::Sockets;

use crate::config::LimitsConfig;

/// The address of a client: that of its connection, or what a trusted proxy says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddr(pub IpAddr);

impl ClientAddr {
    /// What is limited as one: an IPv4 address, or the 64 bits that an IPv6 network is given,
    /// within which anyone can take as many addresses as they like.
    fn key(self) -> u64 {
        match self.0.to_canonical() {
            // All ones above is multicast in IPv6, so it never stands for a client of it.
            IpAddr::V4(address) => 0xffff_ffff_0000_0000 | u64::from(address.to_bits()),
            IpAddr::V6(address) => network(address),
        }
    }
}

fn network(address: Ipv6Addr) -> u64 {
    u64::try_from(address.to_bits() >> 64).expect("64 of 128 bits are left")
}

/// When one more would be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfter(pub Duration);

impl RetryAfter {
    /// For the `Retry-After` header.
    pub fn whole_seconds(self) -> u64 {
        self.0.as_secs() + 1
    }
}

#[derive(Debug)]
pub struct Limits {
    enabled: bool,
    room_misses: Buckets,
    room_creations: Buckets,
    requests: Buckets,
    socket_opens: Buckets,
    sockets: Arc<Sockets>,
}

impl Limits {
    pub fn new(config: &LimitsConfig, now: Instant) -> Self {
        Self {
            enabled: config.enabled,
            room_misses: Buckets::new(config.room_misses, now),
            room_creations: Buckets::new(config.room_creations, now),
            requests: Buckets::new(config.requests, now),
            socket_opens: Buckets::new(config.socket_opens, now),
            sockets: Arc::new(Sockets::new(config.sockets_per_address, config.enabled)),
        }
    }

    /// Before a room is looked up. Only those that are not there count, see [`Self::room_missed`].
    pub fn look_up_room(&self, client: ClientAddr, now: Instant) -> Result<(), RetryAfter> {
        if !self.enabled {
            return Ok(());
        }
        self.room_misses.peek(client.key(), now)
    }

    /// The room that was looked up is not there.
    pub fn room_missed(&self, client: ClientAddr, now: Instant) {
        if self.enabled {
            // A lookup that raced with others past the limit is charged too, and answered.
            self.room_misses.charge(client.key(), now);
        }
    }

    pub fn create_room(&self, client: ClientAddr, now: Instant) -> Result<(), RetryAfter> {
        self.take(&self.room_creations, client, now)
    }

    pub fn request(&self, client: ClientAddr, now: Instant) -> Result<(), RetryAfter> {
        self.take(&self.requests, client, now)
    }

    /// A WebSocket, which counts for as long as the permit lives.
    pub fn open_socket(
        &self,
        client: ClientAddr,
        now: Instant,
    ) -> Result<SocketPermit, RetryAfter> {
        self.take(&self.socket_opens, client, now)?;
        Sockets::open(&self.sockets, client.key())
    }

    /// WebSockets that are open.
    pub fn open_sockets(&self) -> u64 {
        self.sockets.open_now()
    }

    fn take(&self, buckets: &Buckets, client: ClientAddr, now: Instant) -> Result<(), RetryAfter> {
        if !self.enabled {
            return Ok(());
        }
        buckets.take(client.key(), now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        config::{Loaded, Outside},
    };

    fn limits(environment: &[(&str, &str)]) -> (Limits, Instant) {
        let outside = Outside {
            environment: environment
                .iter()
                .map(|(n, v)| (n.into(), v.into()))
                .collect(),
            ..Outside::default()
        };
        let now = Clock::start().instant();
        (
            Limits::new(&Loaded::load(&outside).unwrap().config.limits, now),
            now,
        )
    }

    fn client(text: &str) -> ClientAddr {
        ClientAddr(text.parse().unwrap())
    }

    #[test]
    fn looking_up_rooms_that_exist_is_free() {
        let (limits, now) = limits(&[]);
        let guest = client("192.0.2.1");
        for _ in 0..1_000 {
            assert_eq!(limits.look_up_room(guest, now), Ok(()));
        }
    }

    #[test]
    fn guessing_room_codes_comes_to_an_end_and_to_a_new_start() {
        let (limits, now) = limits(&[]);
        let guest = client("192.0.2.1");
        for _ in 0..60 {
            assert_eq!(limits.look_up_room(guest, now), Ok(()));
            limits.room_missed(guest, now);
        }
        let RetryAfter(wait) = limits.look_up_room(guest, now).unwrap_err();
        assert_eq!(limits.look_up_room(client("192.0.2.2"), now), Ok(()));
        assert_eq!(limits.look_up_room(guest, now + wait), Ok(()));
        limits.room_missed(guest, now + wait);
        assert!(limits.look_up_room(guest, now + wait).is_err());
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_client() {
        let (limits, now) = limits(&[("WECALL_LIMITS__ROOM_CREATIONS", "1, then 1 per 1h")]);
        assert_eq!(limits.create_room(client("2001:db8::1"), now), Ok(()));
        assert!(limits.create_room(client("2001:db8::ffff:2"), now).is_err());
        assert_eq!(limits.create_room(client("2001:db8:0:1::1"), now), Ok(()));
    }

    #[test]
    fn ipv4_in_ipv6_is_the_same_client() {
        assert_eq!(client("::ffff:192.0.2.1").key(), client("192.0.2.1").key());
    }

    #[test]
    fn sockets_count_until_their_permit_is_gone() {
        let (limits, now) = limits(&[("WECALL_LIMITS__SOCKETS_PER_ADDRESS", "1")]);
        let guest = client("192.0.2.1");
        let permit = limits.open_socket(guest, now).unwrap();
        assert!(limits.open_socket(guest, now).is_err());
        assert_eq!(limits.open_sockets(), 1);
        drop(permit);
        assert_eq!(limits.open_sockets(), 0);
        assert!(limits.open_socket(guest, now).is_ok());
    }

    #[test]
    fn nothing_is_limited_when_limits_are_off() {
        let (limits, now) = limits(&[
            ("WECALL_LIMITS__ENABLED", "false"),
            ("WECALL_LIMITS__SOCKETS_PER_ADDRESS", "1"),
            ("WECALL_LIMITS__REQUESTS", "1, then 1 per 1h"),
        ]);
        let guest = client("192.0.2.1");
        let permits: Vec<_> = (0..5)
            .map(|_| limits.open_socket(guest, now).unwrap())
            .collect();
        assert_eq!(limits.open_sockets(), 5);
        assert!((0..5).all(|_| limits.request(guest, now).is_ok()));
        drop(permits);
    }
}
