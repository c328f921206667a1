use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use wecall_protocol::{PeerId, RoomId, Timestamp};
use wecall_room::{NodeId, Presence, RoomState, Rules};

use super::{
    Now,
    figures::{Count, Figures},
    link::{Link, Sent},
    liveness::{BEAT_EVERY, LOOK_EVERY, Liveness, NodeInfo, Registry},
    media::Media,
    record::Tag,
    relays::{Held, Pending},
    request::{Reply, Request, RequestId, StoreError},
    room::{Key, Op, Room},
    takeover::{Arrival, Moved},
    trace::{NoTraces, Traces},
    wire::{LinkNote, Message},
};
use crate::{Hub, Refusal};

/// How often a copy is held against the record, at least.
const CHECK_EVERY: Duration = Duration::from_secs(4);

/// A node whose clock does not tick for so long was stopped, or the machine was.
const STANDSTILL: Duration = Duration::from_secs(1);

/// Rooms of one check.
const CHECK_ROOMS: usize = 256;

/// How often all rooms are gone through for what nothing else has begun with: so seldom that a
/// node with ten thousand of them has no work of it.
const WALK_EVERY: Duration = Duration::from_millis(100);

/// Checks under way at once.
const CHECKS: usize = 4;

/// What a node is.
pub struct NodeSettings {
    pub id: NodeId,
    pub info: NodeInfo,
    pub rules: Rules,
}

/// One node's part in shared rooms, without IO.
///
/// Whatever it is told, it is told with the time; then [`Node::take_requests`] has what it asks of
/// the store.
pub struct Node {
    pub(super) id: NodeId,
    /// What this node was called before it was given up by others.
    pub(super) past_ids: Vec<NodeId>,
    pub(super) info: NodeInfo,
    pub(super) rules: Rules,
    pub(super) hub: Arc<Hub>,
    pub(super) figures: Arc<dyn Figures>,
    pub(super) traces: Arc<dyn Traces>,
    pub(super) rooms: BTreeMap<Key, Box<Room>>,
    pub(super) deadlines: BTreeSet<(Timestamp, RoomId)>,
    pub(super) links: BTreeMap<NodeId, Link>,
    /// Where the last message to a participant went.
    pub(super) last_ways: BTreeMap<PeerId, Pending>,
    /// Messages that wait until it is sure that they do not overtake others.
    pub(super) held: BTreeMap<PeerId, Held>,
    pub(super) arrivals: BTreeMap<PeerId, Arrival>,
    /// Participants who were here a moment ago.
    pub(super) moved: BTreeMap<PeerId, Moved>,
    pub(super) liveness: Liveness,
    pub(super) media: Media,
    pub(super) health: Health,
    /// Counts how often the store may have become another one, or have lost something. What was
    /// seen of a record in this era has not been lost since.
    pub(super) era: u64,
    /// Index entries to write, and to remove if the room is not back by then.
    pub(super) to_index: Vec<RoomId>,
    pub(super) to_forget: BTreeSet<RoomId>,
    pub(super) reaping: BTreeMap<NodeId, Reaping>,
    pub(super) to_reap: VecDeque<(NodeId, RoomId)>,
    pending: BTreeMap<RequestId, Asked>,
    requests: Vec<(RequestId, Request)>,
    next_request: u64,
    next_tag: u64,
    last_tick: Instant,
    /// Has just stood still: nothing that it knows is to be relied on before then.
    pub(super) waking_until: Instant,
    /// What was asked for before is answered too late to say how things are.
    woke_after: u64,
    next_look: Instant,
    next_beat: Instant,
    /// When all rooms are gone through.
    pub(super) next_walk: Instant,
    last_beat: Option<Instant>,
    looking: bool,
    checks: usize,
    pub(super) subscribed: bool,
    leaving: bool,
    mixed: u64,
}

/// Whether the store answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    Up,
    Down { since: Instant },
}

