//! One thread: reads what has come, runs the engine, sends what it gives, sleeps.

use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr},
    os::fd::AsRawFd,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, SyncSender, TryRecvError},
    },
    thread,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, Waker, net::TcpListener, unix::SourceFd};
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};
use wecall_protocol::{PeerId, RoomId};

use crate::{
    driver::{
        Addresses, Meters, SfuConfig,
        tcp::{Connections, Handover, ReadOutcome},
        udp::Udp,
    },
    engine::{
        Counters, Datagram, Engine, EngineConfig, Event, Figures, Kind, Refused, Transmit,
        Transport, Wanted,
    },
};

const WAKE: Token = Token(0);
const FIRST_UDP: usize = 1;
const FIRST_LISTENER: usize = 8;
const FIRST_CONNECTION: usize = 16;

/// Events that wait in the shard when the queue to the outside is full.
const WAITING_EVENTS: usize = 16_384;

/// Commands taken between two batches of datagrams: an offer costs a millisecond.
const COMMANDS_A_TURN: usize = 8;

/// How long the rest of a picture is waited for: a network card brings it at once, and what comes
/// later was sent later.
const PICTURE: Duration = Duration::from_micros(150);

/// Overdue TCP connections are looked for this often.
const SWEEP: Duration = Duration::from_secs(1);

pub enum Command {
    Accept {
        room: RoomId,
        peer: PeerId,
        kind: Kind,
        offer: String,
        answer: oneshot::Sender<Result<String, Refused>>,
    },
    Candidate {
        peer: PeerId,
        candidate: String,
        answer: oneshot::Sender<Result<(), Refused>>,
    },
    View {
        peer: PeerId,
        wanted: Vec<Wanted>,
        pinned: Option<PeerId>,
        answer: oneshot::Sender<Result<(), Refused>>,
    },
    Remove {
        peer: PeerId,
    },
    Figures {
        peer: PeerId,
        answer: oneshot::Sender<Option<Figures>>,
    },
    Peers {
        answer: oneshot::Sender<Vec<(RoomId, PeerId)>>,
    },
    Counters {
        answer: oneshot::Sender<Counters>,
    },
    Addresses(Addresses),
    Tcp(Box<Handover>),
    Stop,
}

pub struct Shard {
    engine: Engine,
    poll: Poll,
    udp: Vec<Udp>,
    listeners: Vec<TcpListener>,
    tcp: Connections,
    tcp_addresses: Vec<SocketAddr>,
    commands: Receiver<Command>,
    events: mpsc::Sender<Event>,
    waiting: VecDeque<Event>,
    addresses: Addresses,
    /// Addresses of this machine that datagrams were sent to.
    own: Vec<IpAddr>,
    meters: Arc<Meters>,
    waker: Arc<Waker>,
    now: fn() -> Instant,
    swept: Instant,
    pub next: Option<(SyncSender<Command>, Arc<Waker>)>,
    pub shards: usize,
}

/// The machine has a few addresses; more are not remembered.
const OWN_ADDRESSES: usize = 32;

