//! Files that nobody else may read: made once, whole or not at all.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use sha2::{Digest, Sha256};

/// What signs resume and host tokens.
pub type SessionKey = [u8; 32];

const SESSION_KEY_FILE: &str = "secret.key";

/// For the owner alone.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

pub fn create_data_dir(path: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER_MODE)
        .create(path)
        .with_context(|| format!("cannot create the data folder {}", path.display()))
}

/// The key that the operator gave, or the one in the data folder, which is created if need be.
pub fn session_key(data_dir: &Path, given: Option<&Path>) -> anyhow::Result<SessionKey> {
    let (path, bytes) = match given {
        Some(path) => {
            let bytes = fs::read(path)
                .with_context(|| format!("cannot read session.key_file {}", path.display()))?;
            (path.to_owned(), bytes)
        }
        None => {
            let path = data_dir.join(SESSION_KEY_FILE);
            let bytes = read_or_create(&path, || {
                let mut key: SessionKey = [0; 32];
                getrandom::fill(&mut key).context("the system gives no random bytes")?;
                Ok(key.to_vec())
            })?;
            (path, bytes)
        }
    };
    key_from(&bytes).with_context(|| format!("{} is no key", path.display()))
}

/// 32 bytes are the key itself; longer content, such as a line of hexadecimal digits that a tool
/// for secrets made, is hashed into one.
fn key_from(bytes: &[u8]) -> anyhow::Result<SessionKey> {
    if let Ok(key) = SessionKey::try_from(bytes) {
        return Ok(key);
    }
    let bytes = bytes.trim_ascii_end();
    ensure!(
        bytes.len() >= 32,
        "it needs at least 32 bytes, and has {}",
        bytes.len()
    );
    Ok(Sha256::digest(bytes).into())
}

/// Reads the file; if there is none, makes it. Of several processes that start at once all read
/// what one of them has made.
pub fn read_or_create(
    path: &Path,
    make: impl FnOnce() -> anyhow::Result<Vec<u8>>,
) -> anyhow::Result<Vec<u8>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read.with_context(|| format!("cannot read {}", path.display())),
    }
    let content = make()?;
    publish(path, &content).with_context(|| format!("cannot write {}", path.display()))
}

/// Returns what the file holds afterwards.
fn publish(path: &Path, content: &[u8]) -> io::Result<Vec<u8>> {
    let draft = draft_path(path);
    write_draft(&draft, content)?;
    // Unlike a rename, a link never replaces what someone else has put there meanwhile.
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // The folder is not synced: should the name be lost with the power, another key is made, which
    // nobody misses so soon after the first start.
    fs::read(path)
}

fn write_draft(draft: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(FILE_MODE)
        .open(draft)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Beside the file, of this process alone.
fn draft_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.draft", std::process::id()));
    name.into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn key_is_made_once_and_for_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let first = session_key(folder.path(), None).unwrap();
        assert_eq!(session_key(folder.path(), None).unwrap(), first);
        assert_ne!(first, [0; 32]);
        let path = folder.path().join(SESSION_KEY_FILE);
        assert_eq!(
            fs::metadata(path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn file_that_came_first_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let other = || {
            fs::write(&path, "first").unwrap();
            Ok(b"second".to_vec())
        };
        assert_eq!(read_or_create(&path, other).unwrap(), b"first");
    }

    #[test]
    fn given_key_may_be_text_but_not_short() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("given");
        fs::write(
            &path,
            "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n",
        )
        .unwrap();
        let key = session_key(folder.path(), Some(&path)).unwrap();
        assert_eq!(session_key(folder.path(), Some(&path)).unwrap(), key);
        fs::write(&path, "too short").unwrap();
        let error = session_key(folder.path(), Some(&path)).unwrap_err();
        assert!(
            format!("{error:#}").contains("at least 32 bytes"),
            "{error:#}"
        );
    }
}
