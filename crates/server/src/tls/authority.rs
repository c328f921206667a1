//! An authority of our own, for networks where nobody else can vouch for a machine. It lives in
//! the data folder; the certificates that it signs live in memory only.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use data_encoding::HEXLOWER;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;
use tokio_rustls::rustls::{crypto::ring, sign::CertifiedKey};
use wecall_protocol::Timestamp;

use crate::secret;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Trusting it is work for a person: it lasts for as long as a server may.
const AUTHORITY_LIFETIME: Duration = DAY.saturating_mul(3_650);

/// Apple's systems refuse more than 825 days, and browsers move to less from year to year.
const CERTIFICATE_LIFETIME: Duration = DAY.saturating_mul(90);

/// Two thirds of its lifetime.
pub const RENEW_AFTER: Duration = DAY.saturating_mul(60);

/// The clocks of phones are not always right.
const BACKDATED: Duration = DAY;

const FOLDER: &str = "lan";
const CERTIFICATE_FILE: &str = "ca.pem";
const KEY_FILE: &str = "ca.key";

pub struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// Where the authority's certificate lies.
pub fn certificate_path(data_dir: &Path) -> PathBuf {
    data_dir.join(FOLDER).join(CERTIFICATE_FILE)
}

impl Authority {
    /// The one in the data folder; the first time it is created.
    pub fn open(data_dir: &Path, now: Timestamp) -> anyhow::Result<Self> {
        let folder = data_dir.join(FOLDER);
        secret::create_data_dir(&folder)?;
        let key_pem = secret::read_or_create(&folder.join(KEY_FILE), || {
            let key = KeyPair::generate().context("cannot make a key")?;
            Ok(key.serialize_pem().into_bytes())
        })?;
        let key_path = folder.join(KEY_FILE);
        let key = KeyPair::from_pem(&String::from_utf8(key_pem)?)
            .with_context(|| format!("{} holds no private key", key_path.display()))?;
        let params = authority_params(&key, now)?;
        let pem = secret::read_or_create(&folder.join(CERTIFICATE_FILE), || {
            let certificate = params
                .self_signed(&key)
                .context("cannot sign the authority")?;
            Ok(certificate.pem().into_bytes())
        })?;
        Ok(Self {
            pem: String::from_utf8(pem)?,
            issuer: Issuer::new(params, key),
        })
    }

    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for these host names and addresses.
    pub fn issue(&self, names: &[String], now: Timestamp) -> anyhow::Result<CertifiedKey> {
        let key = KeyPair::generate().context("cannot make a key")?;
        let mut params = CertificateParams::new(names).context("a name is not valid")?;
        params.distinguished_name.push(DnType::CommonName, "WeCall");
        (params.not_before, params.not_after) = validity(now, CERTIFICATE_LIFETIME)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params
            .signed_by(&key, &self.issuer)
            .context("cannot sign the certificate")?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        CertifiedKey::from_der(
            vec![certificate.der().clone()],
            key,
            &ring::default_provider(),
        )
        .context("cannot use the certificate")
    }
}

/// All but the dates follow from the key, so that the issuer of later certificates is the very one
/// that was once written to the file.
fn authority_params(key: &KeyPair, now: Timestamp) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::default();
    let id = HEXLOWER.encode(&params.key_identifier(key)[..4]);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, format!("WeCall local authority {id}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = validity(now, AUTHORITY_LIFETIME)?;
    Ok(params)
}

fn validity(
    now: Timestamp,
    lifetime: Duration,
) -> anyhow::Result<(OffsetDateTime, OffsetDateTime)> {
    let now = OffsetDateTime::from_unix_timestamp(now.as_unix_ms() / 1_000)
        .context("the clock of this machine is far off")?;
    Ok((now - BACKDATED, now + lifetime))
}
