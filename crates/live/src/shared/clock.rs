use std::time::Instant;

use wecall_protocol::Timestamp;

/// One reading of the clocks: one for intervals, one for what is told to people and other nodes.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    pub instant: Instant,
    pub time: Timestamp,
}
