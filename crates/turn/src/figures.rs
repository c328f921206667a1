//! What the machine counts. Other threads read it while it runs.

use std::sync::atomic::{AtomicU64, Ordering};

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// No MESSAGE-INTEGRITY: the first request of every client.
    NoCredentials,
    /// Not signed with the password of the name, or the name is none of ours.
    BadCredentials,
    ExpiredCredentials,
    StaleNonce,
    /// Another user's allocation, or none, or one too many on this connection.
    Mismatch,
    BadRequest,
    /// A peer that is not public and was not opened.
    ForbiddenPeer,
    UserQuota,
    AddressQuota,
    TotalQuota,
    /// No free port, or no address of the family.
    NoRelay,
    /// A packet beyond the user's bandwidth.
    Bandwidth,
    /// A packet from a peer without a permission.
    NoPermission,
    /// A packet to someone who does not read fast enough.
    SlowClient,
    /// A TCP connection beyond the bound, or one that never became an allocation.
    Connection,
}

impl Refused {
    pub const ALL: [Self; 15] = [
        Self::NoCredentials,
        Self::BadCredentials,
        Self::ExpiredCredentials,
        Self::StaleNonce,
        Self::Mismatch,
        Self::BadRequest,
        Self::ForbiddenPeer,
        Self::UserQuota,
        Self::AddressQuota,
        Self::TotalQuota,
        Self::NoRelay,
        Self::Bandwidth,
        Self::NoPermission,
        Self::SlowClient,
        Self::Connection,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoCredentials => "no-credentials",
            Self::BadCredentials => "bad-credentials",
            Self::ExpiredCredentials => "expired-credentials",
            Self::StaleNonce => "stale-nonce",
            Self::Mismatch => "mismatch",
            Self::BadRequest => "bad-request",
            Self::ForbiddenPeer => "forbidden-peer",
            Self::UserQuota => "user-quota",
            Self::AddressQuota => "address-quota",
            Self::TotalQuota => "total-quota",
            Self::NoRelay => "no-relay",
            Self::Bandwidth => "bandwidth",
            Self::NoPermission => "no-permission",
            Self::SlowClient => "slow-client",
            Self::Connection => "connection",
        }
    }
}

/// Written by one thread, so that plain additions do.
#[derive(Debug, Default)]
pub struct Figures {
    allocations: AtomicU64,
    allocated: AtomicU64,
    bindings: AtomicU64,
    to_peers: Traffic,
    to_clients: Traffic,
    refused: [AtomicU64; Refused::ALL.len()],
}

#[derive(Debug, Default)]
struct Traffic {
    packets: AtomicU64,
    bytes: AtomicU64,
}

impl Traffic {
    fn add(&self, bytes: usize) {
        add(&self.packets, 1);
        add(&self.bytes, bytes as u64);
    }
}

fn add(to: &AtomicU64, amount: u64) {
    // One writer: no locked instruction for each packet.
    to.store(to.load(Ordering::Relaxed) + amount, Ordering::Relaxed);
}

impl Figures {
    /// Open now.
    pub fn allocations(&self) -> u64 {
        self.allocations.load(Ordering::Relaxed)
    }

    /// Opened since the start.
    pub fn allocated(&self) -> u64 {
        self.allocated.load(Ordering::Relaxed)
    }

    /// STUN requests that were answered.
    pub fn bindings(&self) -> u64 {
        self.bindings.load(Ordering::Relaxed)
    }

    /// Packets and payload bytes from clients to peers.
    pub fn to_peers(&self) -> (u64, u64) {
        let Traffic { packets, bytes } = &self.to_peers;
        (
            packets.load(Ordering::Relaxed),
            bytes.load(Ordering::Relaxed),
        )
    }

    /// Packets and payload bytes from peers to clients.
    pub fn to_clients(&self) -> (u64, u64) {
        let Traffic { packets, bytes } = &self.to_clients;
        (
            packets.load(Ordering::Relaxed),
            bytes.load(Ordering::Relaxed),
        )
    }

    pub fn refused(&self, reason: Refused) -> u64 {
        self.refused[reason as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn count_refused(&self, reason: Refused) {
        add(&self.refused[reason as usize], 1);
    }

    pub(crate) fn count_binding(&self) {
        add(&self.bindings, 1);
    }

    pub(crate) fn count_allocated(&self) {
        add(&self.allocated, 1);
    }

    pub(crate) fn set_allocations(&self, open: usize) {
        self.allocations.store(open as u64, Ordering::Relaxed);
    }

    pub(crate) fn count_to_peer(&self, bytes: usize) {
        self.to_peers.add(bytes);
    }

    pub(crate) fn count_to_client(&self, bytes: usize) {
        self.to_clients.add(bytes);
    }
}
