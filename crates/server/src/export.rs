//! `wecall assets export`: the hashed files of the web app, for a place that serves them elsewhere.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use serde::Serialize;

use crate::http::{ASSET_CACHE_CONTROL, embedded_assets};

/// What an upload has to say of each file.
#[derive(Debug, Serialize)]
struct Manifest {
    version: &'static str,
    files: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    /// Within the folder, with slashes.
    file: String,
    size: usize,
    content_type: &'static str,
    /// Left out for what is not compressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_encoding: Option<&'static str>,
    cache_control: String,
}

/// What an export did.
#[derive(Debug)]
pub struct Exported {
    pub manifest: PathBuf,
    pub files: usize,
    /// Of those, the ones that were not there already.
    pub written: usize,
}

/// Puts the files and their list into `folder`. What is there of other versions stays.
pub fn export(folder: &Path) -> anyhow::Result<Exported> {
    let cache_control = ASSET_CACHE_CONTROL;
    let cache_control = cache_control.to_str().context("the header is text")?;
    let mut files = Vec::new();
    let mut written = 0;
    for asset in embedded_assets() {
        for one in asset.representations {
            let file = format!("{}{}", asset.name, one.encoding.suffix());
            written += usize::from(put(&folder.join(&file), one.bytes)?);
            files.push(Entry {
                file,
                size: one.bytes.len(),
                content_type: asset.content_type,
                content_encoding: one.encoding.name(),
                cache_control: cache_control.to_owned(),
            });
        }
    }
    if files.is_empty() {
        bail!("the web app is not part of this build of the server");
    }
    let version = env!("CARGO_PKG_VERSION");
    let exported = Exported {
        manifest: folder.join(format!("manifest-{version}.json")),
        files: files.len(),
        written,
    };
    let mut text = serde_json::to_vec_pretty(&Manifest { version, files })?;
    text.push(b'\n');
    // The last: who finds it finds all that is in it.
    put(&exported.manifest, &text)?;
    Ok(exported)
}

/// Whether the file was written. One that is there already keeps its time, by which uploads go.
fn put(path: &Path, content: &[u8]) -> anyhow::Result<bool> {
    let failed = || format!("cannot write {}", path.display());
    match fs::read(path) {
        Ok(there) if there == content => return Ok(false),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(failed);
        }
        _ => {}
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(failed)?;
    }
    // A server may read the folder meanwhile: it must not find half a file.
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}.tmp", std::process::id()));
    let put = fs::write(&unfinished, content).and_then(|()| fs::rename(&unfinished, path));
    if put.is_err() {
        // What is told is why it failed, not whether the rest of it could be removed.
        drop(fs::remove_file(&unfinished));
    }
    put.with_context(failed)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("assets/app.js");
        assert!(put(&path, b"one").unwrap());
        assert!(!put(&path, b"one").unwrap());
        assert!(put(&path, b"two").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(
            fs::read_dir(folder.path().join("assets")).unwrap().count(),
            1
        );
    }

    #[test]
    fn failure_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("assets"), "a file").unwrap();
        let error = put(&folder.path().join("assets/app.js"), b"one").unwrap_err();
        assert!(format!("{error:#}").contains("app.js"), "{error:#}");
    }
}
