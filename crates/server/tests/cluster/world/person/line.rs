//! A person's line to the server: one session over as many sockets as it takes, as the web
//! client does it (`web/src/call/signaling.ts`).

mod door;
mod link;
mod successor;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use self::{
    link::{Link, Step, advance, greeted, hand_over},
    successor::advance_successor,
};
use super::{
    Route,
    outbox::Outbox,
    patience::{self, Failure},
    shared::Shared,
    view::{Status, What},
};
use crate::world::{clock::now, dice::Dice};

/// Session taken by another socket, see `close::SESSION_TAKEN` of the protocol.
const SESSION_TAKEN: u16 = 4001;

pub enum Command {
    Send(Value),
    /// The network is gone without a word; a new socket is tried as after any loss.
    Lose,
    /// The same, and no new socket until [`Command::Return`].
    StayAway,
    Return,
    /// `leave`, and the end.
    Leave,
}

struct Session {
    token: String,
    last_seq: u64,
}

pub struct Line {
    pub shared: Arc<Shared>,
    pub commands: UnboundedReceiver<Command>,
    route: Route,
    join: Value,
    link: Link,
    /// The socket that shall take over from `link`, which still works.
    successor: Option<Link>,
    session: Option<Session>,
    last_token: Option<String>,
    outbox: Outbox,
    ever_joined: bool,
    failed: u32,
    lost_at: Option<Instant>,
    dice: Dice,
}

impl Line {
    pub fn new(
        shared: Arc<Shared>,
        commands: UnboundedReceiver<Command>,
        route: Route,
        join: Value,
    ) -> Self {
        Self {
            shared,
            commands,
            route,
            join,
            link: Link::Waiting(now()),
            successor: None,
            session: None,
            last_token: None,
            outbox: Outbox::default(),
            ever_joined: false,
            failed: 0,
            lost_at: None,
            dice: Dice::new(getrandom::u64().unwrap()),
        }
    }

    /// Until the person has left, is not let in, or nobody plays them any more.
    pub async fn run(mut self) {
        loop {
            let goes_on = tokio::select! {
                command = self.commands.recv() => match command {
                    Some(command) => self.obey(command).await,
                    None => false,
                },
                step = advance(&mut self.link) => self.step(step).await,
                step = advance_successor(&mut self.successor) => self.step_of_successor(step).await,
            };
            if !goes_on {
                return;
            }
        }
    }

    async fn obey(&mut self, command: Command) -> bool {
        match command {
            Command::Send(message) => self.send(&message).await,
            Command::Lose => {
                if matches!(self.link, Link::Open(_)) {
                    self.lose("by itself".into(), Failure::Closed);
                }
            }
            Command::StayAway => {
                self.lose("by itself".into(), Failure::Closed);
                self.link = Link::Kept;
            }
            Command::Return => {
                if matches!(self.link, Link::Kept) {
                    self.link = Link::Waiting(now());
                }
            }
            Command::Leave => {
                self.send(&json!({"type": "leave"})).await;
                if let Link::Open(socket) = &mut self.link {
                    // Whoever is gone needs no farewell.
                    drop(socket.close().await);
                }
                self.over(Status::Over("left".into()));
                return false;
            }
        }
        true
    }

    async fn send(&mut self, message: &Value) {
        let text = message.to_string();
        if self.session.is_some() {
            self.outbox.push(text.clone());
        }
        if let Link::Open(socket) = &mut self.link
            && let Err(why) = hand_over(socket, text).await
        {
            self.lose(why, Failure::TimedOut);
        }
    }

    fn over(&mut self, status: Status) {
        self.link = Link::Kept;
        self.shared.change(|view| view.status = status);
    }

    fn lose(&mut self, why: String, failure: Failure) {
        let was_open = matches!(self.link, Link::Open(_));
        let lost_at = *self.lost_at.get_or_insert_with(now);
        self.failed = if was_open { 0 } else { self.failed + 1 };
        self.shared.change(|view| {
            if was_open {
                view.note(What::Lost(why));
                view.status = Status::Away;
            } else {
                view.note(What::Failed(why));
            }
        });
        // A socket that was to take over anyway does so now.
        self.link = match self.successor.take() {
            Some(successor @ (Link::Connecting(..) | Link::Entering { .. })) => successor,
            _ => {
                let chance = self.dice.unit();
                let since_loss = now().saturating_duration_since(lost_at);
                self.route.next();
                let delay = patience::delay(self.failed, since_loss, failure, chance);
                Link::Waiting(now() + delay)
            }
        };
    }

    fn connect(&mut self) -> Link {
        let node = self.route.here();
        let limit = patience::attempt(self.failed);
        Link::Connecting(node, Box::pin(greeted(node, limit)))
    }

    async fn step(&mut self, step: Step) -> bool {
        match step {
            Step::Due => self.link = self.connect(),
            Step::Connected(Ok(socket)) => {
                let node = self.connecting_to();
                match self.ask_to_enter(node, socket).await {
                    Ok(link) => self.link = link,
                    Err(why) => self.lose(why, Failure::Closed),
                }
            }
            Step::Connected(Err(failure)) => self.lose(format!("{failure:?}"), failure),
            Step::Closed(why) => return self.closed(why),
            Step::Heard(message) => match self.link {
                Link::Open(_) => return self.hear(&message),
                _ => return self.hear_at_the_door(&message).await,
            },
        }
        true
    }

    fn connecting_to(&self) -> SocketAddr {
        match &self.link {
            Link::Connecting(node, _) => *node,
            _ => self.route.here(),
        }
    }

    fn closed(&mut self, why: String) -> bool {
        let is_taken = why == SESSION_TAKEN.to_string();
        let is_final = ["1000", "1008"].contains(&why.as_str()) || is_taken;
        let is_in = matches!(self.link, Link::Open(_));
        if is_taken && let Some(Link::Entering { .. }) = self.successor {
            // By the new socket; that it has the session is on its way to us.
            if let Some(link) = self.successor.take() {
                self.link = link;
            }
            return true;
        }
        if is_in && is_final && self.successor.is_none() {
            self.over(Status::Over(format!("closed with {why}")));
            return false;
        }
        self.lose(why, Failure::Closed);
        true
    }

    fn hear(&mut self, message: &Value) -> bool {
        if let (Some(session), Some(seq)) = (&mut self.session, message["seq"].as_u64()) {
            if seq <= session.last_seq {
                // The socket before has brought it already.
                return true;
            }
            if seq > session.last_seq + 1 {
                let last = session.last_seq;
                self.shared
                    .change(|view| view.breach(format!("message {seq} came after {last}")));
                self.lose("a gap".into(), Failure::Closed);
                return true;
            }
            session.last_seq = seq;
        }
        match message["type"].as_str() {
            Some("session") => {
                let token = message["resume_token"].as_str().unwrap().to_owned();
                self.last_token = Some(token.clone());
                if let Some(session) = &mut self.session {
                    session.token = token;
                }
                return true;
            }
            Some("reconnect") => {
                let after = message["after_ms"].as_u64().unwrap_or(0);
                if self.successor.is_none() && self.session.is_some() {
                    self.route.next();
                    let due = now() + Duration::from_millis(after);
                    self.successor = Some(Link::Waiting(due));
                }
            }
            Some("error") => {
                self.note_refusal(message, None);
                return true;
            }
            Some(kind @ ("removed" | "room-ended")) => {
                self.shared.change(|view| view.hear(message));
                self.over(Status::Over(kind.into()));
                return false;
            }
            Some("participants") => return true,
            _ => {}
        }
        self.shared.change(|view| view.hear(message));
        true
    }
}
