//! The media server of this node: what the rooms and the web say to the media engine, and back.

mod addresses;
mod ask;
mod fragment;
mod listen;
mod service;
mod streams;
mod wire;

use std::{net::SocketAddr, sync::Arc};

pub use ask::{Ask, Reply};
pub use fragment::etag;
use service::Service;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use wecall_live::Live;
use wecall_sfu::{Event, Listening, Sfu};
use wecall_turn::driver::Addresses;

use crate::{
    clock::Clock,
    config::{Loaded, TopologySetting},
    lifecycle,
    telemetry::MediaMetrics,
};

/// A media engine that listens and serves nobody yet.
pub struct Engine {
    sfu: Sfu,
    events: mpsc::Receiver<Event>,
    addresses: watch::Receiver<Addresses>,
    from_this_machine: bool,
    most_viewers: usize,
}

impl Engine {
    /// Starts it, if this node has one to start.
    pub fn start(
        loaded: &Loaded,
        addresses: watch::Receiver<Addresses>,
    ) -> anyhow::Result<Option<Self>> {
        let config = &loaded.config;
        let is_wanted = config.media.enabled
            && config.cluster.roles.media
            && config.media.topology != TopologySetting::MeshOnly;
        if !is_wanted {
            return Ok(None);
        }
        // Who comes by a proxy on this machine has public addresses to go to.
        let from_this_machine = lifecycle::listen_address(loaded).ip().is_loopback()
            && config.media.public_addresses.is_empty();
        let told = addresses::told(&addresses.borrow(), from_this_machine);
        let (sfu, events) = listen::start(loaded, &told)?;
        let Listening { udp, tcp } = sfu.listening();
        tracing::info!(?udp, ?tcp, "serving media");
        Ok(Some(Self {
            sfu,
            events,
            addresses,
            from_this_machine,
            most_viewers: config.media.max_viewers.into(),
        }))
    }

    /// The ports that it listens at by UDP.
    pub fn udp_ports(&self) -> Vec<u16> {
        let udp = &self.sfu.listening().udp;
        udp.iter().map(SocketAddr::port).collect()
    }

    /// Serves the rooms that `live` has given this node.
    pub fn serve(self, live: Arc<Live>, metrics: MediaMetrics, clock: Clock) -> Media {
        let stop = CancellationToken::new();
        let told = live.open_media().expect("there is one media server a node");
        let service = Service::new(
            self.sfu,
            live,
            metrics,
            clock,
            self.from_this_machine,
            self.most_viewers,
        );
        let serving = service.run(told, self.events, self.addresses, stop.clone());
        Media {
            stop,
            serving: tokio::spawn(serving),
        }
    }
}

/// A media server at work.
pub struct Media {
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Media {
    /// Returns when its threads have ended.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the media server had ended before");
        }
    }
}
