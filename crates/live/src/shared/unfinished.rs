use std::collections::BTreeSet;

use wecall_room::NodeId;

use super::node::Node;

impl Node {
    /// What is left to be done, by what it is about; nothing when all is quiet. For tests.
    pub fn unfinished(&self) -> Vec<String> {
        let mut left = Vec::new();
        if !self.is_up() || !self.subscribed {
            left.push("the store is away".to_owned());
        }
        for (id, room) in &self.rooms {
            let is_done = room.is_idle()
                && room.stale.is_none()
                && !room.unsettled
                && room.early.is_empty()
                && room.set_aside_until.is_none();
            if !is_done {
                left.push(format!("room {id}"));
            }
            let homes = room.copy.iter().flat_map(|copy| &copy.state.participants);
            let mine = homes.filter(|one| self.is_mine(one.home));
            for one in mine.filter(|one| self.hub.session(one.id).is_none()) {
                left.push(format!("no session of {}", one.id));
            }
        }
        for session in self.hub.sessions() {
            let copy = self.copy_of(session.room);
            let member = copy.and_then(|state| state.participant(session.peer));
            if !member.is_some_and(|one| self.is_mine(one.home)) {
                left.push(format!("a session of {}", session.peer));
            }
        }
        left.extend(self.held.keys().map(|peer| format!("held for {peer}")));
        left.extend(
            self.arrivals
                .keys()
                .map(|peer| format!("arrival of {peer}")),
        );
        left.extend(self.moved.keys().map(|peer| format!("move of {peer}")));
        left.extend(self.reaping.keys().map(|node| format!("reaping of {node}")));
        left.extend(
            self.to_reap
                .iter()
                .map(|(_, room)| format!("reaping of {room}")),
        );
        let known: BTreeSet<NodeId> = self.liveness.known().map(|(id, _)| *id).collect();
        for (node, link) in &self.links {
            if !known.contains(node) {
                left.push(format!("link to {node}, who is not known"));
            } else if !link.is_quiet() {
                left.push(format!("link to {node}"));
            }
        }
        left
    }
}
