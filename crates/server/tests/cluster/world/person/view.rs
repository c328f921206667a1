//! What a person believes of their room, and everything that they were told.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::relays::Relays;
use crate::world::clock::now;

pub struct View {
    /// One's own id.
    pub peer: String,
    pub status: Status,
    /// The others as the web client has them: with each goes a WebRTC connection.
    members: BTreeMap<String, Presence>,
    /// Who left, and has not come back.
    gone: BTreeSet<String>,
    grace: Duration,
    pub told: Vec<Told>,
    pub relays: Relays,
    pub outages: Vec<Outage>,
    /// Media that was torn down though nobody left: a peer was reported gone and came back, or
    /// one's own session began anew.
    pub torn_down: Vec<String>,
    /// What no server may do.
    pub breaches: Vec<String>,
    pub locked: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// For the first time.
    Connecting,
    In(SocketAddr),
    /// The socket is lost, and another one is tried.
    Away,
    /// Not let in: the error's code.
    Refused(String),
    /// Left, removed, ended: in words of the protocol.
    Over(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Listed,
    /// A server without its memory does not know them yet; their media goes on.
    Absent {
        since: Instant,
    },
}

/// Something that a person was told, or noticed.
#[derive(Debug, Clone)]
pub struct Told {
    pub at: Instant,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq)]
pub enum What {
    Entered {
        node: SocketAddr,
        by: Entry,
    },
    Lost(String),
    /// An attempt to come back that failed.
    Failed(String),
    /// An `error`: its code, what it answers, and how long after the question.
    Refused {
        code: String,
        in_reply_to: String,
        after: Option<Duration>,
    },
    PeerJoined(String),
    PeerLeft {
        peer: String,
        reason: String,
    },
    /// Every other message but relays.
    Message(Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    Joined,
    Resumed {
        recovered: bool,
    },
    /// The session could not be resumed, and began anew under the same id or another.
    JoinedAgain,
    /// A new socket took over from one that was still open.
    HandedOver {
        recovered: bool,
    },
}

/// A time without signaling.
#[derive(Debug, Clone, Copy)]
pub struct Outage {
    pub lost: Instant,
    pub back: Instant,
}

impl Outage {
    pub fn length(&self) -> Duration {
        self.back.saturating_duration_since(self.lost)
    }
}

impl View {
    pub(super) fn new() -> Self {
        Self {
            peer: String::new(),
            status: Status::Connecting,
            members: BTreeMap::new(),
            gone: BTreeSet::new(),
            grace: Duration::from_secs(30),
            told: vec![],
            relays: Relays::default(),
            outages: vec![],
            torn_down: vec![],
            breaches: vec![],
            locked: false,
        }
    }

    pub fn is_in(&self) -> bool {
        matches!(self.status, Status::In(_))
    }

    /// The node that holds the socket.
    pub fn node(&self) -> Option<SocketAddr> {
        match self.status {
            Status::In(node) => Some(node),
            _ => None,
        }
    }

    /// Those whom the server lists.
    pub fn others(&self) -> BTreeSet<String> {
        let members = self.members.iter();
        let listed = members.filter(|(_, presence)| **presence == Presence::Listed);
        listed.map(|(peer, _)| peer.clone()).collect()
    }

    /// Everyone in the room, oneself too.
    pub fn roster(&self) -> BTreeSet<String> {
        let mut roster = self.others();
        roster.insert(self.peer.clone());
        roster
    }

    /// What happened since, the oldest first.
    pub fn since(&self, start: Instant) -> impl Iterator<Item = &Told> {
        self.told.iter().filter(move |told| told.at >= start)
    }

    /// The `peer-left`s about `peer`, each with its time and reason.
    pub fn departures_of(&self, peer: &str) -> Vec<(Instant, String)> {
        let departure = |told: &Told| match &told.what {
            What::PeerLeft { peer: who, reason } if who == peer => Some((told.at, reason.clone())),
            _ => None,
        };
        self.told.iter().filter_map(departure).collect()
    }

