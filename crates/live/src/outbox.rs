use std::{collections::VecDeque, sync::Arc, time::Instant};

use wecall_protocol::PeerId;

/// Bounds on what one participant's session may hold.
pub mod bounds {
    /// Messages that wait for a socket, or for its acknowledgement. A newcomer to a mesh of four
    /// causes about 80 messages within a second; three times that is a socket that stands still.
    pub const MESSAGES: usize = 256;

    /// Their bytes. Three others who restart ICE and offer screens at once send below 100 kB.
    pub const BYTES: usize = 256 * 1024;
}

/// The messages of one session: those that wait to be sent, and before them, in a session that
/// can be resumed, those that were sent and not yet acknowledged.
///
/// Sequence numbers start at 1. `first_seq` is the one of `entries[0]`, `next_unsent` the one that
/// the socket gets next.
#[derive(Debug)]
pub(crate) struct Outbox {
    entries: VecDeque<Entry>,
    first_seq: u64,
    next_unsent: u64,
    bytes: usize,
    unsent_bytes: usize,
    /// Whether messages stay until they are acknowledged.
    replayable: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub body: Arc<str>,
    /// From which other participant it came, and when; `None` for what the room tells.
    pub relayed: Option<(PeerId, Instant)>,
}

/// More waits for the socket than may wait: its reader is too slow, or it was away for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overflow;

impl Outbox {
    pub fn new(replayable: bool) -> Self {
        Self {
            entries: VecDeque::new(),
            first_seq: 1,
            next_unsent: 1,
            bytes: 0,
            unsent_bytes: 0,
            replayable,
        }
    }

    /// Starts anew at sequence number 1, with nothing in it.
    pub fn reset(&mut self) {
        *self = Self::new(self.replayable);
    }

    /// Starts anew at sequence number 1. What the room told is dropped, for a snapshot takes its
    /// place; what those sent who are in it and no socket was given yet is kept.
    pub fn restart(&mut self, is_in: impl Fn(PeerId) -> bool) {
        let unsent = usize::try_from(self.next_unsent - self.first_seq).unwrap_or(usize::MAX);
        let entries = std::mem::take(&mut self.entries);
        self.reset();
        for entry in entries.into_iter().skip(unsent) {
            if entry.relayed.is_some_and(|(from, _)| is_in(from)) {
                self.bytes += entry.body.len();
                self.entries.push_back(entry);
            }
        }
        self.unsent_bytes = self.bytes;
    }

    pub fn push(&mut self, entry: Entry) -> Result<(), Overflow> {
        let length = entry.body.len();
        let unsent = self.end() - self.next_unsent;
        if unsent >= bounds::MESSAGES as u64 || self.unsent_bytes + length > bounds::BYTES {
            return Err(Overflow);
        }
        self.bytes += length;
        self.unsent_bytes += length;
        self.entries.push_back(entry);
        self.forget_surplus();
        Ok(())
    }

    /// The next message for the socket, with its sequence number.
    pub fn take_next(&mut self) -> Option<(u64, Entry)> {
        let index = usize::try_from(self.next_unsent - self.first_seq).ok()?;
        let entry = self.entries.get(index)?.clone();
        let seq = self.next_unsent;
        self.next_unsent += 1;
        self.unsent_bytes -= entry.body.len();
        if !self.replayable {
            self.forget_through(seq);
        }
        Some((seq, entry))
    }

    /// What was sent and is kept until it is acknowledged: the highest sequence number, and the
    /// bytes of them all.
    pub fn unacknowledged(&self) -> Option<(u64, usize)> {
        let any = self.next_unsent > self.first_seq;
        any.then(|| (self.next_unsent - 1, self.bytes - self.unsent_bytes))
    }

    /// The peer has everything up to `seq`.
    pub fn acknowledge(&mut self, seq: u64) {
        // A peer cannot acknowledge what it was not sent.
        self.forget_through(seq.min(self.next_unsent.saturating_sub(1)));
    }

    /// What waits for a socket, in order; nothing of it is left here.
    pub fn take_unsent(&mut self) -> Vec<Entry> {
        std::iter::from_fn(|| self.take_next())
            .map(|(_, entry)| entry)
            .collect()
    }

    /// An outbox that goes on where another one stood: with `last_seq` sent.
    pub fn continuing(last_seq: u64) -> Self {
        Self {
            first_seq: last_seq + 1,
            next_unsent: last_seq + 1,
            ..Self::new(true)
        }
    }

    /// Goes back to just after `last_seq`, if everything since is there.
    pub fn rewind(&mut self, last_seq: u64) -> bool {
        let wanted = last_seq.saturating_add(1);
        let kept = self.replayable && wanted >= self.first_seq && wanted <= self.next_unsent;
        if kept {
            self.forget_through(last_seq);
            self.next_unsent = wanted;
            self.unsent_bytes = self.bytes;
        }
        kept
    }

    fn end(&self) -> u64 {
        self.first_seq + self.entries.len() as u64
    }

