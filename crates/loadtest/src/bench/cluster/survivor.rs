//! A participant whose node is killed, and how they come back.

use std::time::{Duration, Instant};

use super::patience::{ATTEMPT, Attempts, ENTER, Failure};

/// Whose `resume` it is, and what has come of it.
#[derive(Debug)]
pub struct Survivor {
    pub attempts: Attempts,
    pub link: Link,
    /// After the loss: when the session was taken up, and when an answer to the first message
    /// had come.
    pub resumed: Option<Duration>,
    pub answered: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    Up,
    Waiting(Instant),
    Connecting { until: Instant },
    Entering { until: Instant },
}

/// What is to be done when the time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    Open,
    GiveUp,
}

impl Survivor {
    pub fn new(attempts: Attempts) -> Self {
        Self {
            attempts,
            link: Link::Up,
            resumed: None,
            answered: None,
        }
    }

    /// When [`Self::due`] has something; `None` when only the server can.
    pub fn wakes_at(&self) -> Option<Instant> {
        match self.link {
            Link::Up => None,
            Link::Waiting(at) => Some(at),
            Link::Connecting { until } | Link::Entering { until } => Some(until),
        }
    }

    /// `greeted`: the server has answered the connection.
    pub fn due(&mut self, greeted: bool, now: Instant) -> Option<Due> {
        if self.wakes_at().is_none_or(|at| at > now) {
            return None;
        }
        match self.link {
            Link::Up => None,
            Link::Waiting(_) => {
                let until = now + ATTEMPT;
                self.link = Link::Connecting { until };
                Some(Due::Open)
            }
            Link::Connecting { .. } if greeted => {
                let until = now + ENTER;
                self.link = Link::Entering { until };
                None
            }
            Link::Connecting { .. } | Link::Entering { .. } => {
                self.failed(Failure::TimedOut, now);
                Some(Due::GiveUp)
            }
        }
    }

    /// The connection is gone, or could not be made.
    pub fn failed(&mut self, how: Failure, now: Instant) {
        let delay = match self.link {
            Link::Up => self.attempts.lost(now),
            _ => self.attempts.failed(how, now),
        };
        self.link = Link::Waiting(now + delay);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survivor_connects_waits_and_gives_up_in_time() {
        let start = crate::clock::now();
        let mut one = Survivor::new(Attempts::new(3, 0, 1));
        assert_eq!(one.due(false, start), None);
        one.failed(Failure::Closed, start);
        let at = one.wakes_at().unwrap();
        assert_eq!(one.due(false, at), Some(Due::Open));
        assert_eq!(one.due(false, at + ATTEMPT / 2), None);
        assert_eq!(one.due(true, at + ATTEMPT), None);
        assert_eq!(one.due(true, at + ATTEMPT + ENTER), Some(Due::GiveUp));
        assert_eq!(one.attempts.address(), 1);
        assert!(matches!(one.link, Link::Waiting(_)));
    }
}
