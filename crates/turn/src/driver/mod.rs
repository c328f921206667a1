//! Sockets for the machine: one thread with all of them, so that a packet goes from the socket that
//! it came to into the one that it leaves by without a lock and without another thread.

mod addresses;
mod batch;
mod relays;
mod stream;
mod udp;

use std::{
    cell::RefCell,
    io,
    net::{SocketAddr, TcpListener, UdpSocket},
    ops::RangeInclusive,
    rc::Rc,
    sync::Arc,
    thread,
    time::Duration,
};

pub use addresses::{Addresses, PublicAddress};
use batch::Batch;
use relays::Relays;
use slab::Slab;
use tokio::{
    sync::watch,
    task::{self, LocalSet},
};
use tokio_rustls::TlsAcceptor;
use udp::{Datagrams, UdpLink};

use crate::{Bounds, ClientId, Figures, Head, LinkId, Now, Own, Refused, Settings, Step, Turn};

/// How often it is looked what has expired.
const EXPIRE_EVERY: Duration = Duration::from_secs(1);

/// Reads the time; the machine gets it handed.
pub type Clock = Arc<dyn Fn() -> Now + Send + Sync>;

/// Bound already, so that whoever starts the server can tell what is taken.
#[derive(Debug, Default)]
pub struct Sockets {
    pub udp: Vec<UdpSocket>,
    pub tcp: Vec<TcpListener>,
    pub tls: Vec<TcpListener>,
}

pub struct Config {
    pub settings: Settings,
    pub relay_ports: RangeInclusive<u16>,
    pub addresses: watch::Receiver<Addresses>,
    /// For `Sockets::tls`.
    pub tls: Option<Arc<tokio_rustls::rustls::ServerConfig>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// No new allocations.
    Closing,
    Stopped,
}

/// A running server; it stops when this is dropped.
pub struct Running {
    phase: watch::Sender<Phase>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Running {
    /// Opens nothing new from here on; what is open works on.
    pub fn close(&self) {
        self.phase.send_replace(Phase::Closing);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.phase.send_replace(Phase::Stopped);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the TURN server had ended by a panic");
        }
    }
}

/// Serves in a thread of its own.
pub fn start(
    sockets: Sockets,
    config: Config,
    figures: Arc<Figures>,
    clock: Clock,
) -> io::Result<Running> {
    let (phase, phase_of) = watch::channel(Phase::Open);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let thread = thread::Builder::new()
        .name("wecall-turn".into())
        .spawn(move || {
            let local = LocalSet::new();
            local.block_on(&runtime, async move {
                if let Err(error) = serve(sockets, config, figures, clock, phase_of).await {
                    tracing::error!(%error, "the TURN server cannot work");
                }
            });
        })?;
    Ok(Running {
        phase,
        thread: Some(thread),
    })
}

/// What all tasks of the thread work on. Borrowed between two awaits only.
struct Shared {
    turn: RefCell<Turn>,
    relays: RefCell<Relays>,
    links: RefCell<Slab<Link>>,
    batch: RefCell<Batch>,
    datagrams: RefCell<Datagrams>,
    figures: Arc<Figures>,
    clock: Clock,
    bounds: Bounds,
}

#[derive(Clone)]
enum Link {
    Udp(Rc<UdpLink>),
    Stream(Rc<stream::Outgoing>),
}

