//! How a socket gets into the session: `join` or `resume`, and the answer.

use std::{net::SocketAddr, time::Instant};

use serde_json::{Value, json};

use super::{
    super::{
        patience::Failure,
        view::{Entry, Outage, Status, What},
    },
    Line, Session,
    link::{Link, Socket, hand_over},
};
use crate::world::clock::now;

impl Line {
    pub(super) async fn ask_to_enter(
        &mut self,
        node: SocketAddr,
        mut socket: Socket,
    ) -> Result<Link, String> {
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

    pub(super) async fn hear_at_the_door(&mut self, message: &Value) -> bool {
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
    pub(super) async fn entered(&mut self, link: Link, message: &Value) {
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

    pub(super) async fn refused_at_the_door(&mut self, message: &Value) -> bool {
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

    pub(super) fn note_refusal(&self, message: &Value, asked: Option<Instant>) -> String {
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
}