/// Of a node that this one has given up: what is left to do.
#[derive(Debug, Default)]
pub(super) struct Reaping {
    pub rooms: usize,
    pub failed: bool,
}

/// What a reply is about.
enum Asked {
    Room(RoomId),
    Check { rooms: Vec<RoomId>, era: u64 },
    Registry { is_beat: bool },
    Publish(NodeId),
    Reap(NodeId),
    RoomsOf(NodeId),
    Index { add: Vec<RoomId> },
    Nothing,
}

impl Node {
    pub fn new(settings: NodeSettings, hub: Arc<Hub>, figures: Arc<dyn Figures>, now: Now) -> Self {
        hub.media.add_node(settings.id);
        Self {
            id: settings.id,
            past_ids: Vec::new(),
            info: settings.info,
            rules: settings.rules,
            hub,
            figures,
            traces: Arc::new(NoTraces),
            rooms: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            links: BTreeMap::new(),
            last_ways: BTreeMap::new(),
            held: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            moved: BTreeMap::new(),
            liveness: Liveness::new(now.instant),
            media: Media::default(),
            health: Health::Down { since: now.instant },
            era: 0,
            to_index: Vec::new(),
            to_forget: BTreeSet::new(),
            reaping: BTreeMap::new(),
            to_reap: VecDeque::new(),
            pending: BTreeMap::new(),
            requests: Vec::new(),
            next_request: 0,
            next_tag: 0,
            last_tick: now.instant,
            waking_until: now.instant,
            woke_after: 0,
            next_look: now.instant,
            next_beat: now.instant,
            next_walk: now.instant,
            last_beat: None,
            looking: false,
            checks: 0,
            subscribed: false,
            leaving: false,
            mixed: 0,
        }
    }

    /// Spans go from node to node by `traces`.
    pub fn traced_by(self, traces: Arc<dyn Traces>) -> Self {
        Self { traces, ..self }
    }

    /// The id that it has now: one that was given up goes on under another.
    pub fn id(&self) -> NodeId {
        self.id
    }

    pub fn is_up(&self) -> bool {
        self.health == Health::Up
    }

    /// Since when the store does not answer.
    pub fn down_since(&self) -> Option<Instant> {
        match self.health {
            Health::Up => None,
            Health::Down { since } => Some(since),
        }
    }

    /// When a heartbeat of this node was last confirmed.
    pub fn last_beat(&self) -> Option<Instant> {
        self.last_beat
    }

    pub fn room_count(&self) -> usize {
        self.rooms.len()
    }

    /// The room as this node knows it; for tests and tools.
    pub fn copy_of(&self, room: RoomId) -> Option<&RoomState> {
        self.rooms
            .get(&room)
            .and_then(|room| room.copy.as_ref())
            .map(|copy| &copy.state)
    }

    /// Those who are known to live, this one included once it was heard.
    pub fn nodes(&self) -> impl Iterator<Item = (&NodeId, &NodeInfo)> {
        self.liveness.known()
    }

    pub fn lost_nodes(&self) -> usize {
        self.liveness.dead_count()
    }

    /// What is to be told with the next heartbeat.
    pub fn set_draining(&mut self, draining: bool, now: Now) {
        self.info.draining = draining;
        self.next_look = now.instant;
        self.next_beat = now.instant;
    }

    /// What this node asks of the store.
    pub fn take_requests(&mut self) -> Vec<(RequestId, Request)> {
        std::mem::take(&mut self.requests)
    }

    /// The channel of this node is listened to, from now on; before, something may have been
    /// missed.
    pub fn on_subscribed(&mut self, now: Now) {
        self.subscribed = true;
        self.next_look = now.instant;
        self.next_beat = now.instant;
        self.begin_era(now);
        self.flush_links(now);
    }

    /// Messages of others are lost from now on.
    pub fn on_unsubscribed(&mut self, now: Now) {
        self.subscribed = false;
        self.begin_era(now);
    }

