//! Where live state is kept: in the memory of this node and its file, or in Redis.

use std::{
    fs,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};
use wecall_live::{
    Live, Shared,
    redis::{Kind, Redis, RedisSettings, RedisTasks, Time},
    shared::{Node, NodeInfo, NodeSettings},
};
use wecall_protocol::Timestamp;
use wecall_room::{NodeId, Rules};

use crate::{
    clock::Clock,
    config::{Config, RedisConfig, RedisKind},
    gateway::Gateway,
    keeper::Keeper,
    secret::{self, SessionKey},
    telemetry::{ClusterMetrics, Metrics, NodeTraces},
};

/// A node that Redis has not answered for so long has been given up by those who can reach it, so
/// its clients are better off with them.
const CUT_OFF_AFTER: Duration = Duration::from_secs(7);

/// Over how long they go.
const LEAVE_WITHIN: Duration = Duration::from_secs(3);

/// Who came back meanwhile, as they were led here again, is asked once more after so long, and goes
/// within as long: before the others let those leave who are at a lost node. It may be that no node
/// reaches Redis, and then asking is for nothing, so it is not done more often.
const LEAVE_AGAIN: Duration = Duration::from_secs(3);

/// How often it is looked whether Redis answers.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Live state, and what keeps it.
pub struct Store {
    pub live: Arc<Live>,
    /// On which all nodes agree.
    pub session_key: SessionKey,
    keeping: Keeping,
}

enum Keeping {
    File(Keeper),
    Redis {
        redis: Redis,
        shared: Arc<Shared>,
        tasks: RedisTasks,
        watch: Option<JoinHandle<()>>,
        metrics: Arc<ClusterMetrics>,
    },
}

impl Store {
    pub async fn open(
        config: &Config,
        clock: Clock,
        rules: Rules,
        metrics: &Metrics,
    ) -> anyhow::Result<Self> {
        let data_dir = &config.server.data_dir;
        let key = secret::session_key(data_dir, config.session.key_file.as_deref())?;
        let max_rooms = usize::try_from(config.limits.max_rooms).unwrap_or(usize::MAX);
        let Some(settings) = settings(&config.redis, max_rooms)? else {
            tracing::info!(store = "memory", "live state is in the memory of this node");
            let live = Arc::new(Live::in_memory(&key, rules, max_rooms));
            let keeper = Keeper::start(live.clone(), data_dir, clock)?;
            return Ok(Self {
                live,
                session_key: key,
                keeping: Keeping::File(keeper),
            });
        };
        let metrics = Arc::new(metrics.of_cluster());
        let mut redis = Redis::open(&settings, ServerTime(clock), metrics.clone()).await?;
        let key = match config.session.key_file {
            Some(_) => key,
            None => shared_key(&redis, &key).await?,
        };
        let id = new_node_id()?;
        let node = NodeSettings {
            id,
            info: info(config, clock.now()),
            rules,
        };
        let (name, region) = (node.info.name.clone(), node.info.region.clone());
        let live = Live::shared(&key, rules, |hub| {
            let mut node = Node::new(node, hub, metrics.clone(), redis.now());
            if config.tracing.otlp_endpoint.is_some() {
                node = node.traced_by(Arc::new(NodeTraces));
            }
            Shared::new(node, redis.driver())
        });
        let shared = live
            .shared_rooms()
            .context("rooms in Redis are shared")?
            .clone();
        let tasks = redis.start(&shared).await?;
        tracing::info!(store = "redis", url = ?config.redis.url, node = %id, name, region,
            "live state is in Redis");
        Ok(Self {
            live: Arc::new(live),
            session_key: key,
            keeping: Keeping::Redis {
                redis,
                shared,
                tasks,
                watch: None,
                metrics,
            },
        })
    }

    /// What sets the gauges of a node among others to what they are.
    pub fn gauges(&self, clock: Clock) -> impl Fn() + Send + Sync + use<> {
        let cluster = match &self.keeping {
            Keeping::File(_) => None,
            Keeping::Redis {
                shared, metrics, ..
            } => Some((shared.clone(), metrics.clone())),
        };
        move || {
            let Some((shared, metrics)) = &cluster else {
                return;
            };
            let (is_up, alive, lost, last_beat) = shared.with(|node, _| {
                let alive = node.nodes().count();
                (node.is_up(), alive, node.lost_nodes(), node.last_beat())
            });
            let age = last_beat.map(|at| clock.instant().saturating_duration_since(at));
            metrics.redis_up.set(if is_up { 1.0 } else { 0.0 });
            // Gauges are floating point, which counts exactly up to 2^53.
            metrics.nodes_alive.set(alive as f64);
            metrics.nodes_lost.set(lost as f64);
            metrics
                .lease_age
                .set(age.unwrap_or(clock.uptime()).as_secs_f64());
        }
    }

