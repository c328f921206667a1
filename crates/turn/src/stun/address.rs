//! XOR-MAPPED-ADDRESS and its like (RFC 8489 section 14.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{MAGIC_COOKIE, TransactionId};

const IPV4: u8 = 1;
const IPV6: u8 = 2;

/// `None` when it is no address of either family.
pub fn read_xor_address(value: &[u8], transaction: &TransactionId) -> Option<SocketAddr> {
    let (head, address) = value.split_first_chunk::<4>()?;
    let port = u16::from_be_bytes([head[2], head[3]]) ^ port_mask();
    let ip: IpAddr = match head[1] {
        IPV4 => {
            let bits = u32::from_be_bytes(address.try_into().ok()?);
            Ipv4Addr::from(bits ^ MAGIC_COOKIE).into()
        }
        IPV6 => {
            let bits = u128::from_be_bytes(address.try_into().ok()?);
            Ipv6Addr::from(bits ^ mask(transaction)).into()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// Returns how many of the bytes are the value.
pub fn write_xor_address(address: SocketAddr, transaction: &TransactionId) -> ([u8; 20], usize) {
    let mut value = [0; 20];
    let port = address.port() ^ port_mask();
    value[2..4].copy_from_slice(&port.to_be_bytes());
    match address.ip() {
        IpAddr::V4(ip) => {
            value[1] = IPV4;
            let bits = u32::from(ip) ^ MAGIC_COOKIE;
            value[4..8].copy_from_slice(&bits.to_be_bytes());
            (value, 8)
        }
        IpAddr::V6(ip) => {
            value[1] = IPV6;
            let bits = u128::from(ip) ^ mask(transaction);
            value[4..20].copy_from_slice(&bits.to_be_bytes());
            (value, 20)
        }
    }
}

const fn port_mask() -> u16 {
    (MAGIC_COOKIE >> 16) as u16
}

fn mask(transaction: &TransactionId) -> u128 {
    let mut mask = [0; 16];
    mask[..4].copy_from_slice(&MAGIC_COOKIE.to_be_bytes());
    mask[4..].copy_from_slice(transaction);
    u128::from_be_bytes(mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_test_vectors_are_read_and_written() {
        // RFC 5769 sections 2.2 and 2.3.
        let transaction = *b"\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae";
        let four = b"\x00\x01\xa1\x47\xe1\x12\xa6\x43";
        let six =
            b"\x00\x02\xa1\x47\x01\x13\xa9\xfa\xa5\xd3\xf1\x79\xbc\x25\xf4\xb5\xbe\xd2\xb9\xd9";
        for (value, address) in [
            (&four[..], "192.0.2.1:32853"),
            (&six[..], "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
        ] {
            let address: SocketAddr = address.parse().unwrap();
            assert_eq!(read_xor_address(value, &transaction), Some(address));
            let (bytes, length) = write_xor_address(address, &transaction);
            assert_eq!(&bytes[..length], value);
        }
        assert_eq!(read_xor_address(&four[..7], &transaction), None);
        assert_eq!(
            read_xor_address(b"\x00\x03\x00\x00\x00\x00\x00\x00", &transaction),
            None
        );
    }
}
