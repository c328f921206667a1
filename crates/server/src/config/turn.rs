use std::{net::SocketAddr, ops::RangeInclusive, path::PathBuf, time::Duration};

use ipnet::IpNet;

use super::{
    section::section,
    value::{ConfigValue, ListItem},
};

section! {
    /// The built-in STUN and TURN server: how people get to each other whose networks let nothing
    /// through directly. Browsers get its address and credentials with `/api/config`.
    pub struct TurnConfig in "turn" {
        /// Whether there is one. It runs on nodes with the role `media`.
        enabled: bool = "true",
        /// Where it listens, by UDP and by TCP. When a default port is taken the server goes on
        /// without TURN; addresses that were asked for must be free.
        listen: Vec<SocketAddr> = "0.0.0.0:3478,[::]:3478",
        /// Where it listens by TLS, with the certificate of HTTPS (section `tls`), if there is one.
        /// Port 443 gets through the most firewalls, on an address of its own.
        tls_listen: Vec<SocketAddr> = "0.0.0.0:5349,[::]:5349",
        /// The name or address in the URLs that browsers get. By default the addresses in
        /// `media.public_addresses`, or else the host that the page was asked for from.
        host: Option<String> = "",
        /// The UDP ports of relayed addresses. A firewall must let them through.
        relay_ports: PortRange = "49152-65535",
        /// Names this server to clients; credentials are made for it.
        realm: String = "wecall",
        /// How long credentials may open something. What is open stays, for a day at most.
        credential_lifetime: Duration = "12h",
        /// Relayed addresses of all users together.
        max_allocations: u32 = "4096",
        /// Relayed addresses of one user. Each connection of a browser takes some.
        allocations_per_user: u32 = "64",
        /// Relayed addresses of all users behind one IP address, or one /64 of IPv6. A proxy in front
        /// of TURN is one address.
        allocations_per_address: u32 = "1024",
        /// What one user may relay, in both directions together, in kbit/s.
        user_kbit_per_second: u32 = "50000",
        /// Networks to which may be relayed though they are private. Relaying into a network is a
        /// way around its firewall: without this only public addresses are reached, and other
        /// relayed addresses.
        allowed_peers: Vec<IpNet> = "",
        /// A file with the secret that credentials are made with. By default it follows from the
        /// session key, on which all nodes agree.
        secret_file: Option<PathBuf> = "",
        /// A TURN server of one's own in place of the built-in one, such as coturn with
        /// `use-auth-secret`: its URLs.
        external_urls: Vec<TurnUrl> = "",
        /// A file with coturn's `static-auth-secret`.
        external_secret_file: Option<PathBuf> = "",
    }
}

/// First and last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortRange(pub RangeInclusive<u16>);

impl ConfigValue for PortRange {
    const KIND: &'static str = "range of ports";

    fn from_text(text: &str) -> Result<Self, String> {
        let range = text.split_once('-').and_then(|(first, last)| {
            let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            Some(first..=last)
        });
        match range {
            Some(range) if *range.start() > 0 && range.start() < range.end() => Ok(Self(range)),
            _ => Err(format!(
                "`{text}` is no range of ports: write for example 49152-65535"
            )),
        }
    }

    fn show(&self) -> String {
        format!("{}-{}", self.0.start(), self.0.end()).show()
    }
}

/// `turn:` or `turns:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnUrl(pub String);

impl ConfigValue for TurnUrl {
    const KIND: &'static str = "TURN URL";

    fn from_text(text: &str) -> Result<Self, String> {
        let is_url = ["stun:", "stuns:", "turn:", "turns:"].iter().any(|scheme| {
            text.strip_prefix(scheme)
                .is_some_and(|rest| !rest.is_empty())
        });
        match is_url {
            true => Ok(Self(text.into())),
            false => Err(format!(
                "`{text}` is no TURN URL: write for example turn:turn.example.org:3478"
            )),
        }
    }

    fn show(&self) -> String {
        self.0.show()
    }
}

impl ListItem for TurnUrl {
    const LIST_KIND: &'static str = "list of TURN URLs";
}

impl TurnConfig {
    pub(super) fn validate(&self) -> Result<(), String> {
        if self.external_urls.is_empty() != self.external_secret_file.is_none() {
            return Err("turn.external_urls and turn.external_secret_file need each other".into());
        }
        if self.realm.is_empty() || self.realm.len() > 64 || !self.realm.is_ascii() {
            return Err("turn.realm: needs 1 to 64 characters of ASCII".into());
        }
        if self.credential_lifetime < Duration::from_secs(60) {
            return Err("turn.credential_lifetime: a minute is the least".into());
        }
        if [
            self.allocations_per_user,
            self.allocations_per_address,
            self.user_kbit_per_second,
        ]
        .contains(&0)
        {
            return Err("turn: a user needs an allocation and bandwidth; see turn.enabled".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_urls_are_checked() {
        let range = PortRange::from_text("50000-50100").unwrap();
        assert_eq!(range.show(), "\"50000-50100\"");
        for bad in ["", "5", "5-4", "0-9", "5-70000", "a-b"] {
            assert!(PortRange::from_text(bad).is_err(), "{bad}");
        }
        assert!(TurnUrl::from_text("turns:a.example:443?transport=tcp").is_ok());
        assert!(TurnUrl::from_text("http://a").is_err());
        assert!(TurnUrl::from_text("turn:").is_err());
    }
}
