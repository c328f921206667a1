//! [`Shared`] rooms in Redis.
//!
//! Nothing waits for Redis but for what was asked of it, and that not for long: each command has a
//! deadline, and none is sent while there is no connection.

mod connection;
mod execute;
mod keys;
mod open;
mod scripts;

use std::{
    sync::{
        Arc, OnceLock, PoisonError, RwLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use connection::{Connection, Target};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use keys::Keys;
pub use open::OpenError;
use redis::AsyncCommands as _;
use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
    time::MissedTickBehavior,
};
use tracing::Span;
use wecall_protocol::Timestamp;

use crate::shared::{Driver, Node, Now, Reply, Request, RequestId, Shared, StoreError, outcome};

/// A command that takes longer is as good as lost.
const DEADLINE: Duration = Duration::from_millis(250);

/// How often the node's time goes on.
const TICK: Duration = Duration::from_millis(10);

/// A node that starts is to be known to the others after this.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);

/// Between two attempts to connect.
const RECONNECT: Duration = Duration::from_millis(200);

/// So many commands in a row without an answer, and the connection is taken for dead.
const UNANSWERED: u32 = 8;

/// How often it is looked whether the channel's connection lives, and how long that may take.
const LISTEN_CHECK: Duration = Duration::from_secs(1);
const LISTEN_DEADLINE: Duration = Duration::from_secs(2);

type Answered = Result<Reply, StoreError>;

/// What is at the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Single,
    Sentinel,
    Cluster,
}

/// Which Redis, and how.
#[derive(Clone)]
pub struct RedisSettings {
    pub urls: Vec<String>,
    pub kind: Kind,
    pub sentinel_master: String,
    pub password: Option<String>,
    pub ca_pem: Option<Vec<u8>>,
    pub prefix: String,
    /// Rooms of all nodes together.
    pub max_rooms: usize,
}

/// Who keeps the figures of Redis.
pub trait RedisFigures: Send + Sync + 'static {
    /// A command of this [`Request::kind`] was answered, or not.
    fn command(&self, kind: &'static str, took: Duration, failed: Option<StoreError>);
}

/// How the time is read.
pub trait Time: Send + Sync + 'static {
    fn now(&self) -> Timestamp;
    fn instant(&self) -> Instant;
}

/// A Redis that can be used.
pub struct Redis {
    inner: Arc<Inner>,
    /// Until it is started.
    asked: mpsc::UnboundedReceiver<(RequestId, Request)>,
}

struct Inner {
    target: Target,
    keys: Keys,
    max_rooms: usize,
    connection: RwLock<Option<Connection>>,
    /// The key that came from Redis, for a Redis that has lost it.
    shared_key: OnceLock<[u8; 32]>,
    /// Commands in a row that were not answered.
    unanswered: AtomicU32,
    /// The connection is lost, or the channel is another one.
    renew: Notify,
    /// Rooms have one request at a time under way, and links; so there are never many.
    requests: mpsc::UnboundedSender<(RequestId, Request)>,
    time: Box<dyn Time>,
    figures: Arc<dyn RedisFigures>,
}

/// The tasks that keep a node and Redis together, until they are stopped.
pub struct RedisTasks {
    tasks: Vec<JoinHandle<()>>,
}

impl Redis {
    /// Sees whether Redis is there and can be used.
    pub async fn open(
        settings: &RedisSettings,
        time: impl Time,
        figures: Arc<dyn RedisFigures>,
    ) -> Result<Self, OpenError> {
        let target = Target::new(settings)?;
        let keys = Keys::new(&settings.prefix);
        open::check(&target, &keys)
            .await
            .map_err(|error| error.at(&target))?;
        let connection = target.connect().await?;
        let (requests, asked) = mpsc::unbounded_channel();
        Ok(Self {
            asked,
            inner: Arc::new(Inner {
                target,
                keys,
                max_rooms: settings.max_rooms,
                connection: RwLock::new(Some(connection)),
                shared_key: OnceLock::new(),
                unanswered: AtomicU32::new(0),
                renew: Notify::new(),
                time: Box::new(time),
                requests,
                figures,
            }),
        })
    }

