//! The table that `build.rs` wrote.

/// Content of the folder that the web build made, under its name there.
#[derive(Debug)]
pub struct File {
    pub name: &'static str,
    pub content_type: &'static str,
    /// As it is, then the smaller encodings of it that the build made.
    pub representations: &'static [Representation],
}

#[derive(Debug)]
pub struct Representation {
    pub encoding: Encoding,
    /// Of exactly these bytes, so a strong one.
    pub etag: &'static str,
    pub bytes: &'static [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Identity,
    Brotli,
    Zstd,
    Gzip,
}

impl Encoding {
    /// As in `Content-Encoding`, which is left out for what is not encoded.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Brotli => Some("br"),
            Self::Zstd => Some("zstd"),
            Self::Gzip => Some("gzip"),
        }
    }

    /// The end of the name of a file in this encoding.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Identity => "",
            Self::Brotli => ".br",
            Self::Zstd => ".zst",
            Self::Gzip => ".gz",
        }
    }
}

include!(concat!(env!("OUT_DIR"), "/web_files.rs"));

/// Of the web app, the page of the app and that of the API viewer.
pub fn pages() -> impl Iterator<Item = &'static File> {
    FILES.iter().filter(|file| file.name.ends_with(".html"))
}

/// Those that last for ever under their names.
pub fn assets() -> impl Iterator<Item = &'static File> {
    FILES.iter().filter(|file| file.name.starts_with("assets/"))
}

pub fn find(name: &str) -> Option<&'static File> {
    let index = FILES.binary_search_by(|file| file.name.cmp(name)).ok()?;
    Some(&FILES[index])
}

impl File {
    /// The first in the client's order that there is; the bytes as they are if there is none, which
    /// every client reads.
    pub fn representation(&self, order: &[Encoding]) -> &'static Representation {
        order
            .iter()
            .find_map(|encoding| {
                self.representations
                    .iter()
                    .find(|one| one.encoding == *encoding)
            })
            .unwrap_or(&self.representations[0])
    }
}
