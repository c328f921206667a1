//! The tables of the message reference: fields of a type, limits, error codes, close codes.

use std::fmt::Write as _;

use super::source_docs::doc_of;
use crate::{ErrorCode, close, limits};

const LIMITS_SOURCE: &str = include_str!("../limits.rs");
const ERRORS_SOURCE: &str = include_str!("../error.rs");

/// A field of a wire type, read back from its TypeScript declaration.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub optional: bool,
    pub kind: String,
    pub doc: String,
}

/// The fields of `type Name = { ... };`, or `None` when the type is no object.
pub fn fields(declaration: &str) -> Option<Vec<Field>> {
    let (_, body) = declaration.split_once('=')?;
    let body = body.trim().trim_end_matches(';').trim();
    if body == "Record<symbol, never>" {
        return Some(Vec::new());
    }
    let mut rest = body.strip_prefix('{')?.strip_suffix('}')?.trim();
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let mut doc = String::new();
        if let Some((comment, after)) = rest.strip_prefix("/**").and_then(|r| r.split_once("*/")) {
            doc = one_line(comment);
            rest = after.trim();
        }
        let (name, after) = rest.split_once(':')?;
        let end = end_of_type(after);
        let (kind, after) = after.split_at(end);
        fields.push(Field {
            name: name.trim_end_matches('?').trim().to_owned(),
            optional: name.ends_with('?'),
            kind: kind.trim().to_owned(),
            doc,
        });
        rest = after.trim_start_matches(',').trim();
    }
    Some(fields)
}

/// A `/** */` comment's text without its stars, on one line.
pub fn one_line(comment: &str) -> String {
    let comment = comment.trim();
    let comment = comment.strip_prefix("/**").unwrap_or(comment);
    let comment = comment.strip_suffix("*/").unwrap_or(comment);
    let lines = comment
        .lines()
        .map(|line| line.trim().trim_start_matches('*').trim())
        .filter(|line| !line.is_empty());
    without_links(&lines.collect::<Vec<_>>().join(" "))
}

/// Rust's doc links have nowhere to go outside rustdoc.
fn without_links(doc: &str) -> String {
    doc.replace("[`", "`").replace("`]", "`")
}

/// Where the type at the start of `text` ends: at a comma outside all brackets.
fn end_of_type(text: &str) -> usize {
    let mut depth = 0_usize;
    for (index, c) in text.char_indices() {
        match c {
            '<' | '{' | '[' | '(' => depth += 1,
            '>' | '}' | ']' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => return index,
            _ => {}
        }
    }
    text.len()
}

pub fn write_fields(page: &mut String, fields: &[Field]) {
    if fields.is_empty() {
        page.push_str("No fields.\n\n");
        return;
    }
    page.push_str("| field | type | |\n| --- | --- | --- |\n");
    for field in fields {
        let missing = if field.optional { "optional" } else { "" };
        let both = if field.optional && !field.doc.is_empty() {
            ". "
        } else {
            ""
        };
        writeln!(
            page,
            "| `{}` | `{}` | {missing}{both}{} |",
            field.name,
            cell(&field.kind),
            cell(&field.doc),
        )
        .expect("a String takes all that is written");
    }
    page.push('\n');
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

macro_rules! limits {
    ($($name:ident: $unit:literal),* $(,)?) => {
        /// Name, value and unit of each limit.
        fn limits() -> Vec<(&'static str, String, &'static str)> {
            vec![$((stringify!($name), format!("{:?}", limits::$name), $unit)),*]
        }
    };
}

limits! {
    MESSAGE_BYTES: "bytes",
    SDP_BYTES: "bytes",
    CANDIDATE_BYTES: "bytes",
    CANDIDATE_OBJECT_BYTES: "bytes",
    USER_NAME_CHARS: "characters",
    ROOM_NAME_CHARS: "characters",
    CHAT_CHARS: "characters",
    CHAT_REF_BYTES: "bytes",
    TOKEN_BYTES: "bytes",
    CAPABILITIES: "entries",
    MESH_PARTICIPANTS: "participants",
    VIEW_SHOWN: "pictures",
    ROOM_PARTICIPANTS: "participants",
    TTL_SECONDS: "seconds",
    REST_BODY_BYTES: "bytes",
}

pub fn write_limits(page: &mut String) {
    page.push_str("| limit | at most | |\n| --- | --- | --- |\n");
    for (name, value, unit) in limits() {
        let doc = doc_of(LIMITS_SOURCE, &format!("pub const {name}:")).unwrap_or_default();
        let doc = without_links(&doc);
        let value = value.replace("..=", " to ");
        writeln!(page, "| `{name}` | {value} {unit} | {} |", cell(&doc))
            .expect("a String takes all that is written");
    }
    page.push('\n');
}

pub fn write_errors(page: &mut String) {
    page.push_str("| `code` | when | `message` |\n| --- | --- | --- |\n");
    for code in ErrorCode::ALL {
        let doc = doc_of(ERRORS_SOURCE, &format!("{code:?},")).unwrap_or_default();
        writeln!(
            page,
            "| `{}` | {} | {} |",
            code.as_str(),
            cell(&doc),
            cell(code.sentence())
        )
        .expect("a String takes all that is written");
    }
    page.push('\n');
}

pub fn write_close_codes(page: &mut String) {
    let codes = [
        (
            1000,
            "The call is over for this participant: left, removed, or the room ended.",
            "stays away",
        ),
        (
            1008,
            "The socket was abused: it kept sending what was refused.",
            "stays away",
        ),
        (1009, "A message was far too large.", "stays away"),
        (
            1012,
            "The server restarts.",
            "connects again and sends `resume`",
        ),
        (
            1013,
            "The client reads too slowly: its queue is full.",
            "connects again and sends `resume`",
        ),
        (
            close::SESSION_TAKEN,
            "Another socket has taken up this session: a duplicated tab, for example.",
            "stays away, until a person asks for it",
        ),
    ];
    page.push_str("| code | why | the client |\n| --- | --- | --- |\n");
    for (code, why, then) in codes {
        writeln!(page, "| {code} | {why} | {then} |").expect("a String takes all that is written");
    }
    page.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::source_docs::constants;

    #[test]
    fn fields_are_read_back_with_their_docs() {
        let declaration =
            "type A = { a: Array<B | null>, \n/**\n * First.\n * Second.\n */\nref?: string, };";
        let field = |name: &str, optional, kind: &str, doc: &str| Field {
            name: name.into(),
            optional,
            kind: kind.into(),
            doc: doc.into(),
        };
        let expected = vec![
            field("a", false, "Array<B | null>", ""),
            field("ref", true, "string", "First. Second."),
        ];
        assert_eq!(fields(declaration), Some(expected));
        assert_eq!(fields("type A = Record<symbol, never>;"), Some(vec![]));
        assert_eq!(fields("type A = \"a\" | \"b\";"), None);
    }

    #[test]
    fn every_limit_is_in_the_table() {
        let names: Vec<_> = limits().into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, constants(LIMITS_SOURCE));
    }

    #[test]
    fn every_limit_and_error_says_what_it_is() {
        for (name, ..) in limits() {
            let doc = doc_of(LIMITS_SOURCE, &format!("pub const {name}:"));
            assert!(doc.is_some_and(|doc| !doc.is_empty()), "{name}");
        }
        for code in ErrorCode::ALL {
            let doc = doc_of(ERRORS_SOURCE, &format!("{code:?},"));
            assert!(doc.is_some_and(|doc| !doc.is_empty()), "{code:?}");
        }
    }
}
