use std::fs;

use axum::http::Uri;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::finding::Finding;
use crate::{
    clock::Clock,
    config::{Loaded, TlsMode},
};

/// Renewal programs begin a month before; what is not renewed by then will not be.
const SOON_DAYS: i64 = 14;

const DAY_S: i64 = 24 * 60 * 60;

pub fn look(loaded: &Loaded, clock: Clock, findings: &mut Vec<Finding>) {
    match loaded.config.tls.mode() {
        TlsMode::Off => {}
        TlsMode::Lan => findings.push(Finding::ok(
            "certificate",
            "made by this server for the names and addresses of this machine",
        )),
        TlsMode::Files { cert, .. } => {
            let path = cert.display();
            let finding = match fs::read(&cert) {
                Err(error) => Finding::problem(
                    "certificate",
                    format!("cannot read {path}: {error}"),
                    "give the user that runs WeCall the file, or correct tls.cert_file",
                ),
                Ok(pem) => judge(&pem, clock.now().as_unix_ms() / 1_000, &path.to_string()),
            };
            findings.push(finding);
            let names = fs::read(&cert).ok().and_then(|pem| names_in(&pem));
            for (key, host) in public_hosts(loaded) {
                if let Some(names) = &names
                    && !names.iter().any(|name| is_for(name, &host))
                {
                    findings.push(Finding::problem(
                        "certificate",
                        format!("it is not for {host}, which {key} names"),
                        "have it made for that name as well, or correct the setting",
                    ));
                }
            }
        }
    }
}

/// The names under which people come here by TLS, as far as the configuration tells.
fn public_hosts(loaded: &Loaded) -> Vec<(&'static str, String)> {
    let config = &loaded.config;
    let turn = config.turn.host.clone().filter(|_| config.turn.enabled);
    let url = config
        .cluster
        .public_url
        .as_deref()
        .filter(|url| url.starts_with("wss://"));
    let socket = url.and_then(|url| {
        let authority = url.parse::<Uri>().ok()?.authority()?.clone();
        Some(authority.host().to_owned())
    });
    let turn = turn.map(|host| ("turn.host", host));
    let socket = socket.map(|host| ("cluster.public_url", host));
    turn.into_iter().chain(socket).collect()
}

/// As browsers compare (RFC 9525 § 6.3): a wildcard stands for one label.
fn is_for(name: &str, host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    match (name.strip_prefix("*."), host.split_once('.')) {
        (Some(rest), Some((_, domain))) => rest.eq_ignore_ascii_case(domain),
        _ => name.eq_ignore_ascii_case(host),
    }
}

fn names_in(pem: &[u8]) -> Option<Vec<String>> {
    let der = CertificateDer::pem_slice_iter(pem).next()?.ok()?;
    let (_, certificate) = X509Certificate::from_der(&der).ok()?;
    Some(names(&certificate))
}

fn judge(pem: &[u8], now_s: i64, path: &str) -> Finding {
    let unreadable = || {
        Finding::problem(
            "certificate",
            format!("{path} holds no certificate"),
            "it is PEM, the server's own certificate first",
        )
    };
    let Some(Ok(der)) = CertificateDer::pem_slice_iter(pem).next() else {
        return unreadable();
    };
    let Ok((_, certificate)) = X509Certificate::from_der(&der) else {
        return unreadable();
    };
    let names = names(&certificate).join(", ");
    let validity = certificate.validity();
    let left_days = (validity.not_after.timestamp() - now_s).div_euclid(DAY_S);
    if validity.not_before.timestamp() > now_s {
        return Finding::problem(
            "certificate",
            format!("for {names}: not valid yet"),
            "is the clock of this machine right?",
        );
    }
    match left_days {
        ..0 => Finding::problem(
            "certificate",
            format!("for {names}: expired {} days ago", -left_days),
            "renew it; the server reads the file again by itself",
        ),
        0..SOON_DAYS => Finding::warning(
            "certificate",
            format!("for {names}: expires in {left_days} days"),
            "see whether its renewal works",
        ),
        _ if names.is_empty() => Finding::problem(
            "certificate",
            "it has no names, so that no browser accepts it",
            "have it made for the names that people use",
        ),
        _ => Finding::ok(
            "certificate",
            format!("for {names}: good for {left_days} days"),
        ),
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes)
                .ok()
                .map(|bytes| std::net::Ipv4Addr::from(bytes).to_string()),
            _ => <[u8; 16]>::try_from(*bytes)
                .ok()
                .map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()),
        },
        _ => None,
    };
    extension
        .value
        .general_names
        .iter()
        .filter_map(name)
        .collect()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;
    use crate::doctor::finding::State;

    #[test]
    fn wildcard_stands_for_one_label() {
        assert!(is_for("call.example.org", "Call.example.org"));
        assert!(is_for("*.example.org", "call.example.org"));
        assert!(!is_for("*.example.org", "a.call.example.org"));
        assert!(!is_for("*.example.org", "example.org"));
        assert!(is_for("2001:db8::1", "[2001:db8::1]"));
    }

    #[test]
    fn names_and_days_are_read() {
        let key = KeyPair::generate().unwrap();
        let names = ["call.example.org".to_owned(), "192.0.2.1".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2026, 3, 1);
        let pem = params.self_signed(&key).unwrap().pem();
        let start = date_time_ymd(2026, 1, 1).unix_timestamp();
        for (day, state, words) in [
            (-1, State::Problem, "not valid yet"),
            (
                1,
                State::Ok,
                "for call.example.org, 192.0.2.1: good for 58 days",
            ),
            (50, State::Warning, "expires in 9 days"),
            (60, State::Problem, "expired 1 days ago"),
        ] {
            let finding = judge(pem.as_bytes(), start + day * DAY_S, "cert.pem");
            assert_eq!(finding.state, state, "{finding:?}");
            assert!(finding.text.contains(words), "{finding:?}");
        }
        assert_eq!(judge(b"nothing", start, "cert.pem").state, State::Problem);
    }
}
