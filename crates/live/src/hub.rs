use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use dashmap::DashMap;
use wecall_protocol::{
    By, ErrorCode, Joined, LeaveReason, Participants, PeerHand, PeerId, PeerJoined, PeerLeft,
    PeerMediaPath, PeerMediaState, PeerRename, PeerRole, RoomEnded, RoomLock, ServerMessage,
    Timestamp, TopologySet,
};
use wecall_room::{Change, Event, NodeId, Participant, RoomState, Rules};

use crate::{Audience, ResumeClaims, Session, Tokens, media::MediaDoor, session::Line};

/// The sessions of this node, and the way to them of what happens in their rooms.
pub struct Hub {
    /// By participant; those who are in a room, whether or not their socket is there.
    sessions: DashMap<PeerId, Arc<Session>>,
    /// Of those whose `join` is under way.
    joining: DashMap<PeerId, Arc<Session>>,
    /// Who is out for good, or was never let in, while the store could not be told so.
    gone: Mutex<VecDeque<PeerId>>,
    /// What is answered just now is of the past, as the store cannot be asked.
    is_of_the_past: AtomicBool,
    /// Counts of messages that have begun here.
    lines: AtomicU64,
    pub(crate) media: MediaDoor,
    tokens: Tokens,
    rules: Rules,
}

/// Those who went while the store was away: more than a node loses in an outage. Of the others it
/// is told that they are away, and they leave when their grace time has passed.
const GONE_KEPT: usize = 4_096;

/// Close code of RFC 6455 for a purpose that is fulfilled.
const CLOSE_NORMAL: u16 = 1000;

impl Hub {
    pub fn new(tokens: Tokens, rules: Rules) -> Self {
        Self {
            sessions: DashMap::new(),
            joining: DashMap::new(),
            gone: Mutex::default(),
            is_of_the_past: AtomicBool::new(false),
            lines: AtomicU64::new(0),
            media: MediaDoor::default(),
            tokens,
            rules,
        }
    }

    pub(crate) fn session(&self, peer: PeerId) -> Option<Arc<Session>> {
        self.sessions.get(&peer).map(|session| session.clone())
    }

    pub(crate) fn is_current(&self, session: &Session) -> bool {
        let current = self.sessions.get(&session.peer);
        current.is_some_and(|current| std::ptr::eq(&**current, session))
    }

    /// In place of one that may still have a socket: it is another one's now.
    pub(crate) fn insert(&self, session: Arc<Session>) {
        if let Some(before) = self.sessions.insert(session.peer, session)
            && !before.has_departed()
        {
            before.close(wecall_protocol::close::SESSION_TAKEN);
        }
    }

    /// Becomes the session of its peer when the room has let them in.
    pub(crate) fn expect(&self, session: Arc<Session>) {
        self.joining.insert(session.peer, session);
    }

    pub(crate) fn unexpect(&self, session: &Session) {
        self.joining.remove_if(&session.peer, |_, joining| {
            std::ptr::eq(&**joining, session)
        });
    }

    /// The session is over here without a word, whatever the room says.
    pub(crate) fn forget(&self, session: &Session) {
        self.sessions.remove_if(&session.peer, |_, current| {
            std::ptr::eq(&**current, session)
        });
    }

    pub(crate) fn is_of_the_past(&self) -> bool {
        self.is_of_the_past.load(Ordering::Relaxed)
    }

    pub(crate) fn set_of_the_past(&self, is_of_the_past: bool) {
        self.is_of_the_past.store(is_of_the_past, Ordering::Relaxed);
    }

    /// The store could not be told that they are out; see [`Self::is_gone`].
    pub(crate) fn note_gone(&self, peer: PeerId) {
        let mut gone = self.lock_gone();
        gone.retain(|other| *other != peer);
        if gone.len() == GONE_KEPT {
            gone.pop_front();
        }
        gone.push_back(peer);
    }

    /// Whether someone whose session is not here has said goodbye, or was never told that they are
    /// in. Anyone else without a session may be at another node, and come back here.
    pub(crate) fn is_gone(&self, peer: PeerId) -> bool {
        self.lock_gone().contains(&peer)
    }

    fn lock_gone(&self) -> MutexGuard<'_, VecDeque<PeerId>> {
        // A panic while the lock was held leaves a list that is a list.
        self.gone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a `join` of this peer is under way.
    pub(crate) fn is_expected(&self, peer: PeerId) -> bool {
        self.joining.contains_key(&peer)
    }

