//! What each user holds and may send.

use std::{collections::HashMap, time::Instant};

use slab::Slab;

use crate::Bounds;

#[derive(Debug)]
struct User {
    name: Box<str>,
    allocations: usize,
    /// Bytes that may be relayed now; a second's worth is the most.
    credit: u64,
    counted_at: Instant,
}

/// Those who have an allocation; a user without any is forgotten.
#[derive(Debug, Default)]
pub struct Users {
    users: Slab<User>,
    by_name: HashMap<Box<str>, usize>,
}

impl Users {
    /// `None` when the user may have no more.
    pub fn take(&mut self, name: &str, bounds: &Bounds, now: Instant) -> Option<usize> {
        let index = match self.by_name.get(name) {
            Some(index) => *index,
            None => {
                let index = self.users.insert(User {
                    name: name.into(),
                    allocations: 0,
                    credit: bounds.bytes_per_second_per_user,
                    counted_at: now,
                });
                self.by_name.insert(name.into(), index);
                index
            }
        };
        let user = &mut self.users[index];
        if user.allocations >= bounds.allocations_per_user {
            return None;
        }
        user.allocations += 1;
        Some(index)
    }

    pub fn give_back(&mut self, index: usize) {
        let user = &mut self.users[index];
        user.allocations -= 1;
        if user.allocations == 0 {
            let user = self.users.remove(index);
            self.by_name.remove(&user.name);
        }
    }

    /// Whether the user may relay so many bytes now.
    pub fn spend(&mut self, index: usize, bytes: usize, bounds: &Bounds, now: Instant) -> bool {
        let user = &mut self.users[index];
        let rate = bounds.bytes_per_second_per_user;
        let elapsed = now.saturating_duration_since(user.counted_at).as_micros();
        let earned = u128::from(rate) * elapsed / 1_000_000;
        // Packets that follow each other closely earn less than a byte: the time stays theirs.
        if earned > 0 {
            let earned = u64::try_from(earned).unwrap_or(rate);
            user.credit = user.credit.saturating_add(earned).min(rate);
            user.counted_at = now;
        }
        let bytes = bytes as u64;
        match user.credit.checked_sub(bytes) {
            Some(left) => {
                user.credit = left;
                true
            }
            None => false,
        }
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn rate_is_a_second_in_advance_and_then_as_it_is_earned() {
        #[expect(clippy::disallowed_methods, reason = "any instant does to count from")]
        let start = Instant::now();
        let bounds = Bounds {
            bytes_per_second_per_user: 1_000,
            allocations_per_user: 2,
            ..Bounds::default()
        };
        let mut users = Users::default();
        let ada = users.take("ada", &bounds, start).unwrap();
        assert_eq!(users.take("ada", &bounds, start), Some(ada));
        assert_eq!(users.take("ada", &bounds, start), None);
        assert!(users.spend(ada, 1_000, &bounds, start));
        assert!(!users.spend(ada, 1, &bounds, start));
        let later = start + Duration::from_millis(500);
        assert!(!users.spend(ada, 501, &bounds, later));
        assert!(users.spend(ada, 500, &bounds, later));
        let much_later = start + Duration::from_secs(60);
        assert!(!users.spend(ada, 1_001, &bounds, much_later));
        users.give_back(ada);
        users.give_back(ada);
        assert!(users.is_empty());
    }
}
