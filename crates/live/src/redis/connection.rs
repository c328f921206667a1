use std::time::Duration;

use redis::{
    Client, Cmd, ConnectionInfo, IntoConnectionInfo as _, Pipeline, RedisError, RedisFuture,
    RedisResult, TlsCertificates, TlsMode, Value,
    aio::{ConnectionLike, MultiplexedConnection, PubSub},
    cluster::ClusterClient,
    cluster_async::ClusterConnection,
    sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType},
};

use super::{Kind, OpenError, RedisSettings};

/// How long a connection may take to be there.
pub(super) const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// Where Redis is, checked but not asked yet.
pub(super) struct Target {
    kind: Kind,
    nodes: Vec<ConnectionInfo>,
    sentinel_master: String,
    certificates: Option<TlsCertificates>,
}

/// A connection for commands. It does not come back by itself when it is lost, but for that to a
/// cluster, which has several.
#[derive(Clone)]
pub(super) enum Connection {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Target {
    pub fn new(settings: &RedisSettings) -> Result<Self, OpenError> {
        let mut nodes = Vec::new();
        for url in &settings.urls {
            let mut info = url.as_str().into_connection_info()?;
            if let Some(password) = &settings.password {
                let redis = info.redis_settings().clone().set_password(password);
                info = info.set_redis_settings(redis);
            }
            nodes.push(info);
        }
        let certificates = settings.ca_pem.clone().map(|pem| TlsCertificates {
            client_tls: None,
            root_cert: Some(pem),
        });
        let target = Self {
            kind: settings.kind,
            nodes,
            sentinel_master: settings.sentinel_master.clone(),
            certificates,
        };
        if let (Some(_), Some(first)) = (&target.certificates, target.nodes.first()) {
            let opened = target.open(first);
            opened.map_err(|error| OpenError::Authority(error.to_string()))?;
        }
        Ok(target)
    }

    /// For people: where it was looked, and no passwords.
    pub fn places(&self) -> String {
        let places: Vec<String> = self
            .nodes
            .iter()
            .map(|node| node.addr().to_string())
            .collect();
        places.join(", ")
    }

    /// A client of one server: that which is to be used now, or any of a cluster.
    async fn client(&self) -> RedisResult<Client> {
        match self.kind {
            Kind::Single => self.open(&self.nodes[0]),
            Kind::Sentinel => self.master().await,
            Kind::Cluster => {
                let mut last = None;
                for node in &self.nodes {
                    let client = self.open(node)?;
                    match client.get_multiplexed_async_connection().await {
                        Ok(_) => return Ok(client),
                        Err(error) => last = Some(error),
                    }
                }
                Err(last.unwrap_or_else(no_address))
            }
        }
    }

    fn open(&self, node: &ConnectionInfo) -> RedisResult<Client> {
        match &self.certificates {
            Some(certificates) if self.is_tls() => {
                Client::build_with_tls(node.clone(), certificates.clone())
            }
            _ => Client::open(node.clone()),
        }
    }

    fn is_tls(&self) -> bool {
        let is_tls =
            |node: &ConnectionInfo| matches!(node.addr(), redis::ConnectionAddr::TcpTls { .. });
        self.nodes.iter().any(is_tls)
    }

    /// Whom the Sentinels name.
    async fn master(&self) -> RedisResult<Client> {
        let redis = self.nodes[0].redis_settings().clone();
        let mut node = SentinelNodeConnectionInfo::default().set_redis_connection_info(redis);
        if self.is_tls() {
            node = node.set_tls_mode(TlsMode::Secure);
        }
        let mut sentinels = SentinelClient::build(
            self.nodes.clone(),
            self.sentinel_master.clone(),
            Some(node),
            SentinelServerType::Master,
        )?;
        sentinels.async_get_client().await
    }

    /// Connects, for commands.
    pub async fn connect(&self) -> RedisResult<Connection> {
        let connecting = async {
            if self.kind == Kind::Cluster {
                let mut builder = ClusterClient::builder(self.nodes.clone())
                    // Each command has a deadline of its own, within which there is time for one.
                    .retries(1)
                    .connection_timeout(CONNECT_WITHIN);
                if let Some(certificates) = &self.certificates {
                    builder = builder.certs(certificates.clone());
                }
                let cluster = builder.build()?.get_async_connection().await?;
                return Ok(Connection::Cluster(cluster));
            }
            // Commands get deadlines where they are asked for.
            let config = redis::AsyncConnectionConfig::new()
                .set_connection_timeout(Some(CONNECT_WITHIN))
                .set_response_timeout(None);
            let client = self.client().await?;
            let single = client
                .get_multiplexed_async_connection_with_config(&config)
                .await?;
            Ok(Connection::Single(single))
        };
        in_time(connecting).await
    }

    /// Connects, to listen to channels.
    pub async fn listen(&self) -> RedisResult<PubSub> {
        in_time(async { self.client().await?.get_async_pubsub().await }).await
    }

    /// A connection to one server, to ask it what it is.
    pub async fn inspect(&self) -> RedisResult<MultiplexedConnection> {
        in_time(async {
            self.client()
                .await?
                .get_multiplexed_async_connection()
                .await
        })
        .await
    }
}

async fn in_time<T>(connecting: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    match tokio::time::timeout(CONNECT_WITHIN, connecting).await {
        Ok(connected) => connected,
        Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    }
}

fn no_address() -> RedisError {
    RedisError::from((redis::ErrorKind::InvalidClientConfig, "no address"))
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Single(single) => single.req_packed_command(cmd),
            Self::Cluster(cluster) => cluster.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Single(single) => single.req_packed_commands(pipeline, offset, count),
            Self::Cluster(cluster) => cluster.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Single(single) => single.get_db(),
            Self::Cluster(cluster) => cluster.get_db(),
        }
    }
}
