use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use wecall_protocol::{
    ErrorCode, MediaState, PeerId, PeerReaction, Reaction, RoomId, RoomSnapshot, ServerMessage,
    Timestamp, UserName, rest::IceServer,
};
use wecall_room::{Action, Capabilities, Command, Join, NodeId, RoomOptions, RoomState, Rules};

use crate::{
    Answer, Decision, Hub, Memory, Refusal, ResumeClaims, Session, Tokens, Work,
    entering::{Arrival, AttachWork, JoinWork, ResumeWork},
    memory::ENDED_KEPT_FOR,
    session::{Handover, Line},
    shared::{Shared, TakeOver},
    store::{Task, command, look},
};

/// All live state of a node, as the gateway and the API use it.
#[derive(Clone)]
pub struct Live {
    pub(crate) store: Store,
    pub(crate) hub: Arc<Hub>,
    pub(crate) tokens: Tokens,
    pub(crate) rules: Rules,
}

/// Where rooms are.
#[derive(Clone)]
pub(crate) enum Store {
    /// In the memory of this, the only node.
    Memory(Arc<Memory>),
    /// In a store that several nodes share.
    Shared(Arc<Shared>),
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
    /// Sends by WHIP.
    pub publisher: bool,
    /// What they are told with `joined`.
    pub ice_servers: Vec<IceServer>,
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

impl Live {
    pub fn in_memory(secret: &[u8; 32], rules: Rules, max_rooms: usize) -> Self {
        let tokens = Tokens::new(secret);
        let hub = Arc::new(Hub::new(tokens.clone(), rules));
        hub.media.add_node(NodeId::SINGLE);
        let store = Memory::new(hub.clone(), rules, max_rooms);
        Self {
            store: Store::Memory(Arc::new(store)),
            hub,
            tokens,
            rules,
        }
    }

    /// Rooms that other nodes see and change as well.
    pub fn shared(
        secret: &[u8; 32],
        rules: Rules,
        shared: impl FnOnce(Arc<Hub>) -> Shared,
    ) -> Self {
        let tokens = Tokens::new(secret);
        let hub = Arc::new(Hub::new(tokens.clone(), rules));
        let store = Store::Shared(Arc::new(shared(hub.clone())));
        Self {
            store,
            hub,
            tokens,
            rules,
        }
    }

    /// The rooms, when this node shares them with others.
    pub fn shared_rooms(&self) -> Option<&Arc<Shared>> {
        match &self.store {
            Store::Memory(_) => None,
            Store::Shared(shared) => Some(shared),
        }
    }

    pub(crate) fn run<W: Work>(&self, room: RoomId, work: W, now: Timestamp) -> Answer<W::Output> {
        match &self.store {
            Store::Memory(memory) => Answer::Ready(memory.run(room, work, now)),
            Store::Shared(shared) => shared.run(room, work),
        }
    }

    /// The rooms, when they are in the memory of this node.
    pub(crate) fn memory(&self) -> Option<&Memory> {
        match &self.store {
            Store::Memory(memory) => Some(memory),
            Store::Shared(_) => None,
        }
    }

    /// Whether `node` is this one, now or under an earlier id.
    pub(crate) fn is_mine(&self, node: NodeId) -> bool {
        match &self.store {
            Store::Memory(_) => node == NodeId::SINGLE,
            Store::Shared(shared) => shared.is_mine(node),
        }
    }

    /// This node, as rooms know it.
    pub(crate) fn home(&self) -> NodeId {
        match &self.store {
            Store::Memory(_) => NodeId::SINGLE,
            Store::Shared(shared) => shared.id(),
        }
    }

    /// Creates a room; answers the host token.
    pub fn create(
        &self,
        id: RoomId,
        options: RoomOptions,
        now: Timestamp,
    ) -> Answer<Result<String, CreateError>> {
        let state = RoomState::new(id, options, now);
        let token = self.tokens.host(id, now);
        let mut asked = false;
        let create = Task {
            decide: move |room: Option<&RoomState>| match room {
                None if !asked => {
                    asked = true;
                    Ok(Decision::Create(Box::new(state.clone())))
                }
                Some(room) if asked && room.created_at == now => Ok(Decision::Look),
                _ => Err(Refusal::IdTaken),
            },
            finish: |outcome: Result<&RoomState, Refusal>| match outcome {
                Ok(_) => Ok(token),
                Err(Refusal::IdTaken) => Err(CreateError::IdTaken),
                Err(Refusal::TooManyRooms) => Err(CreateError::TooManyRooms),
                Err(Refusal::Code(_)) => Err(CreateError::Unavailable),
            },
        };
        self.run(id, create, now)
    }

    /// Reads a room while nothing happens in it.
    pub fn inspect<T: Send + 'static>(
        &self,
        room: RoomId,
        inspect: impl FnOnce(&RoomState) -> T + Send + 'static,
        now: Timestamp,
    ) -> Answer<Result<T, ErrorCode>> {
        let looked = self.run(room, look(inspect), now);
        looked.map(|looked| looked.map_err(Refusal::code))
    }

