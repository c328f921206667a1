//! What has to hold, whatever fails.

use std::collections::{BTreeMap, BTreeSet};

use wecall_live::shared::Commit;
use wecall_protocol::{ErrorCode, PeerId, RoomId};

use super::{
    World,
    client::{Seen, Stage},
    network::Phase,
};

/// Nobody who was away for less may be told as lost: the shortest of the grace times.
const SHORTEST_GRACE_US: u64 = 12_900_000;

/// A node of which the store heard nothing for so long is given up, and its participants are away
/// from then on, whatever they see of it themselves: those of a node that stands still, or is cut
/// off from the store, can be told as lost while they are content with it.
const LEASE_US: u64 = 5_000_000;

/// Until then a message has to arrive that nothing is allowed to lose.
const ARRIVES_WITHIN_US: u64 = 12_000_000;

/// What is true of someone who has been in a room.
#[derive(Debug, Default)]
pub struct Truth {
    connected: bool,
    until: u64,
    /// The node that they were last connected to.
    life: usize,
    /// They said goodbye, or cannot resume and lost their socket.
    farewell: bool,
    /// They cannot resume: any doubt of their node is their end.
    is_old: bool,
    /// They were away for so long, once, that they may have been given up.
    was_lost: bool,
    reloads: u32,
}

#[derive(Default)]
pub struct Ledger {
    truth: BTreeMap<PeerId, Truth>,
    /// Hosts asked for it.
    pub removed: BTreeSet<PeerId>,
    pub ended: BTreeSet<RoomId>,
    /// By sender and target: what may not be lost, until when, and the changes of both.
    due: Vec<Due>,
    pub figures: Figures,
}

struct Due {
    from: usize,
    to: usize,
    number: u64,
    until: u64,
    changes: (u64, u64),
}

#[derive(Debug, Default, Clone, Copy)]
pub struct Figures {
    pub commits: u64,
    pub relayed: u64,
    pub heard: u64,
    pub recovered: u64,
    pub snapshots: u64,
}

impl Figures {
    pub fn add(&mut self, other: Self) {
        self.commits += other.commits;
        self.relayed += other.relayed;
        self.heard += other.heard;
        self.recovered += other.recovered;
        self.snapshots += other.snapshots;
    }
}

impl World {
    pub fn check_commit(&mut self, life: usize, commit: &Commit) {
        self.ledger.figures.commits += 1;
        let Some((state, _)) = self.store.room(commit.room) else {
            return self.fail(format!("the record of {} cannot be read", commit.room));
        };
        self.note(|| {
            let members: Vec<String> = state
                .participants
                .iter()
                .map(|one| format!("{}@{}{:?}", one.id, one.home, one.presence))
                .collect();
            format!(
                "node {life} writes {} v{} {} {members:?}",
                commit.room, state.version, commit.past
            )
        });
        let members: BTreeSet<PeerId> = state.participants.iter().map(|one| one.id).collect();
        if members.len() != state.participants.len() {
            self.fail(format!("a member of {} is doubled", commit.room));
        }
        let fits = members.len() <= usize::from(state.max_participants);
        if !fits && !self.faults.loses_writes() {
            self.fail(format!("{} are in {}", members.len(), commit.room));
        }
    }

    pub fn check_connected(&mut self, client: usize) {
        let Some(socket) = self.clients[client].socket() else {
            return;
        };
        let peer = self.clients[client].peer;
        let truth = self.ledger.truth.get(&peer);
        let was_lost = truth.is_some_and(|truth| self.may_be_lost(truth));
        let truth = self.ledger.truth.entry(peer).or_default();
        truth.was_lost |= was_lost;
        truth.life = self.sockets[socket].life;
        truth.connected = true;
        truth.farewell = false;
        truth.is_old = !self.clients[client].resumes;
    }

    /// Whether someone was away, or at a node that the store heard nothing of, for so long that
    /// they may be given up.
    fn may_be_lost(&self, truth: &Truth) -> bool {
        let away_for = self.now.saturating_sub(truth.until);
        let unheard_for = self.now.saturating_sub(self.lives[truth.life].heard_at);
        (!truth.connected && away_for >= SHORTEST_GRACE_US)
            || unheard_for >= LEASE_US + SHORTEST_GRACE_US
    }

