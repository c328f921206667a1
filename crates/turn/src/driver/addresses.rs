use std::net::{IpAddr, SocketAddr};

use crate::{ClientId, Family};

/// An address that others see, and the one of this machine that it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicAddress {
    pub public: IpAddr,
    /// Any, when not told.
    pub local: Option<IpAddr>,
}

/// Under which addresses this machine is known. They may change while it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses {
    /// What the operator has told.
    pub public: Vec<PublicAddress>,
    /// Those of the interfaces, the most likely to be reached first.
    pub interfaces: Vec<IpAddr>,
}

impl Addresses {
    pub fn all(&self) -> Vec<IpAddr> {
        let public = self.public.iter().map(|address| address.public);
        public.chain(self.interfaces.iter().copied()).collect()
    }

    /// Where to bind a relay for this client, and how its address is told.
    pub fn relay_for(&self, client: &ClientId, family: Family) -> Option<(IpAddr, IpAddr)> {
        let fits = |address: &IpAddr| Family::of(*address) == family;
        let mut public = self.public.iter().filter(|one| fits(&one.public));
        // The way on which the client came, if there are several.
        let same_way = public
            .clone()
            .find(|one| one.local.is_some() && one.local == client.local);
        if let Some(one) = same_way.or_else(|| public.next()) {
            let any = match family {
                Family::V4 => IpAddr::from([0, 0, 0, 0]),
                Family::V6 => IpAddr::from([0_u16; 8]),
            };
            return Some((any, one.public));
        }
        // The address that this client reached is one that others reach too.
        let local = client.local.filter(fits);
        let address = local.or_else(|| self.interfaces.iter().copied().find(fits))?;
        Some((address, address))
    }
}

/// IPv4 in IPv6 is IPv4 to everyone.
pub fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LinkId;

    fn told(addresses: &Addresses, local: &str, family: Family) -> Option<String> {
        let client = ClientId {
            link: LinkId(0),
            remote: "192.0.2.1:1".parse().unwrap(),
            local: Some(local.parse().unwrap()),
        };
        let (_, told) = addresses.relay_for(&client, family)?;
        Some(told.to_string())
    }

    #[test]
    fn relay_has_the_public_address_of_the_way_or_the_one_that_the_client_reached() {
        let mut addresses = Addresses {
            public: vec![],
            interfaces: vec!["10.0.0.5".parse().unwrap()],
        };
        assert_eq!(
            told(&addresses, "10.0.0.6", Family::V4).unwrap(),
            "10.0.0.6"
        );
        assert_eq!(
            told(&addresses, "2001:db8::1", Family::V4).unwrap(),
            "10.0.0.5"
        );
        assert_eq!(told(&addresses, "10.0.0.6", Family::V6), None);
        for (public, local) in [("203.0.113.5", "10.0.0.5"), ("203.0.113.6", "10.0.0.6")] {
            addresses.public.push(PublicAddress {
                public: public.parse().unwrap(),
                local: Some(local.parse().unwrap()),
            });
        }
        assert_eq!(
            told(&addresses, "10.0.0.6", Family::V4).unwrap(),
            "203.0.113.6"
        );
        assert_eq!(
            told(&addresses, "127.0.0.1", Family::V4).unwrap(),
            "203.0.113.5"
        );
    }
}