    pub fn join(
        &self,
        request: JoinRequest<'_>,
        now: Timestamp,
    ) -> Answer<Result<Joined, ErrorCode>> {
        let claims = request
            .session
            .and_then(|token| self.check_resume(token, now).ok())
            .filter(|claims| claims.room == request.room);
        let work = JoinWork {
            live: self.clone(),
            session: None,
            host_token: request.host_token.map(Into::into),
            claims: claims.map(Box::new),
            ice_servers: request.ice_servers,
            join: Join {
                peer: request.peer,
                name: request.name,
                capabilities: request.capabilities,
                media: request.media,
                publisher: request.publisher,
                home: self.home(),
                host: request.host_token.is_some(),
                returning: None,
            },
            now,
        };
        self.run(request.room, work, now)
    }

    /// A new socket takes up the session of one that was lost.
    pub fn resume(
        &self,
        token: &str,
        last_seq: u64,
        now: Timestamp,
    ) -> Answer<Result<Resumption, ErrorCode>> {
        let claims = match self.check_resume(token, now) {
            Ok(claims) => claims,
            Err(code) => return Answer::Ready(Err(code)),
        };
        let (room, line) = (claims.room, claims.line);
        let work = ResumeWork {
            live: self.clone(),
            claims: Box::new(claims),
            previous: None,
            last_seq,
            now,
        };
        let live = self.clone();
        self.run(room, work, now)
            .then(move |arrival| match arrival {
                Err(code) => Answer::Ready(Err(code)),
                Ok(Arrival::Attached(resumption)) => Answer::Ready(Ok(*resumption)),
                Ok(Arrival::From(node, version, session)) => {
                    live.arrive(session, node, version, (line, last_seq), now)
                }
            })
    }

    /// Fetches the session from the node where it was.
    fn arrive(
        &self,
        session: Arc<Session>,
        from: NodeId,
        version: u64,
        (line, last_seq): (Line, u64),
        now: Timestamp,
    ) -> Answer<Result<Resumption, ErrorCode>> {
        let Store::Shared(shared) = &self.store else {
            return Answer::Ready(Err(ErrorCode::InvalidResumeToken));
        };
        let live = self.clone();
        let room = session.room;
        let takeover = TakeOver {
            room,
            peer: session.peer,
            version,
            line,
            last_seq,
            trace: None,
        };
        shared.take_over(takeover, from).then(move |handover| {
            let attaching = live.clone();
            let attach = AttachWork {
                live: attaching,
                session,
                has: (line, last_seq),
                handover,
                now,
            };
            live.run(room, attach, now)
        })
    }

    /// Gives a socket the session of `peer`, who is in the room at this node.
    pub(crate) fn attach(
        &self,
        state: &RoomState,
        peer: PeerId,
        (line, last_seq): (Line, u64),
        handover: Option<Handover>,
        now: Timestamp,
    ) -> Result<Resumption, ErrorCode> {
        let participant = state
            .participant(peer)
            .ok_or(ErrorCode::InvalidResumeToken)?;
        if !self.is_mine(participant.home) {
            // They went on to another node meanwhile.
            return Err(ErrorCode::Unavailable);
        }
        let session = self.hub.session(peer).unwrap_or_else(|| {
            let session = Arc::new(Session::away(state.id, peer));
            self.hub.insert(session.clone());
            session
        });
        let recovered = match (handover, &self.store) {
            (Some(handover), Store::Shared(shared)) => {
                session.arrive(line, last_seq, handover, shared.instant())
            }
            _ => session.take_up(line, last_seq),
        };
        let (epoch, received, room) = match recovered {
            Some((epoch, received)) => (epoch, received, None),
            None => {
                let line = self.hub.new_line(participant.home, now);
                let is_in = |from| state.participant(from).is_some();
                let epoch = session.begin_anew(line, is_in);
                (epoch, 0, Some(state.snapshot(peer, now, &self.rules)))
            }
        };
        session.begins_at(now);
        let resume_token = self
            .hub
            .resume_token(state, participant, session.line(), now);
        session.set_claimed(self.hub.is_of_the_past());
        Ok(Resumption {
            joined: Joined { session, epoch },
            recovered: recovered.is_some(),
            received,
            resume_token,
            room,
        })
    }

    /// Runs what a participant does.
    pub fn act(
        &self,
        session: &Session,
        action: Action,
        now: Timestamp,
    ) -> Answer<Result<(), ErrorCode>> {
        let peer = session.peer;
        let acted = self.run(session.room, command(Command::Act { peer, action }), now);
        acted.map(|acted| acted.map_err(Refusal::code))
    }

