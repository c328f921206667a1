//! How participants get into rooms, and back into them.

use std::sync::Arc;

use wecall_protocol::{ErrorCode, Timestamp, rest::IceServer};
use wecall_room::{Command, Join, NodeId, Presence, Returning, RoomState};

use crate::{
    Decision, Joined, Live, Refusal, ResumeClaims, Resumption, Session, Work,
    live::Store,
    session::{Handover, Line, Standing},
};

pub(crate) struct JoinWork {
    pub live: Live,
    /// Made when it is known who they are.
    pub session: Option<Arc<Session>>,
    pub host_token: Option<Box<str>>,
    pub claims: Option<Box<ResumeClaims>>,
    pub ice_servers: Vec<IceServer>,
    pub join: Join,
    pub now: Timestamp,
}

impl Work for JoinWork {
    type Output = Result<Joined, ErrorCode>;

    fn decide(&mut self, room: Option<&RoomState>) -> Result<Decision, Refusal> {
        let Some(room) = room else {
            return match &self.claims {
                Some(claims) => self.live.remembered(claims, self.now),
                None => Err(ErrorCode::RoomNotFound.into()),
            };
        };
        if let Some(token) = &self.host_token {
            let tokens = &self.live.tokens;
            tokens
                .check_host(room.id, room.created_at, token)
                .map_err(|_| ErrorCode::InvalidHostToken)?;
        }
        let claims = self.claims.as_ref();
        let mut join = self.join.clone();
        if let Some(claims) = claims.filter(|claims| claims.room_created_at == room.created_at) {
            join.peer = claims.peer;
            join.returning = Some(returning(claims));
        }
        let resumable = join.capabilities.resume;
        let session = self
            .session
            .get_or_insert_with(|| Arc::new(Session::new(room.id, join.peer, resumable)));
        session.give_ice_servers(&self.ice_servers);
        self.live.hub.expect(session.clone());
        Ok(Decision::Run(Command::Join(join)))
    }

    fn finish(self, outcome: Result<&RoomState, Refusal>) -> Self::Output {
        match (outcome, self.session) {
            (Ok(_), Some(session)) => {
                session.begins_at(self.now);
                Ok(Joined { session, epoch: 0 })
            }
            (Ok(_), None) => Err(ErrorCode::Unavailable),
            (Err(refusal), session) => {
                if let Some(session) = session {
                    self.live.hub.unexpect(&session);
                    if refusal.code() == ErrorCode::Unavailable && self.claims.is_none() {
                        // It may be written all the same that they are in.
                        self.live.hub.note_gone(session.peer);
                    }
                }
                Err(room_is_over(refusal))
            }
        }
    }
}

pub(crate) struct ResumeWork {
    pub live: Live,
    pub claims: Box<ResumeClaims>,
    /// Where the participant was before, if not here.
    pub previous: Option<NodeId>,
    pub last_seq: u64,
    pub now: Timestamp,
}

/// Where the session of someone who comes back is.
pub(crate) enum Arrival {
    Attached(Box<Resumption>),
    /// At this node until now, which knows the room at least at this version when it hands over;
    /// what they are told meanwhile waits in the session.
    From(NodeId, u64, Arc<Session>),
}

impl Work for ResumeWork {
    type Output = Result<Arrival, ErrorCode>;

    fn decide(&mut self, room: Option<&RoomState>) -> Result<Decision, Refusal> {
        let Some(room) = room else {
            return self.live.remembered(&self.claims, self.now);
        };
        let claims = &self.claims;
        if room.created_at != claims.room_created_at {
            return Err(ErrorCode::RoomNotFound.into());
        }
        let (peer, home) = (claims.peer, self.live.home());
        self.previous = room
            .participant(peer)
            .map(|participant| participant.home)
            .filter(|node| !self.live.is_mine(*node));
        let returning = Some(Box::new(Join {
            peer,
            name: claims.name.clone(),
            capabilities: claims.capabilities,
            media: claims.media,
            publisher: false,
            home,
            host: false,
            returning: Some(returning(claims)),
        }));
        Ok(Decision::Run(Command::Resume {
            peer,
            home,
            returning,
        }))
    }

    fn finish(self, outcome: Result<&RoomState, Refusal>) -> Self::Output {
        let room = outcome.map_err(room_is_over)?;
        let peer = self.claims.peer;
        match (self.previous, &self.live.store) {
            (Some(node), Store::Shared(_)) => {
                // What they are told from now on waits here. Should a session be here still, it
                // is of before they went to that node.
                let session = Arc::new(Session::arriving(room.id, peer));
                session.begins_at(self.now);
                self.live.hub.insert(session.clone());
                Ok(Arrival::From(node, room.version, session))
            }
            _ => self
                .live
                .attach(
                    room,
                    peer,
                    (self.claims.line, self.last_seq),
                    None,
                    self.now,
                )
                .map(|resumption| Arrival::Attached(Box::new(resumption))),
        }
    }

    /// Who was here all the time needs nobody else to be here again. Who knows another line has
    /// been elsewhere since.
    fn content_with_the_past(&self) -> bool {
        let session = self.live.hub.session(self.claims.peer);
        session.is_some_and(|session| {
            session.standing() != Standing::Over && session.line() == self.claims.line
        })
    }
}

pub(crate) struct AttachWork {
    pub live: Live,
    /// What waits for the socket that asked.
    pub session: Arc<Session>,
    /// The line and the last message that the client has.
    pub has: (Line, u64),
    pub handover: Option<Handover>,
    pub now: Timestamp,
}

impl Work for AttachWork {
    type Output = Result<Resumption, ErrorCode>;

    fn decide(&mut self, room: Option<&RoomState>) -> Result<Decision, Refusal> {
        let Some(room) = room else {
            return Err(ErrorCode::RoomNotFound.into());
        };
        let (peer, home) = (self.session.peer, self.live.home());
        let is_away = room
            .participant(peer)
            .is_some_and(|one| one.presence != Presence::Connected && self.live.is_mine(one.home));
        // While no socket had it, the room may have been told that they are away.
        Ok(match is_away {
            true => Decision::Run(Command::Resume {
                peer,
                home,
                returning: None,
            }),
            false => Decision::Look,
        })
    }

    fn finish(self, outcome: Result<&RoomState, Refusal>) -> Self::Output {
        let room = match outcome {
            Ok(room) => room,
            Err(refusal) => {
                // Nobody takes it up now: it is away, and the room will be told so.
                self.session.settle();
                return Err(refusal.code());
            }
        };
        if !self.live.hub.is_current(&self.session) || !self.session.is_untouched() {
            // Another socket of theirs was faster.
            return Err(ErrorCode::Unavailable);
        }
        let peer = self.session.peer;
        let attached = self
            .live
            .attach(room, peer, self.has, self.handover, self.now);
        if attached.is_err() {
            self.session.settle();
        }
        attached
    }

    fn content_with_the_past(&self) -> bool {
        true
    }
}

/// A room that cannot come back by a token because its id is spent is over.
fn room_is_over(refusal: Refusal) -> ErrorCode {
    match refusal {
        Refusal::IdTaken => ErrorCode::RoomNotFound,
        Refusal::Code(_) | Refusal::TooManyRooms => refusal.code(),
    }
}

fn returning(claims: &ResumeClaims) -> Returning {
    Returning {
        role: claims.role,
        since_version: claims.since_version,
        joined_at: claims.joined_at,
    }
}
