//! Calls on a local network: under which addresses this machine is found, and how people get
//! there.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    path::Path,
};

use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};

/// The port for HTTPS that needs no privileges.
const PORT: u16 = 8443;

/// Interfaces of containers and virtual machines, which no phone reaches.
const VIRTUAL: [&str; 6] = ["docker", "br-", "veth", "virbr", "cni", "podman"];

/// All addresses, of both families where the machine has both.
pub fn default_address() -> SocketAddr {
    let has_ipv6 = std::net::UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).is_ok();
    let any = match has_ipv6 {
        true => IpAddr::from(Ipv6Addr::UNSPECIFIED),
        false => IpAddr::from([0, 0, 0, 0]),
    };
    SocketAddr::new(any, PORT)
}

/// All names and addresses of this machine, for its certificate; sorted.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = addresses().iter().map(ToString::to_string).collect();
    names.extend(["localhost", "127.0.0.1", "::1"].map(String::from));
    if let Some(host) = host_name() {
        names.push(format!("{host}.local"));
        names.push(host);
    }
    names.sort();
    names.dedup();
    names
}

/// The name of the machine, if it can stand in a certificate.
fn host_name() -> Option<String> {
    let name = gethostname::gethostname()
        .into_string()
        .ok()?
        .to_ascii_lowercase();
    let is_name = !name.is_empty()
        && name.len() < 64
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    (is_name && name != "localhost").then_some(name)
}

/// Under which others on the network reach this machine, the most likely first.
pub fn addresses() -> Vec<IpAddr> {
    let interfaces = match if_addrs::get_if_addrs() {
        Ok(interfaces) => interfaces,
        Err(error) => {
            tracing::warn!(%error, "cannot list the addresses of this machine");
            return vec![];
        }
    };
    let mut ranked: Vec<_> = interfaces
        .iter()
        .filter(|interface| !interface.is_loopback() && !is_link_local(interface.ip()))
        .map(|interface| (rank(&interface.name, interface.ip()), interface.ip()))
        .collect();
    ranked.sort();
    ranked.dedup();
    ranked.into_iter().map(|(_, address)| address).collect()
}

/// Link-local IPv6 needs a zone, which no address bar takes.
fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

fn rank(interface: &str, address: IpAddr) -> u8 {
    let is_virtual = VIRTUAL.iter().any(|prefix| interface.starts_with(prefix));
    match address {
        _ if is_virtual => 3,
        IpAddr::V4(address) if address.is_private() => 0,
        IpAddr::V4(_) => 1,
        IpAddr::V6(_) => 2,
    }
}

/// Tells people how to get here, on standard output. `authority` is the file of our own one, which
/// their devices do not know yet.
pub fn announce(bound: SocketAddr, authority: Option<&Path>) {
    let urls = urls(bound);
    println!("\nWeCall is on your network:\n");
    for url in &urls {
        println!("  {url}");
    }
    match urls.first().map(|url| (url, qr_code(url))) {
        Some((url, Some(code))) => println!("\nFor a phone, {url}:\n\n{code}"),
        _ => println!("\nThis machine is on no network that others could reach it by."),
    }
    if let Some(authority) = authority {
        println!("{}", how_to_trust(authority));
    }
}

fn how_to_trust(authority: &Path) -> String {
    format!(
        "\nA browser warns of the certificate until it trusts this server's own authority:\n\n  \
         {}\n\n\
         Copy the file to the device, or open /ca.pem of the server on it, and:\n  \
         - iOS: open the profile in Settings, then switch it on in General > About >\n    \
           Certificate Trust Settings.\n  \
         - Android: Settings > Security > Encryption & credentials > Install a certificate >\n    \
           CA certificate.\n  \
         - Windows: import it into \"Trusted Root Certification Authorities\".\n  \
         - macOS: add it in Keychain Access and set it to \"Always Trust\".\n  \
         - Linux, Chromium: Settings > Privacy and security > Security > Manage certificates.\n  \
         - Firefox: Settings > Certificates > View Certificates > Authorities > Import.\n\n\
         Or take the warning's \"continue\": the camera works then too, for this browser.\n",
        authority.display()
    )
}

/// Where others find the server.
fn urls(bound: SocketAddr) -> Vec<String> {
    let addresses = match bound.ip().is_unspecified() {
        true => addresses(),
        false => vec![bound.ip()],
    };
    let only_v4 = bound.is_ipv4();
    addresses
        .into_iter()
        .filter(|address| !only_v4 || address.is_ipv4())
        .map(|address| format!("https://{}/", SocketAddr::new(address, bound.port())))
        .collect()
}

/// In half blocks, light on dark as most terminals are; phones read both.
fn qr_code(url: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(url, EcLevel::L).ok()?;
    let text = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_of_real_interfaces_come_first() {
        let private = "192.168.1.5".parse().unwrap();
        let public = "203.0.113.5".parse().unwrap();
        let six = "2001:db8::5".parse().unwrap();
        let mut order = [
            (rank("docker0", private), "container"),
            (rank("eth0", six), "IPv6"),
            (rank("eth0", public), "public"),
            (rank("wlan0", private), "private"),
        ];
        order.sort();
        let names: Vec<_> = order.iter().map(|(_, name)| *name).collect();
        assert_eq!(names, ["private", "public", "IPv6", "container"]);
    }

    #[test]
    fn names_hold_the_machine_itself() {
        let names = names();
        for name in ["localhost", "127.0.0.1", "::1"] {
            assert!(
                names.iter().any(|known| known == name),
                "{name} is not in {names:?}"
            );
        }
    }

    #[test]
    fn url_of_one_address_is_that_address() {
        let bound = "192.168.1.5:8443".parse().unwrap();
        assert_eq!(urls(bound), ["https://192.168.1.5:8443/"]);
        assert!(qr_code("https://192.168.1.5:8443/").unwrap().contains('█'));
    }
}
