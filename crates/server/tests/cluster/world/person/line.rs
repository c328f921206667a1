//! A person's line to the server: one session over as many sockets as it takes, as the web
//! client does it (`web/src/call/signaling.ts`).

use std::{
    net::SocketAddr,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures_util::{SinkExt, StreamExt, future::BoxFuture};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    sync::mpsc::UnboundedReceiver,
    time::{sleep_until, timeout},
};
use tokio_tungstenite::WebSocketStream;
use tungstenite::{Message, client::IntoClientRequest};

use super::{
    Route,
    outbox::Outbox,
    patience::{self, Failure},
    view::{Entry, Outage, Status, View, What},
};
use crate::world::{clock::now, dice::Dice};

/// Session taken by another socket, see `close::SESSION_TAKEN` of the protocol.
const SESSION_TAKEN: u16 = 4001;

/// What a person shares with whoever plays them.
pub struct Shared {
    view: Mutex<View>,
    changed: Condvar,
}

impl Shared {
    pub fn new() -> Self {
        Self {
            view: Mutex::new(View::new()),
            changed: Condvar::new(),
        }
    }

    pub fn look(&self) -> MutexGuard<'_, View> {
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        view.expire();
        view
    }

    /// Waits for the next change, or until `deadline`; false when that has passed.
    pub fn await_change<'a>(
        &self,
        view: MutexGuard<'a, View>,
        deadline: Instant,
    ) -> (MutexGuard<'a, View>, bool) {
        let left = deadline.saturating_duration_since(now());
        let waited = self.changed.wait_timeout(view, left);
        let (view, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (view, now() < deadline)
    }

    fn change<T>(&self, change: impl FnOnce(&mut View) -> T) -> T {
        let changed = change(&mut self.look());
        self.changed.notify_all();
        changed
    }
}

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

type Socket = Box<WebSocketStream<TcpStream>>;

enum Link {
    /// Until [`Command::Return`].
    Kept,
    Waiting(Instant),
    Connecting(SocketAddr, BoxFuture<'static, Result<Socket, Failure>>),
    /// `join` or `resume` is sent.
    Entering {
        node: SocketAddr,
        socket: Socket,
        asked: Instant,
        resumes: bool,
        /// The socket before it worked until it was taken over from.
        takes_over: bool,
    },
    Open(Socket),
}

/// Something that happened on a link.
enum Step {
    Due,
    Connected(Result<Socket, Failure>),
    Heard(Value),
    Closed(String),
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