impl Shard {
    pub fn bind(
        config: &SfuConfig,
        number: usize,
        mut listeners: Vec<TcpListener>,
        tcp_addresses: &[SocketAddr],
        commands: Receiver<Command>,
        events: mpsc::Sender<Event>,
    ) -> io::Result<(Self, Arc<Waker>)> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
        let mut udp = Vec::new();
        for (at, address) in config.udp.iter().enumerate() {
            let mut address = *address;
            if address.port() != 0 {
                let port = usize::from(address.port()) + number;
                address.set_port(u16::try_from(port).map_err(|_| io::ErrorKind::InvalidInput)?);
            }
            let socket = Udp::bind(address)?;
            let fd = socket.socket().as_raw_fd();
            poll.registry().register(
                &mut SourceFd(&fd),
                Token(FIRST_UDP + at),
                Interest::READABLE,
            )?;
            udp.push(socket);
        }
        for (at, listener) in listeners.iter_mut().enumerate() {
            poll.registry()
                .register(listener, Token(FIRST_LISTENER + at), Interest::READABLE)?;
        }
        let tcp_addresses = tcp_addresses.to_vec();
        let udp_addresses: Vec<SocketAddr> = udp.iter().map(Udp::local_addr).collect();
        let now = (config.now)();
        let random = config.random;
        let engine = Engine::new(
            EngineConfig {
                addresses: config.addresses.advertised(&udp_addresses, &tcp_addresses),
                random: Box::new(random),
            },
            now,
        );
        let shard = Self {
            engine,
            poll,
            udp,
            listeners,
            tcp: Connections::new(FIRST_CONNECTION),
            tcp_addresses,
            commands,
            events,
            waiting: VecDeque::new(),
            addresses: config.addresses.clone(),
            own: Vec::new(),
            meters: Arc::default(),
            waker: waker.clone(),
            now: config.now,
            swept: now,
            next: None,
            shards: 1,
        };
        Ok((shard, waker))
    }

    pub fn udp_addresses(&self) -> Vec<SocketAddr> {
        self.udp.iter().map(Udp::local_addr).collect()
    }

    pub fn meters(&self) -> Arc<Meters> {
        self.meters.clone()
    }

    pub fn run(mut self) {
        let mut ready = Events::with_capacity(1_024);
        // Sockets of which there is more to read than one turn takes.
        let mut unread: Vec<Token> = Vec::new();
        loop {
            let now = (self.now)();
            let sleep = match unread.is_empty() && self.waiting.is_empty() {
                true => self.engine.next_timeout().saturating_duration_since(now),
                false => Duration::from_millis(u64::from(unread.is_empty())),
            };
            if let Err(error) = self.poll.poll(&mut ready, Some(sleep))
                && error.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "a shard of the media engine cannot wait for its sockets");
                return;
            }
            let mut tokens = std::mem::take(&mut unread);
            for token in ready.iter().map(mio::event::Event::token) {
                if !tokens.contains(&token) {
                    tokens.push(token);
                }
            }
            for token in tokens {
                if self.read(token) {
                    unread.push(token);
                }
            }
            if unread.is_empty() && self.engine.expects_more() {
                thread::sleep(PICTURE);
                for at in 0..self.udp.len() {
                    let token = Token(FIRST_UDP + at);
                    if self.read(token) {
                        unread.push(token);
                    }
                }
            }
            if !self.obey() {
                return;
            }
            self.send();
            self.report();
        }
    }

    /// True if there is more.
    fn read(&mut self, token: Token) -> bool {
        let now = (self.now)();
        match token.0 {
            0 => false,
            FIRST_UDP..FIRST_LISTENER => {
                let (engine, addresses, own) = (&mut self.engine, &self.addresses, &mut self.own);
                let Some(socket) = self.udp.get_mut(token.0 - FIRST_UDP) else {
                    return false;
                };
                socket.receive(|source, local, contents| {
                    if let Some(local) = local
                        && own.last() != Some(&local)
                        && !own.contains(&local)
                        && own.len() < OWN_ADDRESSES
                    {
                        own.push(local);
                    }
                    engine.receive(
                        now,
                        Datagram {
                            transport: Transport::Udp,
                            source,
                            destination: local.map(|local| addresses.public(local)),
                            contents,
                        },
                    );
                })
            }
            FIRST_LISTENER..FIRST_CONNECTION => {
                if let Some(listener) = self.listeners.get(token.0 - FIRST_LISTENER) {
                    while let Ok((stream, remote)) = listener.accept() {
                        self.tcp.accept(self.poll.registry(), stream, remote, now);
                    }
                }
                false
            }
            _ => {
                self.read_tcp(token, now);
                false
            }
        }
    }

    fn read_tcp(&mut self, token: Token, now: Instant) {
        let (engine, addresses) = (&mut self.engine, &self.addresses);
        let outcome = self.tcp.read(token, |remote, local, frame| {
            engine.receive(now, over_tcp(addresses, remote, local, frame));
        });
        match outcome {
            ReadOutcome::Open => {}
            ReadOutcome::Closed => drop(self.tcp.release(self.poll.registry(), token)),
            ReadOutcome::First(frames) => {
                if frames.first().is_some_and(|frame| self.engine.knows(frame)) {
                    self.tcp.keep(token);
                    if let Some((remote, local)) = self.tcp.ends(token) {
                        for frame in &frames {
                            self.engine
                                .receive(now, over_tcp(&self.addresses, remote, local, frame));
                        }
                    }
                } else if let Some(connection) = self.tcp.release(self.poll.registry(), token) {
                    self.pass_on(Handover {
                        connection,
                        first: frames,
                        asked: 1,
                    });
                }
            }
        }
    }

    fn adopt(&mut self, handover: Handover, now: Instant) {
        let Handover {
            connection, first, ..
        } = handover;
        let (remote, local) = connection.ends();
        self.tcp.adopt(self.poll.registry(), connection);
        for frame in &first {
            self.engine
                .receive(now, over_tcp(&self.addresses, remote, local, frame));
        }
    }

    /// To the next shard, until all were asked. Nobody's connection is closed.
    fn pass_on(&mut self, handover: Handover) {
        if handover.asked >= self.shards {
            return;
        }
        if let Some((next, waker)) = &self.next
            && next.try_send(Command::Tcp(Box::new(handover))).is_ok()
        {
            drop(waker.wake());
        }
    }

    /// Carries out commands. False if the shard is to end.
    fn obey(&mut self) -> bool {
        for _ in 0..COMMANDS_A_TURN {
            let command = match self.commands.try_recv() {
                Ok(command) => command,
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            };
            let now = (self.now)();
            // Whoever asked may have gone meanwhile, which is no concern of the engine.
            match command {
                Command::Accept {
                    room,
                    peer,
                    kind,
                    offer,
                    answer,
                } => drop(answer.send(self.engine.accept(now, room, peer, kind, &offer))),
                Command::Candidate {
                    peer,
                    candidate,
                    answer,
                } => drop(answer.send(self.engine.add_candidate(peer, &candidate))),
                Command::View {
                    peer,
                    wanted,
                    pinned,
                    answer,
                } => drop(answer.send(self.engine.view(now, peer, &wanted, pinned))),
                Command::Remove { peer } => self.engine.remove(now, peer),
                Command::Figures { peer, answer } => drop(answer.send(self.engine.figures(peer))),
                Command::Peers { answer } => drop(answer.send(self.engine.all_peers().collect())),
                Command::Counters { answer } => drop(answer.send(self.engine.counters())),
                Command::Addresses(addresses) => {
                    let told = addresses.advertised(&self.udp_addresses(), &self.tcp_addresses);
                    self.engine.set_addresses(told);
                    self.addresses = addresses;
                }
                Command::Tcp(mut handover) => {
                    if handover
                        .first
                        .first()
                        .is_some_and(|frame| self.engine.knows(frame))
                    {
                        self.adopt(*handover, now);
                    } else {
                        handover.asked += 1;
                        self.pass_on(*handover);
                    }
                }
                Command::Stop => return false,
            }
        }
        // There may be more, after the next datagrams.
        drop(self.waker.wake());
        true
    }

    fn send(&mut self) {
        let (addresses, own) = (&self.addresses, &self.own);
        let (udp, tcp) = (&mut self.udp, &mut self.tcp);
        let mut send = |transmit: Transmit<'_>| match transmit.transport {
            Transport::Udp => {
                let source = addresses.local(transmit.source.ip(), own);
                let is_alike = |socket: &&mut Udp| {
                    socket.local_addr().is_ipv4() == transmit.destination.is_ipv4()
                };
                if let Some(socket) = udp.iter_mut().find(is_alike) {
                    socket.send(&transmit, source);
                }
            }
            Transport::Tcp => {
                for datagram in transmit.datagrams() {
                    tcp.send(transmit.destination, datagram);
                }
            }
        };
        while self.engine.flush_some((self.now)(), &mut send) {}
        if self.tcp.len() > 0 {
            let mut over = self.tcp.flush();
            let now = (self.now)();
            if now.saturating_duration_since(self.swept) >= SWEEP {
                self.swept = now;
                over.extend(self.tcp.overdue(now));
            }
            for token in over {
                drop(self.tcp.release(self.poll.registry(), token));
            }
        }
    }

    /// Hands out events, and keeps those that the queue has no room for.
    fn report(&mut self) {
        while let Some(event) = self.engine.poll_event() {
            if self.waiting.len() == WAITING_EVENTS {
                self.waiting.pop_front();
                self.meters.events_dropped.fetch_add(1, Ordering::Relaxed);
            }
            self.waiting.push_back(event);
        }
        while let Some(event) = self.waiting.pop_front() {
            match self.events.try_send(event) {
                Ok(()) => {}
                Err(TrySendError::Full(event)) => {
                    self.waiting.push_front(event);
                    break;
                }
                // Nobody listens any more.
                Err(TrySendError::Closed(_)) => self.waiting.clear(),
            }
        }
        let meters = &self.meters;
        meters
            .peers
            .store(self.engine.peers() as u64, Ordering::Relaxed);
        meters
            .rooms
            .store(self.engine.rooms() as u64, Ordering::Relaxed);
        meters
            .tcp_connections
            .store(self.tcp.len() as u64, Ordering::Relaxed);
        let dropped = self.udp.iter().map(|socket| socket.dropped).sum::<u64>() + self.tcp.dropped;
        meters.send_dropped.store(dropped, Ordering::Relaxed);
    }
}

fn over_tcp<'a>(
    addresses: &Addresses,
    source: SocketAddr,
    local: Option<SocketAddr>,
    contents: &'a [u8],
) -> Datagram<'a> {
    Datagram {
        transport: Transport::Tcp,
        source,
        destination: local.map(|local| addresses.public(local.ip())),
        contents,
    }
}

pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A restart must not wait for connections of the process before.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(256)?;
    Ok(TcpListener::from_std(socket.into()))
}
