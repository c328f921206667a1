//! By which way a participant's media has to go: connections to the others, or one to the room's
//! media server, and both while the room changes over. A machine without sockets or a clock.

use std::collections::BTreeMap;

use wecall_protocol::{
    MediaSource, ParticipantInfo, PeerId, RoomSnapshot, ServerMessage, Topology, TopologySet,
};

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    Participant(PeerId),
    Media(PeerId),
}

#[derive(Debug, Clone, Copy)]
pub struct Other {
    pub camera: bool,
    pub screen: bool,
    path: Topology,
    /// Counts those who came; views go by it.
    order: usize,
}

pub struct Way {
    me: PeerId,
    pub topology: Topology,
    pub media: Option<PeerId>,
    /// By which everything comes that is to come.
    pub path: Topology,
    others: BTreeMap<PeerId, Other>,
    came: usize,
}

impl Way {
    pub fn new(me: PeerId, room: &RoomSnapshot) -> Self {
        let mut way = Self {
            me,
            topology: room.topology,
            media: room.media.map(|media| media.peer_id),
            path: Topology::Mesh,
            others: BTreeMap::new(),
            came: 0,
        };
        room.participants.iter().for_each(|one| way.add(one));
        way
    }

    fn add(&mut self, one: &ParticipantInfo) {
        if one.peer_id == self.me {
            return;
        }
        self.came += 1;
        let other = Other {
            camera: one.media.camera,
            screen: one.media.screen,
            path: one.path,
            order: self.came,
        };
        self.others.insert(one.peer_id, other);
    }

    /// Takes in what the server says. Gives to whom to offer because of it.
    pub fn hear(&mut self, message: &ServerMessage<'_>) -> Vec<PeerId> {
        match message {
            ServerMessage::PeerJoined(joined) => self.add(&joined.participant),
            ServerMessage::PeerLeft(left) => {
                self.others.remove(&left.peer_id);
            }
            ServerMessage::MediaState(state) => {
                if let Some(other) = self.others.get_mut(&state.peer_id) {
                    (other.camera, other.screen) = (state.camera, state.screen);
                }
            }
            ServerMessage::MediaPath(told) if told.peer_id == self.me => self.path = told.path,
            ServerMessage::MediaPath(told) => {
                if let Some(other) = self.others.get_mut(&told.peer_id) {
                    other.path = told.path;
                }
            }
            ServerMessage::Topology(set) => return self.change(set),
            _ => {}
        }
        Vec::new()
    }

    fn change(&mut self, set: &TopologySet) -> Vec<PeerId> {
        let before = self.topology;
        self.topology = set.topology;
        let media = set.media.map(|media| media.peer_id);
        if media != self.media {
            // Nothing has come by it yet.
            self.path = Topology::Mesh;
        }
        self.media = media;
        if (before, set.topology) != (Topology::Sfu, Topology::Mesh) {
            return Vec::new();
        }
        // Among those who are there already, the web app compares the texts.
        let me = self.me.to_string();
        let others = self.others.keys();
        others.filter(|id| me < id.to_string()).copied().collect()
    }

    /// Those to whom a newcomer offers.
    pub fn offers_as_newcomer(&self, others: &[PeerId]) -> Vec<PeerId> {
        match self.topology {
            Topology::Mesh => others.to_vec(),
            Topology::Sfu => Vec::new(),
        }
    }

    /// The media server to connect to.
    pub fn wanted_media(&self) -> Option<PeerId> {
        self.media.filter(|_| self.topology == Topology::Sfu)
    }

    /// Whether a connection that is there is needed still.
    pub fn keeps(&self, end: End) -> bool {
        match end {
            End::Participant(id) => self.others.get(&id).is_some_and(|other| {
                self.topology == Topology::Mesh
                    || self.path == Topology::Mesh
                    || other.path == Topology::Mesh
            }),
            // One that was replaced ends when its successor is connected.
            End::Media(_) => {
                self.topology == Topology::Sfu
                    || self.path == Topology::Sfu
                    || self
                        .others
                        .values()
                        .any(|other| other.path == Topology::Sfu)
            }
        }
    }

    pub fn knows(&self, id: PeerId) -> bool {
        self.others.contains_key(&id)
    }

