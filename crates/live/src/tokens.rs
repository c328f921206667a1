use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::Sha256;
use wecall_protocol::{
    MediaState, PeerId, Role, RoomId, RoomName, Timestamp, UserName, limits, rest::TokenKind,
};
use wecall_room::Capabilities;

use crate::session::Line;

/// Signs and checks what clients carry for the server (HMAC-SHA-256, RFC 2104).
#[derive(Clone)]
pub struct Tokens {
    key: Hmac<Sha256>,
}

/// The token is not one of ours, or for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid")]
pub struct InvalidToken;

/// What a resume token states: enough to take the participant back even when the server has lost
/// all memory of the room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeClaims {
    #[serde(rename = "r")]
    pub room: RoomId,
    #[serde(rename = "rn")]
    pub room_name: Option<RoomName>,
    #[serde(rename = "rc")]
    pub room_created_at: Timestamp,
    #[serde(rename = "re")]
    pub room_expires_at: Option<Timestamp>,
    #[serde(rename = "rm")]
    pub room_max_participants: u16,
    #[serde(rename = "p")]
    pub peer: PeerId,
    #[serde(rename = "n")]
    pub name: UserName,
    #[serde(rename = "o")]
    pub role: Role,
    #[serde(rename = "m")]
    pub media: MediaState,
    #[serde(rename = "c")]
    pub capabilities: Capabilities,
    #[serde(rename = "s")]
    pub since_version: u64,
    /// When they joined: whoever comes back is the same person with the same connections.
    #[serde(rename = "j", default, skip_serializing_if = "Option::is_none")]
    pub joined_at: Option<Timestamp>,
    /// Which count of messages theirs is.
    #[serde(rename = "l", default)]
    pub line: Line,
    #[serde(rename = "t")]
    pub issued_at: Timestamp,
}

/// What a token for a stream states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Tells one token from another.
    #[serde(rename = "i")]
    pub id: u64,
    #[serde(rename = "k")]
    pub kind: TokenKind,
    #[serde(rename = "r")]
    pub room: RoomId,
    #[serde(rename = "rc")]
    pub room_created_at: Timestamp,
    /// Of the publisher.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<UserName>,
    #[serde(rename = "e")]
    pub expires_at: Timestamp,
}

/// Each kind of token is signed under its own prefix, so that none passes for another.
#[derive(Clone, Copy)]
enum Purpose {
    Resume,
    Host,
    Grant,
    Stream,
}

impl Purpose {
    const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Resume => b"wecall resume 1\0",
            Self::Host => b"wecall host 1\0",
            Self::Grant => b"wecall grant 1\0",
            Self::Stream => b"wecall stream 1\0",
        }
    }
}

impl Tokens {
    /// `secret` is 32 random bytes that all nodes of a deployment share.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self {
            key: Hmac::new_from_slice(secret).expect("HMAC takes a key of any length"),
        }
    }

    pub fn resume(&self, claims: &ResumeClaims) -> String {
        self.state(Purpose::Resume, claims)
    }

    pub fn check_resume(&self, token: &str) -> Result<ResumeClaims, InvalidToken> {
        self.read(Purpose::Resume, token)
    }

    pub fn grant(&self, grant: &Grant) -> String {
        self.state(Purpose::Grant, grant)
    }

    pub fn check_grant(&self, token: &str) -> Result<Grant, InvalidToken> {
        self.read(Purpose::Grant, token)
    }

    /// Names a stream in a room to whoever began it: others know its peer and cannot sign it.
    pub fn stream(&self, room: RoomId, kind: TokenKind, peer: PeerId) -> String {
        let tag = self.sign(
            Purpose::Stream,
            stream_statement(room, kind, peer).as_bytes(),
        );
        format!("{peer}.{}", BASE64URL_NOPAD.encode(&tag))
    }

    pub fn check_stream(
        &self,
        room: RoomId,
        kind: TokenKind,
        text: &str,
    ) -> Result<PeerId, InvalidToken> {
        let (peer, tag) = text.split_once('.').ok_or(InvalidToken)?;
        let peer = peer.parse().map_err(|_| InvalidToken)?;
        let statement = stream_statement(room, kind, peer);
        self.check(Purpose::Stream, statement.as_bytes(), tag)?;
        Ok(peer)
    }

    fn state(&self, purpose: Purpose, claims: &impl Serialize) -> String {
        let json = serde_json::to_vec(claims).expect("claims hold nothing that JSON cannot");
        let payload = BASE64URL_NOPAD.encode(&json);
        let tag = self.sign(purpose, payload.as_bytes());
        format!("{payload}.{}", BASE64URL_NOPAD.encode(&tag))
    }

    fn read<T: DeserializeOwned>(&self, purpose: Purpose, token: &str) -> Result<T, InvalidToken> {
        if token.len() > limits::TOKEN_BYTES {
            return Err(InvalidToken);
        }
        let (payload, tag) = token.split_once('.').ok_or(InvalidToken)?;
        self.check(purpose, payload.as_bytes(), tag)?;
        let json = BASE64URL_NOPAD
            .decode(payload.as_bytes())
            .map_err(|_| InvalidToken)?;
        serde_json::from_slice(&json).map_err(|_| InvalidToken)
    }

    /// The token of whoever created this very room; one of the same id created later has another.
    pub fn host(&self, room: RoomId, created_at: Timestamp) -> String {
        BASE64URL_NOPAD.encode(&self.sign(Purpose::Host, &host_statement(room, created_at)))
    }

    pub fn check_host(
        &self,
        room: RoomId,
        created_at: Timestamp,
        token: &str,
    ) -> Result<(), InvalidToken> {
        self.check(Purpose::Host, &host_statement(room, created_at), token)
    }

    fn mac(&self, purpose: Purpose, statement: &[u8]) -> Hmac<Sha256> {
        self.key
            .clone()
            .chain_update(purpose.prefix())
            .chain_update(statement)
    }

    fn sign(&self, purpose: Purpose, statement: &[u8]) -> [u8; 32] {
        self.mac(purpose, statement).finalize().into_bytes().into()
    }

    fn check(&self, purpose: Purpose, statement: &[u8], tag: &str) -> Result<(), InvalidToken> {
        // 32 bytes are 43 characters.
        if tag.len() != 43 {
            return Err(InvalidToken);
        }
        let tag = BASE64URL_NOPAD
            .decode(tag.as_bytes())
            .map_err(|_| InvalidToken)?;
        self.mac(purpose, statement)
            .verify_slice(&tag)
            .map_err(|_| InvalidToken)
    }
}

