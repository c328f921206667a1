//! Engines on threads, over real sockets.
//!
//! Each shard is one thread with one engine, one UDP port for each address family, and what came in
//! over TCP for its peers. Shards share nothing: commands reach them by bounded queues, and a room
//! lives on one of them.

pub mod framing;

mod addresses;
mod shard;
mod tcp;
mod udp;

use std::{
    hash::{BuildHasher as _, BuildHasherDefault},
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Instant,
};

use mio::Waker;
use rustc_hash::FxHasher;
use tokio::sync::{mpsc, oneshot};
use wecall_protocol::{PeerId, RoomId};

pub use self::addresses::{Addresses, PublicAddress};
use self::shard::{Command, Shard};
use crate::engine::{Counters, Event, Figures, Kind, Refused, Wanted};

/// Commands that wait for a shard. It takes them between two batches of datagrams, so a full queue
/// is a shard that stands still.
const COMMANDS: usize = 1_024;

/// Events that wait for whoever takes them.
const EVENTS: usize = 8_192;

pub struct SfuConfig {
    /// One thread each; a core each is best.
    pub shards: usize,
    /// The UDP socket of the first shard, one address for each family that is to be served. The
    /// others have the ports after it, or any where it is 0.
    pub udp: Vec<SocketAddr>,
    /// The listener of ICE-TCP, one address for each family. May be empty.
    pub tcp: Vec<SocketAddr>,
    /// What peers are told.
    pub addresses: Addresses,
    /// The clock: all time that the engines know.
    pub now: fn() -> Instant,
    /// Fills bytes that nobody can guess.
    pub random: fn(&mut [u8]),
}

/// A handle on the running shards. Cheap to clone; they end with the last one.
#[derive(Clone)]
pub struct Sfu {
    shards: Arc<[Handle]>,
    listening: Arc<Listening>,
}

/// The sockets of all shards, with the ports that the system chose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listening {
    pub udp: Vec<SocketAddr>,
    pub tcp: Vec<SocketAddr>,
}

struct Handle {
    commands: SyncSender<Command>,
    waker: Arc<Waker>,
    meters: Arc<Meters>,
    thread: Option<thread::JoinHandle<()>>,
}

/// What a shard tells of itself without being asked.
#[derive(Default)]
struct Meters {
    peers: AtomicU64,
    rooms: AtomicU64,
    tcp_connections: AtomicU64,
    events_dropped: AtomicU64,
    send_dropped: AtomicU64,
}

/// One shard, for metrics.
#[derive(Debug, Clone, Copy)]
pub struct ShardStats {
    pub counters: Counters,
    pub peers: u64,
    pub rooms: u64,
    pub tcp_connections: u64,
    /// Events that nobody took in time.
    pub events_dropped: u64,
    /// Datagrams that the kernel, or a slow TCP connection, did not take.
    pub send_dropped: u64,
}

impl Sfu {
    /// Binds the sockets and starts the threads. The events of all shards come out of one queue.
    pub fn start(config: SfuConfig) -> io::Result<(Self, mpsc::Receiver<Event>)> {
        let (events, receiver) = mpsc::channel(EVENTS);
        let mut shards: Vec<(Shard, SyncSender<Command>, Arc<Waker>)> = Vec::new();
        let count = config.shards.max(1);
        // One port for all shards: the first one listens and hands on what is not its own.
        let mut listeners = config
            .tcp
            .iter()
            .copied()
            .map(shard::listen)
            .collect::<io::Result<Vec<_>>>()?;
        let tcp = listeners
            .iter()
            .map(|listener| listener.local_addr())
            .collect::<io::Result<Vec<_>>>()?;
        for number in 0..count {
            let (commands, queue) = sync_channel(COMMANDS);
            let (shard, waker) = Shard::bind(
                &config,
                number,
                std::mem::take(&mut listeners),
                &tcp,
                queue,
                events.clone(),
            )?;
            shards.push((shard, commands, waker));
        }
        let udp = shards.iter().flat_map(|(shard, ..)| shard.udp_addresses());
        let listening = Listening {
            udp: udp.collect(),
            tcp,
        };
        let doors: Vec<(SyncSender<Command>, Arc<Waker>)> = shards
            .iter()
            .map(|(_, commands, waker)| (commands.clone(), waker.clone()))
            .collect();
        let mut handles = Vec::with_capacity(count);
        for (number, (mut shard, commands, waker)) in shards.into_iter().enumerate() {
            // The next in a ring: a TCP connection goes round until a shard knows its peer.
            if count > 1 {
                shard.next = Some(doors[(number + 1) % count].clone());
            }
            shard.shards = count;
            let meters = shard.meters();
            let thread = thread::Builder::new()
                .name(format!("sfu-{number}"))
                .spawn(move || shard.run())?;
            handles.push(Handle {
                commands,
                waker,
                meters,
                thread: Some(thread),
            });
        }
        Ok((
            Self {
                shards: handles.into(),
                listening: Arc::new(listening),
            },
            receiver,
        ))
    }

