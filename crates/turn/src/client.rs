//! The other side: what a TURN client says, for `wecall doctor`, for measurements and for tests.
//! Without IO as well.

use std::net::SocketAddr;

use crate::{
    Credentials, Family,
    credentials::{LongTermKey, long_term_key},
    stun::{
        Attribute, CHANNEL_HEADER_BYTES, Class, Message, Method, TransactionId, Writer, padded,
    },
};

#[derive(Debug)]
pub struct Client {
    credentials: Credentials,
    realm: String,
    nonce: String,
    key: Option<LongTermKey>,
    transactions: u64,
}

/// What a server has sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<'a> {
    Success(Success),
    /// After 401 and 438 the same request is worth a second try.
    Error {
        method: u16,
        code: u16,
    },
    FromPeer {
        peer: SocketAddr,
        data: &'a [u8],
    },
    OnChannel {
        number: u16,
        data: &'a [u8],
    },
}

#[derive(Debug, PartialEq, Eq)]
pub struct Success {
    pub method: u16,
    /// Where the client's packets come from, as the server sees it.
    pub mapped: Option<SocketAddr>,
    pub relayed: Option<SocketAddr>,
    pub lifetime_s: Option<u32>,
}

impl Client {
    /// `random` sets its transactions apart from those of others.
    pub fn new(credentials: Credentials, random: u64) -> Self {
        Self {
            credentials,
            realm: String::new(),
            nonce: String::new(),
            key: None,
            transactions: random,
        }
    }

    pub fn binding(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let transaction = self.transaction();
        Writer::new(&mut bytes, Class::Request, Method::BINDING, transaction).finish();
        bytes
    }

    pub fn allocate(&mut self, family: Family) -> Vec<u8> {
        let family: u8 = match family {
            Family::V4 => 1,
            Family::V6 => 2,
        };
        self.request(Method::ALLOCATE, |request| {
            request
                .value(Attribute::REQUESTED_TRANSPORT, &[17, 0, 0, 0])
                .value(Attribute::REQUESTED_ADDRESS_FAMILY, &[family, 0, 0, 0])
        })
    }

    /// A lifetime of zero gives the allocation back.
    pub fn refresh(&mut self, lifetime_s: u32) -> Vec<u8> {
        self.request(Method::REFRESH, |request| {
            request.number(Attribute::LIFETIME, lifetime_s)
        })
    }

    pub fn permit(&mut self, peers: &[SocketAddr]) -> Vec<u8> {
        self.request(Method::CREATE_PERMISSION, |request| {
            peers.iter().fold(request, |request, peer| {
                request.address(Attribute::XOR_PEER_ADDRESS, *peer)
            })
        })
    }

    pub fn bind(&mut self, number: u16, peer: SocketAddr) -> Vec<u8> {
        self.request(Method::CHANNEL_BIND, |request| {
            request
                .number(Attribute::CHANNEL_NUMBER, u32::from(number) << 16)
                .address(Attribute::XOR_PEER_ADDRESS, peer)
        })
    }

    pub fn send(&mut self, peer: SocketAddr, data: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let transaction = self.transaction();
        Writer::new(&mut bytes, Class::Indication, Method::SEND, transaction)
            .address(Attribute::XOR_PEER_ADDRESS, peer)
            .value(Attribute::DATA, data)
            .finish();
        bytes
    }

    /// With the padding that streams need.
    pub fn channel_data(number: u16, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
        let mut bytes = Vec::with_capacity(CHANNEL_HEADER_BYTES + padded(data.len()));
        bytes.extend_from_slice(&number.to_be_bytes());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(data);
        bytes.resize(padded(bytes.len()), 0);
        bytes
    }

    /// A datagram or a frame of the server; `None` for what it would not say.
    pub fn receive<'a>(&mut self, bytes: &'a [u8]) -> Option<Received<'a>> {
        if bytes.first()? >> 6 == 1 {
            let (&[a, b, c, d], rest) = bytes.split_first_chunk::<CHANNEL_HEADER_BYTES>()?;
            let length = usize::from(u16::from_be_bytes([c, d]));
            return Some(Received::OnChannel {
                number: u16::from_be_bytes([a, b]),
                data: rest.get(..length)?,
            });
        }
        let message = Message::parse(bytes).ok()?;
        let Method(method) = message.method();
        match message.class() {
            Class::Request => None,
            Class::Indication => Some(Received::FromPeer {
                peer: message.address(Attribute::XOR_PEER_ADDRESS)?,
                data: message.value(Attribute::DATA)?,
            }),
            Class::Success => Some(Received::Success(Success {
                method,
                mapped: message.address(Attribute::XOR_MAPPED_ADDRESS),
                relayed: message.address(Attribute::XOR_RELAYED_ADDRESS),
                lifetime_s: message.number(Attribute::LIFETIME),
            })),
            Class::Error => {
                if let (Some(realm), Some(nonce)) = (
                    message.text(Attribute::REALM),
                    message.text(Attribute::NONCE),
                ) {
                    let Credentials { username, password } = &self.credentials;
                    self.key = Some(long_term_key(username, realm, password));
                    (self.realm, self.nonce) = (realm.into(), nonce.into());
                }
                let error = message.value(Attribute::ERROR_CODE)?;
                let (class, rest) = (error.get(2)?, error.get(3)?);
                let code = u16::from(*class) * 100 + u16::from(*rest);
                Some(Received::Error { method, code })
            }
        }
    }

    /// Any request, signed as soon as a challenge has come.
    pub fn request(
        &mut self,
        method: Method,
        fill: impl FnOnce(Writer<'_>) -> Writer<'_>,
    ) -> Vec<u8> {
        let mut bytes = Vec::new();
        let transaction = self.transaction();
        let request = fill(Writer::new(&mut bytes, Class::Request, method, transaction));
        match &self.key {
            Some(key) => request
                .value(Attribute::USERNAME, self.credentials.username.as_bytes())
                .value(Attribute::REALM, self.realm.as_bytes())
                .value(Attribute::NONCE, self.nonce.as_bytes())
                .sign(key)
                .finish(),
            None => request.finish(),
        };
        bytes
    }

    fn transaction(&mut self) -> TransactionId {
        self.transactions = self.transactions.wrapping_add(1);
        let mut transaction = TransactionId::default();
        transaction[4..].copy_from_slice(&self.transactions.to_be_bytes());
        transaction
    }
}
