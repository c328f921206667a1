use std::net::SocketAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::{
    Attribute, HEADER_BYTES, MAGIC_COOKIE, TransactionId, address::read_xor_address,
    fingerprint::fingerprint, padded,
};

/// What is no STUN message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no STUN message")]
pub struct Malformed;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Request,
    Indication,
    Success,
    Error,
}

/// The methods that we know (RFC 8489 section 18.2, RFC 8656 section 17).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method(pub u16);

impl Method {
    pub const BINDING: Self = Self(0x001);
    pub const ALLOCATE: Self = Self(0x003);
    pub const REFRESH: Self = Self(0x004);
    pub const SEND: Self = Self(0x006);
    pub const DATA: Self = Self(0x007);
    pub const CREATE_PERMISSION: Self = Self(0x008);
    pub const CHANNEL_BIND: Self = Self(0x009);
}

/// The two bits of the class stand between those of the method.
pub(crate) const fn type_bits(class: Class, method: Method) -> u16 {
    let class = match class {
        Class::Request => 0,
        Class::Indication => 0x010,
        Class::Success => 0x100,
        Class::Error => 0x110,
    };
    let Method(method) = method;
    class | (method & 0x00f) | ((method & 0x070) << 1) | ((method & 0xf80) << 2)
}

/// A message whose attributes are well-formed.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    bytes: &'a [u8],
    /// Where MESSAGE-INTEGRITY begins.
    integrity_at: Option<usize>,
}

impl<'a> Message<'a> {
    /// Of one datagram, or of one frame of a stream.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let header: &[u8; HEADER_BYTES] = bytes.first_chunk().ok_or(Malformed)?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let cookie = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
        if header[0] >> 6 != 0 || cookie != MAGIC_COOKIE || bytes.len() != HEADER_BYTES + length {
            return Err(Malformed);
        }
        let mut message = Self {
            bytes,
            integrity_at: None,
        };
        let mut at = HEADER_BYTES;
        while at < bytes.len() {
            let (kind, value) = attribute_at(bytes, at).ok_or(Malformed)?;
            match kind {
                Attribute::MESSAGE_INTEGRITY if message.integrity_at.is_none() => {
                    message.integrity_at = Some(at);
                }
                Attribute::FINGERPRINT => message.check_fingerprint(at, value)?,
                _ => {}
            }
            at += 4 + padded(value.len());
        }
        Ok(message)
    }

    fn check_fingerprint(&self, at: usize, value: &[u8]) -> Result<(), Malformed> {
        let is_last = at + 8 == self.bytes.len();
        let told: [u8; 4] = value.try_into().map_err(|_| Malformed)?;
        match is_last && u32::from_be_bytes(told) == fingerprint(&self.bytes[..at]) {
            true => Ok(()),
            false => Err(Malformed),
        }
    }

    pub fn class(&self) -> Class {
        match self.type_bits() & 0x110 {
            0 => Class::Request,
            0x010 => Class::Indication,
            0x100 => Class::Success,
            _ => Class::Error,
        }
    }

    pub fn method(&self) -> Method {
        let bits = self.type_bits();
        Method((bits & 0x00f) | ((bits & 0x0e0) >> 1) | ((bits & 0x3e00) >> 2))
    }

    fn type_bits(&self) -> u16 {
        u16::from_be_bytes([self.bytes[0], self.bytes[1]])
    }

    pub fn transaction(&self) -> TransactionId {
        let mut id = TransactionId::default();
        id.copy_from_slice(&self.bytes[8..HEADER_BYTES]);
        id
    }

    /// Those before MESSAGE-INTEGRITY; what stands after it anyone could have added.
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes {
            bytes: &self.bytes[..self.integrity_at.unwrap_or(self.bytes.len())],
            at: HEADER_BYTES,
        }
    }

    /// The first of this type.
    pub fn value(&self, kind: Attribute) -> Option<&'a [u8]> {
        self.attributes()
            .find_map(|(found, value)| (found == kind).then_some(value))
    }

    pub fn text(&self, kind: Attribute) -> Option<&'a str> {
        std::str::from_utf8(self.value(kind)?).ok()
    }

    pub fn number(&self, kind: Attribute) -> Option<u32> {
        Some(u32::from_be_bytes(self.value(kind)?.try_into().ok()?))
    }

    pub fn address(&self, kind: Attribute) -> Option<SocketAddr> {
        read_xor_address(self.value(kind)?, &self.transaction())
    }

    pub fn has_integrity(&self) -> bool {
        self.integrity_at.is_some()
    }

    /// Whether MESSAGE-INTEGRITY was made with this key.
    pub fn is_signed_with(&self, key: &[u8]) -> bool {
        let Some(at) = self.integrity_at else {
            return false;
        };
        let Some((_, told)) = attribute_at(self.bytes, at) else {
            return false;
        };
        let Ok(length) = u16::try_from(at + 24 - HEADER_BYTES) else {
            return false;
        };
        let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("a key has any length");
        mac.update(&self.bytes[..2]);
        mac.update(&length.to_be_bytes());
        mac.update(&self.bytes[4..at]);
        mac.verify_slice(told).is_ok()
    }

    /// Attributes that must be understood and are not among `known`.
    pub fn unknown(
        &self,
        known: &'static [Attribute],
    ) -> impl Iterator<Item = Attribute> + use<'a> {
        self.attributes()
            .map(|(kind, _)| kind)
            .filter(|kind| kind.must_be_understood() && !known.contains(kind))
    }
}