    /// The messages of a type, oldest first.
    pub fn messages(&self, kind: &str) -> Vec<&Value> {
        let messages = self.told.iter().filter_map(|told| match &told.what {
            What::Message(message) if message["type"] == kind => Some(message),
            _ => None,
        });
        messages.collect()
    }

    pub fn entries(&self) -> Vec<Entry> {
        let entries = self.told.iter().filter_map(|told| match told.what {
            What::Entered { by, .. } => Some(by),
            _ => None,
        });
        entries.collect()
    }

    /// The code of each `error`, and how long after the question it came.
    pub fn refusals(&self) -> Vec<(&str, Option<Duration>)> {
        let refusals = self.told.iter().filter_map(|told| match &told.what {
            What::Refused { code, after, .. } => Some((code.as_str(), *after)),
            _ => None,
        });
        refusals.collect()
    }

    pub(super) fn note(&mut self, what: What) {
        self.told.push(Told { at: now(), what });
    }

    pub(super) fn breach(&mut self, what: String) {
        self.breaches.push(what);
    }

    /// `joined`, for the first time or anew.
    pub(super) fn joined(&mut self, message: &Value, again: bool) {
        let peer = text(message, "peer_id");
        if again {
            self.torn_down
                .push(format!("the session began anew as {peer}"));
            if peer != self.peer {
                self.breach(format!("{} came back as {peer}", self.peer));
            }
        }
        self.peer = peer;
        self.members.clear();
        self.gone.clear();
        if let Some(grace) = message["resume_grace_ms"].as_u64() {
            self.grace = Duration::from_millis(grace);
        }
        self.take_snapshot(&message["room"]);
    }

    /// `resumed` that was not recovered: who is not listed any more has left meanwhile, or is yet
    /// to come back to a server that has lost its memory.
    pub(super) fn resumed(&mut self, message: &Value) {
        if text(message, "peer_id") != self.peer {
            self.breach(format!("{} resumed as {message}", self.peer));
        }
        let Some(room) = message.get("room").filter(|room| room.is_object()) else {
            return;
        };
        self.relays.begin_anew();
        let listed: BTreeSet<String> = participants(room).collect();
        if !listed.contains(&self.peer) {
            self.breach(format!("{} resumed and is not listed", self.peer));
        }
        let missing: Vec<_> = self.members.keys().cloned().collect();
        for peer in missing.into_iter().filter(|peer| !listed.contains(peer)) {
            if room["recovering"] == true {
                let absent = Presence::Absent { since: now() };
                self.members.entry(peer).and_modify(|presence| {
                    if *presence == Presence::Listed {
                        *presence = absent;
                    }
                });
            } else {
                self.leave(&peer, "not in the snapshot");
            }
        }
        self.take_snapshot(room);
    }

    fn take_snapshot(&mut self, room: &Value) {
        self.locked = room["locked"] == true;
        let listed: Vec<_> = participants(room).collect();
        let capacity = room["max_participants"].as_u64().unwrap_or(u64::MAX);
        if listed.len() as u64 > capacity {
            self.breach(format!("{} of {capacity} are listed", listed.len()));
        }
        let distinct: BTreeSet<_> = listed.iter().collect();
        if distinct.len() != listed.len() {
            self.breach(format!("someone is listed twice: {listed:?}"));
        }
        for peer in listed {
            self.enter(peer);
        }
    }

    pub(super) fn hear(&mut self, message: &Value) {
        match message["type"].as_str().unwrap() {
            "offer" | "answer" | "ice-candidate" => return self.relays.hear(message),
            "peer-joined" => {
                let peer = text(message, "peer_id");
                if peer == self.peer {
                    self.breach(format!("{peer} was told of their own joining"));
                }
                self.note(What::PeerJoined(peer.clone()));
                self.enter(peer);
                return;
            }
            "peer-left" => {
                let (peer, reason) = (text(message, "peer_id"), text(message, "reason"));
                self.leave(&peer, &reason);
                return;
            }
            "lock" => self.locked = message["locked"] == true,
            _ => {}
        }
        self.note(What::Message(message.clone()));
    }

