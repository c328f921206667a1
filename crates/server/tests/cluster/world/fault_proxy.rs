//! A way from a node to Redis that can be cut, or stalled in one direction.

use std::{io, net::SocketAddr, time::Duration};

use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::{mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep_until},
};

use super::{clock::now, ports::free_port, runtime};

/// What is read at once.
const CHUNK: usize = 16 * 1024;
/// What is on the way in one direction; then the sender's own buffers fill, as on a real way.
const CHUNKS: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    ToServer,
    ToClient,
}

pub struct FaultProxy {
    /// Where clients connect.
    pub address: SocketAddr,
    faults: watch::Sender<Faults>,
    task: AbortHandle,
}

#[derive(Debug, Clone)]
struct Faults {
    target: SocketAddr,
    /// Whether new connections are taken.
    open: bool,
    to_server: Lane,
    to_client: Lane,
    /// How often all connections were cut.
    cuts: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Lane {
    stalled: bool,
    delay: Duration,
}

impl Faults {
    fn lane(&mut self, direction: Direction) -> &mut Lane {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }
}

impl FaultProxy {
    pub fn to(target: SocketAddr) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let (faults, changes) = watch::channel(Faults {
            target,
            open: true,
            to_server: Lane::default(),
            to_client: Lane::default(),
            cuts: 0,
        });
        let listener = runtime().block_on(TcpListener::bind(address)).unwrap();
        let task = runtime().spawn(serve(listener, changes)).abort_handle();
        Self {
            address,
            faults,
            task,
        }
    }

    /// Nothing arrives any more in this direction, and connections stay open.
    pub fn stall(&self, direction: Direction) {
        self.change(|faults| faults.lane(direction).stalled = true);
    }

    /// What was held up arrives, and everything after it.
    pub fn flow(&self, direction: Direction) {
        self.change(|faults| faults.lane(direction).stalled = false);
    }

    /// Everything takes so much longer.
    pub fn delay(&self, direction: Direction, delay: Duration) {
        self.change(|faults| faults.lane(direction).delay = delay);
    }

    /// Resets all connections; new ones are taken.
    pub fn cut(&self) {
        self.change(|faults| faults.cuts += 1);
    }

    /// Resets all connections, and refuses new ones.
    pub fn close(&self) {
        self.change(|faults| {
            faults.cuts += 1;
            faults.open = false;
        });
    }

    /// Takes new connections again.
    pub fn open(&self) {
        self.change(|faults| faults.open = true);
    }

    /// Leads somewhere else from now on; connections there are reset.
    pub fn lead_to(&self, target: SocketAddr) {
        self.change(|faults| {
            faults.cuts += 1;
            faults.target = target;
        });
    }

    fn change(&self, change: impl FnOnce(&mut Faults)) {
        self.faults.send_modify(change);
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, mut changes: watch::Receiver<Faults>) {
    let address = listener.local_addr().unwrap();
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        let open = changes.borrow_and_update().open;
        match (open, &listener) {
            // Closed, so that the kernel refuses.
            (false, Some(_)) => listener = None,
            (true, None) => listener = Some(TcpListener::bind(address).await.unwrap()),
            _ => {}
        }
        let accept = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            accepted = accept => if let Ok((client, _)) = accepted {
                connections.spawn(carry(client, changes.clone()));
            },
            changed = changes.changed() => if changed.is_err() {
                return;
            },
            _ = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn carry(mut client: TcpStream, mut faults: watch::Receiver<Faults>) {
    let (target, cuts) = {
        let faults = faults.borrow();
        (faults.target, faults.cuts)
    };
    let Ok(mut server) = TcpStream::connect(target).await else {
        reset(&client);
        return;
    };
    let was_cut = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let there = pump(from_client, to_server, Direction::ToServer, faults.clone());
        let back = pump(from_server, to_client, Direction::ToClient, faults.clone());
        tokio::select! {
            _ = async { tokio::join!(there, back) } => false,
            _ = faults.wait_for(|faults| faults.cuts != cuts) => true,
        }
    };
    if was_cut {
        reset(&client);
        reset(&server);
    }
}

async fn pump(
    mut source: ReadHalf<'_>,
    mut sink: WriteHalf<'_>,
    direction: Direction,
    mut faults: watch::Receiver<Faults>,
) -> io::Result<()> {
    let (sender, mut chunks) = mpsc::channel::<(Instant, Vec<u8>)>(CHUNKS);
    let delay = |faults: &watch::Receiver<Faults>| faults.borrow().clone().lane(direction).delay;
    let watched = faults.clone();
    let read = async move {
        loop {
            let mut chunk = vec![0; CHUNK];
            let length = source.read(&mut chunk).await?;
            chunk.truncate(length);
            let due = Instant::from_std(now()) + delay(&watched);
            if length == 0 || sender.send((due, chunk)).await.is_err() {
                return io::Result::Ok(());
            }
        }
    };
    let write = async move {
        while let Some((due, chunk)) = chunks.recv().await {
            sleep_until(due).await;
            let flows = faults.wait_for(|faults| !faults.clone().lane(direction).stalled);
            if flows.await.is_err() {
                break;
            }
            sink.write_all(&chunk).await?;
        }
        sink.shutdown().await
    };
    tokio::try_join!(read, write)?;
    Ok(())
}

/// The other end hears RST in place of FIN, as from a machine that knows nothing of the connection.
fn reset(stream: &TcpStream) {
    // Whoever is gone already needs no reset.
    drop(SockRef::from(stream).set_linger(Some(Duration::ZERO)));
}

#[cfg(test)]
mod tests {
    use std::{
        io::{ErrorKind, Read, Write},
        net::{TcpListener, TcpStream},
        thread,
    };

