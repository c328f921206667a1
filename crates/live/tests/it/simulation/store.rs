//! The store as its scripts behave, in memory. States and notes are the JSON that a real one has.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use wecall_live::shared::{
    Commit, Loaded, NodeInfo, Record, Registered, Registry, Reply, Request, SCHEMA, Tag,
};
use wecall_protocol::RoomId;
use wecall_room::{NodeId, RoomState};

/// Changes that a record keeps.
const HISTORY: usize = 64;

/// A node that has said nothing for so long may be given up; so may a claim.
const LEASE_MS: u64 = 5_000;

/// What is published: to which channel, and what.
pub type Publication = (NodeId, String);

#[derive(Clone, Default)]
pub struct FakeStore {
    rooms: BTreeMap<RoomId, Entry>,
    nodes: BTreeMap<NodeId, (u64, NodeInfo)>,
    fenced: BTreeSet<NodeId>,
    /// Given up, and when someone began to tell their rooms.
    lost: BTreeMap<NodeId, u64>,
    index: BTreeMap<NodeId, BTreeSet<RoomId>>,
    max_rooms: usize,
}

#[derive(Clone)]
struct Entry {
    tag: Tag,
    version: u64,
    state: String,
    chat: String,
    history: VecDeque<(u64, String)>,
    expires_at: u64,
}

impl FakeStore {
    pub fn new(max_rooms: usize) -> Self {
        Self {
            max_rooms,
            ..Self::default()
        }
    }

    /// Does what is asked for at `now` in milliseconds, by the store's clock.
    pub fn execute(&mut self, request: &Request, now: u64) -> (Reply, Vec<Publication>) {
        self.rooms.retain(|_, entry| entry.expires_at > now);
        let mut published = Vec::new();
        let reply = match request {
            Request::Load { room, known, since } => {
                Reply::Loaded(self.load(*room, known.as_ref(), *since))
            }
            Request::Commit(commit) => self.commit(commit, now, &mut published),
            Request::Check(rooms) => {
                let tag = |room| self.rooms.get(room).map(|entry| entry.tag.clone());
                Reply::Tags(rooms.iter().map(tag).collect())
            }
            Request::Beat { node, info } => {
                if !self.fenced.contains(node) {
                    self.nodes.insert(*node, (now, (**info).clone()));
                }
                Reply::Registry(self.registry(*node, now))
            }
            Request::Look { node } => Reply::Registry(self.registry(*node, now)),
            Request::Leave(node) => {
                self.nodes.remove(node);
                self.fenced.insert(*node);
                self.lost.insert(*node, now.saturating_sub(2 * LEASE_MS));
                Reply::Done
            }
            Request::Subscribe(_) => Reply::Done,
            Request::Reap(node) => Reply::Claimed(self.reap(*node, now)),
            Request::RoomsOf(node) => {
                let rooms = self.index.get(node).into_iter().flatten();
                Reply::Rooms(rooms.copied().collect())
            }
            Request::Reaped(node) => {
                self.index.remove(node);
                self.lost.remove(node);
                Reply::Done
            }
            Request::Index { node, add, remove } => {
                let index = self.index.entry(*node).or_default();
                index.extend(add);
                for room in remove {
                    index.remove(room);
                }
                Reply::Done
            }
            Request::Publish { to, payload } => {
                published.push((*to, payload.to_string()));
                Reply::Done
            }
        };
        (reply, published)
    }

    fn load(&self, room: RoomId, known: Option<&Tag>, since: u64) -> Loaded {
        let Some(entry) = self.rooms.get(&room) else {
            return Loaded::Missing;
        };
        if known == Some(&entry.tag) {
            return Loaded::Unchanged;
        }
        let history = entry.history.iter();
        let history = history.filter(|(version, _)| *version >= since);
        let history = history.map(|(_, past)| past.clone().into_bytes());
        match Record::read(
            room,
            SCHEMA.to_string().as_bytes(),
            entry.tag.as_str().as_bytes(),
            entry.state.as_bytes(),
            entry.chat.as_bytes(),
            history,
        ) {
            Ok(record) => Loaded::Record(Box::new(record)),
            Err(reason) => Loaded::Unreadable(reason),
        }
    }

    fn commit(&mut self, commit: &Commit, now: u64, published: &mut Vec<Publication>) -> Reply {
        let before = self.rooms.get(&commit.room);
        let fits = before.map(|entry| &entry.tag) == commit.expected.as_ref()
            && before.is_none_or(|entry| commit.version > entry.version);
        if !fits {
            return Reply::Conflict(self.load(commit.room, None, 0));
        }
        if commit.is_new && self.rooms.len() >= self.max_rooms {
            return Reply::Full;
        }
        let before = self.rooms.remove(&commit.room);
        let (chat, mut history) =
            before.map_or_else(Default::default, |before| (before.chat, before.history));
        history.push_back((commit.version, commit.past.clone()));
        while history.len() > HISTORY {
            history.pop_front();
        }
        let keep_for = u64::try_from(commit.keep_for.as_millis()).unwrap_or(u64::MAX);
        let entry = Entry {
            tag: commit.tag.clone(),
            version: commit.version,
            state: commit.state.clone(),
            chat: commit.chat.clone().unwrap_or(chat),
            history,
            expires_at: now.saturating_add(keep_for),
        };
        self.rooms.insert(commit.room, entry);
        if let Some(node) = commit.index {
            self.index.entry(node).or_default().insert(commit.room);
        }
        for node in commit.tell.iter().filter(|_| !commit.note.is_empty()) {
            let (head, end) = commit.note.split_at(commit.note.len() - 2);
            published.push((*node, format!("{head}{}{end}", commit.state)));
        }
        Reply::Committed
    }

    fn registry(&self, node: NodeId, now: u64) -> Registry {
        let age = |at: u64| Duration::from_millis(now.saturating_sub(at));
        let registered = |(id, (at, info)): (&NodeId, &(u64, NodeInfo))| Registered {
            id: *id,
            age: age(*at),
            info: info.clone(),
        };
        Registry {
            fenced: self.fenced.contains(&node),
            nodes: self.nodes.iter().map(registered).collect(),
            lost: self.lost.iter().map(|(id, at)| (*id, age(*at))).collect(),
        }
    }

    fn reap(&mut self, node: NodeId, now: u64) -> bool {
        let seen = self.nodes.get(&node).map(|(at, _)| *at);
        let claimed = seen.or_else(|| self.lost.get(&node).copied());
        // Of a node that is not known nothing was heard for longer than anyone remembers.
        let is_free = claimed.is_none_or(|at| now.saturating_sub(at) >= LEASE_MS);
        if is_free {
            self.nodes.remove(&node);
            self.fenced.insert(node);
            self.lost.insert(node, now);
        }
        is_free
    }

    /// The record of a room, and its tag.
    pub fn room(&self, room: RoomId) -> Option<(RoomState, Tag)> {
        match self.load(room, None, u64::MAX) {
            Loaded::Record(record) => Some((record.state, record.tag)),
            _ => None,
        }
    }

    pub fn lost_count(&self) -> usize {
        self.lost.len()
    }
}
