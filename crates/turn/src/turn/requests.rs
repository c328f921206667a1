//! Requests (RFC 8656 sections 7 to 12): who asks, whether they may, and the answer.

use std::net::{IpAddr, SocketAddr};

use super::{ClientId, Family, Now, PortKind, RelayId, RelaySockets, Step, Turn};
use crate::{
    Refused,
    allocation::{Allocation, NotBound},
    bounded::{LIFETIME, MAX_AGE},
    credentials::{LongTermKey, parse_name},
    nonce,
    stun::{Attribute, CHANNELS, Class, Message, Method, Writer, code},
};

/// Told to clients, so that a capture names the server.
const SOFTWARE: &[u8] = b"WeCall";

/// UDP, as REQUESTED-TRANSPORT has it.
const UDP: u8 = 17;

/// The bit of EVEN-PORT that asks for the port after it as well.
const RESERVE_NEXT: u8 = 0x80;

const V4: u8 = 1;
const V6: u8 = 2;

/// What we understand in a request; anything else that must be understood is refused.
const KNOWN: &[Attribute] = &[
    Attribute::USERNAME,
    Attribute::REALM,
    Attribute::NONCE,
    Attribute::MESSAGE_INTEGRITY,
    Attribute::LIFETIME,
    Attribute::REQUESTED_TRANSPORT,
    Attribute::REQUESTED_ADDRESS_FAMILY,
    Attribute::EVEN_PORT,
    Attribute::CHANNEL_NUMBER,
    Attribute::XOR_PEER_ADDRESS,
    Attribute::DATA,
    // Our sockets never let packets be fragmented.
    Attribute::DONT_FRAGMENT,
];

/// An error answer, and what it is counted as.
struct No {
    code: u16,
    reason: Refused,
    /// Of whoever is known by now: the answer is signed.
    key: Option<LongTermKey>,
}

impl No {
    const fn new(code: u16, reason: Refused) -> Self {
        Self {
            code,
            reason,
            key: None,
        }
    }

    const fn signed(code: u16, reason: Refused, key: LongTermKey) -> Self {
        Self {
            code,
            reason,
            key: Some(key),
        }
    }
}

/// Who has signed a request.
struct Signer<'a> {
    username: &'a str,
    user: &'a str,
    key: LongTermKey,
    /// Which the client has already.
    relay: Option<RelayId>,
}

