//! Under which addresses this machine is known, for as long as it runs.

use std::time::Duration;

use tokio::{sync::watch, task::JoinHandle};
use wecall_turn::driver::{Addresses, PublicAddress};

use crate::lan;

/// About as long as joining a network takes.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The addresses of now, which are looked at again and again.
pub fn follow(public: Vec<PublicAddress>) -> (watch::Receiver<Addresses>, JoinHandle<()>) {
    let (sender, receiver) = watch::channel(Addresses {
        public,
        interfaces: lan::addresses(),
    });
    let follow = tokio::spawn(async move {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        loop {
            ticks.tick().await;
            let found = lan::addresses();
            let changed = sender.send_if_modified(|known| {
                let changed = known.interfaces != found;
                known.interfaces.clone_from(&found);
                changed
            });
            if changed {
                tracing::info!(addresses = ?found, "the addresses of this machine have changed");
            }
        }
    });
    (receiver, follow)
}
