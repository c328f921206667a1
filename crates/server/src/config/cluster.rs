use super::{section::section, value::ConfigValue};

section! {
    /// This node among others. Only with `redis.url`; `roles` always counts.
    pub struct ClusterConfig in "cluster" {
        /// How operators know this node, in logs and in the registry; the host's name by default.
        node_name: Option<String> = "",
        /// Where it stands. Clients prefer nodes of the region of the node that they ask.
        region: String = "",
        /// What it does: `web` serves the API and the web app, `signal` the WebSocket, `media` will
        /// forward media.
        roles: Roles = "web,signal,media",
        /// The address of this node's WebSocket for clients, such as `wss://eu1.example.org/ws`.
        /// Without any, clients use `/ws` of the address that they came by.
        public_url: Option<String> = "",
    }
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
            Some(url) if !url.starts_with("ws://") && !url.starts_with("wss://") => Err(format!(
                "cluster.public_url: `{url}` does not begin with wss:// or ws://"
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_a_list_of_known_names() {
        let roles = Roles::from_text("signal, web").unwrap();
        assert_eq!(roles.show(), "\"web,signal\"");
        assert!(Roles::from_text("").is_err());
        assert!(Roles::from_text("web,cook").unwrap_err().contains("cook"));
    }
}