    fn shard_of(&self, room: RoomId) -> &Handle {
        let hash = BuildHasherDefault::<FxHasher>::default().hash_one(room);
        // The lower bits of this hash are its weakest.
        &self.shards[(hash >> 32) as usize % self.shards.len()]
    }

    pub fn listening(&self) -> &Listening {
        &self.listening
    }

    /// Takes an offer. See [`Engine::accept`](crate::Engine::accept).
    ///
    /// As with all that is asked here, it is in the queue of the shard when this returns, in the
    /// order of the calls; the answer comes later.
    pub fn accept(
        &self,
        room: RoomId,
        peer: PeerId,
        kind: Kind,
        offer: String,
    ) -> impl Future<Output = Result<String, Refused>> + Send + use<> {
        let asked = self.ask(self.shard_of(room), |answer| Command::Accept {
            room,
            peer,
            kind,
            offer,
            answer,
        });
        async { answered(asked).await? }
    }

    pub fn add_candidate(
        &self,
        room: RoomId,
        peer: PeerId,
        candidate: String,
    ) -> impl Future<Output = Result<(), Refused>> + Send + use<> {
        let asked = self.ask(self.shard_of(room), |answer| Command::Candidate {
            peer,
            candidate,
            answer,
        });
        async { answered(asked).await? }
    }

    /// What the peer shows. See [`Engine::view`](crate::Engine::view).
    pub fn view(
        &self,
        room: RoomId,
        peer: PeerId,
        wanted: Vec<Wanted>,
        pinned: Option<PeerId>,
    ) -> impl Future<Output = Result<(), Refused>> + Send + use<> {
        let asked = self.ask(self.shard_of(room), |answer| Command::View {
            peer,
            wanted,
            pinned,
            answer,
        });
        async { answered(asked).await? }
    }

    pub fn remove(&self, room: RoomId, peer: PeerId) -> Result<(), Refused> {
        self.tell(self.shard_of(room), Command::Remove { peer })
    }

    pub async fn figures(&self, room: RoomId, peer: PeerId) -> Result<Option<Figures>, Refused> {
        let asked = self.ask(self.shard_of(room), |answer| Command::Figures {
            peer,
            answer,
        });
        answered(asked).await
    }

    /// All peers, and their rooms.
    pub async fn peers(&self) -> Result<Vec<(RoomId, PeerId)>, Refused> {
        let mut peers = Vec::new();
        for shard in self.shards.iter() {
            let asked = self.ask(shard, |answer| Command::Peers { answer });
            peers.extend(answered(asked).await?);
        }
        Ok(peers)
    }

    /// How many there are, without asking the shards.
    pub fn load(&self) -> u64 {
        let peers = |shard: &Handle| shard.meters.peers.load(Ordering::Relaxed);
        self.shards.iter().map(peers).sum()
    }

    /// Where peers reach this node from now on.
    pub fn set_addresses(&self, addresses: &Addresses) -> Result<(), Refused> {
        self.shards
            .iter()
            .try_for_each(|shard| self.tell(shard, Command::Addresses(addresses.clone())))
    }

    pub async fn stats(&self) -> Result<Vec<ShardStats>, Refused> {
        let mut stats = Vec::with_capacity(self.shards.len());
        for shard in self.shards.iter() {
            let asked = self.ask(shard, |answer| Command::Counters { answer });
            let read = |meter: &AtomicU64| meter.load(Ordering::Relaxed);
            stats.push(ShardStats {
                counters: answered(asked).await?,
                peers: read(&shard.meters.peers),
                rooms: read(&shard.meters.rooms),
                tcp_connections: read(&shard.meters.tcp_connections),
                events_dropped: read(&shard.meters.events_dropped),
                send_dropped: read(&shard.meters.send_dropped),
            });
        }
        Ok(stats)
    }

    fn ask<T>(
        &self,
        shard: &Handle,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<oneshot::Receiver<T>, Refused> {
        let (answer, answered) = oneshot::channel();
        self.tell(shard, command(answer)).map(|()| answered)
    }

    fn tell(&self, shard: &Handle, command: Command) -> Result<(), Refused> {
        match shard.commands.try_send(command) {
            Ok(()) => shard.waker.wake().map_err(|_| Refused::Stopped),
            Err(TrySendError::Full(_)) => Err(Refused::Busy),
            Err(TrySendError::Disconnected(_)) => Err(Refused::Stopped),
        }
    }
}

async fn answered<T>(asked: Result<oneshot::Receiver<T>, Refused>) -> Result<T, Refused> {
    asked?.await.map_err(|_| Refused::Stopped)
}

impl Drop for Handle {
    fn drop(&mut self) {
        // A shard that has ended by itself needs no telling; one whose queue is full must be told.
        drop(self.commands.send(Command::Stop));
        drop(self.waker.wake());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
