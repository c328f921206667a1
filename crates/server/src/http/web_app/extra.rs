//! Assets of other versions, out of the folder `assets.extra_dir`.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use axum::{body::Bytes, http::HeaderValue};

use super::{
    asset_name::AssetName,
    files::Encoding,
    response::{Content, Served},
};

/// Ten times the largest that a build makes.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

#[derive(Debug)]
pub struct ExtraAssets {
    folder: PathBuf,
}

impl ExtraAssets {
    /// `exported` is what `wecall assets export` was given.
    pub fn new(exported: &Path) -> Self {
        Self {
            folder: exported.join("assets"),
        }
    }

    /// The asset in the first encoding of `order` that is there.
    pub async fn find(&self, name: AssetName<'_>, order: &[Encoding]) -> Option<Served> {
        let plain = self.folder.join(name.file);
        let content_type = name.content_type;
        // The name holds a hash of the content, so name and encoding tell contents apart.
        let tag = name.file.to_owned();
        let order = order.to_vec();
        let read = move || {
            let (encoding, bytes) = first_of(&plain, &order)?;
            let etag = HeaderValue::try_from(format!("\"{tag}{}\"", encoding.suffix())).ok()?;
            Some(Served {
                content_type,
                content: Content {
                    encoding,
                    etag,
                    bytes,
                },
            })
        };
        match tokio::task::spawn_blocking(read).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "an extra asset could not be read");
                None
            }
        }
    }
}

/// As of the embedded files: the plain bytes if nothing that the client likes better is there.
fn first_of(plain: &Path, order: &[Encoding]) -> Option<(Encoding, Bytes)> {
    let encodings = order.iter().copied().chain([Encoding::Identity]);
    for encoding in encodings {
        let mut path = plain.as_os_str().to_owned();
        path.push(encoding.suffix());
        match read(Path::new(&path)) {
            Ok(Some(bytes)) => return Some((encoding, bytes)),
            Ok(None) => {}
            Err(error) => {
                let file = Path::new(&path).display();
                tracing::warn!(%error, %file, "an extra asset could not be read");
            }
        }
    }
    None
}

/// `None` if it is missing.
fn read(path: &Path) -> io::Result<Option<Bytes>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    if metadata.len() > MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    // It may grow meanwhile.
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(Some(bytes.into()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const NAME: AssetName<'_> = AssetName {
        file: "app-a1b2c3d4.js",
        content_type: "text/javascript; charset=utf-8",
    };

    fn exported(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("assets")).unwrap();
        for (name, text) in files {
            fs::write(folder.path().join("assets").join(name), text).unwrap();
        }
        folder
    }

    async fn find(folder: &tempfile::TempDir, order: &[Encoding]) -> Option<(Encoding, Bytes)> {
        let found = ExtraAssets::new(folder.path()).find(NAME, order).await?;
        Some((found.content.encoding, found.content.bytes))
    }

    #[tokio::test]
    async fn first_encoding_that_is_there_is_taken() {
        let folder = exported(&[("app-a1b2c3d4.js", "plain"), ("app-a1b2c3d4.js.gz", "gz")]);
        let order = [Encoding::Brotli, Encoding::Gzip, Encoding::Identity];
        let gzip = Some((Encoding::Gzip, "gz".into()));
        assert_eq!(find(&folder, &order).await, gzip);
        let plain = Some((Encoding::Identity, "plain".into()));
        assert_eq!(find(&folder, &[Encoding::Brotli]).await, plain);
        assert_eq!(find(&folder, &[]).await, plain);
    }

    #[tokio::test]
    async fn what_is_put_there_later_counts() {
        let folder = exported(&[]);
        assert_eq!(find(&folder, &[]).await, None);
        fs::write(folder.path().join("assets/app-a1b2c3d4.js"), "new").unwrap();
        assert!(find(&folder, &[]).await.is_some());
    }

    #[tokio::test]
    async fn folders_and_giants_are_no_assets() {
        let folder = exported(&[]);
        let path = folder.path().join("assets/app-a1b2c3d4.js");
        fs::create_dir(&path).unwrap();
        assert_eq!(find(&folder, &[]).await, None);
        fs::remove_dir(&path).unwrap();
        let giant = File::create(&path).unwrap();
        giant.set_len(MAX_BYTES + 1).unwrap();
        assert_eq!(find(&folder, &[]).await, None);
    }
}