    /// A message came over the channel.
    pub fn on_message(&mut self, payload: &[u8], now: Now) {
        match serde_json::from_slice(payload) {
            Ok(Message::Change(note)) => self.on_change(*note, now),
            Ok(Message::Link(note)) => self.on_link(&note, now),
            Err(error) => {
                // Of a later version, or not of us at all. Copies are looked at every few seconds.
                tracing::warn!(%error, "a message of another node cannot be read");
            }
        }
        self.flush_links(now);
    }

    pub fn on_reply(&mut self, id: RequestId, reply: Result<Reply, StoreError>, now: Now) {
        self.wake(now);
        let Some(asked) = self.pending.remove(&id) else {
            return;
        };
        if let Err(error @ (StoreError::Timeout | StoreError::Connection)) = reply {
            self.mark_down(error, now);
        }
        match (asked, reply) {
            (Asked::Room(room), reply) => self.on_room_reply(room, id, reply, now),
            (Asked::Check { rooms, era }, reply) => {
                self.checks -= 1;
                if let Ok(Reply::Tags(tags)) = reply {
                    self.on_checked(&rooms, &tags, era, now);
                }
            }
            (Asked::Registry { is_beat }, reply) => {
                self.looking = false;
                match reply {
                    Ok(Reply::Registry(registry)) if id.0 > self.woke_after => {
                        if is_beat {
                            self.last_beat = Some(now.instant);
                        }
                        self.on_registry(registry, now);
                    }
                    // It is the first thing that is asked again.
                    _ => self.next_beat = now.instant,
                }
            }
            (Asked::Publish(to), reply) => {
                if let Some(link) = self.links.get_mut(&to) {
                    link.published(reply.is_ok());
                }
            }
            (Asked::Reap(node), Ok(Reply::Claimed(true))) => self.on_claimed(node, now),
            (Asked::RoomsOf(node), Ok(Reply::Rooms(rooms))) => self.on_rooms_of(node, rooms, now),
            (Asked::RoomsOf(node), _) => {
                self.reaping.remove(&node);
            }
            (Asked::Index { add }, Err(_)) => self.to_index.extend(add),
            (Asked::Reap(_) | Asked::Index { .. } | Asked::Nothing, _) => {}
        }
        self.flush_links(now);
    }

    /// Time has passed. To be called every 10 ms or so.
    pub fn tick(&mut self, now: Now) {
        self.wake(now);
        self.last_tick = now.instant;
        if now.instant >= self.next_look && !self.looking && self.subscribed {
            self.look(now);
        }
        let walk = now.instant >= self.next_walk;
        if walk {
            self.next_walk = now.instant + WALK_EVERY;
        }
        if self.is_up() {
            if walk {
                self.check_rooms(now);
            }
            self.index_rooms();
            self.go_on_reaping(now);
        }
        self.tick_rooms(now);
        if walk {
            self.walk_rooms(now);
        }
        self.tick_relays(now);
        self.tick_takeovers(now);
        self.tick_media(now);
        for link in self.links.values_mut() {
            link.tick(now.instant);
        }
        self.flush_links(now);
    }

    /// Whether this node has stood still, and with it all that it knows: before anything is done
    /// the store is asked. A client who has waited for it may be at another node by now.
    pub(super) fn wake(&mut self, now: Now) {
        if now.instant.saturating_duration_since(self.last_tick) >= STANDSTILL {
            self.last_tick = now.instant;
            self.waking_until = now.instant + STANDSTILL;
            self.woke_after = self.next_request;
            self.mark_down(StoreError::Timeout, now);
        }
    }

    /// Says goodbye: the others need not wait for the lease to be over.
    pub fn leave(&mut self) {
        self.leaving = true;
        self.ask(Asked::Nothing, Request::Leave(self.id));
    }

