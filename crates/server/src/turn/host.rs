use axum::http::{HeaderMap, Uri, header, uri::Authority};

/// RFC 1035.
const MAX_HOST_BYTES: usize = 253;

/// The host that a request was for, if it can stand in a URL: a name, an IPv4 address, or an IPv6
/// address in brackets. It goes back to the one who sent it and to nobody else.
pub fn host_of(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let authority = match headers.get(header::HOST) {
        Some(value) => value.to_str().ok()?.parse::<Authority>().ok()?,
        None => uri.authority()?.clone(),
    };
    let host = authority.host();
    let is_name = |text: &str| {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        !text.is_empty() && text.bytes().all(good)
    };
    let is_six = || {
        let inside = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        inside.is_some_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok())
    };
    let is_good = host.len() <= MAX_HOST_BYTES && (is_name(host) || is_six());
    is_good.then(|| host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, value.parse().unwrap());
        host_of(&Uri::from_static("/"), &headers)
    }

    #[test]
    fn host_is_what_may_stand_in_a_url() {
        assert_eq!(host("Call.example.org:8443").unwrap(), "call.example.org");
        assert_eq!(host("192.168.1.5").unwrap(), "192.168.1.5");
        assert_eq!(host("[2001:db8::1]:8000").unwrap(), "[2001:db8::1]");
        for bad in [
            "",
            "a b",
            "a?transport=udp",
            "a/b",
            "[::g]",
            "[]",
            "a\"b",
            "ä.example",
        ] {
            assert_eq!(host(bad), None, "{bad}");
        }
        assert_eq!(host(&"a".repeat(254)), None);
    }
}