async fn serve(
    sockets: Sockets,
    config: Config,
    figures: Arc<Figures>,
    clock: Clock,
    mut phase: watch::Receiver<Phase>,
) -> io::Result<()> {
    let bounds = config.settings.bounds;
    let ports = listening_ports(&sockets)?;
    let shared = Rc::new(Shared {
        turn: RefCell::new(Turn::new(config.settings, figures.clone())),
        relays: RefCell::new(Relays::new(config.relay_ports, config.addresses.clone())),
        links: RefCell::new(Slab::new()),
        batch: RefCell::new(Batch::default()),
        datagrams: RefCell::new(Datagrams::new()),
        figures,
        clock,
        bounds,
    });
    shared.relays.borrow_mut().belong_to(&shared);
    for socket in sockets.udp {
        let link = Rc::new(UdpLink::new(socket)?);
        let id = shared.add_link(Link::Udp(link.clone()));
        task::spawn_local(udp::serve_clients(shared.clone(), link, id));
    }
    for listener in sockets.tcp {
        task::spawn_local(stream::accept(shared.clone(), listen(listener)?, None));
    }
    if let Some(tls) = config.tls.map(TlsAcceptor::from) {
        for listener in sockets.tls {
            let tls = Some(tls.clone());
            task::spawn_local(stream::accept(shared.clone(), listen(listener)?, tls));
        }
    }

    let mut addresses = config.addresses;
    shared.set_own(&addresses.borrow_and_update().clone(), &ports);
    let mut ticks = tokio::time::interval(EXPIRE_EVERY);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let now = (shared.clock)();
                let mut relays = shared.relays.borrow_mut();
                shared.turn.borrow_mut().expire(now, &mut *relays);
            }
            Ok(()) = addresses.changed() => {
                shared.set_own(&addresses.borrow_and_update().clone(), &ports);
            }
            changed = phase.changed() => match *phase.borrow_and_update() {
                Phase::Closing if changed.is_ok() => shared.turn.borrow_mut().close(),
                Phase::Open if changed.is_ok() => {}
                _ => return Ok(()),
            }
        }
    }
}

fn listen(listener: TcpListener) -> io::Result<tokio::net::TcpListener> {
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

fn listening_ports(sockets: &Sockets) -> io::Result<Vec<u16>> {
    let udp = sockets.udp.iter().map(UdpSocket::local_addr);
    let tcp = sockets.tcp.iter().chain(&sockets.tls);
    udp.chain(tcp.map(TcpListener::local_addr))
        .map(|address| address.map(|address| address.port()))
        .collect()
}

impl Shared {
    fn set_own(&self, addresses: &Addresses, ports: &[u16]) {
        self.turn.borrow_mut().set_own(Own {
            addresses: addresses.all(),
            ports: ports.to_vec(),
        });
    }

    fn add_link(&self, link: Link) -> LinkId {
        let index = self.links.borrow_mut().insert(link);
        LinkId(u32::try_from(index).expect("connections are bounded"))
    }

    /// Takes one packet of a client to where it belongs. What leaves by a datagram waits in the
    /// batch until [`Shared::flush`].
    fn client_packet(&self, client: ClientId, packet: &[u8], now: Now) {
        let mut turn = self.turn.borrow_mut();
        let mut relays = self.relays.borrow_mut();
        let step = turn.from_client(client, packet, now, &mut *relays);
        match step {
            Step::Nothing => {}
            Step::Answer(answer) => self.to_client(&client, &[answer], false),
            Step::ToPeer { relay, to, data } => {
                if let Some(socket) = relays.socket(relay) {
                    let mut batch = self.batch.borrow_mut();
                    batch.push(&socket, to, None, &[data], &self.figures);
                }
            }
            Step::ToClient { client, head, data } => self.framed(&client, &head, data),
        }
    }

    fn framed(&self, client: &ClientId, head: &Head, data: &[u8]) {
        let padding = &[0; 3][..data.len().next_multiple_of(4) - data.len()];
        self.to_client(
            client,
            &[head.as_bytes(), data, padding],
            !head.is_message(),
        );
    }

    /// Of ChannelData in a datagram the padding is left away.
    fn to_client(&self, client: &ClientId, parts: &[&[u8]], is_channel_data: bool) {
        let LinkId(index) = client.link;
        let links = self.links.borrow();
        match links.get(index as usize) {
            Some(Link::Udp(link)) => {
                let parts = &parts[..parts.len() - usize::from(is_channel_data)];
                let mut batch = self.batch.borrow_mut();
                batch.push(link, client.remote, client.local, parts, &self.figures);
            }
            Some(Link::Stream(outgoing)) => {
                let is_taken = outgoing.push(parts);
                if !is_taken {
                    self.figures.count_refused(Refused::SlowClient);
                }
            }
            None => {}
        }
    }

    fn flush(&self) {
        self.batch.borrow_mut().flush(&self.figures);
    }
}

/// An address to listen at that `[::]` does not share with `0.0.0.0`: each family has its socket,
/// and clients are seen with the address that they have.
pub fn bind_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    udp::bind(address)
}

pub fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    stream::bind(address)
}
