//! What goes wrong.

use super::{
    Event, World,
    client::Stage,
    network::{Cut, Phase},
    store::FakeStore,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Kill,
    Freeze,
    Leave,
    Unsubscribe,
    Stall,
    Restart,
    Failover,
    CutToStore,
    CutFromStore,
}

/// What may go wrong in one life of a cluster.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    pub kinds: &'static [Kind],
    /// Messages of the channel are lost, doubled and late.
    pub lossy_messages: bool,
    /// Of a hundred requests and replies so many are slow.
    pub slow_percent: u64,
}

#[derive(Debug, Clone, Copy)]
pub enum Fault {
    Some,
    Start,
    Thaw(usize),
    Mend(usize),
    StoreBack,
    Failover,
    /// A node that leaves has sent its clients away.
    Farewell(usize),
    Gone(usize),
}

const SECOND: u64 = 1_000_000;

impl Faults {
    /// Whether the store may lose what it has acknowledged.
    pub fn loses_writes(&self) -> bool {
        let loses = |kind: &Kind| matches!(kind, Kind::Restart | Kind::Failover);
        self.kinds.iter().any(loses)
    }

    /// Whether messages from one to another may be lost for good.
    pub fn loses_messages(&self) -> bool {
        let safe = |kind: &Kind| *kind == Kind::Kill;
        self.lossy_messages || !self.kinds.iter().all(safe)
    }
}

impl World {
    pub fn suffer(&mut self, fault: Fault) {
        match fault {
            Fault::Some => {
                if self.is_quiet {
                    return;
                }
                let pause = self.random.between(SECOND, 6 * SECOND);
                self.after(pause, Event::Fault(Fault::Some));
                let kinds = self.faults.kinds;
                if let Some(kind) = self.random.pick(kinds) {
                    self.begin(kind);
                }
            }
            Fault::Start => {
                self.start_node();
            }
            Fault::Thaw(life) => {
                if self.lives[life].phase == Phase::Frozen {
                    self.note(|| format!("node {life} goes on"));
                    self.thaw(life);
                }
            }
            Fault::Mend(life) => {
                self.note(|| format!("node {life} reaches the store again"));
                self.mend(life);
            }
            Fault::StoreBack => {
                self.note(|| "the store is there again".into());
                self.store_is_there = true;
            }
            Fault::Failover => {
                self.note(|| "the replica takes over".into());
                if let Some(replica) = self.replica.take() {
                    self.store = replica;
                }
                self.stalled_until = 0;
                self.disconnect_all();
                let pause = self.random.below(2 * SECOND);
                self.store_is_there = false;
                self.after(pause, Event::Fault(Fault::StoreBack));
            }
            Fault::Farewell(life) => {
                if self.lives[life].phase == Phase::Running {
                    let shared = self.lives[life].shared.clone();
                    shared.with(|node, _| node.leave());
                    self.settle_node(life);
                    self.after(SECOND / 5, Event::Fault(Fault::Gone(life)));
                }
            }
            Fault::Gone(life) => {
                self.lives[life].phase = Phase::Dead;
                // Those who came in last, and whom nobody has sent away.
                for socket in self.sockets_of(life) {
                    self.after(1_000, Event::SocketLost { socket });
                }
                self.after(SECOND / 10, Event::Fault(Fault::Start));
            }
        }
    }

    fn running(&self) -> Vec<usize> {
        (0..self.lives.len())
            .filter(|life| {
                let life = &self.lives[*life];
                life.phase == Phase::Running && !life.leaving && life.cut == Cut::None
            })
            .collect()
    }

    fn begin(&mut self, kind: Kind) {
        let running = self.running();
        // Someone has to be there for all the others.
        let victim = if running.len() > 1 {
            self.random.pick(&running)
        } else {
            None
        };
        match (kind, victim) {
            (Kind::Kill, Some(life)) => self.kill(life),
            (Kind::Freeze, Some(life)) => {
                self.note(|| format!("node {life} freezes"));
                self.lives[life].phase = Phase::Frozen;
                let freeze = self.random.between(SECOND / 2, 15 * SECOND);
                self.after(freeze, Event::Fault(Fault::Thaw(life)));
                let clients: Vec<usize> = self.sockets_of(life);
                for socket in clients {
                    let silence = self.random.between(3 * SECOND, 8 * SECOND);
                    if silence < freeze {
                        self.after(silence, Event::SocketLost { socket });
                    }
                }
            }
            (Kind::Leave, Some(life)) => self.leave_in_order(life),
            (Kind::Unsubscribe, Some(life)) => {
                self.note(|| format!("node {life} loses its subscription"));
                self.lose_subscription(life);
            }
            (Kind::CutToStore | Kind::CutFromStore, Some(life)) => {
                self.note(|| format!("node {life}: {kind:?}"));
                self.lives[life].cut = if kind == Kind::CutToStore {
                    Cut::ToStore
                } else {
                    Cut::FromStore
                };
                let pause = self.random.between(SECOND / 2, 12 * SECOND);
                self.after(pause, Event::Fault(Fault::Mend(life)));
            }
            (Kind::Stall, _) => {
                let pause = self.random.between(SECOND / 5, 12 * SECOND);
                self.note(|| format!("the store stalls for {} ms", pause / 1_000));
                self.stalled_until = self.now + pause;
            }
            (Kind::Restart, _) if self.store_is_there => {
                self.note(|| "the store dies, and will be empty".into());
                self.store = FakeStore::new(super::scenarios::MAX_ROOMS);
                self.store_is_there = false;
                self.stalled_until = 0;
                self.disconnect_all();
                let pause = self.random.between(SECOND / 100, 8 * SECOND);
                self.after(pause, Event::Fault(Fault::StoreBack));
            }
            (Kind::Failover, _) if self.store_is_there && self.replica.is_none() => {
                self.replica = Some(self.store.clone());
                let behind = self.random.below(SECOND / 2);
                self.after(behind, Event::Fault(Fault::Failover));
            }
            _ => {}
        }
    }

    fn disconnect_all(&mut self) {
        for life in 0..self.lives.len() {
            if self.lives[life].phase != Phase::Dead {
                self.disconnect_node(life);
            }
        }
    }

    fn sockets_of(&self, life: usize) -> Vec<usize> {
        (0..self.sockets.len())
            .filter(|socket| {
                let socket = &self.sockets[*socket];
                socket.life == life && socket.open_at_client
            })
            .collect()
    }

    fn kill(&mut self, life: usize) {
        self.note(|| format!("node {life} is killed"));
        self.lives[life].phase = Phase::Dead;
        for socket in self.sockets_of(life) {
            self.sockets[socket].broken = true;
            self.clients[self.sockets[socket].client].changes += 1;
            let notices = self.random.between(200, 20_000);
            self.after(notices, Event::SocketLost { socket });
        }
        let pause = self.random.between(SECOND / 5, 8 * SECOND);
        self.after(pause, Event::Fault(Fault::Start));
    }

    /// Sends its clients away, says goodbye, and ends.
    fn leave_in_order(&mut self, life: usize) {
        self.note(|| format!("node {life} leaves"));
        self.lives[life].leaving = true;
        let shared = self.lives[life].shared.clone();
        shared.with(|node, now| node.set_draining(true, now));
        for socket in self.sockets_of(life) {
            let client = self.sockets[socket].client;
            if self.clients[client].stage == Stage::In(socket) {
                let later = self.random.below(2 * SECOND);
                self.after(later, Event::SocketLost { socket });
            }
        }
        self.settle_node(life);
        self.after(3 * SECOND, Event::Fault(Fault::Farewell(life)));
    }
}
