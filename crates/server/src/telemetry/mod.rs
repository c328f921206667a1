//! What the server tells of itself: logs for people, figures for Prometheus, traces
//! for who wants to follow a single join.

mod cluster;
mod logs;
mod media;
mod metrics;
mod scrape;
pub mod traces;
mod turn;

pub use cluster::ClusterMetrics;
pub use logs::start_logging;
pub use media::MediaMetrics;
pub use metrics::{Metrics, ResumeOutcome};
pub use scrape::serve_metrics;
pub use traces::{NodeTraces, SocketTrace, Traces};
pub use turn::TurnMetrics;
