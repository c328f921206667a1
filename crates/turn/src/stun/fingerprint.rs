//! FINGERPRINT (RFC 8489 section 14.7): CRC-32 as in Ethernet, with a mask over it.

const MASK: u32 = 0x5354_554e;

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            value = match value & 1 {
                1 => (value >> 1) ^ 0xedb8_8320,
                _ => value >> 1,
            };
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
};

/// Of the message up to the attribute, whose length already counts it.
pub fn fingerprint(message: &[u8]) -> u32 {
    let crc = message.iter().fold(u32::MAX, |crc, byte| {
        (crc >> 8) ^ TABLE[usize::from(crc as u8 ^ byte)]
    });
    !crc ^ MASK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_value_of_the_crc() {
        assert_eq!(fingerprint(b"123456789") ^ MASK, 0xcbf4_3926);
    }
}