    pub(crate) fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// All sessions at this moment; for the end of the server.
    pub(crate) fn sessions(&self) -> Vec<Arc<Session>> {
        self.sessions
            .iter()
            .map(|entry| entry.value().clone())
            .collect()
    }

    pub(crate) fn resume_token(
        &self,
        room: &RoomState,
        participant: &Participant,
        line: Line,
        now: Timestamp,
    ) -> String {
        self.tokens.resume(&ResumeClaims {
            room: room.id,
            room_name: room.name.clone(),
            room_created_at: room.created_at,
            room_expires_at: room.expires_at,
            room_max_participants: room.max_participants,
            peer: participant.id,
            name: participant.name.clone(),
            role: participant.role,
            media: participant.media,
            capabilities: participant.capabilities,
            since_version: participant.since_version,
            joined_at: Some(participant.joined_at),
            line,
            issued_at: now,
        })
    }

    /// A count of messages that no other session of the same participant has, here or elsewhere.
    pub(crate) fn new_line(&self, home: NodeId, now: Timestamp) -> Line {
        let count = self.lines.fetch_add(1, Ordering::Relaxed);
        let now = now.as_unix_ms().cast_unsigned();
        Line(home.as_u64() ^ now.rotate_left(20) ^ count)
    }

    pub(crate) fn tell_all(
        &self,
        room: &RoomState,
        except: Option<PeerId>,
        message: &ServerMessage<'_>,
    ) {
        let mut body: Option<Arc<str>> = None;
        for participant in &room.participants {
            if Some(participant.id) == except {
                continue;
            }
            if let Some(session) = self.sessions.get(&participant.id) {
                let body = body.get_or_insert_with(|| message.encode().into());
                session.tell(body.clone());
            }
        }
    }

    /// Tells everyone who is here a message that is encoded already.
    pub(crate) fn tell_all_text(&self, room: &RoomState, body: &Arc<str>) {
        for participant in &room.participants {
            if let Some(session) = self.sessions.get(&participant.id) {
                session.tell(body.clone());
            }
        }
    }

    fn tell(&self, peer: PeerId, message: &ServerMessage<'_>) {
        if let Some(session) = self.sessions.get(&peer) {
            session.tell(message.encode().into());
        }
    }

    fn joined(&self, room: &RoomState, participant: &Participant) {
        let message = ServerMessage::PeerJoined(PeerJoined {
            peer_id: participant.id,
            participant: participant.info(),
        });
        self.tell_all(room, Some(participant.id), &message);
    }

    /// Tells someone who was let in here how things stand.
    fn welcome(&self, room: &RoomState, participant: &Participant, now: Timestamp) {
        let peer = participant.id;
        let Some((_, session)) = self.joining.remove(&peer) else {
            return;
        };
        self.lock_gone().retain(|gone| *gone != peer);
        let line = self.new_line(participant.home, now);
        session.begin_line(line);
        let joined = ServerMessage::Joined(Box::new(Joined {
            room_id: room.id,
            peer_id: peer,
            room: room.snapshot(peer, now, &self.rules),
            resume_token: session
                .resumable
                .then(|| self.resume_token(room, participant, line, now)),
            resume_grace_ms: self.resume_grace_ms(),
            ice_servers: session.take_ice_servers(),
        }));
        let others = room.participants.iter().map(|other| other.id);
        let participants = ServerMessage::Participants(Participants {
            participants: others.filter(|other| *other != peer).collect(),
        });
        session.tell(joined.encode().into());
        session.tell(participants.encode().into());
        if let Some(before) = self.sessions.insert(peer, session) {
            before.close(wecall_protocol::close::SESSION_TAKEN);
        }
    }

    fn left(&self, room: &RoomState, peer: PeerId, reason: LeaveReason) {
        let message = ServerMessage::PeerLeft(PeerLeft {
            peer_id: peer,
            reason,
        });
        self.tell_all(room, Some(peer), &message);
        match reason {
            LeaveReason::Left | LeaveReason::Lost => {
                self.sessions.remove(&peer);
            }
            // Its last words, and its end, are in the event that follows.
            LeaveReason::Removed | LeaveReason::Replaced => {}
        }
    }

    /// Says a last word to a participant who is out, and closes their socket after it.
    fn dismiss(&self, peer: PeerId, message: &ServerMessage<'_>) {
        if let Some((_, session)) = self.sessions.remove(&peer) {
            session.tell(message.encode().into());
            session.close(CLOSE_NORMAL);
        }
    }

