use std::{
    net::{SocketAddr, TcpListener, UdpSocket},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use tokio::sync::watch;
use tokio_rustls::rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use wecall_turn::{
    Bounds, Credentials, Figures, Now, PeerPolicy, Secret, Settings,
    driver::{self, Addresses, Config, Running, Sockets},
};

pub const SECRET: &str = "north";
/// Long enough for two busy cores; nothing waits for it to pass.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Server {
    pub running: Running,
    pub figures: Arc<Figures>,
    pub udp: SocketAddr,
    pub tcp: SocketAddr,
    pub tls: SocketAddr,
}

impl Server {
    /// On loopback, where peers may be as well.
    pub fn start() -> Self {
        let any = "127.0.0.1:0".parse().unwrap();
        let udp = driver::bind_udp(any).unwrap();
        let (tcp, tls) = (
            driver::bind_tcp(any).unwrap(),
            driver::bind_tcp(any).unwrap(),
        );
        let udp_address = udp.local_addr().unwrap();
        let address = |listener: &TcpListener| listener.local_addr().unwrap();
        let (tcp_address, tls_address) = (address(&tcp), address(&tls));
        let figures = Arc::new(Figures::default());
        let (_, addresses) = watch::channel(Addresses::default());
        let config = Config {
            settings: Settings {
                realm: "wecall".into(),
                secret: Secret::new(SECRET),
                bounds: Bounds::default(),
                peers: PeerPolicy {
                    networks: vec!["127.0.0.0/8".parse().unwrap()],
                    own_ports: vec![],
                },
            },
            relay_ports: 20_000..=29_999,
            addresses,
            tls: Some(certificate()),
        };
        let sockets = Sockets {
            udp: vec![udp],
            tcp: vec![tcp],
            tls: vec![tls],
        };
        let clock = Arc::new(now);
        let running = driver::start(sockets, config, figures.clone(), clock).unwrap();
        Self {
            running,
            figures,
            udp: udp_address,
            tcp: tcp_address,
            tls: tls_address,
        }
    }
}

pub fn credentials(user: &str) -> Credentials {
    Secret::new(SECRET).mint(user, now().unix_s + 3_600)
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests over real sockets go by the real time"
)]
fn now() -> Now {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    Now {
        instant: Instant::now(),
        unix_s: since.as_secs(),
    }
}

fn certificate() -> Arc<ServerConfig> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    Arc::new(config)
}

pub fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}
