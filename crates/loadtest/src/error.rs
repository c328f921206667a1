use std::{io, path::PathBuf, time::Duration};

/// Why a measurement could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{what}: {source}")]
    Io {
        what: String,
        #[source]
        source: io::Error,
    },
    #[error("`{0}` is no WebSocket address: ws://HOST:PORT/ws")]
    Url(String),
    #[error("the server answered the WebSocket upgrade with {0}")]
    Upgrade(String),
    #[error("the server closed a socket with {code}: {reason}")]
    Closed { code: u16, reason: String },
    #[error("the server sent something that is no WebSocket: {0}")]
    Frame(#[from] crate::frame::FrameError),
    #[error("the server sent a message that was not understood: {0}")]
    Message(String),
    #[error("the server refused `{in_reply_to}`: {code}")]
    Refused { code: String, in_reply_to: String },
    #[error("{method} {path}: the server answered {status}: {body}")]
    Status {
        method: &'static str,
        path: String,
        status: u16,
        body: String,
    },
    #[error("the server's HTTP was not understood: {0}")]
    Http(String),
    #[error("a media connection failed: {0}")]
    Media(String),
    #[error("{what}: nothing happened for {} s", .after.as_secs())]
    Stalled { what: String, after: Duration },
    #[error("the server did not become ready: {0}")]
    NotReady(String),
    #[error("{program} does not start: {source}; it is in the package {package}")]
    Program {
        program: &'static str,
        package: &'static str,
        #[source]
        source: io::Error,
    },
    #[error("Redis: {0}")]
    Redis(String),
    #[error("{0} is missing; `cargo xtask build` makes it")]
    Missing(PathBuf),
    #[error("{program} failed: {output}")]
    Command { program: String, output: String },
    #[error("{0}")]
    Machine(String),
}

/// Says what was being done when an IO error came up.
pub trait During<T> {
    fn during(self, what: impl Into<String>) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> During<T> for Result<T, E> {
    fn during(self, what: impl Into<String>) -> Result<T, Error> {
        self.map_err(|source| Error::Io {
            what: what.into(),
            source: source.into(),
        })
    }
}
