//! `.br`, `.zst` and `.gz` beside each file of the web app that gets smaller by it, so that the
//! server never compresses while someone waits.

use std::{
    fmt, fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::content;

/// Below this, headers weigh more than what is saved.
const SMALLEST_BYTES: usize = 512;

const COMPRESSIBLE: &[&str] = &[
    "html",
    "js",
    "mjs",
    "css",
    "json",
    "svg",
    "txt",
    "xml",
    "webmanifest",
    "wasm",
    "map",
    "ico",
    "ttf",
];

const SUFFIXES: &[&str] = &["br", "zst", "gz"];

#[derive(Default)]
pub struct Saved {
    files: usize,
    original_bytes: usize,
    brotli_bytes: usize,
}

impl fmt::Display for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} files compressed, {} kB, {} kB as brotli",
            self.files,
            self.original_bytes / 1_000,
            self.brotli_bytes / 1_000
        )
    }
}

/// Writes the compressed copies of every file in `folder`, and removes those of a build before.
pub fn folder(folder: &Path) -> Result<Saved> {
    let mut saved = Saved::default();
    for file in content::files(folder, &[])? {
        let extension = file
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or("");
        if SUFFIXES.contains(&extension) {
            fs::remove_file(&file)?;
        }
    }
    for file in content::files(folder, &[])? {
        let extension = file
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or("");
        if !COMPRESSIBLE.contains(&extension) {
            continue;
        }
        let original =
            fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        if original.len() <= SMALLEST_BYTES {
            continue;
        }
        saved.files += 1;
        saved.original_bytes += original.len();
        for suffix in SUFFIXES {
            let compressed = compress(suffix, &original)?;
            if *suffix == "br" {
                saved.brotli_bytes += compressed.len().min(original.len());
            }
            if compressed.len() < original.len() {
                fs::write(with_suffix(&file, suffix), compressed)?;
            }
        }
    }
    Ok(saved)
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// The best level of each: this runs once a build, and is read many times.
fn compress(suffix: &str, original: &[u8]) -> Result<Vec<u8>> {
    let mut compressed = Vec::new();
    match suffix {
        "br" => {
            let parameters = brotli::enc::BrotliEncoderParams {
                size_hint: original.len(),
                ..Default::default()
            };
            brotli::BrotliCompress(&mut &original[..], &mut compressed, &parameters)?;
        }
        // Above 19 the window outgrows what browsers accept (8 MiB, RFC 9659).
        "zst" => compressed = zstd::bulk::compress(original, 19)?,
        _ => {
            let mut encoder =
                flate2::write::GzEncoder::new(&mut compressed, flate2::Compression::best());
            encoder.write_all(original)?;
            encoder.finish()?;
        }
    }
    Ok(compressed)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::command;

    #[test]
    fn copies_hold_the_same_and_only_where_they_help() {
        let place = command::target().join("xtask-tests").join("precompress");
        fs::create_dir_all(place.join("assets")).unwrap();
        let text = "export const answer = 42;\n".repeat(100);
        fs::write(place.join("assets/a.js"), &text).unwrap();
        fs::write(place.join("small.js"), "1").unwrap();
        fs::write(place.join("photo.png"), vec![0; 4_096]).unwrap();
        fs::write(place.join("old.js.br"), "of a build before").unwrap();

        folder(&place).unwrap();

        let mut plain = Vec::new();
        let brotli = fs::read(place.join("assets/a.js.br")).unwrap();
        brotli::BrotliDecompress(&mut &brotli[..], &mut plain).unwrap();
        assert_eq!(plain, text.as_bytes());
        let zst = fs::read(place.join("assets/a.js.zst")).unwrap();
        assert_eq!(
            zstd::bulk::decompress(&zst, text.len()).unwrap(),
            text.as_bytes()
        );
        let mut plain = String::new();
        let gz = fs::File::open(place.join("assets/a.js.gz")).unwrap();
        flate2::read::GzDecoder::new(gz)
            .read_to_string(&mut plain)
            .unwrap();
        assert_eq!(plain, text);
        for absent in ["small.js.br", "photo.png.gz", "old.js.br"] {
            assert!(!place.join(absent).exists(), "{absent}");
        }
    }
}