    fn look(&mut self, now: Now) {
        self.looking = true;
        self.next_look = now.instant + LOOK_EVERY;
        let is_beat = now.instant >= self.next_beat && !self.leaving;
        let request = if is_beat {
            // From when it is asked, or every second look would come a moment too early for it.
            self.next_beat = now.instant + BEAT_EVERY;
            let mut info = self.info.clone();
            info.rooms = self.rooms.len() as u64;
            info.participants = self.hub.session_count() as u64;
            Request::Beat {
                node: self.id,
                info: Box::new(info),
            }
        } else {
            Request::Look { node: self.id }
        };
        self.ask(Asked::Registry { is_beat }, request);
    }

    fn on_registry(&mut self, registry: Registry, now: Now) {
        if let Health::Down { since } = self.health {
            let down_ms = now.instant.saturating_duration_since(since).as_millis() as u64;
            tracing::info!(down_ms, "the store answers");
            self.health = Health::Up;
            self.begin_era(now);
        }
        if registry.fenced {
            if !self.leaving {
                self.be_reborn(now);
            }
            return;
        }
        for node in self.links.keys() {
            self.liveness.meet(*node, now.instant);
        }
        let mut learnt = self.liveness.learn(&registry, self.id, now.instant);
        self.media.suspects = std::mem::take(&mut learnt.suspects);
        for node in learnt.died {
            self.bury(node, now);
        }
        for node in learnt.to_fence {
            // It has to learn of it, and go on under another id: links to this one are gone.
            self.ask(Asked::Nothing, Request::Leave(node));
        }
        for node in learnt.to_reap {
            if !self.reaping.contains_key(&node) {
                self.ask(Asked::Reap(node), Request::Reap(node));
            }
        }
        self.move_media(now);
    }

    fn mark_down(&mut self, error: StoreError, now: Now) {
        // It is asked at once whether it is well again.
        self.next_look = now.instant;
        self.next_beat = now.instant;
        if self.is_up() {
            tracing::warn!(%error, "the store does not answer");
            self.figures.count(Count::Outage, 1);
            self.health = Health::Down { since: now.instant };
            self.begin_era(now);
        }
    }

    /// Nothing that was seen in the store before is sure to be there still.
    fn begin_era(&mut self, now: Now) {
        self.era += 1;
        self.next_walk = now.instant;
        self.liveness.distrust(now.instant);
        for (id, room) in &mut self.rooms {
            room.checked_at = None;
            room.unsettled = true;
            if room.indexed {
                self.to_index.push(*id);
            }
        }
        for link in self.links.values_mut() {
            link.send_again();
        }
    }

    /// Others have given this node up, and told its rooms. It goes on as a new one.
    fn be_reborn(&mut self, now: Now) {
        tracing::warn!(node = %self.id, "other nodes have given this one up; it goes on anew");
        self.figures.count(Count::Fenced, 1);
        self.past_ids.push(self.id);
        // Which bits is of no account: nobody may have to guess them, and no two are the same.
        let mixed = (self.id.as_u64() ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xd6e8_feb8_6659_fd93);
        self.id = NodeId::from_random(mixed ^ (mixed >> 32));
        self.hub.media.add_node(self.id);
        self.info.incarnation += 1;
        self.subscribed = false;
        let links = std::mem::take(&mut self.links);
        for room in self.rooms.values_mut() {
            room.indexed = false;
        }
        self.begin_era(now);
        self.ask(Asked::Nothing, Request::Subscribe(self.id));
        for link in links.into_values() {
            self.send_anew(link, now);
        }
    }

    /// A node is dead: nothing goes there any more. Its own messages are void, for its clients
    /// are elsewhere, or it will go on under another id.
    pub(super) fn bury(&mut self, node: NodeId, now: Now) {
        if let Some(link) = self.links.remove(&node) {
            self.send_anew(link, now);
        }
    }

