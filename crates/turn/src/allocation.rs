use std::{
    net::{IpAddr, SocketAddr},
    time::Instant,
};

use crate::{
    bounded::{CHANNEL, PEERS, PERMISSION},
    credentials::LongTermKey,
    stun::TransactionId,
    turn::ClientId,
};

/// A relayed address of a client, and whom it may speak with.
#[derive(Debug)]
pub struct Allocation {
    pub client: ClientId,
    pub username: Box<str>,
    pub user: usize,
    pub key: LongTermKey,
    /// As the peers see it.
    pub relayed: SocketAddr,
    /// Of the request that made it: one that comes again gets the same answer.
    pub transaction: TransactionId,
    pub created_at: Instant,
    pub expires_at: Instant,
    permissions: Vec<Permission>,
    channels: Vec<Channel>,
}

#[derive(Debug)]
struct Permission {
    peer: IpAddr,
    expires_at: Instant,
}

#[derive(Debug)]
struct Channel {
    number: u16,
    peer: SocketAddr,
    expires_at: Instant,
}

/// What a new permission or channel is refused for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotBound {
    TooMany,
    /// The number is another peer's, or the peer has another number.
    Taken,
}

impl Allocation {
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a part of what an allocation is"
    )]
    pub fn new(
        client: ClientId,
        username: &str,
        user: usize,
        key: LongTermKey,
        relayed: SocketAddr,
        transaction: TransactionId,
        now: Instant,
        expires_at: Instant,
    ) -> Self {
        Self {
            client,
            username: username.into(),
            user,
            key,
            relayed,
            transaction,
            created_at: now,
            expires_at,
            permissions: Vec::new(),
            channels: Vec::new(),
        }
    }

    pub fn permit(&mut self, peer: IpAddr, now: Instant) -> Result<(), NotBound> {
        let expires_at = now + PERMISSION;
        if let Some(known) = self.permissions.iter_mut().find(|one| one.peer == peer) {
            known.expires_at = expires_at;
            return Ok(());
        }
        if self.permissions.len() >= PEERS {
            self.permissions.retain(|one| one.expires_at > now);
        }
        if self.permissions.len() >= PEERS {
            return Err(NotBound::TooMany);
        }
        self.permissions.push(Permission { peer, expires_at });
        Ok(())
    }

    pub fn is_permitted(&self, peer: IpAddr, now: Instant) -> bool {
        self.permissions
            .iter()
            .any(|one| one.peer == peer && one.expires_at > now)
    }

    /// Binds a channel, and permits its peer.
    pub fn bind(&mut self, number: u16, peer: SocketAddr, now: Instant) -> Result<(), NotBound> {
        self.channels.retain(|one| one.expires_at > now);
        let same = |one: &Channel| one.number == number || one.peer == peer;
        let expires_at = now + CHANNEL;
        let index = match self.channels.iter().position(same) {
            Some(index) => {
                let known = &self.channels[index];
                if known.number != number || known.peer != peer {
                    return Err(NotBound::Taken);
                }
                Some(index)
            }
            None if self.channels.len() >= PEERS => return Err(NotBound::TooMany),
            None => None,
        };
        self.permit(peer.ip(), now)?;
        match index {
            Some(index) => self.channels[index].expires_at = expires_at,
            None => self.channels.push(Channel {
                number,
                peer,
                expires_at,
            }),
        }
        Ok(())
    }

    pub fn peer_of(&self, number: u16, now: Instant) -> Option<SocketAddr> {
        let found = self.channels.iter().find(|one| one.number == number)?;
        (found.expires_at > now).then_some(found.peer)
    }

    pub fn channel_to(&self, peer: SocketAddr, now: Instant) -> Option<u16> {
        let found = self.channels.iter().find(|one| one.peer == peer)?;
        (found.expires_at > now).then_some(found.number)
    }
}
