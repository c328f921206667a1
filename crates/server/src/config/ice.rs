use std::{fs, path::PathBuf};

use serde::Deserialize;
use wecall_protocol::rest::IceServer;

use super::{
    section::section,
    value::{ConfigValue, Raw},
};

section! {
    /// How browsers find a way to each other.
    pub struct IceConfig in "ice" {
        /// STUN and TURN servers that browsers are told of. Each has `urls`, and if it needs them
        /// `username` and `credential` or `credential_file`. None by default: nothing is told to
        /// a third party. In the environment it is written in JSON.
        servers: IceServers = "[]",
    }
}

#[derive(Debug, Clone)]
pub struct IceServers(Vec<ConfiguredServer>);

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfiguredServer {
    urls: Vec<String>,
    username: Option<String>,
    #[serde(default)]
    credential: Option<Secret>,
    #[serde(default)]
    credential_file: Option<PathBuf>,
}

/// Text that is never shown.
#[derive(Clone, Deserialize)]
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

impl IceServers {
    /// As browsers get them.
    pub fn for_clients(&self) -> Vec<IceServer> {
        let server = |server: &ConfiguredServer| IceServer {
            urls: server.urls.clone(),
            username: server.username.clone(),
            credential: server.credential.as_ref().map(|secret| secret.0.clone()),
        };
        self.0.iter().map(server).collect()
    }

    fn checked(mut servers: Vec<ConfiguredServer>) -> Result<Self, String> {
        for server in &mut servers {
            server.check()?;
        }
        Ok(Self(servers))
    }
}

impl ConfiguredServer {
    /// A bad URL here would make every `RTCPeerConnection` of every client throw.
    fn check(&mut self) -> Result<(), String> {
        let turn = |url: &String| url.starts_with("turn:") || url.starts_with("turns:");
        let stun = |url: &String| url.starts_with("stun:") || url.starts_with("stuns:");
        if self.urls.is_empty() {
            return Err("a server needs at least one URL".into());
        }
        if let Some(url) = self.urls.iter().find(|url| !turn(url) && !stun(url)) {
            return Err(format!(
                "`{url}` is none of stun:, stuns:, turn: and turns:"
            ));
        }
        if let Some(path) = &self.credential_file {
            if self.credential.is_some() {
                return Err("credential and credential_file exclude each other".into());
            }
            let text = fs::read_to_string(path)
                .map_err(|error| format!("credential_file {}: {error}", path.display()))?;
            self.credential = Some(Secret(text.trim_end().into()));
        }
        if self.urls.iter().any(turn) && (self.username.is_none() || self.credential.is_none()) {
            return Err("a TURN server needs a username and a credential".into());
        }
        Ok(())
    }

    fn show(&self) -> String {
        let urls: Vec<_> = self.urls.iter().map(String::show).collect();
        let mut text = format!("{{ urls = [{}]", urls.join(", "));
        if let Some(username) = &self.username {
            text += &format!(", username = {}", username.show());
        }
        match &self.credential_file {
            Some(path) => text += &format!(", credential_file = {}", path.show()),
            None if self.credential.is_some() => text += ", credential = \"(secret)\"",
            None => {}
        }
        text + " }"
    }
}

impl ConfigValue for IceServers {
    const KIND: &'static str = "list of ICE servers";

    fn from_text(text: &str) -> Result<Self, String> {
        let servers = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Self::checked(servers)
    }

    fn from_toml(value: &toml::Value) -> Result<Self, String> {
        let servers = Vec::deserialize(value.clone()).map_err(|error| error.to_string())?;
        Self::checked(servers)
    }

    fn show(&self) -> String {
        let servers: Vec<_> = self.0.iter().map(ConfiguredServer::show).collect();
        format!("[{}]", servers.join(", "))
    }

    fn from_raw(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Text(text) => Self::from_text(text),
            Raw::Toml(value) => Self::from_toml(value),
        }
    }
}
