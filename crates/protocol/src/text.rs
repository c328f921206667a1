//! Text that people write, checked once at the edge: what holds one of these types is valid.

use std::{fmt, ops::Deref};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{ErrorCode, limits};

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $check:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "gen", derive(ts_rs::TS), ts(type = "string"))]
        pub struct $name(Box<str>);

        impl $name {
            pub fn parse(text: &str) -> Result<Self, ErrorCode> {
                $check(text).map(|text| Self(text.into()))
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            // What people write stays out of logs.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({} chars)"), self.0.chars().count())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).map_err(|code| de::Error::custom(code.sentence()))
            }
        }
    };
}

checked_text!(
    /// A participant's name: 1 to 64 characters, trimmed, on one line, nothing invisible in it.
    UserName,
    user_name
);
checked_text!(
    /// A room's name: 1 to 100 characters, under the rules of a [`UserName`].
    RoomName,
    room_name
);
checked_text!(
    /// What someone writes to all: 1 to 2,000 characters; line breaks and tabs are fine.
    ChatText,
    chat_text
);

impl UserName {
    /// Who gives no name at all, as protocol version 1 has it.
    pub fn anonymous() -> Self {
        Self("Anonymous".into())
    }
}

fn user_name(text: &str) -> Result<&str, ErrorCode> {
    one_line(text, limits::USER_NAME_CHARS).ok_or(ErrorCode::InvalidName)
}

fn room_name(text: &str) -> Result<&str, ErrorCode> {
    one_line(text, limits::ROOM_NAME_CHARS).ok_or(ErrorCode::InvalidRoomName)
}

fn chat_text(text: &str) -> Result<&str, ErrorCode> {
    if longer_than(text, limits::CHAT_CHARS) {
        return Err(ErrorCode::ChatTooLong);
    }
    let allowed = |c: char| matches!(c, '\n' | '\r' | '\t') || !(c.is_control() || reorders(c));
    if text.trim().is_empty() || !text.chars().all(allowed) {
        return Err(ErrorCode::InvalidMessage);
    }
    Ok(text)
}

fn one_line(text: &str, max_chars: usize) -> Option<&str> {
    // Checked before trimming: a line break at the end is a control character too.
    if text.chars().any(|c| c.is_control() || reorders(c)) || longer_than(text, max_chars) {
        return None;
    }
    let trimmed = text.trim();
    let visible = trimmed
        .chars()
        .any(|c| !c.is_whitespace() && !zero_width(c));
    visible.then_some(trimmed)
}

/// Stops after `max_chars`, however long the text is.
fn longer_than(text: &str, max_chars: usize) -> bool {
    text.chars().nth(max_chars).is_some()
}

/// Bidirectional overrides and isolates (Unicode UAX #9) and line separators: with them a name
/// can be made to read as another one, or reach out of its place on the page.
fn reorders(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

fn zero_width(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}' | '\u{3164}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_trimmed_and_kept() {
        assert_eq!(&*UserName::parse("  Zoë 👩‍🔬 ").unwrap(), "Zoë 👩‍🔬");
    }

    #[test]
    fn name_that_shows_nothing_or_controls_the_page_is_refused() {
        for text in [
            "",
            "   ",
            "a\nb",
            "a\n",
            "\0",
            "\u{202e}nhoJ",
            "\u{200b}",
            "a\u{85}",
        ] {
            assert_eq!(
                UserName::parse(text),
                Err(ErrorCode::InvalidName),
                "{text:?}"
            );
        }
    }

    #[test]
    fn name_of_64_characters_fits_and_of_65_does_not() {
        assert!(UserName::parse(&"ß".repeat(64)).is_ok());
        assert_eq!(
            UserName::parse(&"ß".repeat(65)),
            Err(ErrorCode::InvalidName)
        );
    }

    #[test]
    fn chat_keeps_its_lines_and_has_a_length() {
        assert_eq!(&*ChatText::parse("one\ntwo ").unwrap(), "one\ntwo ");
        assert!(ChatText::parse(&"x".repeat(2_000)).is_ok());
        assert_eq!(
            ChatText::parse(&"x".repeat(2_001)),
            Err(ErrorCode::ChatTooLong)
        );
        assert_eq!(ChatText::parse(" \n "), Err(ErrorCode::InvalidMessage));
        assert_eq!(
            ChatText::parse("a\u{1b}[31m"),
            Err(ErrorCode::InvalidMessage)
        );
    }
}
