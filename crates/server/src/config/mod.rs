//! What the operator decides. Flags go over `WECALL_*` variables, those over `wecall.toml`, and
//! that over the defaults; a name that nobody knows is refused, wherever it stands.

mod assets;
mod cluster;
mod http;
mod ice;
pub(crate) mod layers;
mod limits;
mod logging;
mod media;
mod metrics;
mod redis;
mod reference;
mod rooms;
pub(crate) mod section;
mod server;
mod session;
mod tls;
mod tracing;
mod turn;
pub(crate) mod value;

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

pub use assets::{AssetsConfig, AssetsUrl};
pub use cluster::{ClusterConfig, Roles, SocketOrigin};
pub use http::{HttpConfig, WebOrigin};
pub use ice::{IceConfig, IceServers};
pub use layers::{FlagValue, Origin};
pub use limits::{LimitsConfig, Rate};
pub use logging::{LogFormat, LoggingConfig};
pub use media::{MediaConfig, TopologySetting};
pub use metrics::{MetricsConfig, MetricsListen};
pub use redis::{RedisConfig, RedisKind, RedisUrls};
pub use reference::reference;
pub use rooms::RoomsConfig;
use section::{Section, SectionDoc};
pub use server::ServerConfig;
pub use session::SessionConfig;
pub use tls::{TlsConfig, TlsMode};
pub use tracing::{OtlpEndpoint, TracingConfig};
pub use turn::{PortRange, TurnConfig, TurnUrl};

use layers::Layers;

/// Looked for in the working directory, then in the data folder.
pub const FILE_NAME: &str = "wecall.toml";

#[derive(Debug, Clone)]
pub struct Config {
    pub server: ServerConfig,
    pub tls: TlsConfig,
    pub http: HttpConfig,
    pub assets: AssetsConfig,
    pub session: SessionConfig,
    pub rooms: RoomsConfig,
    pub redis: RedisConfig,
    pub cluster: ClusterConfig,
    pub ice: IceConfig,
    pub media: MediaConfig,
    pub turn: TurnConfig,
    pub limits: LimitsConfig,
    pub metrics: MetricsConfig,
    pub tracing: TracingConfig,
    pub logging: LoggingConfig,
}

/// The sections in the order of the reference.
pub(crate) const SECTIONS: &[SectionDoc] = &[
    ServerConfig::DOC,
    TlsConfig::DOC,
    HttpConfig::DOC,
    AssetsConfig::DOC,
    SessionConfig::DOC,
    RoomsConfig::DOC,
    RedisConfig::DOC,
    ClusterConfig::DOC,
    IceConfig::DOC,
    MediaConfig::DOC,
    TurnConfig::DOC,
    LimitsConfig::DOC,
    MetricsConfig::DOC,
    TracingConfig::DOC,
    LoggingConfig::DOC,
];

/// A configuration, and where its values are from.
#[derive(Debug)]
pub struct Loaded {
    pub config: Config,
    layers: Layers,
}

/// Everything that is wrong with the configuration, a line each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(Vec<String>);

/// What stands outside of the file.
#[derive(Debug, Default)]
pub struct Outside {
    pub file: Option<PathBuf>,
    pub environment: Vec<(OsString, OsString)>,
    pub flags: Vec<FlagValue>,
}

impl Outside {
    /// The environment of this process.
    pub fn of_process(file: Option<PathBuf>, flags: Vec<FlagValue>) -> Self {
        Self {
            file: file.or_else(layers::config_file_from_environment),
            environment: std::env::vars_os().collect(),
            flags,
        }
    }
}

impl Loaded {
    pub fn load(outside: &Outside) -> Result<Self, ConfigError> {
        let mut layers = Layers::default();
        let file = find_file(outside).map_err(|problem| ConfigError(vec![problem]))?;
        if let Some((path, text)) = &file {
            layers.read_file(path, text, SECTIONS);
        }
        layers.read_environment(outside.environment.iter().cloned(), SECTIONS);
        layers.read_flags(&outside.flags);

        let config = Config::load(&mut layers);
        match config {
            Some(config) if layers.problems().is_empty() => Ok(Self { config, layers }),
            _ => Err(ConfigError(layers.problems().to_vec())),
        }
    }