    fn forget_through(&mut self, seq: u64) {
        while self.first_seq <= seq {
            let Some(entry) = self.entries.pop_front() else {
                break;
            };
            self.first_seq += 1;
            self.bytes -= entry.body.len();
        }
        // Thousands of silent sessions must not each keep the room that a burst once took.
        if self.entries.is_empty() {
            self.entries = VecDeque::new();
        }
    }

    /// What was sent gives way to what was not: then a resume gets a snapshot instead.
    fn forget_surplus(&mut self) {
        while self.first_seq < self.next_unsent
            && (self.entries.len() > bounds::MESSAGES || self.bytes > bounds::BYTES)
        {
            self.forget_through(self.first_seq);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn told(body: impl Into<Arc<str>>) -> Entry {
        Entry {
            body: body.into(),
            relayed: None,
        }
    }

    fn sent(outbox: &mut Outbox) -> Vec<(u64, String)> {
        std::iter::from_fn(|| outbox.take_next())
            .map(|(seq, entry)| (seq, entry.body.to_string()))
            .collect()
    }

    #[test]
    fn resume_replays_what_came_after_the_last_one_received() {
        let mut outbox = Outbox::new(true);
        for body in ["a", "b", "c"] {
            outbox.push(told(body)).unwrap();
        }
        assert_eq!(sent(&mut outbox).len(), 3);
        outbox.acknowledge(1);
        assert!(outbox.rewind(1));
        assert_eq!(sent(&mut outbox), [(2, "b".into()), (3, "c".into())]);
        assert!(!outbox.rewind(0), "the first is acknowledged and gone");
        assert!(!outbox.rewind(9), "never sent");
    }

    #[test]
    fn session_that_cannot_resume_keeps_nothing_that_was_sent() {
        let mut outbox = Outbox::new(false);
        outbox.push(told("a")).unwrap();
        assert_eq!(sent(&mut outbox), [(1, "a".into())]);
        assert_eq!(outbox.entries.capacity(), 0);
        assert!(!outbox.rewind(0));
    }

    #[test]
    fn what_waits_is_bounded_in_count_and_bytes() {
        let mut outbox = Outbox::new(true);
        for _ in 0..bounds::MESSAGES {
            outbox.push(told("x")).unwrap();
        }
        assert_eq!(outbox.push(told("x")), Err(Overflow));

        let mut outbox = Outbox::new(true);
        let large: Arc<str> = "x".repeat(bounds::BYTES / 4).into();
        for _ in 0..4 {
            outbox.push(told(large.clone())).unwrap();
        }
        assert_eq!(outbox.push(told("x")), Err(Overflow));
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary instant; the outbox never compares it"
    )]
    fn restart_keeps_what_others_sent_and_nobody_was_given() {
        let relayed = |body: &str| Entry {
            relayed: Some((PeerId::from_random([1; 16]), Instant::now())),
            ..told(body)
        };
        let mut outbox = Outbox::new(true);
        outbox.push(relayed("given")).unwrap();
        outbox.take_next().unwrap();
        outbox.push(told("room event")).unwrap();
        outbox.push(relayed("offer")).unwrap();
        outbox.restart(|_| true);
        assert_eq!(sent(&mut outbox), [(1, "offer".into())]);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Push(usize),
        Take,
        Acknowledge(u64),
        Rewind(u64),
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..bounds::BYTES / 3).prop_map(Step::Push),
            4 => Just(Step::Take),
            2 => (0..40u64).prop_map(Step::Acknowledge),
            1 => (0..40u64).prop_map(Step::Rewind),
        ]
    }

    proptest! {
        /// Whatever happens, a sequence number means one message, they come without gaps, and the
        /// bounds hold.
        #[test]
        fn sequence_has_no_gap_and_the_bounds_hold(
            replayable: bool,
            steps in proptest::collection::vec(any_step(), 0..200),
        ) {
            let mut outbox = Outbox::new(replayable);
            let mut pushed = 0u64;
            let mut expected = 1u64;
            let mut lengths = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Push(length) => {
                        if outbox.push(told("x".repeat(length))).is_ok() {
                            pushed += 1;
                            lengths.insert(pushed, length);
                        }
                    }
                    Step::Take => {
                        if let Some((seq, entry)) = outbox.take_next() {
                            prop_assert_eq!(seq, expected);
                            prop_assert_eq!(Some(&entry.body.len()), lengths.get(&seq));
                            expected += 1;
                        } else {
                            prop_assert_eq!(expected, pushed + 1, "one that waits is not handed out");
                        }
                    }
                    Step::Acknowledge(seq) => outbox.acknowledge(seq),
                    Step::Rewind(seq) => {
                        if outbox.rewind(seq) {
                            prop_assert!(replayable && seq < expected);
                            expected = seq + 1;
                        }
                    }
                }
                let bytes: usize = outbox.entries.iter().map(|entry| entry.body.len()).sum();
                prop_assert_eq!(bytes, outbox.bytes);
                prop_assert!(outbox.unsent_bytes <= bounds::BYTES);
                prop_assert!(outbox.bytes <= 2 * bounds::BYTES);
            }
        }
    }
}
