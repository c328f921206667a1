use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::{
    clock::Clock, config::Config, gateway::Gateway, lifecycle::Phase, limits::Limits, rooms::Rooms,
    telemetry::Metrics, turn::IceDirectory,
};

/// What the handlers work with.
pub struct App {
    pub config: Config,
    pub clock: Clock,
    pub limits: Arc<Limits>,
    pub metrics: Arc<Metrics>,
    pub rooms: Rooms,
    pub gateway: Arc<Gateway>,
    /// The sockets, which the end of the server waits for.
    pub sockets: TaskTracker,
    pub phase: watch::Receiver<Phase>,
    /// Of the local authority, for `/ca.pem`; only with `--lan`.
    pub ca_pem: Option<Arc<str>>,
    /// What browsers are told of STUN and TURN.
    pub ice: Arc<IceDirectory>,
}

pub type AppState = Arc<App>;

impl App {
    pub fn phase(&self) -> Phase {
        *self.phase.borrow()
    }
}