    fn resume_grace_ms(&self) -> u32 {
        u32::try_from(self.rules.resume_grace.as_millis()).unwrap_or(u32::MAX)
    }

    /// Tells those who are in, here, what happened.
    pub(crate) fn tell_events(&self, room: &RoomState, change: &Change, now: Timestamp) {
        for event in &change.events {
            self.tell_event(room, event, now);
        }
        self.media.changed(room, &change.events);
    }

    fn tell_event(&self, room: &RoomState, event: &Event, now: Timestamp) {
        match event {
            // Nobody is told of a lost socket before its grace time has passed.
            Event::Away(_) | Event::Back(_) => {}
            Event::Joined(peer) => {
                if let Some(participant) = room.participant(*peer) {
                    self.joined(room, participant);
                }
            }
            Event::Left { peer, reason } => self.left(room, *peer, *reason),
            Event::MediaSet { peer, media } => {
                let message = ServerMessage::MediaState(PeerMediaState::new(*peer, *media));
                self.tell_all(room, None, &message);
            }
            Event::TopologySet => {
                let message = ServerMessage::Topology(TopologySet {
                    topology: room.topology,
                    media: room.media_server(&self.rules),
                });
                self.tell_all(room, None, &message);
            }
            Event::PathSet(peer) => {
                if let Some(participant) = room.participant(*peer) {
                    let message = ServerMessage::MediaPath(PeerMediaPath {
                        peer_id: *peer,
                        path: participant.path,
                        reach: participant.reach,
                    });
                    self.tell_all(room, None, &message);
                }
            }
            Event::MicrophoneLowered { peer, by } => {
                self.tell(*peer, &ServerMessage::LowerMicrophone(By { peer_id: *by }));
            }
            Event::Chat(message) => {
                self.tell_all(room, None, &ServerMessage::Chat(message.clone()));
            }
            Event::HandSet(peer) => {
                let raised_at = room.participant(*peer).and_then(|p| p.hand_raised_at);
                let message = ServerMessage::Hand(PeerHand {
                    peer_id: *peer,
                    raised: raised_at.is_some(),
                    hand_raised_at: raised_at,
                });
                self.tell_all(room, None, &message);
            }
            Event::Renamed(peer) => {
                if let Some(participant) = room.participant(*peer) {
                    let message = ServerMessage::Rename(PeerRename {
                        peer_id: *peer,
                        user_name: participant.name.clone(),
                    });
                    self.tell_all(room, None, &message);
                }
            }
            Event::RoleSet { peer, role } => {
                let message = ServerMessage::Role(PeerRole {
                    peer_id: *peer,
                    role: *role,
                });
                self.tell_all(room, None, &message);
                self.renew_token(room, *peer, now);
            }
            Event::LockSet { locked, by } => {
                let message = ServerMessage::Lock(RoomLock {
                    locked: *locked,
                    peer_id: *by,
                });
                self.tell_all(room, None, &message);
            }
            Event::Removed { peer, by } => {
                self.dismiss(*peer, &ServerMessage::Removed(By { peer_id: *by }));
            }
            Event::Ended(reason) => {
                let message = ServerMessage::RoomEnded(RoomEnded { reason: *reason });
                for participant in &room.participants {
                    self.dismiss(participant.id, &message);
                }
            }
        }
    }

    fn renew_token(&self, room: &RoomState, peer: PeerId, now: Timestamp) {
        let (Some(participant), Some(session)) = (room.participant(peer), self.session(peer))
        else {
            return;
        };
        if session.resumable {
            let message = ServerMessage::Session(wecall_protocol::Session {
                resume_token: self.resume_token(room, participant, session.line(), now),
            });
            session.tell(message.encode().into());
        }
    }

    /// The session of `target`, if it is in the same room as `from`.
    pub(crate) fn neighbour(
        &self,
        from: &Session,
        target: PeerId,
    ) -> Result<Arc<Session>, ErrorCode> {
        self.session(target)
            .filter(|session| session.room == from.room && target != from.peer)
            .ok_or(ErrorCode::PeerNotFound)
    }
}

impl Audience for Hub {
    fn changed(&self, room: &RoomState, change: &Change, now: Timestamp) {
        self.tell_events(room, change, now);
        // Last, for what they are told first is how things stand after all of it.
        for event in &change.events {
            if let Event::Joined(peer) = event
                && let Some(participant) = room.participant(*peer)
            {
                self.welcome(room, participant, now);
            }
        }
    }
}