    async fn ask_to_enter(&mut self, node: SocketAddr, mut socket: Socket) -> Result<Link, String> {
        let message = match &self.session {
            Some(Session { token, last_seq }) => {
                json!({"type": "resume", "token": token, "last_seq": last_seq})
            }
            None => {
                let mut join = self.join.clone();
                if let Some(token) = &self.last_token {
                    join["session"] = json!(token);
                }
                join
            }
        };
        hand_over(&mut socket, message.to_string()).await?;
        Ok(Link::Entering {
            node,
            socket,
            asked: now(),
            resumes: self.session.is_some(),
            takes_over: matches!(self.link, Link::Open(_)),
        })
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

    async fn hear_at_the_door(&mut self, message: &Value) -> bool {
        match message["type"].as_str() {
            Some("joined" | "resumed") => {
                let link = std::mem::replace(&mut self.link, Link::Kept);
                self.entered(link, message).await;
                true
            }
            Some("error") => self.refused_at_the_door(message).await,
            _ => true,
        }
    }

    /// `joined` or `resumed` has come over `link`.
    async fn entered(&mut self, link: Link, message: &Value) {
        let Link::Entering {
            node,
            mut socket,
            takes_over,
            ..
        } = link
        else {
            return;
        };
        let token = message["resume_token"].as_str().map(str::to_owned);
        self.last_token.clone_from(&token);
        let mut unsent = vec![];
        let entry = if message["type"] == "joined" {
            self.outbox.reset(0);
            let last_seq = message["seq"].as_u64().unwrap_or(1);
            self.session = token.map(|token| Session { token, last_seq });
            match self.ever_joined {
                true => Entry::JoinedAgain,
                false => Entry::Joined,
            }
        } else {
            let recovered = message["recovered"] == true;
            let received = message["received"].as_u64().unwrap_or(0);
            match recovered.then(|| self.outbox.after(received)).flatten() {
                Some(texts) => unsent = texts,
                None => self.outbox.reset(if recovered { received } else { 0 }),
            }
            let last_seq = self.session.as_ref().map_or(0, |session| session.last_seq);
            self.session = token.map(|token| Session {
                token,
                last_seq: if recovered { last_seq } else { 0 },
            });
            match takes_over && self.lost_at.is_none() {
                true => Entry::HandedOver { recovered },
                false => Entry::Resumed { recovered },
            }
        };
        let again = entry == Entry::JoinedAgain;
        self.ever_joined = true;
        self.failed = 0;
        let lost = self.lost_at.take();
        self.shared.change(|view| {
            match entry {
                Entry::Joined | Entry::JoinedAgain => view.joined(message, again),
                Entry::Resumed { .. } | Entry::HandedOver { .. } => view.resumed(message),
            }
            view.note(What::Entered { node, by: entry });
            view.status = Status::In(node);
            if let (Some(lost), true) = (lost, entry != Entry::Joined) {
                view.outages.push(Outage { lost, back: now() });
            }
        });
        let mut failed = None;
        for text in unsent {
            if let Err(why) = hand_over(&mut socket, text).await {
                failed = Some(why);
                break;
            }
        }
        self.link = Link::Open(socket);
        if let Some(why) = failed {
            self.lose(why, Failure::TimedOut);
        }
    }

    async fn refused_at_the_door(&mut self, message: &Value) -> bool {
        let Link::Entering { asked, resumes, .. } = &self.link else {
            return true;
        };
        let (asked, resumes) = (*asked, *resumes);
        let code = self.note_refusal(message, Some(asked));
        match code.as_str() {
            "unavailable" | "rate-limited" => self.lose(code, Failure::Closed),
            "invalid-resume-token" if resumes => {
                self.session = None;
                let link = std::mem::replace(&mut self.link, Link::Kept);
                if let Link::Entering { node, socket, .. } = link {
                    match self.ask_to_enter(node, socket).await {
                        Ok(link) => self.link = link,
                        Err(why) => self.lose(why, Failure::Closed),
                    }
                }
            }
            _ if self.ever_joined => {
                self.over(Status::Over(code));
                return false;
            }
            _ => {
                self.over(Status::Refused(code));
                return false;
            }
        }
        true
    }

    fn note_refusal(&self, message: &Value, asked: Option<Instant>) -> String {
        let text = |field: &str| message[field].as_str().unwrap_or_default().to_owned();
        let code = text("code");
        let what = What::Refused {
            code: code.clone(),
            in_reply_to: text("in_reply_to"),
            after: asked.map(|asked| now().saturating_duration_since(asked)),
        };
        self.shared.change(|view| view.note(what));
        code
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

    async fn step_of_successor(&mut self, step: Step) -> bool {
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

/// Waits for what happens next on a link. Loses nothing when it is dropped half-way.
async fn advance(link: &mut Link) -> Step {
    match link {
        Link::Kept => std::future::pending().await,
        Link::Waiting(due) => {
            sleep_until((*due).into()).await;
            Step::Due
        }
        Link::Connecting(_, greeted) => Step::Connected(greeted.await),
        Link::Entering { socket, asked, .. } => {
            let deadline = *asked + patience::ENTER;
            tokio::select! {
                step = hear(socket) => step,
                () = sleep_until(deadline.into()) => Step::Closed("no answer".into()),
            }
        }
        Link::Open(socket) => hear(socket).await,
    }
}

async fn advance_successor(successor: &mut Option<Link>) -> Step {
    match successor {
        Some(link) => advance(link).await,
        None => std::future::pending().await,
    }
}

async fn hear(socket: &mut WebSocketStream<TcpStream>) -> Step {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                Ok(message) => return Step::Heard(message),
                Err(error) => return Step::Closed(format!("{error}: {text}")),
            },
            Some(Ok(Message::Close(Some(frame)))) => {
                return Step::Closed(u16::from(frame.code).to_string());
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return Step::Closed(error.to_string()),
            None => return Step::Closed("end".into()),
        }
    }
}

/// A new socket that the server has greeted.
async fn greeted(node: SocketAddr, limit: Duration) -> Result<Socket, Failure> {
    let attempt = async {
        let stream = TcpStream::connect(node).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let request = format!("ws://{node}/ws").into_client_request().ok()?;
        let (mut socket, _) = tokio_tungstenite::client_async(request, stream)
            .await
            .ok()?;
        match hear(&mut socket).await {
            Step::Heard(greeting) if greeting["type"] == "peer-id" => Some(Box::new(socket)),
            _ => None,
        }
    };
    match timeout(limit, attempt).await {
        Ok(Some(socket)) => Ok(socket),
        Ok(None) => Err(Failure::Closed),
        Err(_) => Err(Failure::TimedOut),
    }
}

async fn hand_over(socket: &mut Socket, text: String) -> Result<(), String> {
    match timeout(patience::STALLED_SEND, socket.send(text.into())).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("nothing goes out".into()),
    }
}
