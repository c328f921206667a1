use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use wecall_protocol::{
    ErrorCode, MediaState, PeerId, PeerReaction, Reaction, RoomId, RoomSnapshot, ServerMessage,
    Timestamp, UserName,
};
use wecall_room::{Action, Capabilities, Command, Join, Returning, RoomOptions, RoomState, Rules};

use crate::{
    CreateError, Hub, Memory, ResumeClaims, RoomStore, Session, Tokens, memory::ENDED_KEPT_FOR,
    store::LockedRoom,
};

/// All live state of a node, as the gateway and the API use it.
pub struct Live<S = Memory> {
    pub(crate) store: S,
    pub(crate) hub: Arc<Hub>,
    tokens: Tokens,
    pub(crate) rules: Rules,
}

/// Who wants to join which room.
#[derive(Debug)]
pub struct JoinRequest<'a> {
    pub room: RoomId,
    /// The id that the socket was greeted with; a valid `session` brings another one back.
    pub peer: PeerId,
    pub name: UserName,
    pub capabilities: Capabilities,
    pub media: MediaState,
    pub host_token: Option<&'a str>,
    /// The resume token from before a reload.
    pub session: Option<&'a str>,
}

/// A session that its socket takes up.
#[derive(Debug, Clone)]
pub struct Joined {
    pub session: Arc<Session>,
    /// Tells this socket from earlier and later ones of the session.
    pub epoch: u32,
}

/// A session that a new socket has taken up.
#[derive(Debug)]
pub struct Resumption {
    pub joined: Joined,
    pub recovered: bool,
    pub received: u64,
    pub resume_token: String,
    /// How things stand, when messages were lost.
    pub room: Option<RoomSnapshot>,
}

/// A resume token is good for a day: longer than a call, shorter than a leaked log is read.
const TOKEN_VALID_FOR: Duration = ENDED_KEPT_FOR;

impl Live<Memory> {
    pub fn in_memory(secret: &[u8; 32], rules: Rules, max_rooms: usize) -> Self {
        let tokens = Tokens::new(secret);
        let hub = Arc::new(Hub::new(tokens.clone(), rules));
        let store = Memory::new(hub.clone(), rules, max_rooms);
        Self {
            store,
            hub,
            tokens,
            rules,
        }
    }
}

impl<S: RoomStore> Live<S> {
    /// Creates a room; answers the host token.
    pub fn create(
        &self,
        id: RoomId,
        options: RoomOptions,
        now: Timestamp,
    ) -> Result<String, CreateError> {
        self.store.create(RoomState::new(id, options, now))?;
        Ok(self.tokens.host(id, now))
    }

    /// Reads a room while nothing happens in it.
    pub fn inspect<T>(
        &self,
        room: RoomId,
        inspect: impl FnOnce(&RoomState) -> T,
    ) -> Result<T, ErrorCode> {
        self.store.with(room, |room| inspect(room.state()))
    }

    pub fn join(&self, request: JoinRequest<'_>, now: Timestamp) -> Result<Joined, ErrorCode> {
        let claims = request
            .session
            .and_then(|token| self.check_resume(token, now).ok())
            .filter(|claims| claims.room == request.room);
        if let Some(claims) = &claims {
            self.restore_room(claims, now);
        }
        self.store.with(request.room, |room| {
            let created_at = room.state().created_at;
            let claims = claims.filter(|claims| claims.room_created_at == created_at);
            let host = match request.host_token {
                Some(token) => self.tokens.check_host(request.room, created_at, token),
                None => Ok(()),
            };
            host.map_err(|_| ErrorCode::InvalidHostToken)?;

            let join = Join {
                peer: claims.as_ref().map_or(request.peer, |claims| claims.peer),
                name: request.name,
                capabilities: request.capabilities,
                media: request.media,
                host: request.host_token.is_some(),
                returning: claims.as_ref().map(returning),
            };
            let resumable = join.capabilities.resume;
            let session = Arc::new(Session::new(request.room, join.peer, resumable));
            self.hub.expect(session.clone());
            match room.apply(Command::Join(join), now) {
                Ok(_) => Ok(Joined { session, epoch: 0 }),
                Err(code) => {
                    self.hub.unexpect(&session);
                    Err(code)
                }
            }
        })?
    }

    /// A new socket takes up the session of one that was lost.
    pub fn resume(
        &self,
        token: &str,
        last_seq: u64,
        now: Timestamp,
    ) -> Result<Resumption, ErrorCode> {
        let claims = self.check_resume(token, now)?;
        self.restore_room(&claims, now);
        self.store.with(claims.room, |room| {
            if room.state().created_at != claims.room_created_at {
                return Err(ErrorCode::RoomNotFound);
            }
            let peer = claims.peer;
            let returning = Some(Box::new(Join {
                peer,
                name: claims.name.clone(),
                capabilities: claims.capabilities,
                media: claims.media,
                host: false,
                returning: Some(returning(&claims)),
            }));
            room.apply(Command::Resume { peer, returning }, now)?;
            self.attach(room, peer, last_seq, now)
        })?
    }

