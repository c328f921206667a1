//! Each node speaks for the participants whose home it is. Here what a room says of them is held
//! against the sessions that are there, and put right.

use std::sync::Arc;

use wecall_protocol::{PeerId, RoomId, Timestamp, close::SESSION_TAKEN};
use wecall_room::{Change, Command, Event, NodeId, Presence, RoomState};

use super::{
    Now,
    node::Node,
    room::{News, Room},
};
use crate::{Session, session::Standing, store::command};

/// The code of RFC 6455 for a server that restarts: the client comes back by itself, and joins
/// anew when its session is gone.
const COME_BACK: u16 = 1012;

/// A session of someone in a room that is about to change.
pub(super) struct Here {
    peer: PeerId,
    session: Arc<Session>,
    joined_at: Timestamp,
}

impl Node {
    /// The sessions whose place may change with this.
    pub(super) fn here(
        &self,
        before: Option<&RoomState>,
        change: &Change,
        news: News,
    ) -> Vec<Here> {
        let moves = |event: &Event| {
            matches!(
                event,
                Event::Joined(_) | Event::Left { .. } | Event::Back(_)
            )
        };
        let Some(before) = before else {
            return Vec::new();
        };
        // A view tells no `Back`.
        if news != News::View && !change.events.iter().any(moves) {
            return Vec::new();
        }
        let mine = before
            .participants
            .iter()
            .filter(|one| self.is_mine(one.home));
        mine.filter_map(|one| {
            Some(Here {
                peer: one.id,
                session: self.hub.session(one.id)?,
                joined_at: one.joined_at,
            })
        })
        .collect()
    }

    /// Lets go of the sessions of those whose home is elsewhere now, or who are out.
    pub(super) fn see_off(&mut self, here: &[Here], room: &RoomState, now: Now) {
        for Here {
            peer,
            session,
            joined_at,
        } in here
        {
            match room.participant(*peer) {
                Some(one) if one.joined_at != *joined_at => {
                    if !self.is_mine(one.home) {
                        session.close(SESSION_TAKEN);
                        self.hub.forget(session);
                    }
                }
                // Told so once the store can be told otherwise.
                Some(one) if !self.is_mine(one.home) && session.is_claimed() => {}
                Some(one) if !self.is_mine(one.home) => {
                    session.depart(room.version);
                    self.note_move(*peer, room.id, one.home, now);
                }
                Some(_) => {}
                // Told so already, unless it was lost that they are in.
                None => {
                    if session.standing() != Standing::Over {
                        session.close(COME_BACK);
                    }
                    self.hub.forget(session);
                }
            }
        }
    }

    /// Whether others believe someone away, or elsewhere, whose socket is here; or here, of whom
    /// there is nothing.
    pub(super) fn is_mistaken(&self, room: &RoomState, change: &Change, news: News) -> bool {
        change.events.iter().any(|event| {
            let (Event::Away(peer) | Event::Back(peer) | Event::Joined(peer)) = event else {
                return false;
            };
            let Some(one) = room.participant(*peer) else {
                return false;
            };
            let Some(session) = self.hub.session(*peer) else {
                // Whom this node has just let in or taken back gets a session after this.
                return news != News::Ours && self.is_mine(one.home);
            };
            match self.is_mine(one.home) {
                true => {
                    one.presence != Presence::Connected && session.standing() == Standing::Attached
                }
                false => session.is_claimed(),
            }
        })
    }

    /// Asks for what is needed to make the room agree with the sessions that are here.
    pub(super) fn settle(&mut self, id: RoomId, room: &mut Room, now: Now) {
        let Some(copy) = &room.copy else { return };
        if copy.state.ended.is_some() {
            return;
        }
        let mut commands = Vec::new();
        let mut lost: Vec<NodeId> = Vec::new();
        let mut elsewhere = Vec::new();
        let is_sure = copy.era == self.era;
        for one in &copy.state.participants {
            let (peer, home) = (one.id, one.home);
            let session = self.hub.session(peer).filter(|session| session.room == id);
            if !self.is_mine(home) {
                if session.as_ref().is_some_and(|session| session.is_claimed()) {
                    commands.push(Command::Resume {
                        peer,
                        home: self.id,
                        returning: None,
                    });
                } else if let Some(session) = session {
                    elsewhere.push((peer, home, session));
                }
                if home != NodeId::SINGLE {
                    self.liveness.meet(home, now.instant);
                }
                let is_dead = self.liveness.is_dead(home);
                if is_dead && one.presence == Presence::Connected && home != NodeId::SINGLE {
                    lost.push(home);
                }
                continue;
            }
            if let Some(session) = &session
                && is_sure
            {
                session.set_claimed(false);
            }
            let standing = session.map(|session| session.standing());
            let is_away = one.presence != Presence::Connected;
            match standing {
                Some(Standing::Attached) if is_away || home != self.id => {
                    commands.push(Command::Resume {
                        peer,
                        home: self.id,
                        returning: None,
                    });
                }
                Some(Standing::Away) if !is_away => {
                    commands.push(Command::Disconnect { peer, home });
                }
                None if self.hub.is_expected(peer) => {}
                None if self.hub.is_gone(peer) => commands.push(Command::Leave { peer, home }),
                // Their socket may be at a node of which the store has forgotten.
                None if !is_away => commands.push(Command::Disconnect { peer, home }),
                _ => {}
            }
        }
        if let Some(seat) = copy.state.media
            && self.liveness.is_dead(seat.node)
        {
            lost.push(seat.node);
        }
        for (peer, home, session) in elsewhere {
            if !matches!(session.standing(), Standing::Over | Standing::Arriving) {
                session.depart(copy.state.version);
                self.note_move(peer, id, home, now);
            }
        }
        lost.sort_unstable();
        lost.dedup();
        commands.extend(lost.into_iter().map(|home| Command::NodeLost { home }));
        // Before anything else: time must not have its effect on who is back already.
        for run in commands.into_iter().rev() {
            let work = super::room::Unwatched(command(run));
            room.queue.push_front(super::room::Op::new(Box::new(work)));
        }
    }
}
