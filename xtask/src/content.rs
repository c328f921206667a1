//! Whether something has to be built again: by what its inputs hold, not by their times, which a
//! fresh clone and a switch of branches change without need.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use sha2::{Digest, Sha256};

use crate::command;

/// All files under `folder`, sorted; folders named in `skip` are left out at every depth.
pub fn files(folder: &Path, skip: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    collect(folder, skip, &mut found)?;
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, skip: &[&str], found: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if !skip.iter().any(|name| entry.file_name() == *name) {
                collect(&path, skip, found)?;
            }
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// A hash of names and contents.
pub fn hash(files: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new();
    for file in files {
        let content = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file
            .strip_prefix(command::root())
            .unwrap_or(file)
            .to_string_lossy();
        hash.update(name.len().to_le_bytes());
        hash.update(name.as_bytes());
        hash.update(content.len().to_le_bytes());
        hash.update(content);
    }
    let digest = hash.finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What something was last built from, kept under `target/`.
pub struct Stamp(PathBuf);

impl Stamp {
    pub fn new(name: &str) -> Self {
        Self(command::target().join("xtask-stamps").join(name))
    }

    pub fn is(&self, hash: &str) -> bool {
        fs::read_to_string(&self.0).is_ok_and(|last| last == hash)
    }

    /// Also forgets on the way: a build that breaks off leaves nothing that looks finished.
    pub fn forget(&self) -> Result<()> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.0.display()))
            }
            _ => Ok(()),
        }
    }

    pub fn set(&self, hash: &str) -> Result<()> {
        if let Some(folder) = self.0.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&self.0, hash).with_context(|| format!("cannot write {}", self.0.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_changes_with_a_name_and_with_a_content_only() {
        let folder = command::target().join("xtask-tests").join("content");
        fs::create_dir_all(&folder).unwrap();
        let (one, two) = (folder.join("one"), folder.join("two"));
        fs::write(&one, "a").unwrap();
        fs::write(&two, "a").unwrap();
        let first = hash(std::slice::from_ref(&one)).unwrap();
        assert_ne!(first, hash(std::slice::from_ref(&two)).unwrap());
        fs::write(&one, "b").unwrap();
        assert_ne!(first, hash(std::slice::from_ref(&one)).unwrap());
        fs::write(&one, "a").unwrap();
        assert_eq!(first, hash(&[one]).unwrap());
    }
}