impl Turn {
    pub(super) fn request<'a>(
        &'a mut self,
        client: ClientId,
        message: &Message<'_>,
        now: Now,
        sockets: &mut impl RelaySockets,
    ) -> Step<'a> {
        let method = message.method();
        if !matches!(
            method,
            Method::BINDING
                | Method::ALLOCATE
                | Method::REFRESH
                | Method::CREATE_PERMISSION
                | Method::CHANNEL_BIND
        ) {
            return self.refuse(
                &client,
                message,
                now,
                No::new(code::BAD_REQUEST, Refused::BadRequest),
            );
        }
        let known = if method == Method::BINDING {
            &[]
        } else {
            KNOWN
        };
        if message.unknown(known).next().is_some() {
            return self.refuse_unknown(message, known);
        }
        let answered = match method {
            Method::BINDING => return self.binding(&client, message),
            Method::ALLOCATE => self.allocate(&client, message, now, sockets),
            Method::REFRESH => self.refresh(&client, message, now, sockets),
            Method::CREATE_PERMISSION => self.create_permission(&client, message, now),
            _ => self.channel_bind(&client, message, now),
        };
        match answered {
            Ok(()) => Step::Answer(&self.answer),
            Err(no) => self.refuse(&client, message, now, no),
        }
    }

    fn binding(&mut self, client: &ClientId, message: &Message<'_>) -> Step<'_> {
        self.figures.count_binding();
        let answer = Writer::new(
            &mut self.answer,
            Class::Success,
            Method::BINDING,
            message.transaction(),
        )
        .address(Attribute::XOR_MAPPED_ADDRESS, client.remote)
        .value(Attribute::SOFTWARE, SOFTWARE)
        .finish();
        Step::Answer(answer)
    }

    fn allocate(
        &mut self,
        client: &ClientId,
        message: &Message<'_>,
        now: Now,
        sockets: &mut impl RelaySockets,
    ) -> Result<(), No> {
        let signer = self.authenticate(client, message, now)?;
        let key = signer.key;
        if let Some(RelayId(index)) = signer.relay {
            // The answer got lost, and the request came again.
            if self.allocations[index].transaction == message.transaction() {
                self.tell_allocated(index, message, now);
                return Ok(());
            }
            return Err(No::signed(
                code::ALLOCATION_MISMATCH,
                Refused::Mismatch,
                key,
            ));
        }
        let bad = No::signed(code::BAD_REQUEST, Refused::BadRequest, key);
        match message.value(Attribute::REQUESTED_TRANSPORT) {
            Some(&[UDP, _, _, _]) => {}
            Some(&[_, _, _, _]) => {
                let code = code::UNSUPPORTED_TRANSPORT_PROTOCOL;
                return Err(No::signed(code, Refused::BadRequest, key));
            }
            _ => return Err(bad),
        }
        let family = match message.value(Attribute::REQUESTED_ADDRESS_FAMILY) {
            None | Some(&[V4, _, _, _]) => Family::V4,
            Some(&[V6, _, _, _]) => Family::V6,
            Some(_) => {
                let code = code::ADDRESS_FAMILY_NOT_SUPPORTED;
                return Err(No::signed(code, Refused::BadRequest, key));
            }
        };
        let ports = match message.value(Attribute::EVEN_PORT) {
            None => PortKind::Any,
            Some(&[flags]) if flags & RESERVE_NEXT == 0 => PortKind::Even,
            // Nobody keeps the next one: browsers put RTP and RTCP on one port.
            Some(&[_]) => {
                let code = code::INSUFFICIENT_CAPACITY;
                return Err(No::signed(code, Refused::NoRelay, key));
            }
            Some(_) => return Err(bad),
        };
        let bounds = self.settings.bounds;
        if self.is_closing || self.allocations.len() >= bounds.allocations {
            return Err(No::signed(
                code::INSUFFICIENT_CAPACITY,
                Refused::TotalQuota,
                key,
            ));
        }
        let address = client.remote.ip();
        if self.holders.held(address) >= bounds.allocations_per_address {
            return Err(No::signed(
                code::ALLOCATION_QUOTA_REACHED,
                Refused::AddressQuota,
                key,
            ));
        }
        let Some(user) = self.users.take(signer.user, &bounds, now.instant) else {
            return Err(No::signed(
                code::ALLOCATION_QUOTA_REACHED,
                Refused::UserQuota,
                key,
            ));
        };
        let entry = self.allocations.vacant_entry();
        let relay = RelayId(entry.key());
        let Some(relayed) = sockets.open(relay, client, family, ports) else {
            self.users.give_back(user);
            let code = match family {
                Family::V4 => code::INSUFFICIENT_CAPACITY,
                Family::V6 => code::ADDRESS_FAMILY_NOT_SUPPORTED,
            };
            return Err(No::signed(code, Refused::NoRelay, key));
        };
        entry.insert(Allocation::new(
            *client,
            signer.username,
            user,
            key,
            relayed,
            message.transaction(),
            now.instant,
            now.instant + LIFETIME,
        ));
        self.holders.take(address);
        self.by_client.insert(*client, relay);
        self.by_relayed.insert(relayed, relay);
        self.figures.count_allocated();
        self.figures.set_allocations(self.allocations.len());
        self.tell_allocated(relay.0, message, now);
        Ok(())
    }

    fn tell_allocated(&mut self, index: usize, message: &Message<'_>, now: Now) {
        let allocation = &self.allocations[index];
        let left = allocation.expires_at.saturating_duration_since(now.instant);
        Writer::new(
            &mut self.answer,
            Class::Success,
            Method::ALLOCATE,
            message.transaction(),
        )
        .address(Attribute::XOR_RELAYED_ADDRESS, allocation.relayed)
        .address(Attribute::XOR_MAPPED_ADDRESS, allocation.client.remote)
        .number(Attribute::LIFETIME, seconds(left))
        .value(Attribute::SOFTWARE, SOFTWARE)
        .sign(&allocation.key)
        .finish();
    }

    fn refresh(
        &mut self,
        client: &ClientId,
        message: &Message<'_>,
        now: Now,
        sockets: &mut impl RelaySockets,
    ) -> Result<(), No> {
        let (relay, key) = self.authenticated_relay(client, message, now)?;
        let asked = message.number(Attribute::LIFETIME);
        let granted = match asked {
            Some(0) => {
                self.free(relay, sockets);
                0
            }
            _ => {
                let allocation = &mut self.allocations[relay.0];
                let last = allocation.created_at + MAX_AGE;
                allocation.expires_at = (now.instant + LIFETIME).min(last);
                seconds(allocation.expires_at.saturating_duration_since(now.instant))
            }
        };
        self.succeed(message, &key, |answer| {
            answer.number(Attribute::LIFETIME, granted)
        });
        Ok(())
    }

    fn create_permission(
        &mut self,
        client: &ClientId,
        message: &Message<'_>,
        now: Now,
    ) -> Result<(), No> {
        let (relay, key) = self.authenticated_relay(client, message, now)?;
        let mut peers = 0;
        // All or none: they are looked at before the first is permitted.
        for peer in peer_addresses(message) {
            self.check_peer(relay, peer, key)?;
            peers += 1;
        }
        if peers == 0 {
            return Err(No::signed(code::BAD_REQUEST, Refused::BadRequest, key));
        }
        let allocation = &mut self.allocations[relay.0];
        for peer in peer_addresses(message).flatten() {
            allocation
                .permit(peer.ip(), now.instant)
                .map_err(|_| No::signed(code::INSUFFICIENT_CAPACITY, Refused::UserQuota, key))?;
        }
        self.succeed(message, &key, |answer| answer);
        Ok(())
    }

    fn channel_bind(
        &mut self,
        client: &ClientId,
        message: &Message<'_>,
        now: Now,
    ) -> Result<(), No> {
        let (relay, key) = self.authenticated_relay(client, message, now)?;
        let bad = || No::signed(code::BAD_REQUEST, Refused::BadRequest, key);
        let number = match message.value(Attribute::CHANNEL_NUMBER) {
            Some(&[high, low, _, _]) => u16::from_be_bytes([high, low]),
            _ => return Err(bad()),
        };
        let peer = peer_addresses(message).next().ok_or_else(bad)?;
        let peer = self.check_peer(relay, peer, key)?;
        if !CHANNELS.contains(&number) {
            return Err(bad());
        }
        let bound = self.allocations[relay.0].bind(number, peer, now.instant);
        bound.map_err(|not_bound| match not_bound {
            NotBound::Taken => bad(),
            NotBound::TooMany => No::signed(code::INSUFFICIENT_CAPACITY, Refused::UserQuota, key),
        })?;
        self.succeed(message, &key, |answer| answer);
        Ok(())
    }

    /// Whether the relay may speak with this peer, if it is one.
    fn check_peer(
        &self,
        relay: RelayId,
        peer: Option<SocketAddr>,
        key: LongTermKey,
    ) -> Result<SocketAddr, No> {
        let Some(peer) = peer else {
            return Err(No::signed(code::BAD_REQUEST, Refused::BadRequest, key));
        };
        let relayed = self.allocations[relay.0].relayed;
        if Family::of(peer.ip()) != Family::of(relayed.ip()) {
            let code = code::PEER_ADDRESS_FAMILY_MISMATCH;
            return Err(No::signed(code, Refused::BadRequest, key));
        }
        match self.settings.peers.permits_some_port(peer.ip(), &self.own)
            || self.relays_at(peer.ip())
        {
            true => Ok(peer),
            false => Err(No::signed(code::FORBIDDEN, Refused::ForbiddenPeer, key)),
        }
    }

    /// Whether someone has a relayed address with this IP; what is sent there stays in the machine.
    fn relays_at(&self, peer: IpAddr) -> bool {
        self.by_relayed.keys().any(|relayed| relayed.ip() == peer)
    }

    fn succeed(
        &mut self,
        message: &Message<'_>,
        key: &LongTermKey,
        fill: impl FnOnce(Writer<'_>) -> Writer<'_>,
    ) {
        let answer = Writer::new(
            &mut self.answer,
            Class::Success,
            message.method(),
            message.transaction(),
        );
        fill(answer).sign(key).finish();
    }

    /// The allocation of a request that must have one.
    fn authenticated_relay(
        &self,
        client: &ClientId,
        message: &Message<'_>,
        now: Now,
    ) -> Result<(RelayId, LongTermKey), No> {
        let signer = self.authenticate(client, message, now)?;
        match signer.relay {
            Some(relay) => Ok((relay, signer.key)),
            None => Err(No::signed(
                code::ALLOCATION_MISMATCH,
                Refused::Mismatch,
                signer.key,
            )),
        }
    }

    /// RFC 8489 section 9.2.4.
    fn authenticate<'m>(
        &self,
        client: &ClientId,
        message: &Message<'m>,
        now: Now,
    ) -> Result<Signer<'m>, No> {
        if !message.has_integrity() {
            return Err(No::new(code::UNAUTHORIZED, Refused::NoCredentials));
        }
        let (Some(username), Some(realm), Some(told)) = (
            message.text(Attribute::USERNAME),
            message.text(Attribute::REALM),
            message.text(Attribute::NONCE),
        ) else {
            return Err(No::new(code::BAD_REQUEST, Refused::BadRequest));
        };
        let secret = &self.settings.secret;
        if !nonce::is_good(told, secret, client.remote, now.unix_s) {
            return Err(No::new(code::STALE_NONCE, Refused::StaleNonce));
        }
        let bad = No::new(code::UNAUTHORIZED, Refused::BadCredentials);
        let Some((expires, user)) = parse_name(username).filter(|_| realm == self.settings.realm)
        else {
            return Err(bad);
        };
        let relay = self.by_client.get(client).copied();
        let key = match relay.map(|RelayId(index)| &self.allocations[index]) {
            // Credentials that have expired open nothing, but keep what they have opened: a call
            // may last longer than they do.
            Some(allocation) if *allocation.username == *username => allocation.key,
            Some(allocation) => {
                let key = secret.key(username, realm);
                return match message.is_signed_with(&key) {
                    true => Err(No::signed(
                        code::WRONG_CREDENTIALS,
                        Refused::Mismatch,
                        allocation.key,
                    )),
                    false => Err(bad),
                };
            }
            None if expires <= now.unix_s => {
                return Err(No::new(code::UNAUTHORIZED, Refused::ExpiredCredentials));
            }
            None => secret.key(username, realm),
        };
        match message.is_signed_with(&key) {
            true => Ok(Signer {
                username,
                user,
                key,
                relay,
            }),
            false => Err(bad),
        }
    }

    fn refuse(&mut self, client: &ClientId, message: &Message<'_>, now: Now, no: No) -> Step<'_> {
        self.figures.count_refused(no.reason);
        let mut answer = Writer::new(
            &mut self.answer,
            Class::Error,
            message.method(),
            message.transaction(),
        )
        .error(no.code);
        if matches!(no.code, code::UNAUTHORIZED | code::STALE_NONCE) {
            let nonce = nonce::make(&self.settings.secret, client.remote, now.unix_s);
            answer = answer
                .value(Attribute::REALM, self.settings.realm.as_bytes())
                .value(Attribute::NONCE, nonce.as_bytes());
        }
        if let Some(key) = &no.key {
            answer = answer.sign(key);
        }
        Step::Answer(answer.finish())
    }

    fn refuse_unknown(&mut self, message: &Message<'_>, known: &'static [Attribute]) -> Step<'_> {
        /// To name some is enough for whoever looks for the trouble.
        const NAMED: usize = 8;

        self.figures.count_refused(Refused::BadRequest);
        let mut names = [0; NAMED * 2];
        let mut length = 0;
        for unknown in message.unknown(known).take(NAMED) {
            names[length..length + 2].copy_from_slice(&unknown.0.to_be_bytes());
            length += 2;
        }
        let answer = Writer::new(
            &mut self.answer,
            Class::Error,
            message.method(),
            message.transaction(),
        )
        .error(code::UNKNOWN_ATTRIBUTE)
        .value(Attribute::UNKNOWN_ATTRIBUTES, &names[..length]);
        Step::Answer(answer.finish())
    }
}

/// Canonical, so that nobody reaches IPv4 in the coat of IPv6; `None` for what is no address.
fn peer_addresses(message: &Message<'_>) -> impl Iterator<Item = Option<SocketAddr>> {
    let transaction = message.transaction();
    message
        .attributes()
        .filter(|(kind, _)| *kind == Attribute::XOR_PEER_ADDRESS)
        .map(move |(_, value)| {
            let peer = crate::stun::read_xor_address(value, &transaction)?;
            Some(SocketAddr::new(peer.ip().to_canonical(), peer.port()))
        })
}

fn seconds(duration: std::time::Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}
