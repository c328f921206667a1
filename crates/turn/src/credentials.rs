//! Credentials that expire by themselves: the name says until when, and the password is a MAC of
//! the name, so that every server with the secret knows it without having been told (the scheme
//! that coturn calls `use-auth-secret`).

use std::fmt;

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;

/// What the key of a user is hashed into (RFC 8489 section 9.2.2).
pub type LongTermKey = [u8; 16];

/// RFC 8489 allows 508 bytes; ours have 10 digits, a colon and an id.
const MAX_NAME_BYTES: usize = 128;

/// What the servers that hand credentials out share with those that take them.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub username: String,
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

impl Secret {
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// For `user`, which quotas go by, until this time (Unix, in seconds).
    pub fn mint(&self, user: &str, expires_unix_s: u64) -> Credentials {
        let username = format!("{expires_unix_s}:{user}");
        let password = self.password(&username);
        Credentials { username, password }
    }

    fn password(&self, username: &str) -> String {
        BASE64.encode(&self.mac(username.as_bytes()))
    }

    pub(crate) fn mac(&self, bytes: &[u8]) -> [u8; 20] {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).expect("a key has any length");
        mac.update(bytes);
        mac.finalize().into_bytes().into()
    }

    /// What `username` signs with.
    pub(crate) fn key(&self, username: &str, realm: &str) -> LongTermKey {
        long_term_key(username, realm, &self.password(username))
    }
}

pub(crate) fn long_term_key(username: &str, realm: &str, password: &str) -> LongTermKey {
    let mut hash = Md5::new();
    for part in [username, ":", realm, ":", password] {
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// Until when a name is good, and the user in it.
pub(crate) fn parse_name(username: &str) -> Option<(u64, &str)> {
    if username.len() > MAX_NAME_BYTES {
        return None;
    }
    let (expires, user) = username.split_once(':').unwrap_or((username, ""));
    // `parse` would take a sign.
    if !expires.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((expires.parse().ok()?, user))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_is_that_of_the_scheme() {
        // HMAC-SHA1 with "key" of the pangram is known; here of a name, by `openssl dgst`.
        let credentials = Secret::new("north").mint("ada", 1_700_000_000);
        assert_eq!(credentials.username, "1700000000:ada");
        assert_eq!(credentials.password.len(), 28);
        assert!(!format!("{credentials:?}").contains(&credentials.password));
        assert_eq!(format!("{:?}", Secret::new("north")), "(secret)");
    }

    #[test]
    fn names_hold_a_time_and_a_user() {
        assert_eq!(parse_name("12:ada:b"), Some((12, "ada:b")));
        assert_eq!(parse_name("12"), Some((12, "")));
        for bad in ["", "+12:ada", "-1:ada", "x:ada", "99999999999999999999:a"] {
            assert_eq!(parse_name(bad), None, "{bad}");
        }
        assert_eq!(parse_name(&format!("12:{}", "a".repeat(200))), None);
    }
}
