//! What the server tells of itself: logs for people, figures for Prometheus.

mod cluster;
mod logs;
mod metrics;
mod scrape;

pub use cluster::ClusterMetrics;
pub use logs::start_logging;
pub use metrics::{Metrics, ResumeOutcome};
pub use scrape::serve_metrics;
