use std::{fmt, path::PathBuf, str::FromStr};

use super::{section::section, value::ConfigValue};

section! {
    /// Live state that many nodes share. Without `url` it is in the memory of this one.
    pub struct RedisConfig in "redis" {
        /// Redis from 6.2 on, or Valkey: `redis://[user:password@]host[:port][/database]`, or
        /// `rediss://` for TLS. Sentinels, or some of the nodes of a cluster, are parted by commas.
        url: Option<RedisUrls> = "",
        /// What is at `url`: one server, Sentinels that know it, or a Redis Cluster.
        kind: RedisKind = "single",
        /// The name under which the Sentinels know the master.
        sentinel_master: String = "mymaster",
        /// A file with the password, in place of one in `url`.
        password_file: Option<PathBuf> = "",
        /// A file with the certificate authorities (PEM) of `rediss://`, in place of the usual ones.
        ca_file: Option<PathBuf> = "",
        /// What all keys and channels begin with; each deployment that shares a Redis has its own.
        prefix: String = "wecall",
    }
}

/// Addresses with passwords in them, which are never shown.
#[derive(Clone)]
pub struct RedisUrls(Vec<String>);

impl RedisUrls {
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    fn without_passwords(&self) -> String {
        let hidden = self
            .0
            .iter()
            .map(|url| match (url.find("//"), url.rfind('@')) {
                (Some(start), Some(end)) if end > start => {
                    format!("{}(secret){}", &url[..start + 2], &url[end..])
                }
                _ => url.clone(),
            });
        hidden.collect::<Vec<_>>().join(",")
    }
}

impl fmt::Debug for RedisUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.without_passwords())
    }
}

impl ConfigValue for RedisUrls {
    const KIND: &'static str = "Redis address";

    fn from_text(text: &str) -> Result<Self, String> {
        let urls: Vec<String> = text.split(',').map(|url| url.trim().to_owned()).collect();
        let is_redis = |url: &String| url.starts_with("redis://") || url.starts_with("rediss://");
        match urls.iter().all(is_redis) {
            true => Ok(Self(urls)),
            // Not repeated: there may be a password in it.
            false => Err("an address begins with redis:// or rediss://".into()),
        }
    }

    fn show(&self) -> String {
        self.without_passwords().show()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedisKind {
    Single,
    Sentinel,
    Cluster,
}

impl FromStr for RedisKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "single" => Ok(Self::Single),
            "sentinel" => Ok(Self::Sentinel),
            "cluster" => Ok(Self::Cluster),
            other => Err(format!("`{other}` is none of single, sentinel and cluster")),
        }
    }
}

impl ConfigValue for RedisKind {
    const KIND: &'static str = "single, sentinel or cluster";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
    }

    fn show(&self) -> String {
        let text = match self {
            Self::Single => "single",
            Self::Sentinel => "sentinel",
            Self::Cluster => "cluster",
        };
        text.to_owned().show()
    }
}

impl RedisConfig {
    pub(super) fn validate(&self) -> Result<(), String> {
        let Some(urls) = &self.url else {
            return Ok(());
        };
        if self.kind == RedisKind::Single && urls.0.len() > 1 {
            return Err("redis.url: several addresses need redis.kind sentinel or cluster".into());
        }
        if self.prefix.is_empty() || self.prefix.contains(['{', '}', '*', ' ']) {
            return Err("redis.prefix: needs at least one character, and none of `{}* `".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_never_shown() {
        let urls = RedisUrls::from_text("redis://u:p@ss@one:1/2, rediss://two").unwrap();
        let shown = urls.show();
        assert_eq!(shown, "\"redis://(secret)@one:1/2,rediss://two\"");
        assert!(!format!("{urls:?}").contains("p@ss"));
        let error = RedisUrls::from_text("http://u:hush@one").unwrap_err();
        assert!(!error.contains("hush"), "{error}");
    }
}
