//! Where sockets meet rooms: each socket's messages become commands and relays, and what its
//! session holds goes out through it.

mod acknowledgement;
mod entering;
mod farewell;
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

use farewell::{Farewell, Farewells};
use lobby::Lobby;
pub use socket::SocketHandler;
use wecall_live::{Live, Session};
use wecall_protocol::PeerId;

use crate::{
    clock::Clock,
    limits::{ClientAddr, Limits, SocketPermit},
    telemetry::{Metrics, SocketTrace},
    turn::IceDirectory,
    ws::CloseCode,
};

/// How often it is looked whether those who were sent away are gone.
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub struct Gateway {
    live: Arc<Live>,
    limits: Arc<Limits>,
    metrics: Arc<Metrics>,
    clock: Clock,
    ice: Arc<IceDirectory>,
    /// Sockets that have joined no room yet.
    lobby: Lobby,
    draining: AtomicBool,
    farewells: Farewells,
}

impl Gateway {
    pub fn new(
        live: Arc<Live>,
        limits: Arc<Limits>,
        metrics: Arc<Metrics>,
        ice: Arc<IceDirectory>,
        clock: Clock,
    ) -> Self {
        Self {
            live,
            limits,
            metrics,
            clock,
            ice,
            lobby: Lobby::default(),
            draining: AtomicBool::new(false),
            farewells: Farewells::default(),
        }
    }

    /// The handler of a new socket, which greets it with `peer`. It came to `host`; `trace` is of
    /// the request that it began with.
    pub fn admit(
        self: &Arc<Self>,
        client: ClientAddr,
        permit: SocketPermit,
        peer: PeerId,
        host: Option<&str>,
        trace: SocketTrace,
    ) -> SocketHandler {
        SocketHandler::new(self.clone(), client, permit, peer, host, trace)
    }

    /// Tells everyone who can to go on over another node, at a moment of their own within
    /// `spread`. Their sockets stay open until they have.
    pub fn send_away(&self, spread: Duration) {
        self.farewells.begin(spread);
        for session in self.live.sessions() {
            session.nudge();
        }
    }

    /// Sends everyone away: to other nodes where there are any, and who is left by closing the
    /// socket with 1012, a few at a time: clients that all came back at once would be a herd.
    pub async fn drain(&self, spread: Duration, has_others: bool) {
        self.draining.store(true, Ordering::Relaxed);
        self.lobby.wake_all();
        if has_others {
            let (to_go, to_close) = (spread * 3 / 4, spread / 4);
            self.send_away(to_go);
            self.until_gone(to_go).await;
            self.close_all(to_close).await;
        } else {
            self.close_all(spread).await;
        }
    }

    /// Returns when nobody has a socket here any more, or when `most` has passed.
    async fn until_gone(&self, most: Duration) {
        let gone = async {
            let mut look = tokio::time::interval(LOOK_EVERY);
            while self.live.sessions().iter().any(|one| one.is_attached()) {
                look.tick().await;
            }
        };
        if tokio::time::timeout(most, gone).await.is_err() {
            tracing::debug!("some have not gone elsewhere in time");
        }
    }

    async fn close_all(&self, spread: Duration) {
        const STEPS: usize = 20;

        let sessions: Vec<Arc<Session>> = self.live.sessions();
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

    /// The number of the last farewell.
    fn present_farewell(&self) -> u32 {
        self.farewells.present()
    }

    /// What a client that knows of the farewell `known` has to be told, if anything.
    fn farewell(&self, known: u32) -> Option<Farewell> {
        self.farewells.after(known)
    }
}