    use super::*;
    use crate::server::PATIENCE;

    /// Answers each byte with the next one.
    fn successor() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || {
                    let mut byte = [0];
                    while stream.read_exact(&mut byte).is_ok() {
                        if stream.write_all(&[byte[0] + 1]).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        address
    }

    fn connect(proxy: &FaultProxy) -> TcpStream {
        let stream = TcpStream::connect(proxy.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn ask(stream: &mut TcpStream, byte: u8) -> io::Result<u8> {
        stream.write_all(&[byte])?;
        let mut answer = [0];
        stream.read_exact(&mut answer)?;
        Ok(answer[0])
    }

    #[test]
    fn what_is_stalled_arrives_afterwards_and_in_order() {
        let proxy = FaultProxy::to(successor());
        let mut stream = connect(&proxy);
        assert_eq!(ask(&mut stream, 1).unwrap(), 2);
        for direction in [Direction::ToServer, Direction::ToClient] {
            proxy.stall(direction);
            stream.write_all(&[10, 20]).unwrap();
            let wait = Duration::from_millis(50);
            stream.set_read_timeout(Some(wait)).unwrap();
            let error = stream.read(&mut [0]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            proxy.flow(direction);
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut answers = [0; 2];
            stream.read_exact(&mut answers).unwrap();
            assert_eq!(answers, [11, 21]);
        }
    }

    #[test]
    fn cut_resets_and_closed_refuses() {
        let proxy = FaultProxy::to(successor());
        let mut stream = connect(&proxy);
        assert_eq!(ask(&mut stream, 1).unwrap(), 2);
        proxy.cut();
        let error = stream.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert_eq!(ask(&mut connect(&proxy), 3).unwrap(), 4);

        let mut held = connect(&proxy);
        assert_eq!(ask(&mut held, 5).unwrap(), 6);
        proxy.close();
        assert!(held.read(&mut [0]).is_err());
        crate::world::clock::wait_for("connections are refused", PATIENCE, || {
            match TcpStream::connect(proxy.address) {
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
        proxy.open();
        crate::world::clock::wait_for("connections are taken", PATIENCE, || {
            TcpStream::connect(proxy.address).map_err(|error| error.to_string())
        });
    }

    #[test]
    fn delay_is_added_to_each_direction_by_itself() {
        let proxy = FaultProxy::to(successor());
        let mut stream = connect(&proxy);
        proxy.delay(Direction::ToClient, Duration::from_millis(80));
        let start = now();
        assert_eq!(ask(&mut stream, 1).unwrap(), 2);
        assert!(start.elapsed() >= Duration::from_millis(80));
    }

    #[test]
    fn way_leads_elsewhere_from_one_moment_to_the_next() {
        let proxy = FaultProxy::to(successor());
        let mut stream = connect(&proxy);
        assert_eq!(ask(&mut stream, 1).unwrap(), 2);
        let nowhere = SocketAddr::from(([127, 0, 0, 1], free_port()));
        proxy.lead_to(nowhere);
        assert!(stream.read(&mut [0]).is_err());
        assert!(ask(&mut connect(&proxy), 1).is_err());
        proxy.lead_to(successor());
        assert_eq!(ask(&mut connect(&proxy), 1).unwrap(), 2);
    }
}