    pub fn check_disconnected(&mut self, client: usize) {
        let now = self.now;
        if let Some(truth) = self.ledger.truth.get_mut(&self.clients[client].peer)
            && truth.connected
        {
            truth.connected = false;
            // Their node may have been given up before they noticed.
            truth.until = now.min(self.lives[truth.life].heard_at + LEASE_US);
        }
    }

    pub fn check_farewell(&mut self, peer: PeerId) {
        if let Some(truth) = self.ledger.truth.get_mut(&peer) {
            truth.connected = false;
            truth.farewell = true;
        }
    }

    pub fn check_reload(&mut self, peer: PeerId) {
        if let Some(truth) = self.ledger.truth.get_mut(&peer) {
            truth.reloads += 1;
        }
    }

    /// Someone is told, or sees, that `peer` is gone.
    pub fn check_gone(&mut self, client: usize, peer: PeerId, reason: &str) {
        let removed = self.ledger.removed.contains(&peer);
        let Some(truth) = self.ledger.truth.get(&peer) else {
            // They have never heard that they are in.
            return;
        };
        let doubted = truth.is_old && !self.faults.kinds.is_empty();
        let lost = doubted || truth.was_lost || self.may_be_lost(truth);
        let may = match reason {
            "left" => truth.farewell,
            "lost" => truth.farewell || lost,
            "removed" => removed,
            "replaced" => truth.reloads > 0,
            _ => truth.farewell || lost || removed || truth.reloads > 0,
        };
        if !may {
            let what =
                format!("client {client} is told that {peer} is gone ({reason}), but {truth:?}");
            self.fail(what);
        }
    }

    pub fn check_refused(&mut self, client: usize, code: ErrorCode) {
        let client = &self.clients[client];
        let room = client.room_id;
        let peer = client.peer;
        let may = match code {
            ErrorCode::RoomFull | ErrorCode::RoomLocked => true,
            ErrorCode::Removed => self.ledger.removed.contains(&peer),
            ErrorCode::RoomNotFound => {
                let ended = room.is_some_and(|room| self.ledger.ended.contains(&room));
                ended || self.faults.loses_writes()
            }
            _ => false,
        };
        if !may {
            self.fail(format!("{peer} is refused in {room:?}: {code:?}"));
        }
    }

    pub fn check_dismissed(&mut self, client: usize, ended: bool) {
        let Some(room) = self.clients[client].room_id else {
            return;
        };
        let peer = self.clients[client].peer;
        let asked = if ended {
            self.ledger.ended.contains(&room)
        } else {
            self.ledger.removed.contains(&peer)
        };
        if !asked {
            self.fail(format!(
                "client {client} is dismissed, and nobody asked for it"
            ));
        }
    }

    pub fn check_sent(
        &mut self,
        socket: usize,
        target: PeerId,
        number: u64,
        sent: Result<(), ErrorCode>,
    ) {
        if sent.is_err() {
            return;
        }
        self.ledger.figures.relayed += 1;
        let from = self.sockets[socket].client;
        let receives = |client: &super::client::Client| {
            client.peer == target && matches!(client.stage, Stage::In(_))
        };
        let to = self.clients.iter().position(receives);
        if let Some(to) = to.filter(|_| !self.faults.loses_messages()) {
            self.ledger.due.push(Due {
                from,
                to,
                number,
                until: self.now + ARRIVES_WITHIN_US,
                changes: (self.clients[from].changes, self.clients[to].changes),
            });
        }
    }

    /// The receiver's session begins anew: it may get once more what it had before.
    pub fn check_anew(&mut self, client: usize) {
        self.clients[client].heard.clear();
    }

    pub fn check_heard(&mut self, client: usize, from: PeerId, number: u64) {
        self.ledger.figures.heard += 1;
        let receiver = &mut self.clients[client];
        if !receiver.known.contains(&from) {
            return self.fail(format!(
                "client {client} hears of {from}, of whom it was not told"
            ));
        }
        let last = receiver.heard.insert(from, number).unwrap_or(0);
        if number <= last {
            self.fail(format!(
                "client {client} hears {number} of {from} after {last}"
            ));
        }
    }

