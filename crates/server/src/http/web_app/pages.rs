//! The pages, which name the assets that they load.

use axum::{body::Bytes, http::HeaderValue};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::{
    files::{self, Encoding, File},
    response::Content,
};
use crate::config::AssetsUrl;

/// 128 bits tell all builds apart.
const ETAG_BYTES: usize = 16;

/// Pages as they are served when their assets are elsewhere. They are not compressed: they are
/// smaller than what one round trip carries.
#[derive(Debug)]
pub struct Pages(Vec<(&'static File, Content)>);

impl Pages {
    pub fn new(base: &AssetsUrl) -> Self {
        let rewritten = files::pages().filter_map(|page| {
            let html = str::from_utf8(page.representations[0].bytes).ok()?;
            Some((page, content(with_assets_at(html, base))))
        });
        Self(rewritten.collect())
    }

    pub fn find(&self, page: &File) -> Option<Content> {
        let (_, content) = self.0.iter().find(|(known, _)| known.name == page.name)?;
        Some(content.clone())
    }
}

/// The build writes each address of an asset as an attribute of its own, from the root. Scripts
/// inside of a page stay as they are, for the policy knows their hash.
fn with_assets_at(html: &str, base: &AssetsUrl) -> String {
    let mut html = html.to_owned();
    for attribute in ["src", "href"] {
        let here = format!(" {attribute}=\"/assets/");
        let there = format!(" {attribute}=\"{}/assets/", base.as_str());
        html = html.replace(&here, &there);
    }
    html
}

fn content(html: String) -> Content {
    let hash = HEXLOWER.encode(&Sha256::digest(&html));
    let etag = format!("\"{}\"", &hash[..2 * ETAG_BYTES]);
    Content {
        encoding: Encoding::Identity,
        etag: HeaderValue::try_from(etag).expect("digits are text"),
        bytes: Bytes::from(html),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> AssetsUrl {
        "https://cdn.example.org/x/".parse().unwrap()
    }

    #[test]
    fn assets_are_named_at_their_other_origin_and_nothing_else_is() {
        let html = concat!(
            "<link rel=\"icon\" href=\"/favicon.svg\">",
            "<script>const own = '[src*=\"/assets/\"]';</script>",
            "<script type=\"module\" crossorigin src=\"/assets/app-1.js\"></script>",
            "<link rel=\"stylesheet\" crossorigin href=\"/assets/app-1.css\">"
        );
        assert_eq!(
            with_assets_at(html, &base()),
            concat!(
                "<link rel=\"icon\" href=\"/favicon.svg\">",
                "<script>const own = '[src*=\"/assets/\"]';</script>",
                "<script type=\"module\" crossorigin ",
                "src=\"https://cdn.example.org/x/assets/app-1.js\"></script>",
                "<link rel=\"stylesheet\" crossorigin ",
                "href=\"https://cdn.example.org/x/assets/app-1.css\">"
            )
        );
    }

    #[test]
    fn pages_of_the_build_load_assets_from_there_alone() {
        let pages = Pages::new(&base());
        for page in files::pages() {
            let html = pages.find(page).unwrap().bytes;
            let html = str::from_utf8(&html).unwrap();
            assert!(!html.contains("href=\"/assets/"), "{}", page.name);
            assert!(!html.contains("src=\"/assets/"), "{}", page.name);
            let there = "=\"https://cdn.example.org/x/assets/";
            assert!(html.matches(there).count() > 1, "{}", page.name);
            // Scripts of another origin run only when asked for with CORS.
            for tag in html.split('<').filter(|tag| tag.contains(there)) {
                assert!(tag.contains(" crossorigin"), "{}: {tag}", page.name);
            }
        }
    }
}