    fn enter(&mut self, peer: String) {
        if peer == self.peer {
            return;
        }
        if self.gone.remove(&peer) {
            self.torn_down
                .push(format!("{peer} was gone and came back"));
        }
        self.members.insert(peer, Presence::Listed);
    }

    fn leave(&mut self, peer: &str, reason: &str) {
        if self.members.remove(peer).is_none() {
            self.breach(format!("{peer} left ({reason}) and was not there"));
        }
        self.gone.insert(peer.to_owned());
        self.note(What::PeerLeft {
            peer: peer.to_owned(),
            reason: reason.to_owned(),
        });
    }

    /// Those whom the server has not learned of again in time have left.
    pub(super) fn expire(&mut self) {
        let (now, grace) = (now(), self.grace);
        let late = self.members.iter().filter(|(_, presence)| match presence {
            Presence::Listed => false,
            Presence::Absent { since } => now.saturating_duration_since(*since) >= grace,
        });
        let late: Vec<_> = late.map(|(peer, _)| peer.clone()).collect();
        for peer in late {
            self.leave(&peer, "absent for too long");
        }
    }
}

fn text(message: &Value, field: &str) -> String {
    let text = message[field].as_str();
    text.unwrap_or_else(|| panic!("no {field} in {message}"))
        .to_owned()
}

fn participants(room: &Value) -> impl Iterator<Item = String> {
    let participants = room["participants"].as_array().cloned().unwrap_or_default();
    participants
        .into_iter()
        .map(|participant| text(&participant, "peer_id"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn room(peers: &[&str], recovering: bool) -> Value {
        let peers: Vec<_> = peers.iter().map(|peer| json!({"peer_id": peer})).collect();
        json!({"participants": peers, "recovering": recovering, "max_participants": 4})
    }

    fn view_of_three() -> View {
        let mut view = View::new();
        let room = room(&["a", "b", "c"], false);
        view.joined(&json!({"peer_id": "a", "room": room}), false);
        view
    }

    fn others(view: &View) -> Vec<String> {
        view.others().into_iter().collect()
    }

    #[test]
    fn who_is_gone_and_comes_back_has_lost_their_media() {
        let mut view = view_of_three();
        view.hear(&json!({"type": "peer-left", "peer_id": "b", "reason": "lost"}));
        assert_eq!(others(&view), ["c"]);
        assert!(view.torn_down.is_empty());
        view.hear(&json!({"type": "peer-joined", "peer_id": "b", "participant": {}}));
        assert_eq!(others(&view), ["b", "c"]);
        assert_eq!(view.torn_down.len(), 1);
        assert_eq!(view.departures_of("b").len(), 1);
    }

    #[test]
    fn server_that_recovers_leaves_members_absent_and_another_does_not() {
        let mut view = view_of_three();
        let resumed = |room: Value| json!({"peer_id": "a", "recovered": false, "room": room});
        view.resumed(&resumed(room(&["a"], true)));
        assert_eq!(others(&view), Vec::<String>::new());
        view.hear(&json!({"type": "peer-joined", "peer_id": "b", "participant": {}}));
        assert_eq!(others(&view), ["b"]);
        assert!(view.torn_down.is_empty());
        view.resumed(&resumed(room(&["a", "b"], false)));
        assert_eq!(view.departures_of("c").len(), 1);
    }

    #[test]
    fn what_no_server_may_do_is_noted() {
        let mut view = view_of_three();
        view.hear(&json!({"type": "peer-left", "peer_id": "d", "reason": "left"}));
        let crowded = room(&["a", "b", "c", "d", "e"], false);
        view.resumed(&json!({"peer_id": "a", "recovered": false, "room": crowded}));
        assert_eq!(view.breaches.len(), 2, "{:?}", view.breaches);
    }
}