    pub fn check_due(&mut self) {
        let now = self.now;
        let due = std::mem::take(&mut self.ledger.due);
        for one in due {
            let (from, to) = (&self.clients[one.from], &self.clients[one.to]);
            let stayed = (from.changes, to.changes) == one.changes;
            let has_come = to
                .heard
                .get(&from.peer)
                .is_some_and(|last| *last >= one.number);
            if !stayed || has_come {
                continue;
            }
            if one.until <= now {
                let (from, to, number) = (one.from, one.to, one.number);
                self.fail(format!("client {to} never got {number} of client {from}"));
            } else {
                self.ledger.due.push(one);
            }
        }
    }

    pub fn count_resume(&mut self, recovered: bool) {
        let figures = &mut self.ledger.figures;
        if recovered {
            figures.recovered += 1;
        } else {
            figures.snapshots += 1;
        }
    }

    /// All is quiet for long enough: everyone has to agree.
    pub fn check_end(&mut self) {
        for slot in 0..self.rooms.len() {
            self.check_room_at_end(slot);
        }
        for life in 0..self.lives.len() {
            if self.lives[life].phase != Phase::Running {
                continue;
            }
            let shared = self.lives[life].shared.clone();
            let unfinished = shared.with(|node, _| node.unfinished());
            if !unfinished.is_empty() {
                self.fail(format!("node {life} has not finished: {unfinished:?}"));
            }
        }
        if self.store.lost_count() > 0 {
            self.fail("a lost node is not forgotten".into());
        }
    }

    fn check_room_at_end(&mut self, slot: usize) {
        let id = self.rooms[slot].id;
        let record = self.store.room(id);
        let mut there: BTreeMap<PeerId, usize> = BTreeMap::new();
        for (number, client) in self.clients.iter().enumerate() {
            match client.stage {
                Stage::In(_) if client.room_id == Some(id) => {
                    there.insert(client.peer, number);
                }
                Stage::Lost | Stage::Entering(_) => {
                    return self.fail(format!("client {number} does not get in"));
                }
                _ => {}
            }
        }
        let Some((state, tag)) = record.filter(|(state, _)| state.ended.is_none()) else {
            if !there.is_empty() {
                self.fail(format!("{id} is lost, with {there:?}"));
            }
            return;
        };
        let members: BTreeSet<PeerId> = state.participants.iter().map(|one| one.id).collect();
        let connected: BTreeSet<PeerId> = there.keys().copied().collect();
        if members != connected {
            return self.fail(format!(
                "{id} has {members:?}, and connected are {connected:?}"
            ));
        }
        let view: BTreeMap<PeerId, Seen> = state
            .participants
            .iter()
            .map(|one| {
                let seen = Seen {
                    name: one.name.to_string(),
                    media: one.media,
                    hand: one.hand_raised_at.is_some(),
                    host: one.role == wecall_protocol::Role::Host,
                };
                (one.id, seen)
            })
            .collect();
        self.check_media_at_end(&state, &there);
        for (peer, number) in &there {
            let client = &self.clients[*number];
            if client.roster != view {
                let roster = client.roster.clone();
                return self.fail(format!("client {number} sees {roster:?}, but {view:?}"));
            }
            let Stage::In(socket) = client.stage else {
                continue;
            };
            let life = self.sockets[socket].life;
            let home = state.participant(*peer).map(|one| one.home);
            let node = self.lives[life].shared.id();
            if home != Some(node) {
                return self.fail(format!("{peer} is at {node}, but their home is {home:?}"));
            }
            let shared = self.lives[life].shared.clone();
            let copy = shared.with(|node, _| node.copy_of(id).cloned());
            if copy.as_ref() != Some(&state) {
                return self.fail(format!(
                    "node {life} has another {id} ({tag:?}): {copy:?} not {state:?}"
                ));
            }
            for (other, from) in &there {
                let sent = self.clients[*from].sent.get(peer).copied().unwrap_or(0);
                let heard = client.heard.get(other).copied().unwrap_or(0);
                if other != peer && sent != heard {
                    let from = *from;
                    return self.fail(format!(
                        "{sent} was the last of client {from} to {number}, not {heard}"
                    ));
                }
            }
        }
    }
}