    /// The key that all nodes sign tokens with: the one that is there, or else `ours`.
    pub async fn session_key(&self, ours: &[u8; 32]) -> Result<[u8; 32], OpenError> {
        let mut connection = self.inner.target.connect().await?;
        let key = self.inner.keys.session_key();
        let _: bool = connection.set_nx(&key, &ours[..]).await?;
        let stored: Vec<u8> = connection.get(&key).await?;
        let stored: [u8; 32] = stored
            .try_into()
            .map_err(|_| OpenError::Other(format!("{key} is not a key of 32 bytes")))?;
        Ok(*self.inner.shared_key.get_or_init(|| stored))
    }

    pub fn now(&self) -> Now {
        self.inner.now()
    }

    pub fn driver(&self) -> impl Driver + use<> {
        RedisDriver(self.inner.clone())
    }

    /// Keeps `shared` and Redis together from now on. Returns when the node is known to the others.
    pub async fn start(&mut self, shared: &Arc<Shared>) -> Result<RedisTasks, OpenError> {
        let (_, nothing) = mpsc::unbounded_channel();
        let asked = std::mem::replace(&mut self.asked, nothing);
        let tasks = RedisTasks {
            tasks: vec![
                tokio::spawn(answer(self.inner.clone(), shared.clone(), asked)),
                tokio::spawn(keep_connected(self.inner.clone(), shared.clone())),
                tokio::spawn(tick(shared.clone())),
            ],
        };
        let known = async {
            while !shared.with(|node, _| node.is_up()) {
                tokio::time::sleep(TICK).await;
            }
        };
        match tokio::time::timeout(KNOWN_WITHIN, known).await {
            Ok(()) => Ok(tasks),
            Err(_) => {
                tasks.stop();
                Err(OpenError::Unreachable {
                    places: self.inner.target.places(),
                    why: "it does not take a heartbeat".into(),
                })
            }
        }
    }

    /// Says that this node goes, and waits until it is said.
    pub async fn say_goodbye(&self, shared: &Arc<Shared>) {
        let mut connection = self.inner.connection();
        let leave = Request::Leave(shared.id());
        if self.inner.run(&mut connection, leave).await.is_err() {
            tracing::debug!("the others learn from the lease that this node is gone");
        }
    }
}

impl RedisTasks {
    pub fn stop(self) {
        for task in self.tasks {
            task.abort();
        }
    }
}

struct RedisDriver(Arc<Inner>);

impl Driver for RedisDriver {
    fn now(&self) -> Now {
        self.0.now()
    }

    fn begin(&self, requests: Vec<(RequestId, Request)>) {
        for request in requests {
            if matches!(request.1, Request::Subscribe(_)) {
                self.0.renew.notify_one();
            }
            // Refused only when the node is stopped, and needs no answer.
            drop(self.0.requests.send(request));
        }
    }
}

/// Sends requests in their order, however long the answers to earlier ones take.
async fn answer(
    inner: Arc<Inner>,
    shared: Arc<Shared>,
    mut requests: mpsc::UnboundedReceiver<(RequestId, Request)>,
) {
    let mut under_way = FuturesUnordered::new();
    loop {
        tokio::select! {
            // First what is new: it is sent when it is first polled.
            biased;
            request = requests.recv() => match request {
                Some((id, request)) => under_way.push(inner.answer(id, request)),
                None => return,
            },
            Some((id, reply)) = under_way.next() => shared.on_reply(id, reply),
        }
    }
}

impl Inner {
    async fn answer(&self, id: RequestId, request: Request) -> (RequestId, Answered) {
        let mut connection = self.connection();
        let span = match &request {
            Request::Commit(commit) => commit.span.clone(),
            _ => Span::none(),
        };
        let reply = self.run(&mut connection, request).await;
        span.record("outcome", outcome(&reply));
        (id, reply)
    }

    fn now(&self) -> Now {
        Now {
            instant: self.time.instant(),
            time: self.time.now(),
        }
    }

