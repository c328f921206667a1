use std::time::Duration;

use tokio::time::Instant;

/// Asks a client by WebSocket pings what it has received: whoever answers a ping has everything
/// that was sent before it. So messages that are kept for a resume can be dropped without the
/// client having to know.
#[derive(Debug, Default)]
pub struct Acknowledgement {
    /// When the ping that is not answered yet was sent.
    asked: Option<Instant>,
    last: Option<Instant>,
    /// Tells the sessions of one socket apart: sequence numbers start anew with each.
    session: u16,
}

/// So many bytes that are kept for nothing else are worth a ping at once.
const ASK_AT_BYTES: usize = 4 * 1024;

/// Less than that waits for the first message that is sent so long after the last ping.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// After so long without an answer another ping is worth it; the connection's own keepalive
/// notices a peer that is gone.
const ASK_AGAIN: Duration = Duration::from_secs(10);

/// The lower bits of a payload hold the sequence number: 2^48 messages of one session.
const SEQ_BITS: u32 = 48;

impl Acknowledgement {
    /// Whether to ask now, with so much unacknowledged.
    pub fn is_due(&self, bytes: usize, now: Instant) -> bool {
        let passed = |since: Option<Instant>, time| since.is_none_or(|since| now - since >= time);
        if self.asked.is_some() {
            return passed(self.asked, ASK_AGAIN);
        }
        bytes >= ASK_AT_BYTES || passed(self.last, ASK_EVERY)
    }

    /// The payload of a ping that is sent now, after the message `seq`.
    pub fn ask(&mut self, seq: u64, now: Instant) -> [u8; 8] {
        self.asked = Some(now);
        self.last = Some(now);
        let payload = u64::from(self.session) << SEQ_BITS | seq & ((1 << SEQ_BITS) - 1);
        payload.to_be_bytes()
    }

    /// The sequence number that an answer acknowledges, if it is about the present session.
    pub fn answer(&mut self, payload: &[u8]) -> Option<u64> {
        let payload = u64::from_be_bytes(payload.try_into().ok()?);
        if payload >> SEQ_BITS != u64::from(self.session) {
            return None;
        }
        self.asked = None;
        Some(payload & ((1 << SEQ_BITS) - 1))
    }

    /// Another session begins on this socket.
    pub fn begin_session(&mut self) {
        self.session = self.session.wrapping_add(1);
        self.asked = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn asks_at_once_for_much_and_each_second_for_little() {
        let now = Instant::from_std(Clock::start().instant());
        let mut acknowledgement = Acknowledgement::default();
        assert!(acknowledgement.is_due(1, now));
        let ping = acknowledgement.ask(7, now);
        assert!(!acknowledgement.is_due(1 << 20, now), "one is on its way");
        assert_eq!(acknowledgement.answer(&ping), Some(7));
        assert!(!acknowledgement.is_due(1, now));
        assert!(acknowledgement.is_due(ASK_AT_BYTES, now));
        assert!(acknowledgement.is_due(1, now + ASK_EVERY));
    }

    #[test]
    fn answer_about_another_session_or_of_another_form_acknowledges_nothing() {
        let now = Instant::from_std(Clock::start().instant());
        let mut acknowledgement = Acknowledgement::default();
        let ping = acknowledgement.ask(7, now);
        acknowledgement.begin_session();
        assert_eq!(acknowledgement.answer(&ping), None);
        assert_eq!(acknowledgement.answer(b"short"), None);
    }
}