fn stream_statement(room: RoomId, kind: TokenKind, peer: PeerId) -> String {
    let kind = match kind {
        TokenKind::Publish => "publish",
        TokenKind::Watch => "watch",
    };
    format!("{kind} {room} {peer}")
}

fn host_statement(room: RoomId, created_at: Timestamp) -> [u8; 16] {
    let mut statement = [0; 16];
    statement[..8].copy_from_slice(room.as_str().as_bytes());
    statement[8..].copy_from_slice(&created_at.as_unix_ms().to_be_bytes());
    statement
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_700_000_000_000);

    fn claims(name: &str) -> ResumeClaims {
        ResumeClaims {
            room: RoomId::from_random([1; 8]),
            room_name: Some(RoomName::parse(&"🦀".repeat(limits::ROOM_NAME_CHARS)).unwrap()),
            room_created_at: NOW,
            room_expires_at: Some(NOW),
            room_max_participants: 100,
            peer: PeerId::from_random([255; 16]),
            name: UserName::parse(name).unwrap(),
            role: Role::Participant,
            media: MediaState::default(),
            capabilities: Capabilities::default(),
            since_version: u64::MAX,
            joined_at: Some(NOW),
            line: Line(u64::MAX),
            issued_at: NOW,
        }
    }

    #[test]
    fn the_longest_token_that_we_make_is_within_the_limit() {
        let tokens = Tokens::new(&[1; 32]);
        let claims = claims(&"🦀".repeat(limits::USER_NAME_CHARS));
        let token = tokens.resume(&claims);
        assert!(token.len() <= limits::TOKEN_BYTES, "{} bytes", token.len());
        assert_eq!(tokens.check_resume(&token), Ok(claims));
    }

    #[test]
    fn token_of_another_key_room_or_purpose_is_refused() {
        let (tokens, others) = (Tokens::new(&[1; 32]), Tokens::new(&[2; 32]));
        let room = RoomId::from_random([1; 8]);
        let host = tokens.host(room, NOW);
        assert_eq!(tokens.check_host(room, NOW, &host), Ok(()));
        assert!(others.check_host(room, NOW, &host).is_err());
        assert!(
            tokens
                .check_host(RoomId::from_random([2; 8]), NOW, &host)
                .is_err()
        );
        assert!(
            tokens
                .check_host(room, Timestamp::from_unix_ms(0), &host)
                .is_err()
        );
        assert!(tokens.check_resume(&host).is_err());
        assert!(others.check_resume(&tokens.resume(&claims("Ada"))).is_err());
    }

    proptest! {
        #[test]
        fn changed_token_is_refused(index: prop::sample::Index, replacement in "[A-Za-z0-9_.-]") {
            let tokens = Tokens::new(&[1; 32]);
            let token = tokens.resume(&claims("Ada"));
            let index = index.index(token.len());
            let mut changed = token.clone();
            changed.replace_range(index..=index, &replacement);
            prop_assert_eq!(tokens.check_resume(&changed).is_ok(), changed == token);
        }

        #[test]
        fn hostile_text_is_no_token(text: String) {
            let tokens = Tokens::new(&[1; 32]);
            prop_assert!(tokens.check_resume(&text).is_err());
            prop_assert!(tokens.check_host(RoomId::from_random([0; 8]), NOW, &text).is_err());
        }
    }
}
