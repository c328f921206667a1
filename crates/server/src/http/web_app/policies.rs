//! Content security policies of the pages: what they may load, and from where.

use axum::http::HeaderValue;
use data_encoding::BASE64;
use sha2::{Digest, Sha256};

use super::files;
use crate::config::{AssetsUrl, SocketOrigin};

#[derive(Debug)]
pub struct Policies {
    pub page: HeaderValue,
    pub docs: HeaderValue,
}

impl Policies {
    /// `assets` is where the hashed files are, when they are not here; `sockets` where signaling
    /// may be besides here.
    pub fn new(assets: Option<&AssetsUrl>, sockets: &[SocketOrigin]) -> Self {
        let sockets: String = sockets
            .iter()
            .map(|origin| format!(" {}", origin.as_str()))
            .collect();
        // With its path: others may have their files on the same CDN.
        let from = assets.map_or(String::new(), |url| format!(" {}/assets/", url.as_str()));
        // Browsers start no worker from another origin, but one of a few bytes of the page's own
        // that imports it.
        let shim = if assets.is_some() { " blob:" } else { "" };
        let inline: String = files::pages()
            .filter_map(|page| str::from_utf8(page.representations[0].bytes).ok())
            .flat_map(inline_scripts)
            .map(|script| format!(" 'sha256-{}'", BASE64.encode(&Sha256::digest(script))))
            .collect();
        let policy = |text: String| {
            HeaderValue::from_str(&text).expect("the addresses hold only what a header may")
        };
        Self {
            // `connect-src 'self'` covers the WebSocket of the same host (CSP level 3). `blob:` and
            // `data:` are pictures and recordings that the page makes itself.
            page: policy(format!(
                "default-src 'self'; script-src 'self'{from}{inline}; style-src 'self'{from}; \
                 connect-src 'self'{from}{sockets}; img-src 'self'{from} data: blob:; \
                 media-src 'self'{from} blob:; font-src 'self'{from}; \
                 worker-src 'self'{from}{shim}; manifest-src 'self'; object-src 'none'; \
                 base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
            )),
            // The API viewer writes styles into its elements.
            docs: policy(format!(
                "default-src 'self'; script-src 'self'{from}; \
                 style-src 'self'{from} 'unsafe-inline'; connect-src 'self'{from}; \
                 img-src 'self'{from} data:; font-src 'self'{from}; object-src 'none'; \
                 base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
            )),
        }
    }
}

/// What stands in a page itself between the tags, which is all that its hash is made of.
fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    html.split("<script>")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("</script>")?.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directive<'a>(policy: &'a HeaderValue, name: &str) -> &'a str {
        let policy = policy.to_str().unwrap();
        let mut directives = policy.split("; ");
        directives
            .find_map(|one| one.strip_prefix(name)?.strip_prefix(' '))
            .unwrap_or_default()
    }

    #[test]
    fn without_another_origin_only_the_own_one_counts() {
        let policies = Policies::new(None, &[]);
        let scripts = directive(&policies.page, "script-src");
        let mut sources = scripts.split(' ');
        assert_eq!(sources.next(), Some("'self'"));
        assert!(sources.all(|one| one.starts_with("'sha256-")), "{scripts}");
        assert_eq!(directive(&policies.page, "worker-src"), "'self'");
        assert_eq!(directive(&policies.docs, "script-src"), "'self'");
        assert!(!policies.page.to_str().unwrap().contains("http"));
    }

    #[test]
    fn sockets_may_go_to_where_signaling_is() {
        let origins = ["wss://*.example.org".parse().unwrap()];
        let policies = Policies::new(None, &origins);
        assert_eq!(
            directive(&policies.page, "connect-src"),
            "'self' wss://*.example.org"
        );
        assert_eq!(directive(&policies.docs, "connect-src"), "'self'");
    }

    #[test]
    fn scripts_inside_of_a_page_are_found_and_those_with_an_address_are_not() {
        let html = concat!(
            "<script>\n let a;</script><script type=\"module\" src=\"/a.js\"></script>",
            "<script>b()</script><script>never closed"
        );
        let found: Vec<_> = inline_scripts(html).collect();
        assert_eq!(found, ["\n let a;", "b()"]);
    }

    #[test]
    fn assets_may_come_from_the_folder_that_was_named() {
        let url = "https://cdn.example.org/calls/".parse().unwrap();
        let policies = Policies::new(Some(&url), &[]);
        let from = "'self' https://cdn.example.org/calls/assets/";
        assert!(directive(&policies.page, "script-src").starts_with(from));
        for name in ["style-src", "font-src", "connect-src"] {
            assert_eq!(directive(&policies.page, name), from, "{name}");
        }
        assert_eq!(directive(&policies.docs, "script-src"), from);
        assert_eq!(
            directive(&policies.page, "worker-src"),
            format!("{from} blob:")
        );
        assert_eq!(directive(&policies.page, "default-src"), "'self'");
        assert_eq!(directive(&policies.page, "frame-ancestors"), "'self'");
        assert!(!policies.page.to_str().unwrap().contains("unsafe"));
    }
}
