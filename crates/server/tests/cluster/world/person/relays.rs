//! Relayed messages, numbered by their sender for each target: they arrive once and in order.
//!
//! One exception is not a fault: what a node that died had passed on, and could not say so any more,
//! is sent once more when its people are elsewhere. They get a snapshot then, after which the
//! messages of each sender begin anew; that nothing is lost counts more than that nothing is
//! repeated, for the web client takes a repeated offer, answer or candidate for what it is.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::world::clock::now;

/// What a person has sent and heard by relay.
#[derive(Default)]
pub struct Relays {
    sent: BTreeMap<String, u64>,
    heard: BTreeMap<String, u64>,
    /// The number of the last one of each sender since the last snapshot.
    since_snapshot: BTreeMap<String, u64>,
    /// How many came again after a snapshot.
    pub repeated: u64,
    pub arrivals: Vec<Arrival>,
    pub gaps: Vec<Gap>,
    /// What came twice, or after what was sent later.
    pub disorder: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Arrival {
    pub from: String,
    pub sent_at: Instant,
    pub took: Duration,
}

/// These numbers never came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub from: String,
    pub first: u64,
    pub last: u64,
}

impl Relays {
    /// A message of `kind` to `target`, with the next number inside the object that is passed on.
    pub fn next(&mut self, kind: &str, target: &str) -> Value {
        let number = self.sent.entry(target.to_owned()).or_default();
        *number += 1;
        let at = since_epoch(now());
        match kind {
            "ice-candidate" => json!({
                "type": kind, "target_peer_id": target,
                "candidate": {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host",
                    "sdpMid": "0", "number": number, "at": at},
            }),
            "offer" | "answer" => json!({
                "type": kind, "target_peer_id": target,
                kind: {"type": kind, "sdp": "v=0\r\n", "number": number, "at": at},
            }),
            other => panic!("{other} is not relayed"),
        }
    }

    /// How many were sent to `target`.
    pub fn sent_to(&self, target: &str) -> u64 {
        self.sent.get(target).copied().unwrap_or(0)
    }

    /// The number of the last one that came from `sender`.
    pub fn heard_from(&self, sender: &str) -> u64 {
        self.heard.get(sender).copied().unwrap_or(0)
    }

    /// What comes from now on follows on a snapshot.
    pub fn begin_anew(&mut self) {
        self.since_snapshot.clear();
    }

    pub fn hear(&mut self, message: &Value) {
        let field = match message["type"].as_str() {
            Some("ice-candidate") => "candidate",
            Some(kind) => kind,
            None => return,
        };
        let (object, from) = (&message[field], message["peer_id"].as_str().unwrap());
        // Those of other tests' making are not numbered.
        let (Some(number), Some(at)) = (object["number"].as_u64(), object["at"].as_u64()) else {
            return;
        };
        let before = self.since_snapshot.insert(from.to_owned(), number);
        if let Some(before) = before.filter(|before| number <= *before) {
            self.since_snapshot.insert(from.to_owned(), before);
            self.disorder
                .push(format!("number {number} of {from} after {before}"));
            return;
        }
        let last = self.heard.entry(from.to_owned()).or_default();
        if number <= *last {
            self.repeated += 1;
            return;
        }
        if number > *last + 1 {
            self.gaps.push(Gap {
                from: from.to_owned(),
                first: *last + 1,
                last: number - 1,
            });
        }
        *last = number;
        let sent_at = epoch() + Duration::from_micros(at);
        self.arrivals.push(Arrival {
            from: from.to_owned(),
            sent_at,
            took: now().saturating_duration_since(sent_at),
        });
    }
}

/// One for all people, who are in one process.
fn epoch() -> Instant {
    static EPOCH: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *EPOCH.get_or_init(now)
}

fn since_epoch(time: Instant) -> u64 {
    let micros = time.saturating_duration_since(epoch()).as_micros();
    u64::try_from(micros).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(numbers: &[u64]) -> Relays {
        let mut relays = Relays::default();
        for number in numbers {
            let candidate = json!({"number": number, "at": 0});
            let message = json!({"type": "ice-candidate", "peer_id": "a", "candidate": candidate});
            relays.hear(&message);
        }
        relays
    }

    #[test]
    fn gaps_and_disorder_are_told_apart() {
        assert!(heard(&[1, 2, 3]).gaps.is_empty());
        let relays = heard(&[1, 4]);
        assert_eq!((relays.gaps[0].first, relays.gaps[0].last), (2, 3));
        assert!(relays.disorder.is_empty());
        assert_eq!(heard(&[1, 2, 2]).disorder.len(), 1);
        assert_eq!(heard(&[1, 3, 2]).disorder.len(), 1);
    }

    #[test]
    fn snapshot_begins_a_new_order_in_which_some_may_come_again() {
        let message = |number: u64| {
            let candidate = json!({"number": number, "at": 0});
            json!({"type": "ice-candidate", "peer_id": "a", "candidate": candidate})
        };
        let mut relays = heard(&[1, 2, 3]);
        relays.begin_anew();
        for number in [2, 3, 4] {
            relays.hear(&message(number));
        }
        assert_eq!((relays.repeated, relays.heard_from("a")), (2, 4));
        assert!(relays.disorder.is_empty() && relays.gaps.is_empty());
        relays.hear(&message(4));
        assert_eq!(relays.disorder.len(), 1);
    }

    #[test]
    fn numbers_are_counted_for_each_target() {
        let mut relays = Relays::default();
        relays.next("offer", "a");
        let second = relays.next("answer", "a");
        assert_eq!(second["answer"]["number"], 2);
        assert_eq!(relays.next("ice-candidate", "b")["candidate"]["number"], 1);
        assert_eq!((relays.sent_to("a"), relays.sent_to("c")), (2, 0));
    }
}