    fn check_rooms(&mut self, now: Now) {
        if self.checks >= CHECKS || !self.subscribed {
            // As soon as one is answered.
            self.next_walk = now.instant;
            return;
        }
        let due = |room: &Room| {
            room.copy.is_some()
                && !room.is_flying()
                && room
                    .checked_at
                    .is_none_or(|at| now.instant.saturating_duration_since(at) >= CHECK_EVERY)
        };
        let mut rooms: Vec<RoomId> = Vec::new();
        for (id, room) in &mut self.rooms {
            if due(room) {
                // Whoever tells rooms of a lost node may have missed this one.
                let homes = room.copy.iter().flat_map(|copy| &copy.state.participants);
                for one in homes.filter(|one| one.presence == Presence::Connected) {
                    if one.home != self.id && one.home != NodeId::SINGLE {
                        self.liveness.meet(one.home, now.instant);
                    }
                    room.unsettled |= self.liveness.is_dead(one.home);
                }
                let seat = room.copy.as_ref().and_then(|copy| copy.state.media);
                if let Some(seat) = seat.filter(|seat| seat.node != self.id) {
                    self.liveness.meet(seat.node, now.instant);
                    room.unsettled |= self.liveness.is_dead(seat.node);
                }
                room.checked_at = Some(now.instant);
                rooms.push(*id);
                if rooms.len() == CHECK_ROOMS * (CHECKS - self.checks) {
                    self.next_walk = now.instant;
                    break;
                }
            }
        }
        for rooms in rooms.chunks(CHECK_ROOMS) {
            self.checks += 1;
            let rooms = rooms.to_vec();
            let era = self.era;
            let asked = Asked::Check {
                rooms: rooms.clone(),
                era,
            };
            self.ask(asked, Request::Check(rooms));
        }
    }

    fn on_checked(&mut self, rooms: &[RoomId], tags: &[Option<Tag>], era: u64, now: Now) {
        for (id, tag) in rooms.iter().zip(tags) {
            let Some(room) = self.rooms.get_mut(id) else {
                continue;
            };
            let is_flying = room.is_flying();
            let Some(copy) = &mut room.copy else {
                continue;
            };
            if tag.as_ref() == Some(&copy.tag) {
                // Who was not sure of someone before is now.
                room.unsettled |= copy.era < era;
                copy.era = copy.era.max(era);
            } else if !is_flying {
                let first_look = copy.era < era;
                room.stale = Some(match first_look {
                    true => Count::ResyncReconnect,
                    false => Count::ResyncCheck,
                });
            }
            self.advance(*id, now);
        }
    }

    fn index_rooms(&mut self) {
        if self.to_index.is_empty() && self.to_forget.is_empty() {
            return;
        }
        let mut add = std::mem::take(&mut self.to_index);
        add.sort_unstable();
        add.dedup();
        let mut remove: Vec<RoomId> = std::mem::take(&mut self.to_forget).into_iter().collect();
        remove.retain(|room| !self.rooms.contains_key(room));
        let request = Request::Index {
            node: self.id,
            add: add.clone(),
            remove,
        };
        self.ask(Asked::Index { add }, request);
    }

    fn on_claimed(&mut self, node: NodeId, now: Now) {
        tracing::warn!(%node, "node given up");
        self.figures.count(Count::Reap, 1);
        self.liveness.declare_dead(node, now.instant);
        self.bury(node, now);
        self.reaping.insert(node, Reaping::default());
        self.ask(Asked::RoomsOf(node), Request::RoomsOf(node));
    }

    fn on_rooms_of(&mut self, node: NodeId, rooms: Vec<RoomId>, now: Now) {
        if rooms.is_empty() {
            return self.reaped(node);
        }
        if let Some(reaping) = self.reaping.get_mut(&node) {
            reaping.rooms += rooms.len();
        }
        self.to_reap
            .extend(rooms.into_iter().map(|room| (node, room)));
        self.go_on_reaping(now);
    }

    pub(super) fn reaped(&mut self, node: NodeId) {
        if let Some(reaping) = self.reaping.remove(&node)
            && !reaping.failed
        {
            self.ask(Asked::Nothing, Request::Reaped(node));
        }
    }

