//! Ports for processes that are killed and come back on them.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

/// Below those that the kernel gives to outgoing connections (from 32768 on): such a connection
/// could sit on the port of a process that is down for a moment.
const FIRST: u32 = 12_000;
const COUNT: u32 = 20_000;

/// A port of the loopback address that nobody uses, and that this test binary gives out once.
pub fn free_port() -> u16 {
    static NEXT: OnceLock<AtomicU32> = OnceLock::new();
    // Test binaries that run side by side begin in different places.
    let next = NEXT.get_or_init(|| AtomicU32::new(std::process::id().wrapping_mul(191) % COUNT));
    for _ in 0..COUNT {
        let port = FIRST + next.fetch_add(1, Relaxed) % COUNT;
        let port = u16::try_from(port).unwrap();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no free port from {FIRST} to {}", FIRST + COUNT);
}
