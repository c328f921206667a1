use std::{fmt, str::FromStr};

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The address of a room: 8 characters out of upper-case letters and digits.
///
/// New ids use [`RoomId::ALPHABET`], which leaves out `0`, `1`, `I` and `O`; parsing takes any
/// letter or digit in either case, as ids that another server made may have them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS), ts(type = "string"))]
pub struct RoomId([u8; Self::LENGTH]);

impl RoomId {
    pub const LENGTH: usize = 8;

    /// 32 characters without look-alikes: five bits of randomness each, 40 an id.
    pub const ALPHABET: &'static [u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

    /// An id out of random bytes, of which the lower five bits count.
    pub fn from_random(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes.map(|byte| Self::ALPHABET[usize::from(byte % 32)]))
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a room id holds ASCII only")
    }
}

/// The text is no room id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a room code has 8 letters and digits")]
pub struct InvalidRoomId;

impl FromStr for RoomId {
    type Err = InvalidRoomId;

    fn from_str(text: &str) -> Result<Self, InvalidRoomId> {
        let bytes: [u8; Self::LENGTH] = text.as_bytes().try_into().map_err(|_| InvalidRoomId)?;
        let upper = bytes.map(|byte| byte.to_ascii_uppercase());
        if upper.iter().all(u8::is_ascii_alphanumeric) {
            Ok(Self(upper))
        } else {
            Err(InvalidRoomId)
        }
    }
}

/// A participant's id: 128 random bits, opaque to clients, kept over a resume.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "gen", derive(ts_rs::TS), ts(type = "string"))]
pub struct PeerId([u8; 16]);

impl PeerId {
    pub const fn from_random(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

/// The text is no peer id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a peer id")]
pub struct InvalidPeerId;

impl FromStr for PeerId {
    type Err = InvalidPeerId;

    fn from_str(text: &str) -> Result<Self, InvalidPeerId> {
        // 16 bytes are 22 characters; anything else is refused before it is decoded.
        if text.len() != 22 {
            return Err(InvalidPeerId);
        }
        let mut bytes = [0; 16];
        match BASE64URL_NOPAD.decode_mut(text.as_bytes(), &mut bytes) {
            Ok(16) => Ok(Self(bytes)),
            _ => Err(InvalidPeerId),
        }
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 22];
        BASE64URL_NOPAD.encode_mut(&self.0, &mut text);
        f.write_str(std::str::from_utf8(&text).expect("base64url is ASCII"))
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Ids cross the wire as their text.
macro_rules! serde_as_text {
    ($($id:ty),*) => {$(
        impl Serialize for $id {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $id {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl de::Visitor<'_> for Text {
                    type Value = $id;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an id as text")
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$id, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Text)
            }
        }
    )*};
}

serde_as_text!(RoomId, PeerId);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn typed_room_code_in_lower_case_is_the_same_room() {
        assert_eq!("abc12345".parse::<RoomId>(), "ABC12345".parse::<RoomId>());
    }

    #[test]
    fn text_of_another_form_is_no_room_code() {
        for text in [
            "",
            "ABC1234",
            "ABC123456",
            "ABC-2345",
            "ÄBC2345",
            "ABC 2345",
        ] {
            assert_eq!(text.parse::<RoomId>(), Err(InvalidRoomId), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn random_room_ids_have_no_look_alikes(bytes: [u8; 8]) {
            let id = RoomId::from_random(bytes);
            prop_assert!(!id.as_str().contains(['0', '1', 'I', 'O']));
            prop_assert_eq!(id.as_str().parse(), Ok(id));
        }

        #[test]
        fn peer_id_survives_its_text(bytes: [u8; 16]) {
            let id = PeerId::from_random(bytes);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn hostile_text_is_refused_without_a_panic(text: String) {
            if let Ok(id) = text.parse::<PeerId>() {
                prop_assert_eq!(id.to_string(), text.clone());
            }
            if let Ok(id) = text.parse::<RoomId>() {
                prop_assert_eq!(id.to_string(), text.to_uppercase());
            }
        }
    }
}
