use std::str::FromStr;

use super::{
    section::section,
    value::{ConfigValue, ListItem},
};

section! {
    /// What browsers may do from other pages.
    pub struct HttpConfig in "http" {
        /// Pages on these origins may use the API and the WebSocket, besides the server's own.
        /// The default is for web developers' machines.
        allowed_origins: Vec<WebOrigin> = "http://localhost:3000, http://localhost:5173",
    }
}

/// Scheme, host and port of a page, as browsers send it in `Origin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebOrigin(String);

impl WebOrigin {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WebOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || {
            format!(
                "`{text}` is no origin: write for example https://example.org or http://localhost:3000"
            )
        };
        let (scheme, host) = text.split_once("://").ok_or_else(form)?;
        let host_is_plain = !host.is_empty()
            && host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
        if !matches!(scheme, "http" | "https") || !host_is_plain {
            return Err(form());
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl ConfigValue for WebOrigin {
    const KIND: &'static str = "origin";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
    }

    fn show(&self) -> String {
        self.0.show()
    }
}

impl ListItem for WebOrigin {
    const LIST_KIND: &'static str = "list of origins";
}
