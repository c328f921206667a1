//! What happens to rooms while nobody asks: time passes, and they are written down.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{task::JoinHandle, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use wecall_live::{Checkpoints, Live};

use crate::clock::Clock;

/// How late a deadline of a room may be: grace times are counted in seconds.
const EXPIRE_EVERY: Duration = Duration::from_millis(250);

/// What a killed server forgets at most.
const SAVE_EVERY: Duration = Duration::from_secs(1);

const FILE_NAME: &str = "rooms.redb";

/// Keeps the rooms, until it is told to stop.
pub struct Keeper {
    stop: CancellationToken,
    tasks: [JoinHandle<()>; 2],
}

impl Keeper {
    /// Brings back the rooms of the last run, and keeps them from then on.
    pub fn start(live: Arc<Live>, data_dir: &Path, clock: Clock) -> anyhow::Result<Self> {
        let path = data_dir.join(FILE_NAME);
        let checkpoints = Checkpoints::open(&path).with_context(|| {
            format!(
                "cannot use {}; is another server running on it?",
                path.display()
            )
        })?;
        let restored = checkpoints.restore(&live, clock.now())?;
        if restored.rooms > 0 || restored.unreadable > 0 {
            let (rooms, unreadable) = (restored.rooms, restored.unreadable);
            tracing::info!(rooms, unreadable, "rooms of the last run are back");
        }
        let stop = CancellationToken::new();
        let tasks = [
            tokio::spawn(expire(live.clone(), clock, stop.clone())),
            tokio::spawn(save(live, Arc::new(checkpoints), stop.clone())),
        ];
        Ok(Self { stop, tasks })
    }

    /// Returns when everything is written down.
    pub async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "the rooms were not kept to the end");
            }
        }
    }
}

async fn expire(live: Arc<Live>, clock: Clock, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(EXPIRE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => live.expire(clock.now()),
            () = stop.cancelled() => return,
        }
    }
}

async fn save(live: Arc<Live>, checkpoints: Arc<Checkpoints>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(SAVE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let is_last = tokio::select! {
            _ = ticks.tick() => false,
            () = stop.cancelled() => true,
        };
        let (live, checkpoints) = (live.clone(), checkpoints.clone());
        match tokio::task::spawn_blocking(move || checkpoints.save(&live)).await {
            Ok(Ok(())) => {}
            // Calls go on; the next turn writes the same rooms again.
            Ok(Err(error)) => tracing::error!(%error, "rooms not written down"),
            Err(error) => tracing::error!(%error, "rooms not written down"),
        }
        if is_last {
            return;
        }
    }
}