    fn connection(&self) -> Option<Connection> {
        let connection = self.connection.read();
        connection.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_connection(&self, connection: Option<Connection>) {
        let mut slot = self
            .connection
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *slot = connection;
        self.unanswered.store(0, Ordering::Relaxed);
    }

    async fn run(
        &self,
        connection: &mut Option<Connection>,
        request: Request,
    ) -> Result<Reply, StoreError> {
        let kind = request.kind();
        let started = self.time.instant();
        let answered = match connection {
            None => Err(StoreError::Connection),
            Some(connection) => {
                let execution = execute::execute(connection, &self.keys, self.max_rooms, request);
                match tokio::time::timeout(DEADLINE, execution).await {
                    Ok(Ok(reply)) => Ok(reply),
                    Ok(Err(error)) => Err(self.failed(&error)),
                    Err(_) => Err(StoreError::Timeout),
                }
            }
        };
        match &answered {
            Err(StoreError::Timeout) => {
                if self.unanswered.fetch_add(1, Ordering::Relaxed) + 1 >= UNANSWERED {
                    self.renew.notify_one();
                }
            }
            Err(StoreError::Connection) => self.renew.notify_one(),
            Ok(_) | Err(StoreError::Server) => self.unanswered.store(0, Ordering::Relaxed),
        }
        let took = self.time.instant().saturating_duration_since(started);
        self.figures
            .command(kind, took, answered.as_ref().err().copied());
        answered
    }

    fn failed(&self, error: &redis::RedisError) -> StoreError {
        let is_away = error.is_io_error()
            || error.is_connection_dropped()
            || error.is_cluster_error()
            // A replica that was a master, or a server that reads its file: not the one to ask now.
            || matches!(error.code(), Some("READONLY" | "LOADING" | "MASTERDOWN" | "CLUSTERDOWN"));
        tracing::debug!(%error, "Redis");
        match is_away {
            true => StoreError::Connection,
            false => StoreError::Server,
        }
    }
}

async fn tick(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        shared.with(Node::tick);
    }
}

/// Keeps a connection for commands and one that listens, and tells the node when something may
/// have been missed.
async fn keep_connected(inner: Arc<Inner>, shared: Arc<Shared>) {
    let mut was_there = true;
    loop {
        match connect(&inner, &shared, was_there).await {
            Ok(()) => tracing::info!("the connection to Redis is made anew"),
            Err(error) => {
                if was_there {
                    tracing::warn!(%error, "no connection to Redis");
                }
                was_there = false;
                tokio::time::sleep(RECONNECT).await;
                continue;
            }
        }
        was_there = false;
        inner.set_connection(None);
    }
}

/// Connects, and returns when it has to be done anew.
async fn connect(
    inner: &Arc<Inner>,
    shared: &Arc<Shared>,
    has_connection: bool,
) -> redis::RedisResult<()> {
    let node = shared.id();
    // Listening comes first: what is told after the first look must not be missed.
    let mut listener = inner.target.listen().await?;
    listener.subscribe(inner.keys.channel(node)).await?;
    let (mut sink, mut messages) = listener.split();
    if !has_connection {
        let mut connection = inner.target.connect().await?;
        open::write_back(&mut connection, &inner.keys, inner.shared_key.get()).await?;
        inner.set_connection(Some(connection));
        tracing::info!("connected to Redis again");
    }
    let reading = {
        let shared = shared.clone();
        tokio::spawn(async move {
            while let Some(message) = messages.next().await {
                let payload = message.get_payload_bytes();
                shared.with(|node, now| node.on_message(payload, now));
            }
        })
    };
    let reading = AbortOnDrop(reading);
    // What was asked for before is answered by now.
    shared.with(Node::on_subscribed);
    let mut checks = tokio::time::interval(LISTEN_CHECK);
    checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = inner.renew.notified() => break,
            _ = checks.tick() => {
                if reading.0.is_finished() {
                    break;
                }
                let ping = sink.ping::<redis::Value>();
                match tokio::time::timeout(LISTEN_DEADLINE, ping).await {
                    Ok(Ok(_)) => {}
                    Ok(Err(_)) | Err(_) => break,
                }
            }
        }
    }
    shared.with(Node::on_unsubscribed);
    Ok(())
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
