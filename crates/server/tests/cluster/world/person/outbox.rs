//! One's own messages until a resume tells how many have arrived (`web/src/call/outbox.ts`).

use std::collections::VecDeque;

const KEPT: usize = 128;

#[derive(Default)]
pub struct Outbox {
    sent: u64,
    kept: VecDeque<String>,
}

impl Outbox {
    pub fn push(&mut self, text: String) {
        self.sent += 1;
        self.kept.push_back(text);
        if self.kept.len() > KEPT {
            self.kept.pop_front();
        }
    }

    /// What has to be sent again, in order; `None` if that is not kept any more.
    pub fn after(&mut self, received: u64) -> Option<Vec<String>> {
        let missing = usize::try_from(self.sent.checked_sub(received)?).ok()?;
        let arrived = self.kept.len().checked_sub(missing)?;
        self.kept.drain(..arrived);
        Some(self.kept.iter().cloned().collect())
    }

    /// Forgets what is kept; the next message is number `sent` + 1.
    pub fn reset(&mut self, sent: u64) {
        self.sent = sent;
        self.kept.clear();
    }
}

#[test]
fn what_has_not_arrived_is_sent_again_in_order() {
    let mut outbox = Outbox::default();
    for text in ["a", "b", "c"] {
        outbox.push(text.into());
    }
    assert_eq!(outbox.after(1).unwrap(), ["b", "c"]);
    assert_eq!(outbox.after(3).unwrap(), Vec::<String>::new());
    assert!(outbox.after(4).is_none() && outbox.after(2).is_none());
    outbox.reset(7);
    outbox.push("d".into());
    assert_eq!(outbox.after(7).unwrap(), ["d"]);
}
