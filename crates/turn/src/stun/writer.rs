use std::net::SocketAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::{
    Attribute, Class, HEADER_BYTES, MAGIC_COOKIE, Method, TransactionId,
    address::write_xor_address, code, fingerprint::fingerprint, message::type_bits,
};

/// Writes one message into a buffer that may have held another before.
#[derive(Debug)]
pub struct Writer<'a> {
    bytes: &'a mut Vec<u8>,
    transaction: TransactionId,
}

impl<'a> Writer<'a> {
    pub fn new(
        bytes: &'a mut Vec<u8>,
        class: Class,
        method: Method,
        transaction: TransactionId,
    ) -> Self {
        bytes.clear();
        bytes.extend_from_slice(&type_bits(class, method).to_be_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&MAGIC_COOKIE.to_be_bytes());
        bytes.extend_from_slice(&transaction);
        Self { bytes, transaction }
    }

    /// A value is below 64 KiB, and so is the message: what we write is of bounded parts.
    pub fn value(mut self, kind: Attribute, value: &[u8]) -> Self {
        self.push(kind, value);
        self
    }

    pub fn number(self, kind: Attribute, number: u32) -> Self {
        self.value(kind, &number.to_be_bytes())
    }

    pub fn address(self, kind: Attribute, address: SocketAddr) -> Self {
        let (value, length) = write_xor_address(address, &self.transaction);
        self.value(kind, &value[..length])
    }

    pub fn error(self, number: u16) -> Self {
        let reason = code::reason(number).as_bytes();
        let mut value = [0; 64];
        // Class in hundreds, and the rest (RFC 8489 section 14.8).
        value[2] = (number / 100) as u8;
        value[3] = (number % 100) as u8;
        value[4..4 + reason.len()].copy_from_slice(reason);
        self.value(Attribute::ERROR_CODE, &value[..4 + reason.len()])
    }

    /// MESSAGE-INTEGRITY over what was written so far.
    pub fn sign(mut self, key: &[u8]) -> Self {
        self.set_length(24);
        let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("a key has any length");
        mac.update(self.bytes);
        let tag = mac.finalize().into_bytes();
        self.push(Attribute::MESSAGE_INTEGRITY, &tag);
        self
    }

    /// Ends the message with FINGERPRINT.
    pub fn finish(mut self) -> &'a [u8] {
        self.set_length(8);
        let value = fingerprint(self.bytes);
        self.push(Attribute::FINGERPRINT, &value.to_be_bytes());
        self.bytes
    }

    fn push(&mut self, kind: Attribute, value: &[u8]) {
        let length = u16::try_from(value.len()).expect("what is written is bounded");
        self.bytes.extend_from_slice(&kind.0.to_be_bytes());
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(value);
        let end = self.bytes.len().next_multiple_of(4);
        self.bytes.resize(end, 0);
        self.set_length(0);
    }

    /// As if `more` bytes were there already.
    fn set_length(&mut self, more: usize) {
        let length = self.bytes.len() - HEADER_BYTES + more;
        let length = u16::try_from(length).expect("what is written is bounded");
        self.bytes[2..4].copy_from_slice(&length.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stun::Message;

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = vec![1, 2, 3];
        let address: SocketAddr = "[2001:db8::7]:4711".parse().unwrap();
        let written = Writer::new(&mut bytes, Class::Success, Method::ALLOCATE, [9; 12])
            .value(Attribute::REALM, b"odd")
            .address(Attribute::XOR_RELAYED_ADDRESS, address)
            .number(Attribute::LIFETIME, 600)
            .error(code::FORBIDDEN)
            .sign(b"key")
            .finish();
        let message = Message::parse(written).unwrap();
        assert_eq!(message.class(), Class::Success);
        assert_eq!(message.method(), Method::ALLOCATE);
        assert_eq!(message.transaction(), [9; 12]);
        assert_eq!(message.text(Attribute::REALM), Some("odd"));
        assert_eq!(
            message.address(Attribute::XOR_RELAYED_ADDRESS),
            Some(address)
        );
        assert_eq!(message.number(Attribute::LIFETIME), Some(600));
        let error = message.value(Attribute::ERROR_CODE).unwrap();
        assert_eq!(error, b"\x00\x00\x04\x03Forbidden");
        assert!(message.is_signed_with(b"key"));
    }
}
