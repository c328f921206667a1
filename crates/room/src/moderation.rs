//! What participants do: their own state, chat, and what a host may do to others.

use std::time::Duration;

use wecall_protocol::{
    ChatMessage, ChatText, ErrorCode, LeaveReason, PeerId, Role, RoomEndReason, Timestamp,
};

use crate::{Action, Event, RoomState};

/// Chat messages that a room keeps for those who come back.
pub(crate) const CHAT_KEPT: usize = 200;

/// Their text in all: a room costs no more than this, whatever is written in it.
const CHAT_KEPT_BYTES: usize = 64 * 1024;

/// How long they are kept: someone who was away for a while reads what they missed.
const CHAT_KEPT_FOR: Duration = Duration::from_secs(60 * 60);

impl RoomState {
    pub(crate) fn act(
        &mut self,
        peer: PeerId,
        action: Action,
        now: Timestamp,
    ) -> Result<Vec<Event>, ErrorCode> {
        let actor = self
            .participant_mut(peer)
            .map_err(|_| ErrorCode::NotJoined)?;
        let is_host = actor.role == Role::Host;
        match action {
            Action::SetMedia(media) => {
                let changed = actor.media != media;
                actor.media = media;
                Ok(event_if(changed, Event::MediaSet { peer, media }))
            }
            Action::SetPath { path, reach } => {
                let before = (actor.path, actor.reach);
                actor.path = path.unwrap_or(actor.path);
                actor.reach = reach.or(actor.reach);
                let changed = before != (actor.path, actor.reach);
                Ok(event_if(changed, Event::PathSet(peer)))
            }
            Action::Unreachable(target) => self.note_unreachable(peer, target),
            Action::SetHand(raised) => {
                let changed = actor.hand_raised_at.is_some() != raised;
                if changed {
                    actor.hand_raised_at = raised.then_some(now);
                }
                Ok(event_if(changed, Event::HandSet(peer)))
            }
            Action::Rename(name) => {
                let changed = actor.name != name;
                actor.name = name;
                Ok(event_if(changed, Event::Renamed(peer)))
            }
            Action::Chat { text, client_ref } => Ok(self.chat(peer, text, client_ref, now)),
            _ if !is_host => Err(ErrorCode::HostOnly),
            Action::LowerMicrophone(target) => self.lower_microphone(target, peer),
            Action::Remove(target) => self.remove(target, peer, now),
            Action::SetLocked(locked) => {
                let changed = self.locked != locked;
                self.locked = locked;
                Ok(event_if(changed, Event::LockSet { locked, by: peer }))
            }
            Action::TransferHost(target) => self.transfer_host(peer, target),
            Action::EndCall => Ok(self.end(RoomEndReason::Host)),
        }
    }

    fn chat(
        &mut self,
        peer: PeerId,
        text: ChatText,
        client_ref: Option<Box<str>>,
        now: Timestamp,
    ) -> Vec<Event> {
        let known = |message: &ChatMessage| {
            message.peer_id == peer
                && message.client_ref.is_some()
                && message.client_ref == client_ref
        };
        let user_name = match self.participant(peer) {
            Some(writer) if !self.chat.iter().any(known) => writer.name.clone(),
            _ => return Vec::new(),
        };
        let message = ChatMessage {
            id: self.version + 1,
            peer_id: peer,
            user_name,
            text,
            sent_at: now,
            client_ref,
        };
        self.chat.push_back(message.clone());
        self.forget_chat(now);
        vec![Event::Chat(message)]
    }

    pub(crate) fn forget_chat(&mut self, now: Timestamp) {
        let mut bytes: usize = self.chat.iter().map(|message| message.text.len()).sum();
        while let Some(oldest) = self.chat.front() {
            let keep = self.chat.len() <= CHAT_KEPT
                && bytes <= CHAT_KEPT_BYTES
                && now.since(oldest.sent_at) <= CHAT_KEPT_FOR;
            if keep {
                break;
            }
            bytes -= oldest.text.len();
            self.chat.pop_front();
        }
    }

    fn lower_microphone(&mut self, target: PeerId, by: PeerId) -> Result<Vec<Event>, ErrorCode> {
        let participant = self.participant_mut(target)?;
        if !participant.capabilities.media_state {
            return Err(ErrorCode::NotSupportedByPeer);
        }
        if !participant.media.microphone {
            return Ok(Vec::new());
        }
        participant.media.microphone = false;
        let media = participant.media;
        Ok(vec![
            Event::MediaSet {
                peer: target,
                media,
            },
            Event::MicrophoneLowered { peer: target, by },
        ])
    }

    fn remove(
        &mut self,
        target: PeerId,
        by: PeerId,
        now: Timestamp,
    ) -> Result<Vec<Event>, ErrorCode> {
        if target == by {
            return Err(ErrorCode::InvalidMessage);
        }
        let left = self.remove_participant(target, LeaveReason::Removed, now);
        let left = left.ok_or(ErrorCode::PeerNotFound)?;
        Ok(vec![left, Event::Removed { peer: target, by }])
    }

    fn transfer_host(&mut self, from: PeerId, to: PeerId) -> Result<Vec<Event>, ErrorCode> {
        if from == to {
            return Ok(Vec::new());
        }
        let heir = self.participant_mut(to)?;
        if heir.capabilities == crate::Capabilities::default() {
            return Err(ErrorCode::NotSupportedByPeer);
        }
        let was_host = heir.role == Role::Host;
        heir.role = Role::Host;
        self.participant_mut(from)?.role = Role::Participant;

        let role_set = |peer, role| Event::RoleSet { peer, role };
        let mut events = event_if(!was_host, role_set(to, Role::Host));
        events.push(role_set(from, Role::Participant));
        Ok(events)
    }
}

fn event_if(changed: bool, event: Event) -> Vec<Event> {
    if changed { vec![event] } else { Vec::new() }
}