/// Type and value of the attribute that begins there, if it is whole.
fn attribute_at(bytes: &[u8], at: usize) -> Option<(Attribute, &[u8])> {
    let (head, rest) = bytes.get(at..)?.split_first_chunk::<4>()?;
    let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
    if padded(length) > rest.len() {
        return None;
    }
    let kind = Attribute(u16::from_be_bytes([head[0], head[1]]));
    Some((kind, &rest[..length]))
}

#[derive(Debug, Clone)]
pub struct Attributes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (Attribute, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, value) = attribute_at(self.bytes, self.at)?;
        self.at += 4 + padded(value.len());
        Some((kind, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5769 section 2.4: a request with long-term authentication.
    const LONG_TERM: &[u8] = b"\x00\x01\x00\x60\x21\x12\xa4\x42\x78\xad\x34\x33\xc6\xad\x72\xc0\
        \x29\xda\x41\x2e\x00\x06\x00\x12\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa\xe3\x83\x83\xe3\x82\
        \xaf\xe3\x82\xb9\x00\x00\x00\x15\x00\x1c\x66\x2f\x2f\x34\x39\x39\x6b\x39\x35\x34\x64\x36\
        \x4f\x4c\x33\x34\x6f\x4c\x39\x46\x53\x54\x76\x79\x36\x34\x73\x41\x00\x14\x00\x0b\x65\x78\
        \x61\x6d\x70\x6c\x65\x2e\x6f\x72\x67\x00\x00\x08\x00\x14\xf6\x70\x24\x65\x6d\xd6\x4a\x3e\
        \x02\xb8\xe0\x71\x2e\x85\xc9\xa2\x8c\xa8\x96\x66";

    #[test]
    fn request_of_the_test_vectors_is_read_and_its_signature_holds() {
        let message = Message::parse(LONG_TERM).unwrap();
        assert_eq!(message.class(), Class::Request);
        assert_eq!(message.method(), Method::BINDING);
        assert_eq!(message.text(Attribute::REALM), Some("example.org"));
        let username = message.text(Attribute::USERNAME).unwrap();
        let key = crate::credentials::long_term_key(username, "example.org", "TheMatrIX");
        assert!(message.is_signed_with(&key));
        assert!(!message.is_signed_with(b"another"));
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_refused_or_not_signed() {
        let username = Message::parse(LONG_TERM).unwrap();
        let username = username.text(Attribute::USERNAME).unwrap();
        let key = crate::credentials::long_term_key(username, "example.org", "TheMatrIX");
        for end in 0..LONG_TERM.len() {
            assert!(Message::parse(&LONG_TERM[..end]).is_err());
        }
        for bit in 0..LONG_TERM.len() * 8 {
            let mut bytes = LONG_TERM.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(message) = Message::parse(&bytes) {
                assert!(!message.is_signed_with(&key), "bit {bit}");
            }
        }
    }

    #[test]
    fn all_methods_and_classes_are_told_apart() {
        for method in 0..0x1000 {
            for class in [
                Class::Request,
                Class::Indication,
                Class::Success,
                Class::Error,
            ] {
                let mut bytes = [0; HEADER_BYTES];
                bytes[..2].copy_from_slice(&type_bits(class, Method(method)).to_be_bytes());
                bytes[4..8].copy_from_slice(&MAGIC_COOKIE.to_be_bytes());
                let message = Message::parse(&bytes).unwrap();
                assert_eq!((message.class(), message.method()), (class, Method(method)));
            }
        }
    }
}
