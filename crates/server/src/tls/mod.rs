//! HTTPS, with a certificate of the operator or one of our own local authority.

mod authority;
mod files;
mod resolver;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use authority::Authority;
pub use authority::certificate_path as ca_path;
use files::CertificateFiles;
use resolver::Current;
use tokio_rustls::rustls::{ServerConfig, crypto::ring};

use crate::{
    clock::Clock,
    config::{Config, TlsMode},
    lan,
};

/// How often files are looked at. Reading two small files costs nothing, and works on every file
/// system, unlike notifications.
const LOOK_AT_FILES: Duration = Duration::from_secs(2);

/// How often the addresses of the machine are looked at: about as long as joining a network takes.
const LOOK_AT_ADDRESSES: Duration = Duration::from_secs(5);

pub struct TlsSetup {
    pub server_config: Arc<ServerConfig>,
    /// Of the local authority.
    pub ca_pem: Option<Arc<str>>,
}

/// `None` for plain HTTP. Certificates are kept up to date from here on.
pub async fn set_up(config: &Config, clock: Clock) -> anyhow::Result<Option<TlsSetup>> {
    let (current, ca_pem) = match config.tls.mode() {
        TlsMode::Off => return Ok(None),
        TlsMode::Files { cert, key } => {
            let mut files = CertificateFiles::new(cert, key);
            let current = Arc::new(Current::new(files.load()?));
            tokio::spawn(follow_files(files, current.clone()));
            (current, None)
        }
        TlsMode::Lan => {
            let authority = Authority::open(&config.server.data_dir, clock.now())?;
            let ca_pem = authority.pem().into();
            let names = lan::names();
            let first = authority.issue(&names, clock.now())?;
            let current = Arc::new(Current::new(first));
            tokio::spawn(follow_addresses(authority, names, current.clone(), clock));
            (current, Some(ca_pem))
        }
    };
    Ok(Some(TlsSetup {
        server_config: server_config(current)?,
        ca_pem,
    }))
}

fn server_config(current: Arc<Current>) -> anyhow::Result<Arc<ServerConfig>> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("cannot set up TLS")?
        .with_no_client_auth()
        .with_cert_resolver(current);
    // After a restart or a change of network everyone comes back at once: half the work for each.
    config.ticketer = ring::Ticketer::new().context("cannot set up TLS tickets")?;
    // WebSockets begin in HTTP/1.1, and the web app is a handful of files.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

async fn follow_files(mut files: CertificateFiles, current: Arc<Current>) {
    let mut ticks = tokio::time::interval(LOOK_AT_FILES);
    loop {
        ticks.tick().await;
        match files.load_if_changed() {
            None => {}
            Some(Ok(certificate)) => {
                current.replace(certificate);
                tracing::info!("certificate reloaded");
            }
            Some(Err(error)) => {
                let error = format!("{error:#}");
                tracing::error!(error, "certificate not reloaded; the one before stays");
            }
        }
    }
}

async fn follow_addresses(
    authority: Authority,
    mut names: Vec<String>,
    current: Arc<Current>,
    clock: Clock,
) {
    let mut issued_at = clock.now();
    let mut ticks = tokio::time::interval(LOOK_AT_ADDRESSES);
    loop {
        ticks.tick().await;
        let (now, names_now) = (clock.now(), lan::names());
        if names_now == names && now.since(issued_at) < authority::RENEW_AFTER {
            continue;
        }
        match authority.issue(&names_now, now) {
            Ok(certificate) => {
                current.replace(certificate);
                (names, issued_at) = (names_now, now);
                tracing::info!(names = names.join(" "), "certificate issued anew");
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, "certificate not issued anew; the one before stays");
            }
        }
    }
}
