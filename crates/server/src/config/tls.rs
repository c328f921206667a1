use std::path::PathBuf;

use super::section::section;

section! {
    /// HTTPS. Browsers give a camera to a page only over HTTPS, or on localhost.
    pub struct TlsConfig in "tls" {
        /// HTTPS for calls on a local network, on port 8443 of all addresses unless
        /// `server.listen` says otherwise. Without `cert_file` the certificate is of a local
        /// authority that the first start creates in the data folder. The same as `--lan`.
        lan: bool = "false",
        /// A certificate of one's own: PEM, the whole chain. It is read again when it changes.
        cert_file: Option<PathBuf> = "",
        /// The private key of `cert_file`, in PEM.
        key_file: Option<PathBuf> = "",
    }
}

/// Which certificate the server shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsMode {
    /// Plain HTTP.
    Off,
    /// A certificate that our own authority signs.
    Lan,
    /// A certificate of the operator.
    Files { cert: PathBuf, key: PathBuf },
}

impl TlsConfig {
    pub fn mode(&self) -> TlsMode {
        match (&self.cert_file, &self.key_file) {
            (Some(cert), Some(key)) => TlsMode::Files {
                cert: cert.clone(),
                key: key.clone(),
            },
            _ if self.lan => TlsMode::Lan,
            _ => TlsMode::Off,
        }
    }

    pub(super) fn validate(&self) -> Result<(), String> {
        match (&self.cert_file, &self.key_file) {
            (Some(_), None) => Err("tls.cert_file needs tls.key_file".into()),
            (None, Some(_)) => Err("tls.key_file needs tls.cert_file".into()),
            _ => Ok(()),
        }
    }
}
