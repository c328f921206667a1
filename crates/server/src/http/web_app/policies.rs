//! Content security policies of the pages: what they may load, and from where.

use axum::http::HeaderValue;

use crate::config::AssetsUrl;

#[derive(Debug)]
pub struct Policies {
    pub page: HeaderValue,
    pub docs: HeaderValue,
}

impl Policies {
    /// `assets` is where the hashed files are, when they are not here.
    pub fn new(assets: Option<&AssetsUrl>) -> Self {
        // With its path: others may have their files on the same CDN.
        let from = assets.map_or(String::new(), |url| format!(" {}/assets/", url.as_str()));
        // Browsers start no worker from another origin, but one of a few bytes of the page's own
        // that imports it.
        let shim = if assets.is_some() { " blob:" } else { "" };
        let policy = |text: String| {
            HeaderValue::from_str(&text).expect("an AssetsUrl holds only what a header may")
        };
        Self {
            // `connect-src 'self'` covers the WebSocket of the same host (CSP level 3). `blob:` and
            // `data:` are pictures and recordings that the page makes itself.
            page: policy(format!(
                "default-src 'self'; script-src 'self'{from}; style-src 'self'{from}; \
                 connect-src 'self'{from}; img-src 'self'{from} data: blob:; \
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
        let policies = Policies::new(None);
        assert_eq!(directive(&policies.page, "script-src"), "'self'");
        assert_eq!(directive(&policies.page, "worker-src"), "'self'");
        assert_eq!(directive(&policies.docs, "script-src"), "'self'");
        assert!(!policies.page.to_str().unwrap().contains("http"));
    }

    #[test]
    fn assets_may_come_from_the_folder_that_was_named() {
        let url = "https://cdn.example.org/calls/".parse().unwrap();
        let policies = Policies::new(Some(&url));
        let from = "'self' https://cdn.example.org/calls/assets/";
        for name in ["script-src", "style-src", "font-src", "connect-src"] {
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
