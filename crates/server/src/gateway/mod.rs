//! Where sockets meet rooms: each socket's messages become commands and relays, and what its
//! session holds goes out through it.

mod acknowledgement;
mod flood;
mod lobby;
mod socket;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use lobby::Lobby;
pub use socket::SocketHandler;
use wecall_live::Live;
use wecall_protocol::PeerId;

use crate::{
    limits::{ClientAddr, Limits, SocketPermit},
    telemetry::Metrics,
    ws::CloseCode,
};

pub struct Gateway {
    live: Arc<Live>,
    limits: Arc<Limits>,
    metrics: Arc<Metrics>,
    /// Sockets that have joined no room yet.
    lobby: Lobby,
    draining: AtomicBool,
}

impl Gateway {
    pub fn new(live: Arc<Live>, limits: Arc<Limits>, metrics: Arc<Metrics>) -> Self {
        Self {
            live,
            limits,
            metrics,
            lobby: Lobby::default(),
            draining: AtomicBool::new(false),
        }
    }

    /// The handler of a new socket, which greets it with `peer`.
    pub fn admit(
        self: &Arc<Self>,
        client: ClientAddr,
        permit: SocketPermit,
        peer: PeerId,
    ) -> SocketHandler {
        SocketHandler::new(self.clone(), client, permit, peer)
    }

    /// Closes all sockets with 1012, a few at a time over `spread`: clients that all came back at
    /// once would be a herd.
    pub async fn drain(&self, spread: Duration) {
        const STEPS: usize = 20;

        self.draining.store(true, Ordering::Relaxed);
        self.lobby.wake_all();
        let sessions = self.live.sessions();
        if sessions.is_empty() {
            return;
        }
        let pause = spread / u32::try_from(STEPS).expect("20 fits");
        for step in sessions.chunks(sessions.len().div_ceil(STEPS)) {
            for session in step {
                session.close(CloseCode::RESTART.0);
            }
            tokio::time::sleep(pause).await;
        }
    }

    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
