use std::str::FromStr;

use super::{
    section::section,
    value::{ConfigValue, ListItem},
};

section! {
    /// This node among others. Only with `redis.url`; `roles` always counts.
    pub struct ClusterConfig in "cluster" {
        /// How operators know this node, in logs and in the registry; the host's name by default.
        node_name: Option<String> = "",
        /// Where it stands. Clients prefer nodes of the region of the node that they ask.
        region: String = "",
        /// What it does: `web` serves the API and the web app, `signal` the WebSocket, `media` forwards
        /// media.
        roles: Roles = "web,signal,media",
        /// The address of this node's WebSocket for clients, such as `wss://eu1.example.org/ws`.
        /// Without any, clients use `/ws` of the address that they came by.
        public_url: Option<String> = "",
        /// Where the pages of this node may open WebSockets, besides the address that they came
        /// from: the `public_url`s of all nodes, such as `wss://*.example.org`. By default that of
        /// this node.
        signaling_origins: Vec<SocketOrigin> = "",
    }
}

/// Scheme and host of WebSockets, as a content security policy names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketOrigin(String);

impl SocketOrigin {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// That of an address, whatever its path.
    fn of_url(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let host = rest.split('/').next().unwrap_or_default();
        format!("{scheme}://{host}").parse()
    }
}

impl FromStr for SocketOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (scheme, host) = text.split_once("://").unwrap_or_default();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]*".contains(&byte);
        if !matches!(scheme, "ws" | "wss") || host.is_empty() || !host.bytes().all(plain) {
            return Err(format!(
                "`{text}` is no origin of a WebSocket: write for example wss://*.example.org"
            ));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl ConfigValue for SocketOrigin {
    const KIND: &'static str = "origin of WebSockets";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
    }

    fn show(&self) -> String {
        self.0.show()
    }
}

impl ListItem for SocketOrigin {
    const LIST_KIND: &'static str = "list of origins of WebSockets";
}

/// What a node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    pub web: bool,
    pub signal: bool,
    pub media: bool,
}

impl Roles {
    pub fn names(self) -> Vec<&'static str> {
        let all = [
            (self.web, "web"),
            (self.signal, "signal"),
            (self.media, "media"),
        ];
        let on = all.into_iter().filter(|(on, _)| *on);
        on.map(|(_, name)| name).collect()
    }
}

impl ConfigValue for Roles {
    const KIND: &'static str = "list of roles";

    fn from_text(text: &str) -> Result<Self, String> {
        let mut roles = Self {
            web: false,
            signal: false,
            media: false,
        };
        for name in text.split(',') {
            match name.trim() {
                "web" => roles.web = true,
                "signal" => roles.signal = true,
                "media" => roles.media = true,
                other => return Err(format!("`{other}` is none of web, signal and media")),
            }
        }
        Ok(roles)
    }

    fn show(&self) -> String {
        self.names().join(",").show()
    }
}

impl ClusterConfig {
    pub(super) fn validate(&self) -> Result<(), String> {
        match &self.public_url {
            Some(url) => SocketOrigin::of_url(url)
                .map(|_| ())
                .map_err(|reason| format!("cluster.public_url: {reason}")),
            None => Ok(()),
        }
    }

    /// How operators know this node.
    pub fn name(&self) -> String {
        let host = || gethostname::gethostname().to_string_lossy().into_owned();
        self.node_name.clone().unwrap_or_else(host)
    }

    /// Where pages may open WebSockets, besides the address that they came from.
    pub fn socket_origins(&self) -> Vec<SocketOrigin> {
        if !self.signaling_origins.is_empty() {
            return self.signaling_origins.clone();
        }
        let own = self.public_url.as_deref().map(SocketOrigin::of_url);
        own.and_then(Result::ok).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_hold_only_what_a_policy_may() {
        assert!(SocketOrigin::from_str("wss://*.example.org:8443").is_ok());
        for text in [
            "https://a",
            "wss://",
            "wss://a; script-src *",
            "wss://a b",
            "*",
        ] {
            assert!(SocketOrigin::from_str(text).is_err(), "{text}");
        }
        let origin = SocketOrigin::of_url("wss://EU1.example.org/ws").unwrap();
        assert_eq!(origin.as_str(), "wss://eu1.example.org");
    }

    #[test]
    fn roles_are_a_list_of_known_names() {
        let roles = Roles::from_text("signal, web").unwrap();
        assert_eq!(roles.show(), "\"web,signal\"");
        assert!(Roles::from_text("").is_err());
        assert!(Roles::from_text("web,cook").unwrap_err().contains("cook"));
    }
}
