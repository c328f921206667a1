use std::net::SocketAddr;

use crate::stun::{
    Attribute, CHANNEL_HEADER_BYTES, Class, HEADER_BYTES, MAGIC_COOKIE, Method, padded,
    write_xor_address,
};

/// What stands before the payload on its way to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    bytes: [u8; Self::MAX_BYTES],
    length: u8,
}

impl Head {
    /// Of a Data indication: its header, an IPv6 address, and the head of DATA.
    pub const MAX_BYTES: usize = HEADER_BYTES + 4 + 20 + 4;

    pub(super) fn channel(number: u16, data_bytes: usize) -> Self {
        let mut bytes = [0; Self::MAX_BYTES];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        bytes[2..4].copy_from_slice(&length(data_bytes));
        Self {
            bytes,
            length: CHANNEL_HEADER_BYTES as u8,
        }
    }

    /// RFC 8656 section 11.3.
    pub(super) fn indication(number: u64, peer: SocketAddr, data_bytes: usize) -> Self {
        let mut transaction = [0; 12];
        transaction[4..].copy_from_slice(&number.to_be_bytes());
        let (address, address_bytes) = write_xor_address(peer, &transaction);
        let attributes = 4 + address_bytes + 4 + padded(data_bytes);

        let mut bytes = [0; Self::MAX_BYTES];
        let kind = crate::stun::type_bits(Class::Indication, Method::DATA);
        bytes[..2].copy_from_slice(&kind.to_be_bytes());
        bytes[2..4].copy_from_slice(&length(attributes));
        bytes[4..8].copy_from_slice(&MAGIC_COOKIE.to_be_bytes());
        bytes[8..20].copy_from_slice(&transaction);
        let mut at = HEADER_BYTES;
        for (kind, value_bytes) in [
            (Attribute::XOR_PEER_ADDRESS, address_bytes),
            (Attribute::DATA, data_bytes),
        ] {
            bytes[at..at + 2].copy_from_slice(&kind.0.to_be_bytes());
            bytes[at + 2..at + 4].copy_from_slice(&length(value_bytes));
            at += 4;
            if kind == Attribute::XOR_PEER_ADDRESS {
                bytes[at..at + address_bytes].copy_from_slice(&address[..address_bytes]);
                at += address_bytes;
            }
        }
        Self {
            bytes,
            length: at as u8,
        }
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Whether what follows must be padded in a datagram too.
    pub fn is_message(&self) -> bool {
        self.bytes[0] >> 6 == 0
    }
}

/// A datagram is at most 65,507 bytes, less than what a length holds with our head before it: an
/// indication around a larger one could not be sent anyhow.
fn length(bytes: usize) -> [u8; 2] {
    u16::try_from(bytes).unwrap_or(u16::MAX).to_be_bytes()
}
