//! Nonces that need no memory: each is its time and a MAC of it and of the client's address.

use std::net::SocketAddr;

use data_encoding::HEXLOWER;

use crate::Secret;

/// RFC 8656 section 5 recommends at least an hour, so that clients are not told off all the time.
const LIFETIME_S: u64 = 60 * 60;

const TIME_DIGITS: usize = 16;

pub fn make(secret: &Secret, client: SocketAddr, now_unix_s: u64) -> String {
    let time = format!("{now_unix_s:016x}");
    let tag = tag(secret, client, &time);
    time + &tag
}

/// Whether this client got it from us within its lifetime.
pub fn is_good(nonce: &str, secret: &Secret, client: SocketAddr, now_unix_s: u64) -> bool {
    let Some((time, told)) = nonce.split_at_checked(TIME_DIGITS) else {
        return false;
    };
    let Ok(made_at) = u64::from_str_radix(time, 16) else {
        return false;
    };
    // A nonce is no secret, so that the comparison may take its time.
    made_at <= now_unix_s && now_unix_s - made_at <= LIFETIME_S && told == tag(secret, client, time)
}

fn tag(secret: &Secret, client: SocketAddr, time: &str) -> String {
    let mac = secret.mac(format!("nonce {time} {client}").as_bytes());
    HEXLOWER.encode(&mac[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonce_is_good_for_its_client_and_its_time_alone() {
        let secret = Secret::new("s");
        let client = "192.0.2.1:5000".parse().unwrap();
        let nonce = make(&secret, client, 1_000);
        assert!(is_good(&nonce, &secret, client, 1_000));
        assert!(is_good(&nonce, &secret, client, 1_000 + LIFETIME_S));
        assert!(!is_good(&nonce, &secret, client, 1_001 + LIFETIME_S));
        assert!(!is_good(&nonce, &secret, client, 999));
        assert!(!is_good(
            &nonce,
            &secret,
            "192.0.2.2:5000".parse().unwrap(),
            1_000
        ));
        assert!(!is_good(&nonce, &Secret::new("t"), client, 1_000));
        for bad in ["", "é", "0123456789abcdeé", "zz", &nonce[..nonce.len() - 1]] {
            assert!(!is_good(bad, &secret, client, 1_000), "{bad}");
        }
    }
}
