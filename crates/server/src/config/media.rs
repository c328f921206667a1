use std::net::IpAddr;

use wecall_turn::driver::PublicAddress;

use super::{
    section::section,
    value::{ConfigValue, ListItem},
};

section! {
    /// How media reaches this machine.
    pub struct MediaConfig in "media" {
        /// The addresses under which the internet reaches this machine, when its interfaces have
        /// others: behind NAT, in a container, in most clouds. `PUBLIC/LOCAL` tells which interface
        /// a public address leads to. Without any, the addresses of the interfaces are used, and
        /// followed when they change.
        public_addresses: Vec<PublicAddress> = "",
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