    /// Shows a feeling to everyone; the room does not remember it.
    pub fn react(
        &self,
        session: &Session,
        reaction: Reaction,
        now: Timestamp,
    ) -> Answer<Result<(), ErrorCode>> {
        let message = ServerMessage::Reaction(PeerReaction {
            peer_id: session.peer,
            reaction,
        });
        match &self.store {
            Store::Memory(memory) => {
                let hub = self.hub.clone();
                let tell = look(move |room: &RoomState| hub.tell_all(room, None, &message));
                let told = memory.run(session.room, tell, now);
                Answer::Ready(told.map_err(Refusal::code))
            }
            Store::Shared(shared) => {
                // After whatever they did before.
                let (room, shared) = (session.room, shared.clone());
                let turn = shared.run(room, look(|_: &RoomState| ()));
                turn.then(move |turn| {
                    let told = turn
                        .map_err(Refusal::code)
                        .and_then(|()| shared.tell_all(room, &message.encode().into()));
                    Answer::Ready(told)
                })
            }
        }
    }

    /// Hands a message of one participant to another in the same room.
    pub fn relay(
        &self,
        from: &Session,
        target: PeerId,
        body: Arc<str>,
        now: Instant,
    ) -> Result<(), ErrorCode> {
        if self.hub.media.seat(from.room) == Some(target) {
            return self.relay_to_media(from, target, body);
        }
        match (self.hub.neighbour(from, target), &self.store) {
            (Ok(session), Store::Memory(_)) => session.relay(from.peer, body, now),
            (Err(code), Store::Memory(_)) => return Err(code),
            (Ok(session), Store::Shared(_)) if session.relay_here(from, &body, now) => {}
            (_, Store::Shared(shared)) => return shared.relay(from, target, body),
        }
        Ok(())
    }

    pub fn leave(&self, joined: &Joined, now: Timestamp) {
        self.depart(joined, true, now, |peer, home| Command::Leave {
            peer,
            home,
        });
    }

    /// The socket is gone without a word.
    pub fn disconnect(&self, joined: &Joined, now: Timestamp) {
        self.depart(joined, false, now, |peer, home| Command::Disconnect {
            peer,
            home,
        });
    }

    fn depart(
        &self,
        joined: &Joined,
        for_good: bool,
        now: Timestamp,
        command: impl Fn(PeerId, NodeId) -> Command + Send + 'static,
    ) {
        let Joined { session, epoch } = joined.clone();
        let (room, live) = (session.room, self.clone());
        let mut detached = None;
        let deciding = session.clone();
        let work = Task {
            // Nothing else happens in the room, so that it cannot cross a resume on another socket.
            decide: move |room: Option<&RoomState>| {
                let peer = deciding.peer;
                let detached = *detached.get_or_insert_with(|| {
                    live.hub.is_current(&deciding) && deciding.detach(epoch)
                });
                let member = room.and_then(|room| room.participant(peer));
                match member.filter(|member| detached && live.is_mine(member.home)) {
                    Some(member) => Ok(Decision::Run(command(peer, member.home))),
                    None => Ok(Decision::Look),
                }
            },
            finish: {
                let hub = self.hub.clone();
                move |outcome: Result<&RoomState, Refusal>| match outcome {
                    Ok(_) => {}
                    // The store cannot be told now. It will be, as the session is not here.
                    Err(Refusal::Code(ErrorCode::Unavailable)) => {
                        let was_theirs = session.detach(epoch) && hub.is_current(&session);
                        if for_good && was_theirs {
                            hub.note_gone(session.peer);
                            hub.forget(&session);
                        }
                    }
                    // A room that has ended, or someone removed from it, has nothing to be told.
                    Err(_) => {}
                }
            },
        };
        // Nobody waits for it: it is done before anything that is asked of the room later.
        drop(self.run(room, work, now));
    }

    /// Lets time have its effect on rooms in memory; shared rooms have a clock of their own.
    pub fn expire(&self, now: Timestamp) {
        if let Store::Memory(memory) = &self.store {
            memory.expire(now);
        }
    }

    pub fn room_count(&self) -> usize {
        match &self.store {
            Store::Memory(memory) => memory.room_count(),
            Store::Shared(shared) => shared.room_count(),
        }
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

    /// A room that its participants remember and the store does not.
    pub(crate) fn remembered(
        &self,
        claims: &ResumeClaims,
        now: Timestamp,
    ) -> Result<Decision, Refusal> {
        if claims.room_expires_at.is_some_and(|at| at <= now) {
            return Err(ErrorCode::RoomNotFound.into());
        }
        let options = RoomOptions {
            name: claims.room_name.clone(),
            max_participants: claims.room_max_participants,
            ttl: claims.room_expires_at.map(|at| at - claims.room_created_at),
        };
        let state = RoomState::new(claims.room, options, claims.room_created_at);
        let state = state.recovering(claims.since_version, now, &self.rules);
        Ok(Decision::Create(Box::new(state)))
    }
}

/// Why a room was not created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// Another room has this id, or had it not long ago.
    #[error("the room id is taken")]
    IdTaken,
    #[error("the server holds as many rooms as it may")]
    TooManyRooms,
    #[error("the store cannot be reached")]
    Unavailable,
}
