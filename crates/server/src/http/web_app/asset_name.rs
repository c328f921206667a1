//! Names of hashed files, as the web build makes them: `assets/ChatPanel-C5poxC-V.js`.

use super::content_type::{UNKNOWN, content_type};

/// Longer than any that a build makes.
const MAX_BYTES: usize = 128;

/// Characters of the hash at the end of the name.
const HASH_BYTES: usize = 8;

/// The name of one file in the folder of assets; it cannot lead out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssetName<'a> {
    /// Without the folder.
    pub file: &'a str,
    pub content_type: &'static str,
}

impl<'a> AssetName<'a> {
    /// `path` as it stands in the address, without the slash at its beginning. What is written in
    /// percents there is no letter of such a name.
    pub fn parse(path: &'a str) -> Option<Self> {
        let file = path.strip_prefix("assets/")?;
        let (stem, end) = file.rsplit_once('.')?;
        let dash = stem.len().checked_sub(HASH_BYTES + 1)?;
        let is_plain = file
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        let content_type = content_type(end);
        let is_asset = is_plain
            && file.len() <= MAX_BYTES
            && !file.starts_with('.')
            && stem.as_bytes()[dash] == b'-'
            && content_type != UNKNOWN
            // A page has rights that no asset needs.
            && end != "html";
        is_asset.then_some(Self { file, content_type })
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;
    use crate::http::web_app::files;

    #[test]
    fn every_asset_of_the_build_has_such_a_name() {
        for file in files::assets() {
            let name = AssetName::parse(file.name);
            let kind = name.map(|name| name.content_type);
            assert_eq!(kind, Some(file.content_type), "{}", file.name);
        }
    }

    #[test]
    fn names_of_builds_are_known() {
        for path in [
            "assets/ChatPanel-C5poxC-V.js",
            "assets/StatsPanel-Cr-GB_SK.js",
            "assets/swagger-ui.worker-a1b2c3d4.mjs",
            "assets/Inter-a1b2c3d4.woff2",
        ] {
            assert!(AssetName::parse(path).is_some(), "{path}");
        }
    }

    #[test]
    fn everything_else_is_none() {
        for path in [
            "",
            "assets/",
            "assets/app.js",
            "assets/a-1.js",
            "assets/page-a1b2c3d4.html",
            "assets/secret-a1b2c3d4.key",
            "assets/app-a1b2c3d4.js.br",
            "assets/app-a1b2c3d4",
            "assets/.app-a1b2c3d4.js",
            "assets/../app-a1b2c3d4.js",
            "assets/sub/app-a1b2c3d4.js",
            "assets//app-a1b2c3d4.js",
            "assets/..%2fapp-a1b2c3d4.js",
            "assets/..\\app-a1b2c3d4.js",
            "assets/app-a1b2c3d4.js\0",
            "assets/äpp-a1b2c3d4.js",
            "assets/ä1234567.js",
            "other/app-a1b2c3d4.js",
            "app-a1b2c3d4.js",
        ] {
            assert_eq!(AssetName::parse(path), None, "{path}");
        }
        let long = format!("assets/{}-a1b2c3d4.js", "a".repeat(MAX_BYTES));
        assert_eq!(AssetName::parse(&long), None);
    }

    proptest! {
        #[test]
        fn no_name_leads_out_of_the_folder(rest in "[-a-z0-9./\\\\%_\\x00é]{0,24}", any in ".*") {
            for tail in [format!("{rest}-a1b2c3d4.js"), rest, any] {
                let path = format!("assets/{tail}");
                if let Some(name) = AssetName::parse(&path) {
                    let mut parts = Path::new(name.file).components();
                    prop_assert!(matches!(parts.next(), Some(Component::Normal(_))), "{path}");
                    prop_assert!(parts.next().is_none(), "{path}");
                }
            }
        }
    }
}
