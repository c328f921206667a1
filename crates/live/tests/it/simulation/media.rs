//! Media servers, one at each node: they know what they are told, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc;
use wecall_live::{Live, ToMedia};
use wecall_protocol::{MediaServer, PeerId, RoomId, RoomSnapshot, Topology};
use wecall_room::RoomState;

use super::{
    World,
    client::Stage,
    gateway::Text,
    network::{Life, Phase},
};

/// What a client is told of the way of media.
pub type Way = (Topology, Option<MediaServer>);

pub fn way_of(room: &RoomSnapshot) -> Way {
    (room.topology, room.media)
}

pub struct MediaServerOfNode {
    inbox: mpsc::Receiver<ToMedia>,
    /// The rooms that it serves, its name in each, and who is in.
    rooms: BTreeMap<RoomId, (PeerId, BTreeSet<PeerId>)>,
    /// Who has said something to it, and under which name.
    heard: BTreeSet<(PeerId, PeerId)>,
}

impl MediaServerOfNode {
    pub fn of(live: &Live) -> Self {
        Self {
            inbox: live.open_media().expect("it is opened once"),
            rooms: BTreeMap::new(),
            heard: BTreeSet::new(),
        }
    }

    /// Takes what it was told; what was wrong with it.
    fn take(&mut self) -> Option<String> {
        while let Ok(told) = self.inbox.try_recv() {
            match told {
                ToMedia::Room {
                    room,
                    media,
                    members,
                } => {
                    self.rooms
                        .insert(room, (media, members.into_iter().collect()));
                }
                ToMedia::RoomGone { room } => {
                    self.rooms.remove(&room);
                }
                ToMedia::Message {
                    room, media, from, ..
                } => {
                    let serves = self
                        .rooms
                        .get(&room)
                        .is_some_and(|(name, _)| *name == media);
                    if !serves {
                        return Some(format!(
                            "{from} is handed to {media}, which is not in {room}"
                        ));
                    }
                    self.heard.insert((from, media));
                }
                ToMedia::Ask { .. } => {}
            }
        }
        None
    }
}

impl World {
    pub fn serve_media(&mut self, life: usize) {
        if let Some(wrong) = self.lives[life].media.take() {
            self.fail(format!("node {life}: {wrong}"));
        }
    }

    /// Everyone says something to the media server that they know of.
    pub fn offer_all(&mut self) {
        for number in 0..self.clients.len() {
            if let (Stage::In(_), Some(media)) =
                (self.clients[number].stage, self.clients[number].way.1)
            {
                let target = media.peer_id;
                self.say(number, Text::Relay { target, number: 1 });
            }
        }
    }

    /// The media server is where the room says, knows who is in, and hears all of them.
    pub fn check_media_at_end(&mut self, state: &RoomState, there: &BTreeMap<PeerId, usize>) {
        let id = state.id;
        let Some(seat) = state.media else {
            if state.participants.iter().any(|one| one.capabilities.sfu) {
                self.fail(format!("{id} has no media server"));
            }
            return;
        };
        let runs = |life: &&Life| life.phase == Phase::Running && life.shared.id() == seat.node;
        let Some(life) = self.lives.iter().find(runs) else {
            return self.fail(format!(
                "the media server of {id} is at {}, gone",
                seat.node
            ));
        };
        let members: BTreeSet<PeerId> = there.keys().copied().collect();
        if life.media.rooms.get(&id) != Some(&(seat.peer, members)) {
            let told = life.media.rooms.get(&id).cloned();
            return self.fail(format!(
                "the media server of {id} knows {told:?}, not {seat:?}"
            ));
        }
        let unheard = there.keys().find(|peer| {
            let can = state
                .participant(**peer)
                .is_some_and(|one| one.capabilities.sfu);
            can && !life.media.heard.contains(&(**peer, seat.peer))
        });
        if let Some(peer) = unheard {
            return self.fail(format!("the media server of {id} has not heard {peer}"));
        }
        for (peer, number) in there {
            let (topology, media) = self.clients[*number].way;
            let told = (topology, media.map(|media| media.peer_id));
            if told != (state.topology, Some(seat.peer)) {
                return self.fail(format!("{peer} was told {told:?}, not {seat:?}"));
            }
        }
        let others = self
            .lives
            .iter()
            .filter(|life| life.phase == Phase::Running);
        let serving = others
            .filter(|life| life.media.rooms.contains_key(&id))
            .count();
        if serving > 1 {
            self.fail(format!("{serving} nodes believe that they serve {id}"));
        }
    }
}
