//! A certificate of the operator, which another program renews.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio_rustls::rustls::{crypto::ring, sign::CertifiedKey};

#[derive(Debug)]
pub struct CertificateFiles {
    cert: PathBuf,
    key: PathBuf,
    /// What they held when they were last looked at, good or bad: each content is told of once.
    seen: Option<Content>,
}

#[derive(PartialEq, Eq)]
struct Content {
    cert: Vec<u8>,
    key: Vec<u8>,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(certificate and private key)")
    }
}

impl CertificateFiles {
    pub fn new(cert: PathBuf, key: PathBuf) -> Self {
        Self {
            cert,
            key,
            seen: None,
        }
    }

    pub fn load(&mut self) -> anyhow::Result<CertifiedKey> {
        let content = self.read()?;
        let certificate = self.parse(&content);
        self.seen = Some(content);
        certificate
    }

    /// `None` when they hold what they held. Files that cannot be read are being replaced, or are
    /// gone for a moment: what was seen stays, and they are looked at again.
    pub fn load_if_changed(&mut self) -> Option<anyhow::Result<CertifiedKey>> {
        let content = self.read().ok()?;
        if self.seen.as_ref() == Some(&content) {
            return None;
        }
        let certificate = self.parse(&content);
        self.seen = Some(content);
        Some(certificate)
    }

    fn read(&self) -> anyhow::Result<Content> {
        let read = |path: &Path| -> anyhow::Result<Vec<u8>> {
            fs::read(path).with_context(|| format!("cannot read {}", path.display()))
        };
        Ok(Content {
            cert: read(&self.cert)?,
            key: read(&self.key)?,
        })
    }

    fn parse(&self, content: &Content) -> anyhow::Result<CertifiedKey> {
        let chain = CertificateDer::pem_slice_iter(&content.cert)
            .collect::<Result<Vec<_>, _>>()
            .map_err(io::Error::other)
            .with_context(|| format!("{} is no PEM file", self.cert.display()))?;
        anyhow::ensure!(
            !chain.is_empty(),
            "{} holds no certificate",
            self.cert.display()
        );
        let key = PrivateKeyDer::from_pem_slice(&content.key)
            .map_err(io::Error::other)
            .with_context(|| format!("{} holds no private key", self.key.display()))?;
        // Fails as well when the key is not that of the certificate: both are replaced one after
        // the other, and may be seen in between.
        CertifiedKey::from_der(chain, key, &ring::default_provider()).with_context(|| {
            format!(
                "{} and {} do not fit",
                self.cert.display(),
                self.key.display()
            )
        })
    }
}