    pub fn origin(&self, key: &str) -> Origin {
        self.layers.origin(key)
    }

    /// Variables under our prefix that are no settings of ours.
    pub fn passed_over(&self) -> &[String] {
        self.layers.passed_over()
    }

    /// The effective values in the notation of the file, each with where it is from.
    pub fn print(&self) -> String {
        let mut text = String::new();
        for (doc, values) in SECTIONS.iter().zip(self.config.show()) {
            text += &format!("[{}]\n", doc.name);
            for (key, value) in doc.keys.iter().zip(values) {
                let origin = self.origin(&format!("{}.{}", doc.name, key.name));
                text += &format!("{} = {value} # {origin}\n", key.name);
            }
            text += "\n";
        }
        text.truncate(text.trim_end().len());
        text + "\n"
    }
}

impl Config {
    fn load(layers: &mut Layers) -> Option<Self> {
        // As in a section: all are read before the first bad one ends it.
        let server = ServerConfig::load(layers);
        let tls = TlsConfig::load(layers);
        let http = HttpConfig::load(layers);
        let assets = AssetsConfig::load(layers);
        let session = SessionConfig::load(layers);
        let rooms = RoomsConfig::load(layers);
        let redis = RedisConfig::load(layers);
        let cluster = ClusterConfig::load(layers);
        let ice = IceConfig::load(layers);
        let media = MediaConfig::load(layers);
        let turn = TurnConfig::load(layers);
        let limits = LimitsConfig::load(layers);
        let metrics = MetricsConfig::load(layers);
        let tracing = TracingConfig::load(layers);
        let logging = LoggingConfig::load(layers);
        let config = Self {
            server: server?,
            tls: tls?,
            http: http?,
            assets: assets?,
            session: session?,
            rooms: rooms?,
            redis: redis?,
            cluster: cluster?,
            ice: ice?,
            media: media?,
            turn: turn?,
            limits: limits?,
            metrics: metrics?,
            tracing: tracing?,
            logging: logging?,
        };
        if config.redis.url.is_none() && !(config.cluster.roles.web && config.cluster.roles.signal)
        {
            layers.problem(
                "cluster.roles: a node that shares nothing with others (redis.url) has to do web \
                 and signal"
                    .into(),
            );
        }
        for check in [
            config.server.validate(),
            config.tls.validate(),
            config.assets.validate(&config.tls),
            config.session.validate(),
            config.rooms.validate(),
            config.redis.validate(),
            config.cluster.validate(),
            config.media.validate(),
            config.turn.validate(),
            config.limits.validate(),
            config.tracing.validate(),
            config.logging.validate(),
        ] {
            if let Err(problem) = check {
                layers.problem(problem);
            }
        }
        Some(config)
    }

    fn show(&self) -> [Vec<String>; SECTIONS.len()] {
        [
            self.server.show(),
            self.tls.show(),
            self.http.show(),
            self.assets.show(),
            self.session.show(),
            self.rooms.show(),
            self.redis.show(),
            self.cluster.show(),
            self.ice.show(),
            self.media.show(),
            self.turn.show(),
            self.limits.show(),
            self.metrics.show(),
            self.tracing.show(),
            self.logging.show(),
        ]
    }
}

/// The file that was named, or one that lies where files are looked for.
fn find_file(outside: &Outside) -> Result<Option<(PathBuf, String)>, String> {
    let problem = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    if let Some(path) = &outside.file {
        return match fs::read_to_string(path) {
            Ok(text) => Ok(Some((path.clone(), text))),
            Err(error) => Err(problem(path, error)),
        };
    }
    let mut outer = Layers::default();
    outer.read_environment(outside.environment.iter().cloned(), SECTIONS);
    outer.read_flags(&outside.flags);
    let data_dir = outer.text("server.data_dir").unwrap_or("data");
    for path in [
        PathBuf::from(FILE_NAME),
        Path::new(data_dir).join(FILE_NAME),
    ] {
        match fs::read_to_string(&path) {
            Ok(text) => return Ok(Some((path, text))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(problem(&path, error)),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
