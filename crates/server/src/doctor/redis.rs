use std::{sync::Arc, time::Duration};

use tokio::time::timeout;
use wecall_live::redis::Redis;

use super::finding::Finding;
use crate::{
    clock::Clock,
    config::Loaded,
    store::{self, ServerTime},
    telemetry::Metrics,
};

/// Far more than a Redis that could be worked with takes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connects as the server does, which sees to version and schema.
pub async fn look(loaded: &Loaded, clock: Clock, findings: &mut Vec<Finding>) {
    let rooms = usize::try_from(loaded.config.limits.max_rooms).unwrap_or(usize::MAX);
    let settings = match store::settings(&loaded.config.redis, rooms) {
        Ok(None) => return,
        Ok(Some(settings)) => settings,
        Err(error) => {
            let text = format!("{error:#}");
            findings.push(Finding::problem(
                "redis",
                text,
                "correct the section [redis]",
            ));
            return;
        }
    };
    let Ok(metrics) = Metrics::new() else {
        return;
    };
    let open = Redis::open(&settings, ServerTime(clock), Arc::new(metrics.of_cluster()));
    let start = clock.instant();
    findings.push(match timeout(PATIENCE, open).await {
        Ok(Ok(_)) => {
            let took = clock.instant() - start;
            Finding::ok(
                "redis",
                format!("answers, version and schema fit ({} ms)", took.as_millis()),
            )
        }
        Ok(Err(error)) => Finding::problem(
            "redis",
            error.to_string(),
            "the setting that is named decides; without Redis nobody joins a call",
        ),
        Err(_) => Finding::problem(
            "redis",
            format!("no answer within {} s", PATIENCE.as_secs()),
            "is it running, and does a firewall let this machine through?",
        ),
    });
}
