//! Make before break: the socket that shall take over from one that still works.

use std::time::Duration;

use super::{
    super::patience::{self, Failure},
    Line,
    link::{Link, Step, advance},
};
use crate::world::clock::now;

impl Line {
    pub(super) async fn step_of_successor(&mut self, step: Step) -> bool {
        match step {
            Step::Due => self.successor = Some(self.connect()),
            Step::Connected(Ok(socket)) => {
                let node = match &self.successor {
                    Some(Link::Connecting(node, _)) => *node,
                    _ => self.route.here(),
                };
                let entering = self.ask_to_enter(node, socket).await;
                self.successor = match entering {
                    Ok(link) => Some(link),
                    Err(_) => Some(self.wait_again(Failure::Closed)),
                };
            }
            Step::Connected(Err(failure)) => self.successor = Some(self.wait_again(failure)),
            Step::Closed(_) => self.successor = Some(self.wait_again(Failure::Closed)),
            Step::Heard(message) => match message["type"].as_str() {
                Some("resumed") => {
                    if let Some(link) = self.successor.take() {
                        self.entered(link, &message).await;
                    }
                }
                // The old socket still works; another node, or this one a little later, may do.
                Some("error") => {
                    self.note_refusal(&message, None);
                    self.successor = Some(self.wait_again(Failure::Closed));
                }
                _ => {}
            },
        }
        true
    }

    /// The old socket still works, so nothing is lost yet.
    fn wait_again(&mut self, failure: Failure) -> Link {
        self.route.next();
        self.failed += 1;
        let chance = self.dice.unit();
        let delay = patience::delay(self.failed, Duration::ZERO, failure, chance);
        Link::Waiting(now() + delay)
    }
}

pub async fn advance_successor(successor: &mut Option<Link>) -> Step {
    match successor {
        Some(link) => advance(link).await,
        None => std::future::pending().await,
    }
}
