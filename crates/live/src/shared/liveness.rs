//! Which nodes live. By the store's clock, as it sees heartbeats; by this node's clock, whether
//! the store has been well for long enough to go by it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use wecall_room::NodeId;

/// How often a node says that it lives.
pub(super) const BEAT_EVERY: Duration = Duration::from_secs(1);

/// How often it looks who else does: what is noticed late is told late.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A node that has said nothing for so long is given up.
pub(super) const LEASE: Duration = Duration::from_secs(5);

/// The media of a node that has said nothing for so long is taken elsewhere, before it is given up:
/// people see and hear nothing meanwhile, and should it live, all that it costs is a moment of
/// two connections.
const SUSPECT: Duration = Duration::from_millis(2_500);

/// For so long after the store stalled, restarted or failed over nobody is given up: who could not
/// reach it could not say that they live.
const TRUST_AFTER: Duration = Duration::from_secs(5);

/// Between two answers; a longer silence is a stall.
const STALL: Duration = Duration::from_millis(1_500);

/// What a node tells of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NodeInfo {
    /// How operators know it.
    pub name: String,
    /// Distinguishes the lives of one name: Unix milliseconds of the start.
    pub incarnation: u64,
    pub region: String,
    pub roles: Vec<String>,
    /// The address of its WebSocket for clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// The address at which other nodes and media clients may reach it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// How much it has to do.
    #[serde(default)]
    pub rooms: u64,
    #[serde(default)]
    pub participants: u64,
    /// Connections of its media server, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_load: Option<u64>,
    /// Goes away: new clients shall go elsewhere.
    #[serde(default)]
    pub draining: bool,
    pub version: String,
}

/// What the store knows of all nodes.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    /// This node was given up by another one.
    pub fenced: bool,
    pub nodes: Vec<Registered>,
    /// Nodes that were given up, and how long ago someone began to tell their rooms of it.
    pub lost: Vec<(NodeId, Duration)>,
}

#[derive(Debug, Clone)]
pub struct Registered {
    pub id: NodeId,
    /// Since its last heartbeat.
    pub age: Duration,
    pub info: NodeInfo,
}

/// What this node believes of the others.
#[derive(Debug)]
pub(super) struct Liveness {
    known: BTreeMap<NodeId, NodeInfo>,
    /// Given up; a message to them would wait for ever.
    dead: BTreeMap<NodeId, Instant>,
    /// Nodes that have participants or links and are not known, and since when: the store may have
    /// lost them, they may have come a moment ago, or be dead for long.
    strangers: BTreeMap<NodeId, Instant>,
    last_answer: Option<Instant>,
    trusted_since: Instant,
}

/// How long it is remembered that a node is dead: longer than anyone waits for one of its
/// participants.
const DEAD_KEPT_FOR: Duration = Duration::from_secs(120);

impl Liveness {
    pub fn new(now: Instant) -> Self {
        Self {
            known: BTreeMap::new(),
            dead: BTreeMap::new(),
            strangers: BTreeMap::new(),
            last_answer: None,
            trusted_since: now,
        }
    }

    /// The store was away, or may be another one than before.
    pub fn distrust(&mut self, now: Instant) {
        self.trusted_since = now;
    }

    pub fn is_trusted(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.trusted_since) >= TRUST_AFTER
    }

    /// Takes in what the store knows; gives the nodes that are to be given up, and those of which
    /// it was learnt that they are.
    pub fn learn(&mut self, registry: &Registry, me: NodeId, now: Instant) -> Learnt {
        let silence = self
            .last_answer
            .map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        if silence > STALL {
            self.distrust(now);
        }
        self.last_answer = Some(now);
        self.dead
            .retain(|_, since| now.saturating_duration_since(*since) < DEAD_KEPT_FOR);

        let mut learnt = Learnt::default();
        // Who lives has had two heartbeats by then: taking media elsewhere for nothing costs little,
        // and people wait.
        if now.saturating_duration_since(self.trusted_since) >= SUSPECT {
            let silent = registry
                .nodes
                .iter()
                .filter(|node| node.id != me && node.age >= SUSPECT);
            learnt.suspects.extend(silent.map(|node| node.id));
        }
        let known = registry
            .nodes
            .iter()
            .map(|node| (node.id, node.info.clone()))
            .collect();
        let before = std::mem::replace(&mut self.known, known);
        let is_trusted = self.is_trusted(now);
        for node in before.into_keys() {
            if node == me || self.known.contains_key(&node) {
                continue;
            }
            if !is_trusted {
                // The store may have lost it.
                self.strangers.entry(node).or_insert(now);
            } else if self.dead.insert(node, now).is_none() {
                // Nothing but being given up takes a node from the registry.
                learnt.died.push(node);
            }
        }
        let (known, dead) = (&self.known, &self.dead);
        self.strangers
            .retain(|node, _| !known.contains_key(node) && !dead.contains_key(node));
        let is_back = |node: &&Registered| {
            let since = self.dead.get(&node.id);
            since.is_some_and(|since| now.saturating_duration_since(*since) >= BEAT_EVERY)
        };
        let back = registry.nodes.iter().filter(is_back);
        learnt.to_fence.extend(back.map(|node| node.id));
        for (node, _) in &registry.lost {
            if *node != me && self.dead.insert(*node, now).is_none() {
                learnt.died.push(*node);
            }
        }
        if is_trusted {
            let expired = registry
                .nodes
                .iter()
                .filter(|node| node.id != me && node.age >= LEASE);
            learnt.to_reap.extend(expired.map(|node| node.id));
            let left = registry.lost.iter().filter(|(_, age)| *age >= LEASE);
            learnt
                .to_reap
                .extend(left.map(|(node, _)| *node).filter(|node| *node != me));
            let missing = self
                .strangers
                .iter()
                .filter(|(_, since)| now.saturating_duration_since(**since) >= LEASE);
            learnt.to_reap.extend(missing.map(|(node, _)| *node));
            learnt.to_reap.sort_unstable();
            learnt.to_reap.dedup();
        }
        learnt
    }

    /// Whether the node was given up. It will learn of it, and go on under another id.
    pub fn is_dead(&self, node: NodeId) -> bool {
        self.dead.contains_key(&node)
    }

    /// A node has participants here, or a link. Should it stay unknown, it is given up as well:
    /// it may have been lost together with what the store knew of it.
    pub fn meet(&mut self, node: NodeId, now: Instant) {
        if !self.known.contains_key(&node) && !self.dead.contains_key(&node) {
            self.strangers.entry(node).or_insert(now);
        }
    }

    pub fn declare_dead(&mut self, node: NodeId, now: Instant) {
        self.known.remove(&node);
        self.strangers.remove(&node);
        self.dead.insert(node, now);
    }

    pub fn known(&self) -> impl Iterator<Item = (&NodeId, &NodeInfo)> {
        self.known.iter()
    }

    pub fn dead_count(&self) -> usize {
        self.dead.len()
    }
}

