//! What each address holds, whatever users there are behind it: credentials are free for the asking.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
};

/// Those who have an allocation; an address without any is forgotten.
#[derive(Debug, Default)]
pub struct Holders(HashMap<IpAddr, usize>);

impl Holders {
    pub fn held(&self, address: IpAddr) -> usize {
        self.0.get(&holder(address)).copied().unwrap_or(0)
    }

    pub fn take(&mut self, address: IpAddr) {
        *self.0.entry(holder(address)).or_default() += 1;
    }

    pub fn give_back(&mut self, address: IpAddr) {
        let holder = holder(address);
        if let Some(held) = self.0.get_mut(&holder) {
            *held -= 1;
            if *held == 0 {
                self.0.remove(&holder);
            }
        }
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A household has a /64 of IPv6, and any address in it for the asking.
fn holder(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_of_ipv6_counts_as_one_address() {
        let mut holders = Holders::default();
        let address = |text: &str| text.parse().unwrap();
        holders.take(address("2001:db8::1"));
        holders.take(address("2001:db8::2:1"));
        holders.take(address("::ffff:192.0.2.1"));
        assert_eq!(holders.held(address("2001:db8::3")), 2);
        assert_eq!(holders.held(address("2001:db8:0:1::1")), 0);
        assert_eq!(holders.held(address("192.0.2.1")), 1);
        holders.give_back(address("2001:db8::1"));
        holders.give_back(address("2001:db8::1"));
        holders.give_back(address("192.0.2.1"));
        assert!(holders.is_empty());
    }
}