    pub(super) fn ask_for_room(&mut self, room: RoomId, request: Request) -> RequestId {
        self.ask(Asked::Room(room), request)
    }

    fn ask(&mut self, asked: Asked, request: Request) -> RequestId {
        self.next_request += 1;
        let id = RequestId(self.next_request);
        self.pending.insert(id, asked);
        self.requests.push((id, request));
        id
    }

    pub(super) fn new_tag(&mut self) -> Tag {
        self.next_tag += 1;
        Tag::new(self.id, self.next_tag)
    }

    /// Bits that are random enough to keep nodes out of each other's step.
    pub(super) fn mix(&mut self) -> u64 {
        self.mixed = (self.mixed ^ self.id.as_u64())
            .wrapping_add(0x9e37_79b9_7f4a_7c15)
            .wrapping_mul(0xbf58_476d_1ce4_e5b9);
        self.mixed >> 24
    }

    pub(super) fn is_mine(&self, node: NodeId) -> bool {
        node == self.id || self.past_ids.contains(&node)
    }

    /// Ends an op, and what hangs on its end.
    pub(super) fn finish(&mut self, op: Op, outcome: Result<&RoomState, Refusal>) {
        let failed = matches!(outcome, Err(refusal) if refusal.code() == wecall_protocol::ErrorCode::Unavailable);
        op.work.finish(outcome);
        if let Some(node) = op.reaps
            && let Some(reaping) = self.reaping.get_mut(&node)
        {
            reaping.rooms -= 1;
            reaping.failed |= failed;
            if reaping.rooms == 0 && !self.to_reap.iter().any(|(other, _)| *other == node) {
                self.reaped(node);
            }
        }
    }

    /// Puts an item on its way; its number, or that too many wait.
    pub(super) fn send(&mut self, to: NodeId, sent: Sent, now: Now) -> Option<u64> {
        let link = self
            .links
            .entry(to)
            .or_insert_with(|| Link::new(now.instant));
        match link.send(sent) {
            Ok(number) => {
                self.figures.count(Count::LinkSent, 1);
                Some(number)
            }
            Err(_) => {
                self.figures.count(Count::LinkDropped, 1);
                None
            }
        }
    }

    fn on_link(&mut self, note: &LinkNote<'_>, now: Now) {
        if note.to != self.id || self.liveness.is_dead(note.from) {
            // It will learn of it, and go on under another id.
            return;
        }
        let lag = now.time.as_unix_ms().saturating_sub(note.sent_at);
        self.figures
            .inbox_lag(Duration::from_millis(u64::try_from(lag).unwrap_or(0)));
        let link = self
            .links
            .entry(note.from)
            .or_insert_with(|| Link::new(now.instant));
        let received = link.receive(note, now.instant);
        self.figures
            .count(Count::LinkReceived, received.items.len() as u64);
        self.figures
            .count(Count::LinkDuplicate, received.duplicates);
        self.figures.count(Count::LinkLost, received.early);
        for item in received.items {
            self.on_item(note.from, &item, now);
        }
        self.release_held(now);
    }

    pub(super) fn flush_links(&mut self, now: Now) {
        if !self.is_up() {
            return;
        }
        let mut batches = Vec::new();
        for (node, link) in &mut self.links {
            let unix_ms = now.time.as_unix_ms();
            if let Some(batch) = link.next_batch((self.id, *node), now.instant, unix_ms) {
                batches.push((*node, batch));
            }
        }
        // What is passed on goes out before it is acknowledged: see `relays`.
        batches.sort_by_key(|(_, batch)| batch.is_bare);
        for (to, batch) in batches {
            self.figures.count(Count::LinkPublish, 1);
            self.figures.count(Count::LinkRetransmitted, batch.again);
            let payload = batch.payload;
            self.ask(Asked::Publish(to), Request::Publish { to, payload });
        }
    }
}