    pub fn others(&self) -> impl Iterator<Item = (PeerId, Other)> + '_ {
        self.others.iter().map(|(id, other)| (*id, *other))
    }

    /// What to look at when there are `places`: screens, then cameras, the first who came first.
    pub fn to_watch(&self, places: usize) -> Vec<(PeerId, MediaSource)> {
        let mut others: Vec<_> = self.others().collect();
        others.sort_unstable_by_key(|(_, other)| other.order);
        let screens = others.iter().filter(|(_, other)| other.screen);
        let cameras = others.iter().filter(|(_, other)| other.camera);
        screens
            .map(|(id, _)| (*id, MediaSource::Screen))
            .chain(cameras.map(|(id, _)| (*id, MediaSource::Camera)))
            .take(places)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use wecall_protocol::{
        LeaveReason, MediaServer, MediaState, PeerLeft, PeerMediaPath, Role, Timestamp, UserName,
    };

    use super::*;

    fn id(byte: u8) -> PeerId {
        PeerId::from_random([byte; 16])
    }

    fn participant(byte: u8) -> ParticipantInfo {
        ParticipantInfo {
            peer_id: id(byte),
            user_name: UserName::anonymous(),
            role: Role::Participant,
            media: MediaState::default(),
            hand_raised_at: None,
            joined_at: Timestamp::from_unix_ms(0),
            capabilities: Vec::new(),
            path: Topology::Mesh,
            reach: None,
            publisher: false,
        }
    }

    fn way(topology: Topology, others: &[u8]) -> Way {
        let room = RoomSnapshot {
            room_id: "ABC23456".parse().expect("an id"),
            room_name: None,
            created_at: Timestamp::from_unix_ms(0),
            expires_at: None,
            version: 1,
            max_participants: 9,
            locked: false,
            recovering: false,
            topology,
            media: Some(server(200)),
            participants: others.iter().map(|byte| participant(*byte)).collect(),
            chat: Vec::new(),
        };
        Way::new(id(5), &room)
    }

    fn server(byte: u8) -> MediaServer {
        MediaServer {
            peer_id: id(byte),
            from_participants: 5,
        }
    }

    fn topology(topology: Topology) -> ServerMessage<'static> {
        ServerMessage::Topology(TopologySet {
            topology,
            media: Some(server(200)),
        })
    }

    fn path(byte: u8, path: Topology) -> ServerMessage<'static> {
        ServerMessage::MediaPath(PeerMediaPath {
            peer_id: id(byte),
            path,
            reach: None,
        })
    }

    #[test]
    fn newcomer_offers_to_all_in_a_mesh_and_to_nobody_else() {
        let mesh = way(Topology::Mesh, &[1, 2, 5]);
        assert_eq!(mesh.offers_as_newcomer(&[id(1), id(2)]), [id(1), id(2)]);
        assert_eq!(mesh.wanted_media(), None);
        let over_media = way(Topology::Sfu, &[1, 2, 5]);
        assert!(over_media.offers_as_newcomer(&[id(1), id(2)]).is_empty());
        assert_eq!(over_media.wanted_media(), Some(id(200)));
    }

    #[test]
    fn connection_between_two_lives_until_both_have_all_by_the_media_server() {
        let mut way = way(Topology::Mesh, &[1, 2]);
        way.hear(&topology(Topology::Sfu));
        way.path = Topology::Sfu;
        way.hear(&path(1, Topology::Sfu));
        assert!(!way.keeps(End::Participant(id(1))));
        assert!(way.keeps(End::Participant(id(2))));
        way.path = Topology::Mesh;
        assert!(way.keeps(End::Participant(id(1))));
    }

    #[test]
    fn on_the_way_back_the_lower_offers_and_the_media_server_stays_for_the_last() {
        let mut way = way(Topology::Sfu, &[1, 9]);
        way.hear(&path(9, Topology::Sfu));
        way.path = Topology::Sfu;
        assert_eq!(way.hear(&topology(Topology::Mesh)), [id(9)]);
        way.path = Topology::Mesh;
        assert!(way.keeps(End::Media(id(200))));
        way.hear(&path(9, Topology::Mesh));
        assert!(!way.keeps(End::Media(id(200))));
    }

    #[test]
    fn who_left_is_watched_no_more() {
        let mut way = way(Topology::Sfu, &[1, 2, 3]);
        assert_eq!(way.to_watch(2).len(), 2);
        way.hear(&ServerMessage::PeerLeft(PeerLeft {
            peer_id: id(1),
            reason: LeaveReason::Left,
        }));
        let watched: Vec<_> = way.to_watch(9).into_iter().map(|(id, _)| id).collect();
        assert_eq!(watched, [id(2), id(3)]);
        assert!(!way.keeps(End::Participant(id(1))));
    }
}
