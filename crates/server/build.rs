//! Writes the table of the files in `web/dist` that go into the binary.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
};

#[path = "src/http/web_app/content_type.rs"]
mod content_type;

use content_type::content_type;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// Ends of the names of precompressed files, and the variant of `Encoding` that they are.
const ENCODINGS: [(&str, &str); 3] = [("br", "Brotli"), ("zst", "Zstd"), ("gz", "Gzip")];

/// 128 bits tell all builds apart.
const ETAG_BYTES: usize = 16;

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let dist = manifest.join("../../web/dist");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/http/web_app/content_type.rs");
    println!("cargo::rerun-if-changed={}", dist.display());
    // Without the folder cargo would take it for changed at each build.
    if !dist.exists()
        && let Err(error) = fs::create_dir_all(&dist)
    {
        println!("cargo::warning=cannot create web/dist: {error}");
    }

    // Copies: a web build at the same time takes files away that the table names.
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let copies = out.join("web");
    if copies.exists() {
        fs::remove_dir_all(&copies)?;
    }
    fs::create_dir_all(&copies)?;

    let mut files = BTreeMap::new();
    if dist.exists() {
        let dist = dist.canonicalize()?;
        collect(&dist, &dist, &mut files)?;
    }
    let mut table = String::from("static FILES: &[File] = &[\n");
    for (name, path) in &files {
        if let Some(entry) = entry(name, path, &files, &copies)? {
            table += &entry;
        }
    }
    table += "];\n";
    fs::write(out.join("web_files.rs"), table)
}

/// Files by their name within `root`, with slashes. Names that start with a dot are the build
/// tool's own.
fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            files.insert(name.replace('\\', "/"), path);
        }
    }
    Ok(())
}

fn entry(
    name: &str,
    path: &Path,
    files: &BTreeMap<String, PathBuf>,
    copies: &Path,
) -> io::Result<Option<String>> {
    let is_encoding_of_another = ENCODINGS.iter().any(|(end, _)| {
        let plain = name
            .strip_suffix(end)
            .and_then(|name| name.strip_suffix('.'));
        plain.is_some_and(|plain| files.contains_key(plain))
    });
    if is_encoding_of_another {
        return Ok(None);
    }
    let mut text = format!(
        "    File {{ name: {name:?}, content_type: {:?}, representations: &[\n",
        content_type(name)
    );
    text += &representation("Identity", path, copies)?;
    for (end, variant) in ENCODINGS {
        if let Some(path) = files.get(&format!("{name}.{end}")) {
            text += &representation(variant, path, copies)?;
        }
    }
    Ok(Some(text + "    ] },\n"))
}

fn representation(encoding: &str, path: &Path, copies: &Path) -> io::Result<String> {
    let content = fs::read(path)?;
    let hash = HEXLOWER.encode(&Sha256::digest(&content));
    let copy = copies.join(&hash);
    fs::write(&copy, content)?;
    let etag = format!("\"{}\"", &hash[..2 * ETAG_BYTES]);
    Ok(format!(
        "        Representation {{ encoding: Encoding::{encoding}, etag: {etag:?}, bytes: include_bytes!({:?}) }},\n",
        copy.display().to_string()
    ))
}
