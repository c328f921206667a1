use std::{path::PathBuf, time::Duration};

use super::section::section;

section! {
    /// Participants whose connection is lost.
    pub struct SessionConfig in "session" {
        /// How long the others are not told of a lost connection: a participant who is back
        /// within it has never been away.
        resume_grace: Duration = "30s",
        /// The secret that signs resume and host tokens: a file of at least 32 bytes. Without it
        /// the server creates `secret.key` in the data folder. Whoever has the secret can be a
        /// host in any room.
        key_file: Option<PathBuf> = "",
    }
}

impl SessionConfig {
    pub(super) fn validate(&self) -> Result<(), String> {
        if self.resume_grace > Duration::from_secs(10 * 60) {
            return Err("session.resume_grace: at most 10m, as messages are kept for it".into());
        }
        Ok(())
    }
}
