//! TURN: the built-in server, or one of the operator, and what browsers are told of it.

mod host;
mod ice_servers;
mod listen;

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context, ensure};
use hmac::{Hmac, KeyInit, Mac};
pub use host::host_of;
pub use ice_servers::IceDirectory;
use listen::Bound;
use sha2::Sha256;
use tokio::sync::watch;
use tokio_rustls::rustls::ServerConfig;
use wecall_turn::{
    Bounds, Figures, Now, PeerPolicy, Secret, Settings,
    driver::{self, Addresses, Running},
};

use crate::{clock::Clock, config::Loaded, secret::SessionKey};

/// The TURN side of a server. It ends when this is dropped.
pub struct Turn {
    running: Option<Running>,
    pub figures: Arc<Figures>,
    pub directory: Arc<IceDirectory>,
}

impl Turn {
    /// Starts it, if this node has one to start. It relays to the `media_ports` of this machine.
    pub fn start(
        loaded: &Loaded,
        session_key: &SessionKey,
        tls: Option<&Arc<ServerConfig>>,
        addresses: watch::Receiver<Addresses>,
        media_ports: Vec<u16>,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let config = &loaded.config;
        let figures = Arc::new(Figures::default());
        let secret = secret(config.turn.secret_file.as_deref(), session_key)?;
        let is_wanted = config.turn.enabled && config.turn.external_urls.is_empty();
        let bound = match is_wanted && config.cluster.roles.media {
            true => Bound::bind(loaded, tls.is_some())?,
            false => None,
        };
        let ports = match &bound {
            Some(bound) => Some(bound.ports()),
            // Other nodes have it, with the same configuration.
            None if is_wanted && config.turn.host.is_some() && !config.cluster.roles.media => {
                Some(listen::configured_ports(&config.turn, tls.is_some()))
            }
            None => None,
        };
        let peers = PeerPolicy {
            networks: config.turn.allowed_peers.clone(),
            own_ports: media_ports,
        };
        let running = match bound {
            Some(bound) => Some(start(
                loaded, bound, &secret, peers, &addresses, tls, &figures, clock,
            )?),
            None => None,
        };
        let directory = IceDirectory::new(config, ports, secret, addresses)?;
        Ok(Self {
            running,
            figures,
            directory: Arc::new(directory),
        })
    }

    /// From now on people get their relays elsewhere; those that are open work on.
    pub fn close(&self) {
        if let Some(running) = &self.running {
            running.close();
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "each is a thing of its own")]
fn start(
    loaded: &Loaded,
    bound: Bound,
    secret: &Secret,
    peers: PeerPolicy,
    addresses: &watch::Receiver<Addresses>,
    tls: Option<&Arc<ServerConfig>>,
    figures: &Arc<Figures>,
    clock: Clock,
) -> anyhow::Result<Running> {
    let config = &loaded.config.turn;
    let many = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let settings = Settings {
        realm: config.realm.clone(),
        secret: secret.clone(),
        bounds: Bounds {
            allocations: many(config.max_allocations),
            allocations_per_user: many(config.allocations_per_user),
            allocations_per_address: many(config.allocations_per_address),
            bytes_per_second_per_user: u64::from(config.user_kbit_per_second) * 1_000 / 8,
        },
        peers,
    };
    tracing::info!(addresses = bound.to_string(), "serving TURN");
    let config = driver::Config {
        settings,
        relay_ports: config.relay_ports.0.clone(),
        addresses: addresses.clone(),
        tls: tls.map(without_http),
    };
    let now = move || Now {
        instant: clock.instant(),
        // A clock before 1970 was never set; credentials of its own are good until 1970.
        unix_s: u64::try_from(clock.now().as_unix_ms() / 1_000).unwrap_or(0),
    };
    driver::start(bound.sockets, config, figures.clone(), Arc::new(now))
        .context("cannot start the TURN server")
}

/// The same certificate, without what only HTTP says.
fn without_http(tls: &Arc<ServerConfig>) -> Arc<ServerConfig> {
    let mut config = ServerConfig::clone(tls);
    config.alpn_protocols.clear();
    Arc::new(config)
}

fn secret(file: Option<&Path>, session_key: &SessionKey) -> anyhow::Result<Secret> {
    match file {
        Some(path) => secret_in(path, "turn.secret_file"),
        None => {
            let mut mac =
                Hmac::<Sha256>::new_from_slice(session_key).expect("a key has any length");
            mac.update(b"turn");
            Ok(Secret::new(mac.finalize().into_bytes().to_vec()))
        }
    }
}

/// As coturn reads it: a line of text.
fn secret_in(path: &Path, key: &str) -> anyhow::Result<Secret> {
    /// What nobody guesses: 64 bits in hexadecimal.
    const LEAST_BYTES: usize = 16;

    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read {key} {}", path.display()))?;
    let text = text.trim();
    ensure!(
        text.len() >= LEAST_BYTES,
        "{key} {}: it needs at least {LEAST_BYTES} characters",
        path.display()
    );
    Ok(Secret::new(text))
}
