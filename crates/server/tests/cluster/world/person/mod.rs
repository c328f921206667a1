//! A participant who behaves as the web client does, remembers what they were told, and keeps
//! account of what that would have meant for their media.

mod line;
mod outbox;
mod patience;
pub mod relays;
mod shared;
pub mod view;

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, MutexGuard},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    sync::mpsc::{UnboundedSender, unbounded_channel},
    task::AbortHandle,
};

use self::{
    line::{Command, Line},
    shared::Shared,
    view::View,
};
use super::{clock::now, runtime};
use crate::{
    client::{Room, join},
    server::PATIENCE,
};

/// Where a person finds the server: at one address (of a load balancer), or at one node after
/// the other.
#[derive(Debug, Clone)]
pub struct Route {
    nodes: Vec<SocketAddr>,
    at: usize,
}

impl Route {
    pub fn to(address: SocketAddr) -> Self {
        Self::through(&[address], 0)
    }

    /// Begins with the node of this index; each loss leads to the next.
    pub fn through(nodes: &[SocketAddr], first: usize) -> Self {
        Self {
            nodes: nodes.to_vec(),
            at: first % nodes.len(),
        }
    }

    fn here(&self) -> SocketAddr {
        self.nodes[self.at]
    }

    fn next(&mut self) {
        self.at = (self.at + 1) % self.nodes.len();
    }
}

pub struct Person {
    pub name: String,
    shared: Arc<Shared>,
    commands: UnboundedSender<Command>,
    task: AbortHandle,
}

impl Person {
    /// Sets out to join, and does not wait for it.
    pub fn set_out(route: Route, join: Value) -> Self {
        let name = join["user_name"].as_str().unwrap_or("someone").to_owned();
        let shared = Arc::new(Shared::new());
        let (commands, orders) = unbounded_channel();
        let line = Line::new(shared.clone(), orders, route, join);
        let task = runtime().spawn(line.run()).abort_handle();
        Self {
            name,
            shared,
            commands,
            task,
        }
    }

    /// In the room.
    pub fn join(route: Route, room: &Room, name: &str) -> Self {
        Self::set_out(route, join(room, name)).arrived()
    }

    /// In the room, as its host.
    pub fn join_as_host(route: Route, room: &Room, name: &str) -> Self {
        let mut message = join(room, name);
        message["host_token"] = json!(room.host_token);
        Self::set_out(route, message).arrived()
    }

    pub fn arrived(self) -> Self {
        self.wait("is in", |view| view.is_in());
        self
    }

    pub fn peer(&self) -> String {
        self.look().peer.clone()
    }

    /// The node that holds the socket.
    pub fn node(&self) -> Option<SocketAddr> {
        self.look().node()
    }

    pub fn look(&self) -> MutexGuard<'_, View> {
        self.shared.look()
    }

    /// Waits until it is so.
    pub fn wait(&self, what: &str, holds: impl Fn(&View) -> bool) {
        self.wait_for(what, PATIENCE, holds);
    }

    /// Waits until it is so, no longer than `patience`; gives how long it took.
    pub fn wait_for(
        &self,
        what: &str,
        patience: Duration,
        holds: impl Fn(&View) -> bool,
    ) -> Duration {
        let start = now();
        let deadline = start + patience;
        let mut view = self.look();
        loop {
            if holds(&view) {
                return start.elapsed();
            }
            let (changed, in_time) = self.shared.await_change(view, deadline);
            view = changed;
            if !in_time && !holds(&view) {
                let last = view.told.iter().rev().take(20).rev();
                let last: Vec<_> = last.map(|told| &told.what).collect();
                let (status, others) = (&view.status, view.others());
                panic!(
                    "{} not within {patience:?}: {what}. {status:?}, sees {others:?}, was told \
                     last {last:#?}",
                    self.name
                );
            }
        }
    }

    /// Waits until exactly these are in the room, oneself too.
    pub fn wait_for_roster(&self, roster: &BTreeSet<String>, patience: Duration) -> Duration {
        let what = format!("sees {roster:?}");
        self.wait_for(&what, patience, |view| {
            view.is_in() && view.roster() == *roster
        })
    }

    pub fn send(&self, message: Value) {
        self.command(Command::Send(message));
    }

    /// Sends the next numbered candidate to `other`.
    pub fn relay_to(&self, other: &Self) {
        self.relay("ice-candidate", &other.peer());
    }

    pub fn relay(&self, kind: &str, target: &str) {
        let message = self.look().relays.next(kind, target);
        self.send(message);
    }

    /// Waits until the last message that `sender` sent by relay is here.
    pub fn wait_for_relays_of(&self, sender: &Self, patience: Duration) -> Duration {
        let (from, me) = (sender.peer(), self.peer());
        let last = sender.look().relays.sent_to(&me);
        let what = format!("has heard number {last} of {}", sender.name);
        self.wait_for(&what, patience, |view| {
            view.relays.heard_from(&from) == last
        })
    }

    /// The network is gone without a word, and another socket is tried.
    pub fn lose(&self) {
        let losses = |view: &View| {
            let lost = |told: &&view::Told| matches!(told.what, view::What::Lost(_));
            view.told.iter().filter(lost).count()
        };
        self.wait("is in", View::is_in);
        let before = losses(&self.look());
        self.command(Command::Lose);
        self.wait("has lost the socket", |view| losses(view) > before);
    }

    /// The network is gone without a word, and stays so until [`Self::come_back`].
    pub fn stay_away(&self) {
        self.command(Command::StayAway);
        self.wait("is away", |view| !view.is_in());
    }

    pub fn come_back(&self) {
        self.command(Command::Return);
    }

    pub fn leave(&self) {
        self.command(Command::Leave);
        self.wait("has left", |view| {
            matches!(view.status, view::Status::Over(_))
        });
    }

    fn command(&self, command: Command) {
        // Who has left or was not let in does nothing any more.
        drop(self.commands.send(command));
    }

    /// Nothing happened that no server may do, and nobody's media was torn down.
    pub fn assert_undisturbed(&self) {
        let view = self.look();
        let nothing = Vec::<String>::new();
        assert_eq!(view.breaches, nothing, "{}", self.name);
        assert_eq!(view.torn_down, nothing, "{}", self.name);
        assert_eq!(view.relays.disorder, nothing, "{}", self.name);
    }

    /// The same, and everything that others sent has come.
    pub fn assert_nothing_missed(&self) {
        self.assert_undisturbed();
        assert_eq!(self.look().relays.gaps, [], "{}", self.name);
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        self.task.abort();
    }
}
