use std::net::{IpAddr, SocketAddr};

use wecall_turn::driver::PublicAddress;

use super::{
    section::section,
    value::{ConfigValue, ListItem},
};

section! {
    /// The media server, over which rooms go that are too large to go from browser to browser, and
    /// how people reach this machine.
    pub struct MediaConfig in "media" {
        /// Whether there is one. It runs on nodes with the role `media`. Without one all media goes
        /// from browser to browser.
        enabled: bool = "true",
        /// When rooms go over it. `auto`: those with more than `media.mesh_participants`, and those
        /// in which someone reaches someone else in no other way. `always-sfu`: all. `mesh-only`:
        /// none.
        topology: TopologySetting = "auto",
        /// The most people whose media goes from browser to browser.
        mesh_participants: u16 = "4",
        /// Where it listens by UDP; a firewall must let it through. Each of the `media.shards` has a
        /// port of its own: this one and those that follow. When a default port is taken it listens
        /// at others; addresses that were asked for must be free.
        listen: Vec<SocketAddr> = "0.0.0.0:7882,[::]:7882",
        /// Where it listens by TCP, for networks that let no UDP through.
        tcp_listen: Vec<SocketAddr> = "0.0.0.0:7882,[::]:7882",
        /// Threads that forward media; 0 is as many as there are processors. A room is on one.
        shards: u16 = "0",
        /// The most viewers of one room by WHEP, who are no participants.
        max_viewers: u16 = "200",
        /// The addresses under which the internet reaches this machine, when its interfaces have
        /// others: behind NAT, in a container, in most clouds. `PUBLIC/LOCAL` tells which interface
        /// a public address leads to. Without any, the addresses of the interfaces are used, and
        /// followed when they change.
        public_addresses: Vec<PublicAddress> = "",
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopologySetting {
    Auto,
    AlwaysSfu,
    MeshOnly,
}

impl TopologySetting {
    const ALL: [Self; 3] = [Self::Auto, Self::AlwaysSfu, Self::MeshOnly];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::AlwaysSfu => "always-sfu",
            Self::MeshOnly => "mesh-only",
        }
    }
}

impl ConfigValue for TopologySetting {
    const KIND: &'static str = "auto, always-sfu or mesh-only";

    fn from_text(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is none of auto, always-sfu and mesh-only"))
    }

    fn show(&self) -> String {
        self.as_str().to_owned().show()
    }
}

/// A thread each: more than any machine has use for.
const MOST_SHARDS: u16 = 256;

impl MediaConfig {
    pub(super) fn validate(&self) -> Result<(), String> {
        if self.enabled && self.listen.is_empty() {
            return Err("media.listen: needs an address; see media.enabled".into());
        }
        if self.shards > MOST_SHARDS {
            return Err(format!("media.shards: {MOST_SHARDS} are the most"));
        }
        if self.mesh_participants == 0 {
            return Err("media.mesh_participants: 1 is the least; see media.topology".into());
        }
        Ok(())
    }
}

impl ConfigValue for PublicAddress {
    const KIND: &'static str = "public address";

    fn from_text(text: &str) -> Result<Self, String> {
        let address = |text: &str| text.trim().parse::<IpAddr>().ok();
        let parsed = match text.split_once('/') {
            None => address(text).map(|public| (public, None)),
            Some((public, local)) => match (address(public), address(local)) {
                (Some(public), Some(local)) => Some((public, Some(local))),
                _ => None,
            },
        };
        match parsed {
            Some((public, Some(local))) if public.is_ipv4() != local.is_ipv4() => Err(format!(
                "`{text}`: both addresses are IPv4, or both are IPv6"
            )),
            Some((public, _)) if public.is_unspecified() || public.is_multicast() => {
                Err(format!("`{text}` is no address of one machine"))
            }
            Some((public, local)) => Ok(Self { public, local }),
            None => Err(format!(
                "`{text}` is no address: write for example 203.0.113.5 or 203.0.113.5/10.0.0.5"
            )),
        }
    }

    fn show(&self) -> String {
        match self.local {
            None => self.public.to_string().show(),
            Some(local) => format!("{}/{local}", self.public).show(),
        }
    }
}

impl ListItem for PublicAddress {
    const LIST_KIND: &'static str = "list of public addresses";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_address_may_name_the_local_one() {
        for text in ["203.0.113.5", "203.0.113.5/10.0.0.5", "2001:db8::1"] {
            let shown = PublicAddress::from_text(text).unwrap().show();
            assert_eq!(shown, format!("\"{text}\""));
        }
        for bad in [
            "",
            "example.org",
            "203.0.113.5/::1",
            "203.0.113.5/24",
            "0.0.0.0",
        ] {
            assert!(PublicAddress::from_text(bad).is_err(), "{bad}");
        }
    }
}
