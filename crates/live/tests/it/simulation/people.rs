//! What people do while all is well, and while it is not.

use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use wecall_protocol::{ChatText, MediaState, PeerId, RoomId, UserName};
use wecall_room::{Action, RoomOptions};

use super::{Event, RoomSlot, World, client::Stage, gateway::Text, network::Phase};

/// Fewer than there are people, so that places are fought for.
const PLACES: u16 = 4;

impl World {
    pub fn new_room(&mut self) -> RoomSlot {
        RoomSlot {
            id: RoomId::from_random(self.random.bytes()),
            host_token: None,
            creation: None,
        }
    }

    /// Sees to it that a room is there. Whether it is.
    fn has_room(&mut self, slot: usize) -> bool {
        if self.rooms[slot].host_token.is_some() {
            return true;
        }
        let Some(mut creation) = self.rooms[slot].creation.take() else {
            let running: Vec<usize> = (0..self.lives.len())
                .filter(|life| self.lives[*life].phase == Phase::Running)
                .collect();
            if let Some(life) = self.random.pick(&running) {
                self.rooms[slot] = self.new_room();
                let options = RoomOptions {
                    name: None,
                    max_participants: PLACES,
                    ttl: None,
                };
                let (id, live) = (self.rooms[slot].id, self.lives[life].live.clone());
                let creation = live.create(id, options, self.node_time(life));
                self.rooms[slot].creation = Some(creation);
                self.settle_node(life);
            }
            return false;
        };
        let mut cx = Context::from_waker(Waker::noop());
        match Pin::new(&mut creation).poll(&mut cx) {
            Poll::Pending => self.rooms[slot].creation = Some(creation),
            Poll::Ready(Ok(token)) => self.rooms[slot].host_token = Some(token),
            Poll::Ready(Err(_)) => {}
        }
        self.rooms[slot].host_token.is_some()
    }

    /// A client does something, and again after a while.
    pub fn act(&mut self, number: usize) {
        if self.is_quiet {
            return;
        }
        let pause = self.random.between(60_000, 700_000);
        self.after(pause, Event::Act { client: number });
        match self.clients[number].stage {
            Stage::Out => {
                let slot = self.clients[number].room;
                if self.ledger.ended.contains(&self.rooms[slot].id) {
                    self.rooms[slot] = self.new_room();
                }
                if self.has_room(slot) {
                    self.enter(number);
                }
            }
            Stage::In(_) => self.act_inside(number),
            Stage::Lost | Stage::Entering(_) => {}
        }
    }

    fn act_inside(&mut self, number: usize) {
        match self.random.below(1000) {
            0..400 => self.relay_some(number),
            400..480 => {
                let bits = self.random.next();
                let media = MediaState {
                    microphone: bits & 1 == 1,
                    camera: bits & 2 == 2,
                    screen: bits & 4 == 4,
                };
                self.clients[number].media = media;
                self.say(number, Text::Act(Action::SetMedia(media)));
            }
            480..560 => {
                let text = format!("at {}", self.now);
                let chat = Action::Chat {
                    text: ChatText::parse(&text).expect("a valid text"),
                    client_ref: Some(text.into()),
                };
                self.say(number, Text::Act(chat));
            }
            560..600 => {
                let raised = self.random.percent(50);
                self.say(number, Text::Act(Action::SetHand(raised)));
            }
            600..630 => {
                let name = format!("Person {number} at {}", self.now % 1_000);
                let name = UserName::parse(&name).expect("a valid name");
                self.say(number, Text::Act(Action::Rename(name)));
            }
            630..650 => {
                let locked = self.random.percent(30);
                self.say(number, Text::Act(Action::SetLocked(locked)));
            }
            650..670 => self.act_on_other(number, Action::TransferHost),
            670..685 => self.act_on_other(number, Action::LowerMicrophone),
            685..700 => {
                if let Some(peer) = self.some_other(number)
                    && self.is_host(number)
                {
                    self.ledger.removed.insert(peer);
                    self.say(number, Text::Act(Action::Remove(peer)));
                }
            }
            700..703 if self.is_host(number) => {
                let Some(room) = self.clients[number].room_id else {
                    return;
                };
                self.ledger.ended.insert(room);
                self.say(number, Text::Act(Action::EndCall));
            }
            710..770 => self.lose_socket(number),
            770..790 => {
                self.say(number, Text::Leave);
                self.check_farewell(self.clients[number].peer);
                self.give_up_socket(number);
                self.be_out(number);
            }
            790..810 if self.clients[number].resumes => self.reload(number),
            810..900 => {
                let seq = self.clients[number].last_seq;
                self.say(number, Text::Acknowledge(seq));
            }
            _ => {}
        }
    }

    fn is_host(&self, number: usize) -> bool {
        let client = &self.clients[number];
        client.roster.get(&client.peer).is_some_and(|me| me.host)
    }

    fn some_other(&mut self, number: usize) -> Option<PeerId> {
        let client = &self.clients[number];
        let others: Vec<PeerId> = client.roster.keys().copied().collect();
        let me = client.peer;
        self.random.pick(&others).filter(|peer| *peer != me)
    }

    fn act_on_other(&mut self, number: usize, action: impl FnOnce(PeerId) -> Action) {
        if let Some(peer) = self.some_other(number) {
            self.say(number, Text::Act(action(peer)));
        }
    }

    fn relay_some(&mut self, number: usize) {
        if let Some(target) = self.some_other(number) {
            for _ in 0..self.random.between(1, 5) {
                self.relay(number, target);
            }
        }
    }

    pub fn relay(&mut self, number: usize, target: PeerId) {
        let count = self.clients[number].sent.entry(target).or_default();
        *count += 1;
        let count = *count;
        self.say(
            number,
            Text::Relay {
                target,
                number: count,
            },
        );
    }

    /// A socket dies, and both sides find out sooner or later.
    fn lose_socket(&mut self, number: usize) {
        if let Stage::In(socket) = self.clients[number].stage {
            self.note(|| format!("socket {socket} of client {number} breaks"));
            self.sockets[socket].broken = true;
            self.clients[number].changes += 1;
            if !self.clients[number].resumes {
                self.check_farewell(self.clients[number].peer);
            }
            let (node, client) = (self.random.below(4_000_000), self.random.below(3_000_000));
            self.after(node, Event::SocketClosed { socket });
            self.after(client, Event::SocketLost { socket });
        }
    }

    /// Everyone sends everyone else something.
    pub fn relay_all(&mut self) {
        for number in 0..self.clients.len() {
            let client = &self.clients[number];
            let me = client.peer;
            let others: Vec<PeerId> = client
                .roster
                .keys()
                .copied()
                .filter(|peer| *peer != me)
                .collect();
            for target in others {
                self.relay(number, target);
            }
        }
    }
}