    fn attach(
        &self,
        room: &dyn LockedRoom,
        peer: PeerId,
        last_seq: u64,
        now: Timestamp,
    ) -> Result<Resumption, ErrorCode> {
        let state = room.state();
        let participant = state
            .participant(peer)
            .ok_or(ErrorCode::InvalidResumeToken)?;
        let resume_token = self.hub.resume_token(state, participant, now);
        let session = self.hub.session(peer).unwrap_or_else(|| {
            let session = Arc::new(Session::away(state.id, peer));
            self.hub.insert(session.clone());
            session
        });
        let recovered = session.take_up(last_seq);
        let (epoch, received, room) = match recovered {
            Some((epoch, received)) => (epoch, received, None),
            None => (session.begin_anew(), 0, Some(state.snapshot(peer, now))),
        };
        Ok(Resumption {
            joined: Joined { session, epoch },
            recovered: recovered.is_some(),
            received,
            resume_token,
            room,
        })
    }

    /// Runs what a participant does.
    pub fn act(&self, session: &Session, action: Action, now: Timestamp) -> Result<(), ErrorCode> {
        let peer = session.peer;
        self.store.with(session.room, |room| {
            room.apply(Command::Act { peer, action }, now).map(|_| ())
        })?
    }

    /// Shows a feeling to everyone; the room does not remember it.
    pub fn react(&self, session: &Session, reaction: Reaction) -> Result<(), ErrorCode> {
        self.store.with(session.room, |room| {
            let message = ServerMessage::Reaction(PeerReaction {
                peer_id: session.peer,
                reaction,
            });
            self.hub.tell_all(room.state(), None, &message);
        })
    }

    /// Hands a message of one participant to another in the same room.
    pub fn relay(
        &self,
        from: &Session,
        target: PeerId,
        body: Arc<str>,
        now: Instant,
    ) -> Result<(), ErrorCode> {
        self.hub.neighbour(from, target)?.relay(body, now);
        Ok(())
    }

    pub fn leave(&self, joined: &Joined, now: Timestamp) {
        self.depart(joined, now, |peer| Command::Leave { peer });
    }

    /// The socket is gone without a word.
    pub fn disconnect(&self, joined: &Joined, now: Timestamp) {
        self.depart(joined, now, |peer| Command::Disconnect { peer });
    }

    fn depart(&self, joined: &Joined, now: Timestamp, command: impl FnOnce(PeerId) -> Command) {
        let Joined { session, epoch } = joined;
        let departed = self.store.with(session.room, |room| {
            // Under the room's lock, so that it cannot cross a resume on another socket.
            if self.hub.is_current(session) && session.detach(*epoch) {
                room.apply(command(session.peer), now).map(|_| ())
            } else {
                Ok(())
            }
        });
        match departed {
            // A room that has ended, or someone removed from it, has nothing to be told.
            Ok(Ok(()) | Err(_)) | Err(_) => {}
        }
    }

    /// Lets time have its effect.
    pub fn expire(&self, now: Timestamp) {
        self.store.expire(now);
    }

    pub fn room_count(&self) -> usize {
        self.store.room_count()
    }

    /// Those in rooms, whether or not their socket is there.
    pub fn participant_count(&self) -> usize {
        self.hub.session_count()
    }

    /// All sessions at this moment; each is closed with [`Session::close`] when the server ends.
    pub fn sessions(&self) -> Vec<Arc<Session>> {
        self.hub.sessions()
    }

    fn check_resume(&self, token: &str, now: Timestamp) -> Result<ResumeClaims, ErrorCode> {
        let claims = self.tokens.check_resume(token);
        claims
            .ok()
            .filter(|claims| now.since(claims.issued_at) <= TOKEN_VALID_FOR)
            .ok_or(ErrorCode::InvalidResumeToken)
    }

    /// Brings back a room that its participants remember and this server does not.
    fn restore_room(&self, claims: &ResumeClaims, now: Timestamp) {
        let expired = claims.room_expires_at.is_some_and(|at| at <= now);
        if expired || self.store.has_ended(claims.room) {
            return;
        }
        if self.store.with(claims.room, |_| ()).is_ok() {
            return;
        }
        let options = RoomOptions {
            name: claims.room_name.clone(),
            max_participants: claims.room_max_participants,
            ttl: claims.room_expires_at.map(|at| at - claims.room_created_at),
        };
        let state = RoomState::new(claims.room, options, claims.room_created_at);
        match self
            .store
            .create(state.recovering(claims.since_version, now, &self.rules))
        {
            // Someone else brought it back at the same time; or the server is full, and whoever
            // asks finds no room.
            Ok(()) | Err(CreateError::IdTaken | CreateError::TooManyRooms) => {}
        }
    }
}

fn returning(claims: &ResumeClaims) -> Returning {
    Returning {
        role: claims.role,
        since_version: claims.since_version,
    }
}
