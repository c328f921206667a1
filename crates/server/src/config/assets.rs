use std::{fs, path::PathBuf, str::FromStr};

use super::{TlsConfig, TlsMode, section::section, value::ConfigValue};

section! {
    /// Where browsers get the scripts, styles and pictures of the web app, whose names hold a hash
    /// of their content. Everything else stays with the server itself.
    pub struct AssetsConfig in "assets" {
        /// Where `/assets/` is found instead of here, such as `https://cdn.example.org`: a CDN that
        /// fetches from this server, or a place to which `wecall assets export` was uploaded.
        base_url: Option<AssetsUrl> = "",
        /// A folder with exports of other versions, whose assets are served too. Pages that were
        /// loaded before an update find the rest of their version there. Read at each request, so
        /// that an export into it counts at once.
        extra_dir: Option<PathBuf> = "",
    }
}

/// An address that `/assets/…` is put behind. It stands in pages and in policies as it is, so it
/// holds no character that means something there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetsUrl(String);

/// Longer than any that somebody wants.
const MAX_BYTES: usize = 256;

impl AssetsUrl {
    /// Without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Browsers take the machine itself for safe whatever the scheme.
    fn is_safe_beside_https(&self) -> bool {
        let host = self.0.strip_prefix("http://").unwrap_or_default();
        let host = host.split([':', '/']).next().unwrap_or_default();
        self.0.starts_with("https://") || matches!(host, "localhost" | "127.0.0.1")
    }
}

impl FromStr for AssetsUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            Err(format!(
                "`{text}` {why}: write for example https://cdn.example.org"
            ))
        };
        let Some((scheme, rest)) = text.split_once("://") else {
            return wrong("is no address");
        };
        let scheme = scheme.to_ascii_lowercase();
        if !matches!(scheme.as_str(), "http" | "https") {
            return wrong("does not begin with https:// or http://");
        }
        if text.contains(['?', '#']) {
            return wrong("has a query or a fragment");
        }
        if text.len() > MAX_BYTES {
            return wrong("is too long");
        }
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        // No address in brackets: content security policies have no notation for one.
        let is_host = !host.is_empty() && host.bytes().all(is_host_byte);
        if !is_host || port.is_some_and(|port| port.parse::<u16>().is_err()) {
            return wrong("has no host name, or more than that and a port");
        }
        let path = path.trim_end_matches('/');
        let is_plain = path.bytes().all(|b| b == b'/' || is_path_byte(b));
        let mut segments = path.split('/').skip(1);
        if !is_plain || segments.any(|part| matches!(part, "" | "." | "..")) {
            return wrong("has a path with something other than letters, digits and `-._~`");
        }
        let authority = authority.to_ascii_lowercase();
        Ok(Self(format!("{scheme}://{authority}{path}")))
    }
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.".contains(&byte)
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

impl ConfigValue for AssetsUrl {
    const KIND: &'static str = "address";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
    }

    fn show(&self) -> String {
        self.0.show()
    }
}

impl AssetsConfig {
    pub(super) fn validate(&self, tls: &TlsConfig) -> Result<(), String> {
        if let Some(url) = &self.base_url
            && tls.mode() != TlsMode::Off
            && !url.is_safe_beside_https()
        {
            return Err(format!(
                "assets.base_url: a page over HTTPS loads nothing from {}; it needs https:// too",
                url.as_str()
            ));
        }
        if let Some(folder) = &self.extra_dir
            && let Err(error) = fs::read_dir(folder)
        {
            return Err(format!("assets.extra_dir: {}: {error}", folder.display()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slash_at_the_end_makes_no_difference() {
        for (text, url) in [
            ("https://cdn.example.org", "https://cdn.example.org"),
            ("https://cdn.example.org/", "https://cdn.example.org"),
            ("HTTPS://CDN.example.org//", "https://cdn.example.org"),
            (
                "http://127.0.0.1:8080/We.Call/",
                "http://127.0.0.1:8080/We.Call",
            ),
        ] {
            assert_eq!(text.parse::<AssetsUrl>().unwrap().as_str(), url);
        }
    }

    #[test]
    fn what_means_something_in_a_page_or_a_policy_is_refused() {
        for text in [
            "cdn.example.org",
            "//cdn.example.org",
            "ftp://cdn.example.org",
            "https://",
            "https:///assets",
            "https://user@cdn.example.org",
            "https://cdn.example.org:x",
            "https://cdn.example.org:80:80",
            "https://[::1]",
            "https://cdn.example.org?v=1",
            "https://cdn.example.org/#here",
            "https://cdn.example.org; script-src *",
            "https://cdn.example.org/a;b",
            "https://cdn.example.org/a b",
            "https://cdn.example.org/\"><script>",
            "https://cdn.example.org/%2e",
            "https://cdn.example.org/../x",
            "https://cdn.example.org//x",
            "https://*.example.org",
            "https://cdn.exämple.org",
        ] {
            assert!(text.parse::<AssetsUrl>().is_err(), "{text}");
        }
        let long = format!("https://cdn.example.org/{}", "a".repeat(MAX_BYTES));
        assert!(long.parse::<AssetsUrl>().unwrap_err().contains("too long"));
    }

    #[test]
    fn plain_http_is_safe_beside_https_on_this_machine_only() {
        let safe = |text: &str| text.parse::<AssetsUrl>().unwrap().is_safe_beside_https();
        assert!(safe("https://cdn.example.org"));
        assert!(safe("http://127.0.0.1:8080"));
        assert!(safe("http://localhost/x"));
        assert!(!safe("http://cdn.example.org"));
        assert!(!safe("http://localhost.example.org"));
    }
}
