use std::time::Duration;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    Committed,
    /// Another node was faster; it is decided again.
    Conflict,
    /// The store could not be asked; whether it has written is not known.
    CommitFailed,
    /// A copy was replaced by the record: what a change followed on was not there.
    ResyncGap,
    /// The same, as a command came too late.
    ResyncConflict,
    /// The same, after the store was away.
    ResyncReconnect,
    /// The same, as the copy was looked at.
    ResyncCheck,
    /// A record that cannot be read.
    SetAside,
    /// The store stopped answering.
    Outage,
    /// Another node was given up, by this one.
    Reap,
    /// Its participants.
    ReapedParticipant,
    /// This node was given up by another one.
    Fenced,
    /// A session came over with all its messages.
    HandedOver,
    /// A session came over with a snapshot in place of them.
    HandedSnapshot,
    LinkPublish,
    LinkSent,
    LinkReceived,
    LinkRetransmitted,
    LinkDuplicate,
    /// Messages that wait for an earlier one that was lost on the way.
    LinkLost,
    /// Too many waited for the other node already.
    LinkDropped,
}

impl Count {
    pub const ALL: [Self; 21] = [
        Self::Committed,
        Self::Conflict,
        Self::CommitFailed,
        Self::ResyncGap,
        Self::ResyncConflict,
        Self::ResyncReconnect,
        Self::ResyncCheck,
        Self::SetAside,
        Self::Outage,
        Self::Reap,
        Self::ReapedParticipant,
        Self::Fenced,
        Self::HandedOver,
        Self::HandedSnapshot,
        Self::LinkPublish,
        Self::LinkSent,
        Self::LinkReceived,
        Self::LinkRetransmitted,
        Self::LinkDuplicate,
        Self::LinkLost,
        Self::LinkDropped,
    ];
}

/// Who keeps the figures.
pub trait Figures: Send + Sync + 'static {
    fn count(&self, what: Count, times: u64);

    /// From the sending of a batch at another node to its handling here, by the clocks of the two.
    fn inbox_lag(&self, lag: Duration);
}

/// Nobody does.
pub struct NoFigures;

impl Figures for NoFigures {
    fn count(&self, _: Count, _: u64) {}

    fn inbox_lag(&self, _: Duration) {}
}