#[derive(Debug, Default)]
pub(super) struct Learnt {
    /// Given up a while ago, and still here: the store has lost that they were.
    pub to_fence: Vec<NodeId>,
    pub to_reap: Vec<NodeId>,
    pub died: Vec<NodeId>,
    /// Have said nothing for a while.
    pub suspects: Vec<NodeId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: NodeId = NodeId::from_random(1);
    const OTHER: NodeId = NodeId::from_random(2);

    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary instant to count from"
    )]
    fn start() -> Instant {
        Instant::now()
    }

    fn registry(age_ms: u64) -> Registry {
        Registry {
            nodes: vec![Registered {
                id: OTHER,
                age: Duration::from_millis(age_ms),
                info: NodeInfo::default(),
            }],
            ..Registry::default()
        }
    }

    /// Looks twice a second, from `from` to `to`; the last decision.
    fn look(
        liveness: &mut Liveness,
        from: Instant,
        ms: std::ops::Range<u64>,
        age_ms: u64,
    ) -> Vec<NodeId> {
        let mut last = vec![];
        for at in ms.step_by(500) {
            let now = from + Duration::from_millis(at);
            last = liveness.learn(&registry(age_ms), ME, now).to_reap;
        }
        last
    }

    #[test]
    fn node_is_given_up_when_its_lease_is_over_and_not_before() {
        let now = start();
        let mut liveness = Liveness::new(now);
        assert!(look(&mut liveness, now, 0..6_000, 4_999).is_empty());
        let at = now + Duration::from_millis(6_000);
        assert_eq!(liveness.learn(&registry(5_000), ME, at).to_reap, [OTHER]);
    }

    #[test]
    fn nobody_is_given_up_soon_after_a_stall_of_the_store() {
        let now = start();
        let mut liveness = Liveness::new(now);
        look(&mut liveness, now, 0..6_000, 0);
        // Ten seconds of silence, after which all heartbeats are old.
        assert!(look(&mut liveness, now, 16_000..20_500, 10_000).is_empty());
        assert_eq!(look(&mut liveness, now, 20_500..21_600, 10_000), [OTHER]);
    }

    #[test]
    fn who_stays_unknown_is_given_up_only_when_the_store_is_trusted() {
        let now = start();
        let mut liveness = Liveness::new(now);
        let stranger = NodeId::from_random(3);
        liveness.meet(stranger, now);
        assert!(look(&mut liveness, now, 0..5_000, 0).is_empty());
        assert_eq!(look(&mut liveness, now, 5_000..5_500, 0), [stranger]);
        let later = now + Duration::from_secs(6);
        liveness.distrust(later);
        assert!(look(&mut liveness, later, 0..1_000, 0).is_empty());
        assert!(!liveness.is_dead(stranger));
    }

    #[test]
    fn who_has_just_come_is_no_stranger_for_long() {
        let now = start();
        let mut liveness = Liveness::new(now);
        look(&mut liveness, now, 0..6_000, 0);
        let newcomer = NodeId::from_random(3);
        liveness.meet(newcomer, now + Duration::from_secs(6));
        assert!(look(&mut liveness, now, 6_000..10_500, 0).is_empty());
    }

    #[test]
    fn who_vanishes_was_given_up_by_another_unless_the_store_has_lost_it() {
        let now = start();
        let mut liveness = Liveness::new(now);
        look(&mut liveness, now, 0..6_000, 0);
        let later = now + Duration::from_secs(6);
        assert_eq!(
            liveness.learn(&Registry::default(), ME, later).died,
            [OTHER]
        );

        let mut liveness = Liveness::new(now);
        look(&mut liveness, now, 0..6_000, 0);
        liveness.distrust(later);
        assert!(
            liveness
                .learn(&Registry::default(), ME, later)
                .died
                .is_empty()
        );
        assert!(!liveness.is_dead(OTHER));
    }
}
