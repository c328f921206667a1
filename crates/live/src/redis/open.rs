//! Whether Redis is one that can be used, before anything is.

use redis::{AsyncCommands as _, ErrorKind, RedisError, RedisResult, ServerErrorKind};

use super::{
    connection::{Connection, Target},
    keys::Keys,
};
use crate::shared::{OLDEST_SCHEMA, SCHEMA};

/// Scripts that publish, and streams that are trimmed: all there since then.
const OLDEST_VERSION: (u32, u32) = (6, 2);

/// Why a Redis is not used. The words name the setting that decides.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("redis.url: not an address of Redis: {0}")]
    Address(String),
    #[error("redis.url: Redis cannot be reached{}: {why}", at(.places))]
    Unreachable { places: String, why: String },
    #[error(
        "redis.url, redis.ca_file: the certificate of Redis is not one that this machine trusts: \
         {0}; its authority goes into redis.ca_file"
    )]
    Certificate(String),
    #[error("redis.url, redis.ca_file: {0}")]
    Authority(String),
    #[error("redis.url: what answers there is not Redis: {0}")]
    Protocol(String),
    #[error("redis.url, redis.password_file: Redis refuses the user or the password")]
    Password,
    #[error("redis.sentinel_master: {0}")]
    Sentinel(String),
    #[error("redis.url: this is Redis {found}; it needs to be 6.2 or newer")]
    Version { found: String },
    #[error(
        "redis.prefix: what is kept there has schema {found}, which this version ({SCHEMA}) does \
         not understand; choose another prefix, or the version that wrote it"
    )]
    Schema { found: String },
    #[error("redis.url: {0}")]
    Other(String),
}

impl From<RedisError> for OpenError {
    fn from(error: RedisError) -> Self {
        let words = error.to_string();
        match error.kind() {
            // The words of rustls, whose errors come wrapped more than once.
            ErrorKind::Io if words.contains("certificate") => Self::Certificate(words),
            ErrorKind::Parse => Self::Protocol(words),
            // The version of the protocol that came with Redis 6.
            ErrorKind::RESP3NotSupported => Self::Version {
                found: "older than 6".into(),
            },
            ErrorKind::AuthenticationFailed => Self::Password,
            ErrorKind::Server(ServerErrorKind::NoPerm) => Self::Password,
            ErrorKind::MasterNameNotFoundBySentinel | ErrorKind::NoValidReplicasFoundBySentinel => {
                Self::Sentinel(words)
            }
            ErrorKind::InvalidClientConfig => Self::Address(words),
            _ if matches!(error.code(), Some("NOAUTH" | "WRONGPASS")) => Self::Password,
            ErrorKind::Io | ErrorKind::ClusterConnectionNotFound => Self::Unreachable {
                places: String::new(),
                why: words,
            },
            _ => Self::Other(words),
        }
    }
}

impl OpenError {
    /// Says where that was.
    pub(super) fn at(self, target: &Target) -> Self {
        match self {
            Self::Unreachable { why, .. } => Self::Unreachable {
                places: target.places(),
                why,
            },
            other => other,
        }
    }
}

fn at(places: &str) -> String {
    match places {
        "" => String::new(),
        places => format!(" at {places}"),
    }
}

/// Asks for version and schema, and writes down the schema of this program if there is none.
pub(super) async fn check(target: &Target, keys: &Keys) -> Result<(), OpenError> {
    let mut one = target.inspect().await?;
    let info: String = redis::cmd("INFO")
        .arg("server")
        .query_async(&mut one)
        .await?;
    let found = version(&info);
    let numbers: Vec<u32> = found
        .split('.')
        .filter_map(|part| part.parse().ok())
        .collect();
    if !matches!(numbers[..], [major, minor, ..] if (major, minor) >= OLDEST_VERSION) {
        return Err(OpenError::Version {
            found: found.into(),
        });
    }
    let mut connection = target.connect().await?;
    let ours = format!("{SCHEMA}/{OLDEST_SCHEMA}");
    let stored: RedisResult<Option<String>> = connection.get(keys.schema()).await;
    let stored = match stored {
        Ok(stored) => stored,
        // Something else stands under this name.
        Err(error) if !error.is_io_error() => {
            return Err(OpenError::Schema {
                found: "of another program".into(),
            });
        }
        Err(error) => return Err(error.into()),
    };
    let Some(stored) = stored else {
        let () = connection.set(keys.schema(), ours).await?;
        return Ok(());
    };
    match parse(&stored) {
        Some((_, oldest)) if oldest > SCHEMA => Err(OpenError::Schema { found: stored }),
        Some((schema, _)) if schema < SCHEMA => {
            let () = connection.set(keys.schema(), ours).await?;
            Ok(())
        }
        Some(_) => Ok(()),
        None => Err(OpenError::Schema { found: stored }),
    }
}

/// Writes what a Redis that has lost everything needs for the next node that starts.
pub(super) async fn write_back(
    connection: &mut Connection,
    keys: &Keys,
    session_key: Option<&[u8; 32]>,
) -> RedisResult<()> {
    let schema = format!("{SCHEMA}/{OLDEST_SCHEMA}");
    let _: bool = connection.set_nx(keys.schema(), schema).await?;
    if let Some(key) = session_key {
        let _: bool = connection.set_nx(keys.session_key(), &key[..]).await?;
    }
    Ok(())
}

fn version(info: &str) -> &str {
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("redis_version:"));
    line.unwrap_or("unknown").trim()
}

/// The schema that was written, and the oldest that can read it.
fn parse(text: &str) -> Option<(u16, u16)> {
    let (schema, oldest) = text.split_once('/')?;
    Some((schema.parse().ok()?, oldest.parse().ok()?))
}
