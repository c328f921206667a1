//! Under which addresses this machine is known, for as long as it runs.

use std::time::Duration;

use tokio::{sync::watch, task::JoinHandle};
use wecall_turn::driver::{Addresses, PublicAddress};

use crate::lan;

/// About as long as joining a network takes.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The addresses of now, which are looked at again and again until this is dropped.
pub struct OwnAddresses {
    addresses: watch::Receiver<Addresses>,
    follow: JoinHandle<()>,
}

impl OwnAddresses {
    pub fn follow(public: Vec<PublicAddress>) -> Self {
        let (sender, addresses) = watch::channel(Addresses {
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
        Self { addresses, follow }
    }

    pub fn watch(&self) -> watch::Receiver<Addresses> {
        self.addresses.clone()
    }
}

impl Drop for OwnAddresses {
    fn drop(&mut self) {
        self.follow.abort();
    }
}