    /// Sends clients to other nodes while this one is cut off from Redis.
    pub fn watch(&mut self, gateway: &Arc<Gateway>, clock: Clock) {
        if let Keeping::Redis { shared, watch, .. } = &mut self.keeping {
            let watching = watch_redis(shared.clone(), gateway.clone(), clock);
            *watch = Some(tokio::spawn(watching));
        }
    }

    /// Clients are not sent here any more.
    pub fn say_that_it_drains(&self) {
        if let Keeping::Redis { shared, .. } = &self.keeping {
            shared.with(|node, now| node.set_draining(true, now));
        }
    }

    /// Whether there are other nodes that clients can go to.
    pub fn has_others(&self) -> bool {
        match &self.keeping {
            Keeping::File(_) => false,
            Keeping::Redis { shared, .. } => shared.with(|node, _| {
                let me = node.id();
                let mut others = node.nodes().filter(|(id, _)| **id != me);
                others.any(|(_, info)| {
                    !info.draining && info.roles.iter().any(|role| role == "signal")
                })
            }),
        }
    }

    /// Returns when everything is written down, or the other nodes know that this one is gone.
    pub async fn stop(self) {
        match self.keeping {
            Keeping::File(keeper) => keeper.stop().await,
            Keeping::Redis {
                redis,
                shared,
                tasks,
                watch,
                ..
            } => {
                if let Some(watch) = watch {
                    watch.abort();
                }
                redis.say_goodbye(&shared).await;
                tasks.stop();
            }
        }
    }
}

async fn watch_redis(shared: Arc<Shared>, gateway: Arc<Gateway>, clock: Clock) {
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut sent_away: Option<Instant> = None;
    loop {
        looks.tick().await;
        let now = clock.instant();
        let Some(since) = shared.with(|node, _| node.down_since()) else {
            sent_away = None;
            continue;
        };
        match sent_away {
            None if now.saturating_duration_since(since) >= CUT_OFF_AFTER => {
                tracing::warn!("cut off from Redis; clients are asked to try other nodes");
                gateway.send_away(LEAVE_WITHIN);
                sent_away = Some(now + LEAVE_WITHIN);
            }
            Some(at) if now.saturating_duration_since(at) >= LEAVE_AGAIN => {
                gateway.send_away(LEAVE_AGAIN);
                sent_away = Some(now + LEAVE_AGAIN);
            }
            None | Some(_) => {}
        }
    }
}

async fn shared_key(redis: &Redis, ours: &SessionKey) -> anyhow::Result<SessionKey> {
    Ok(redis.session_key(ours).await?)
}

pub(crate) fn settings(
    config: &RedisConfig,
    max_rooms: usize,
) -> anyhow::Result<Option<RedisSettings>> {
    let Some(urls) = &config.url else {
        return Ok(None);
    };
    let password = match &config.password_file {
        None => None,
        Some(path) => {
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read redis.password_file {}", path.display()))?;
            Some(text.trim_end().to_owned())
        }
    };
    let ca_pem = match &config.ca_file {
        None => None,
        Some(path) => Some(
            fs::read(path)
                .with_context(|| format!("cannot read redis.ca_file {}", path.display()))?,
        ),
    };
    Ok(Some(RedisSettings {
        urls: urls.as_slice().to_vec(),
        kind: match config.kind {
            RedisKind::Single => Kind::Single,
            RedisKind::Sentinel => Kind::Sentinel,
            RedisKind::Cluster => Kind::Cluster,
        },
        sentinel_master: config.sentinel_master.clone(),
        password,
        ca_pem,
        prefix: config.prefix.clone(),
        max_rooms,
    }))
}

fn new_node_id() -> anyhow::Result<NodeId> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    match u64::from_le_bytes(bytes) {
        0 => bail!("the system gives no random bytes"),
        bits => Ok(NodeId::from_random(bits)),
    }
}

fn info(config: &Config, started: Timestamp) -> NodeInfo {
    let cluster = &config.cluster;
    NodeInfo {
        name: cluster.name(),
        incarnation: u64::try_from(started.as_unix_ms()).unwrap_or(0),
        region: cluster.region.clone(),
        roles: cluster
            .roles
            .names()
            .iter()
            .map(|&name| name.into())
            .collect(),
        public_url: cluster.public_url.clone(),
        address: reachable(config.server.listen),
        version: env!("CARGO_PKG_VERSION").into(),
        ..NodeInfo::default()
    }
}

/// An address that means something to others.
fn reachable(listen: SocketAddr) -> Option<String> {
    (!listen.ip().is_unspecified()).then(|| listen.to_string())
}

pub(crate) struct ServerTime(pub Clock);

impl Time for ServerTime {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn instant(&self) -> Instant {
        self.0.instant()
    }
}
