//! Who may bring a stream into a room without a browser, or watch it.

use wecall_protocol::{ErrorCode, PeerId, RoomId, Timestamp, rest::TokenKind};
use wecall_room::RoomState;

use crate::{Answer, Grant, Live, Refusal, store::look};

impl Live {
    /// A token for what `grant` states, by whoever holds the room's host token. When the room was
    /// created is filled in.
    pub fn grant(
        &self,
        mut grant: Grant,
        host_token: &str,
        now: Timestamp,
    ) -> Answer<Result<String, ErrorCode>> {
        let (tokens, host_token) = (self.tokens.clone(), host_token.to_owned());
        let room = grant.room;
        let granted = look(move |room: &RoomState| {
            is_there(room)?;
            tokens
                .check_host(room.id, room.created_at, &host_token)
                .map_err(|_| ErrorCode::InvalidHostToken)?;
            grant.room_created_at = room.created_at;
            Ok(tokens.grant(&grant))
        });
        let granted = self.run(room, granted, now);
        granted.map(|granted| granted.map_err(Refusal::code)?)
    }

    /// What a token is good for, if it is for this room and its time has not passed.
    pub fn check_grant(
        &self,
        room: RoomId,
        kind: TokenKind,
        token: &str,
        now: Timestamp,
    ) -> Answer<Result<Grant, ErrorCode>> {
        let grant = self
            .tokens
            .check_grant(token)
            .ok()
            .filter(|grant| grant.room == room && grant.kind == kind && grant.expires_at > now);
        let Some(grant) = grant else {
            return Answer::Ready(Err(ErrorCode::InvalidToken));
        };
        let checked = look(move |room: &RoomState| {
            is_there(room)?;
            match room.created_at == grant.room_created_at {
                true => Ok(grant),
                false => Err(ErrorCode::InvalidToken),
            }
        });
        let checked = self.run(room, checked, now);
        checked.map(|checked| checked.map_err(Refusal::code)?)
    }

    /// Names a stream to whoever began it.
    pub fn stream_name(&self, room: RoomId, kind: TokenKind, peer: PeerId) -> String {
        self.tokens.stream(room, kind, peer)
    }

    /// The stream that is named so, if this server has named it.
    pub fn stream_named(&self, room: RoomId, kind: TokenKind, name: &str) -> Option<PeerId> {
        self.tokens.check_stream(room, kind, name).ok()
    }
}

fn is_there(room: &RoomState) -> Result<(), ErrorCode> {
    match room.ended {
        // Its code is remembered for a while, so that nobody brings it back.
        Some(_) => Err(ErrorCode::RoomNotFound),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wecall_room::{RoomOptions, Rules};

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn ready<T>(answer: Answer<T>) -> T {
        match answer {
            Answer::Ready(value) => value,
            Answer::Later(_) => panic!("a room in memory answers at once"),
        }
    }

    fn room(live: &Live, id: &str, now: Timestamp) -> (RoomId, String) {
        let room = id.parse().unwrap();
        let options = RoomOptions {
            name: None,
            max_participants: 4,
            ttl: None,
        };
        let host_token = ready(live.create(room, options, now));
        (room, host_token.unwrap())
    }

    fn grant(room: RoomId, now: Timestamp) -> Grant {
        Grant {
            id: 1,
            kind: TokenKind::Publish,
            room,
            room_created_at: now,
            name: None,
            expires_at: now + HOUR,
        }
    }

    #[test]
    fn token_is_good_for_one_room_one_kind_and_a_time() {
        let live = Live::in_memory(&[7; 32], Rules::default(), 10);
        let now = Timestamp::from_unix_ms(1_000_000);
        let (first, host_token) = room(&live, "AAAAAAAA", now);
        let (second, _) = room(&live, "BBBBBBBB", now);
        let token = ready(live.grant(grant(first, now), &host_token, now)).unwrap();
        let check = |room, kind, token: &str, now| ready(live.check_grant(room, kind, token, now));
        let publish = TokenKind::Publish;
        assert_eq!(
            check(first, publish, &token, now).unwrap(),
            grant(first, now)
        );
        let refused = Err(ErrorCode::InvalidToken);
        assert_eq!(check(second, publish, &token, now), refused);
        assert_eq!(check(first, TokenKind::Watch, &token, now), refused);
        assert_eq!(check(first, publish, &token, now + HOUR), refused);
        for other in ["", "x", &host_token, &token[1..], &"a.".repeat(2_000)] {
            assert_eq!(check(first, publish, other, now), refused);
        }
    }

    #[test]
    fn only_the_host_token_of_the_room_makes_tokens() {
        let live = Live::in_memory(&[7; 32], Rules::default(), 10);
        let now = Timestamp::from_unix_ms(1_000_000);
        let (first, host_token) = room(&live, "AAAAAAAA", now);
        let (second, _) = room(&live, "BBBBBBBB", now);
        let refused = Err(ErrorCode::InvalidHostToken);
        assert_eq!(
            ready(live.grant(grant(second, now), &host_token, now)),
            refused
        );
        let token = ready(live.grant(grant(first, now), &host_token, now)).unwrap();
        assert_eq!(ready(live.grant(grant(first, now), &token, now)), refused);
    }

    #[test]
    fn stream_is_known_by_its_signed_name_only() {
        let live = Live::in_memory(&[7; 32], Rules::default(), 10);
        let room: RoomId = "AAAAAAAA".parse().unwrap();
        let peer = PeerId::from_random([3; 16]);
        let name = live.stream_name(room, TokenKind::Publish, peer);
        assert_eq!(
            live.stream_named(room, TokenKind::Publish, &name),
            Some(peer)
        );
        assert_eq!(live.stream_named(room, TokenKind::Watch, &name), None);
        let other = live.stream_name(room, TokenKind::Watch, peer);
        let forged = format!("{peer}.{}", &other[23..]);
        assert_eq!(live.stream_named(room, TokenKind::Publish, &forged), None);
        assert_eq!(
            live.stream_named(room, TokenKind::Publish, &peer.to_string()),
            None
        );
    }
}
