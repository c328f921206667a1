//! Asks a server whether it is ready: for containers, which have no other program for it.

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use rustls_pki_types::ServerName;
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::ring,
};

use crate::{
    cli::HealthcheckArgs,
    config::{Loaded, Outside, TlsMode},
};

const TIMEOUT: Duration = Duration::from_secs(3);

/// The answer to a probe is below 300 bytes, a configuration with its headers below 4 KiB.
const ANSWER_BYTES: u64 = 16_384;

/// What a server answered.
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// Fails when the server does not answer, or says that it is not ready.
pub fn check(args: &HealthcheckArgs) -> anyhow::Result<()> {
    let url = match &args.url {
        Some(url) => url.clone(),
        None => {
            let outside = Outside::of_process(args.config.clone(), vec![]);
            configured_url(&Loaded::load(&outside)?)
        }
    };
    let status = get(&url, "/readyz")?.status;
    ensure!(status == 200, "the server is not ready: status {status}");
    Ok(())
}

pub fn get(url: &str, path: &str) -> anyhow::Result<Answer> {
    request(url, "GET", path, &[], "")
}

pub fn post(url: &str, path: &str, headers: &[(&str, &str)], body: &str) -> anyhow::Result<Answer> {
    request(url, "POST", path, headers, body)
}

fn request(
    url: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> anyhow::Result<Answer> {
    let (is_tls, rest) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
        (Some(rest), _) => (false, rest),
        (_, Some(rest)) => (true, rest),
        _ => bail!("`{url}` is no http:// or https:// address"),
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let default_port = if is_tls { 443 } else { 80 };
    let address = resolve(authority, default_port)?;
    let stream = TcpStream::connect_timeout(&address, TIMEOUT)
        .with_context(|| format!("no server at {authority}"))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {authority}\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    let length = body.len();
    request += &format!("content-length: {length}\r\nconnection: close\r\n\r\n{body}");
    match is_tls {
        false => ask(stream, &request),
        true => ask(encrypted(stream)?, &request),
    }
}

/// Where a server with this configuration is found from the same machine.
pub fn configured_url(loaded: &Loaded) -> String {
    let listen = crate::lifecycle::listen_address(loaded);
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let scheme = match loaded.config.tls.mode() {
        TlsMode::Off => "http",
        TlsMode::Lan | TlsMode::Files { .. } => "https",
    };
    format!("{scheme}://{}", SocketAddr::new(ip, listen.port()))
}

fn resolve(authority: &str, default_port: u16) -> anyhow::Result<SocketAddr> {
    let resolved = authority
        .to_socket_addrs()
        .or_else(|_| (authority, default_port).to_socket_addrs());
    resolved
        .ok()
        .and_then(|mut addresses| addresses.next())
        .with_context(|| format!("`{authority}` is not known"))
}

fn ask(mut stream: impl Read + Write, request: &str) -> anyhow::Result<Answer> {
    let sent = stream.write_all(request.as_bytes());
    sent.context("the server does not listen")?;
    let mut answer = Vec::new();
    let read = stream.take(ANSWER_BYTES).read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer);
    let status = text
        .strip_prefix("HTTP/1.1 ")
        .and_then(|text| text.get(..3))
        .and_then(|status| status.parse().ok());
    match (status, read) {
        (Some(status), _) => Ok(Answer {
            status,
            body: text
                .split_once("\r\n\r\n")
                .map(|(_, body)| body.to_owned())
                .unwrap_or_default(),
        }),
        (None, Err(error)) => Err(error).context("the server does not answer"),
        (None, Ok(_)) => bail!("the answer is not HTTP"),
    }
}

/// The connection stays on this machine and carries no secret: any certificate will do, as it is
/// made out to the public name and not to where we connect.
pub fn encrypted(stream: TcpStream) -> anyhow::Result<impl Read + Write> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate))
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").context("localhost is a name")?;
    let connection = ClientConnection::new(Arc::new(config), name)?;
    Ok(StreamOwned::new(connection, stream))
}

#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &rustls_pki_types::CertificateDer<'_>,
        _: &[rustls_pki_types::CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: rustls_pki_types::UnixTime,
    ) -> Result<ServerCertVerified, tokio_rustls::rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &rustls_pki_types::CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, tokio_rustls::rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &rustls_pki_types::CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, tokio_rustls::rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
