//! From the start of the process to its end.

use std::{io, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
    time::timeout,
};
use tokio_util::task::TaskTracker;
use wecall_room::{MediaRules, NodeId, Rules, TopologyPolicy};

use crate::{
    clock::Clock,
    config::{Config, Loaded, MetricsListen, Origin, TlsMode, TopologySetting},
    gateway::Gateway,
    http::{self, App},
    lan,
    limits::Limits,
    media,
    own_addresses::OwnAddresses,
    rooms::Rooms,
    secret,
    store::Store,
    telemetry::{self, Metrics, Traces},
    tls::{self, TlsSetup},
    turn::Turn,
};

/// Where the server is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Starting,
    /// New clients are welcome.
    Ready,
    /// Load balancers shall send new clients elsewhere; those that come are served still.
    Leaving,
    /// New clients shall go elsewhere; those that are here are sent away, spread over time.
    Draining,
    /// No more requests.
    Stopped,
}

/// What a shell reports for a process that SIGINT ended.
const ENDED_BY_SIGNAL: i32 = 130;

/// After its time the drain is over, whatever it still does.
const DRAIN_OVERTIME: Duration = Duration::from_secs(1);

/// Serves until a signal ends it.
pub async fn run(loaded: Loaded, traces: Option<Traces>, clock: Clock) -> anyhow::Result<ExitCode> {
    let config = &loaded.config;
    for variable in loaded.passed_over() {
        tracing::warn!(variable, "not a setting, passed over");
    }
    // First, for a signal that comes early must not be lost.
    let mut signals = Signals::new().context("cannot listen for signals")?;
    let (phase, phase_of) = watch::channel(Phase::Starting);

    secret::create_data_dir(&config.server.data_dir)?;
    let tls = tls::set_up(config, clock).await?;
    let listen = listen_address(&loaded);
    let listener = http::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
    let bound = listener.local_addr()?;

    let metrics = Arc::new(Metrics::new().context("cannot set up the metrics")?);
    let exporting = traces
        .map(|traces| traces.start(&metrics, clock))
        .transpose()?;
    let addresses = OwnAddresses::follow(config.media.public_addresses.clone());
    let engine = media::Engine::start(&loaded, addresses.watch())?;
    let rules = rules(config, engine.is_some());
    let mut store = Store::open(config, clock, rules, &metrics).await?;
    let live = store.live.clone();
    let limits = Arc::new(Limits::new(&config.limits, clock.instant()));
    let server_config = tls.as_ref().map(|tls: &TlsSetup| tls.server_config.clone());
    let turn = Turn::start(
        &loaded,
        &store.session_key,
        server_config.as_ref(),
        addresses.watch(),
        engine
            .as_ref()
            .map_or_else(Vec::new, media::Engine::udp_ports),
        clock,
    )?;
    let media_metrics = metrics.of_media();
    let media = engine.map(|engine| engine.serve(live.clone(), media_metrics, clock));
    let gateway = Gateway::new(
        live.clone(),
        limits.clone(),
        metrics.clone(),
        turn.directory.clone(),
        clock,
    );
    let gateway = Arc::new(gateway);
    store.watch(&gateway, clock);
    let metrics_listener = bind_metrics(&loaded)?;
    let app = Arc::new(App {
        config: config.clone(),
        clock,
        limits,
        metrics: metrics.clone(),
        rooms: Rooms::new(live),
        gateway,
        sockets: TaskTracker::new(),
        phase: phase_of.clone(),
        ca_pem: tls.as_ref().and_then(|tls| tls.ca_pem.clone()),
        ice: turn.directory.clone(),
    });
    let gauges = app.clone();
    let cluster_gauges = store.gauges(clock);
    let (turn_metrics, turn_figures) = (metrics.of_turn(), turn.figures.clone());
    let refresh = move || {
        cluster_gauges();
        turn_metrics.copy(&turn_figures);
        // Gauges are floating point, which counts exactly up to 2^53.
        gauges.metrics.rooms.set(gauges.rooms.room_count() as f64);
        gauges
            .metrics
            .participants
            .set(gauges.rooms.participant_count() as f64);
        gauges
            .metrics
            .sockets
            .set(gauges.limits.open_sockets() as f64);
    };
    tokio::spawn(telemetry::serve_metrics(metrics_listener, metrics, refresh));
    let serving = tokio::spawn(http::serve(listener, server_config, app.clone(), phase_of));

    phase.send_replace(Phase::Ready);
    let scheme = if tls.is_some() { "https" } else { "http" };
    tracing::info!(address = %bound, url = %format!("{scheme}://{bound}"), "listening");
    tracing::info!(startup_ms = milliseconds(clock.uptime()), "ready");
    if config.tls.lan {
        let is_ours = config.tls.mode() == TlsMode::Lan;
        let authority = is_ours.then(|| tls::ca_path(&config.server.data_dir));
        lan::announce(bound, authority.as_deref());
    }
    if tls.is_none() && !bound.ip().is_loopback() && config.server.trusted_proxies.is_empty() {
        tracing::warn!(
            "browsers give no camera to pages over plain HTTP from another machine: use --lan, \
             --tls-cert, or a proxy for HTTPS, whose address goes into server.trusted_proxies"
        );
    }

    let name = signals.next().await;
    tracing::info!(signal = name, "stopping; once more ends at once");
    let ending = async {
        phase.send_replace(Phase::Leaving);
        app.metrics.draining.set(1.0);
        store.say_that_it_drains();
        turn.close();
        tokio::time::sleep(config.server.drain_delay).await;
        phase.send_replace(Phase::Draining);
        drain(&app, config, store.has_others()).await;
        phase.send_replace(Phase::Stopped);
        let served = serving.await;
        if let Some(media) = media {
            media.stop().await;
        }
        store.stop().await;
        if let Some(exporting) = exporting {
            exporting.finish().await;
        }
        served
    };
    tokio::select! {
        ended = ending => ended.context("the HTTP server failed")?,
        name = signals.next() => {
            tracing::warn!(signal = name, "ended at once");
            std::process::exit(ENDED_BY_SIGNAL);
        }
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

fn rules(config: &Config, has_media: bool) -> Rules {
    let others_may_have_it = config.redis.url.is_some() && config.media.enabled;
    let media = MediaRules {
        policy: match config.media.topology {
            _ if !has_media && !others_may_have_it => TopologyPolicy::MeshOnly,
            TopologySetting::Auto => TopologyPolicy::Auto,
            TopologySetting::AlwaysSfu => TopologyPolicy::AlwaysSfu,
            TopologySetting::MeshOnly => TopologyPolicy::MeshOnly,
        },
        mesh_participants: config.media.mesh_participants,
        // Of the only node; where there are several they choose among themselves.
        seat: has_media.then_some(NodeId::SINGLE),
        ..MediaRules::default()
    };
    Rules {
        empty_grace: config.rooms.empty_grace,
        unused_grace: config.rooms.unused_grace,
        resume_grace: config.session.resume_grace,
        media,
        ..Rules::default()
    }
}

/// Sends everyone away, within `server.drain`.
async fn drain(app: &App, config: &Config, has_others: bool) {
    let spread = config.server.drain;
    let sockets = app.limits.open_sockets();
    tracing::info!(sockets, spread_ms = milliseconds(spread), "draining");
    app.sockets.close();
    let drained = async {
        app.gateway.drain(spread, has_others).await;
        app.sockets.wait().await;
    };
    if timeout(spread + DRAIN_OVERTIME, drained).await.is_err() {
        tracing::warn!(sockets = app.limits.open_sockets(), "sockets cut off");
    }
}

/// With `--lan` the server is there for other machines.
pub fn listen_address(loaded: &Loaded) -> std::net::SocketAddr {
    let is_default = loaded.origin("server.listen") == Origin::Default;
    match loaded.config.tls.lan && is_default {
        true => lan::default_address(),
        false => loaded.config.server.listen,
    }
}

fn bind_metrics(loaded: &Loaded) -> anyhow::Result<Option<TcpListener>> {
    let MetricsListen::On(address) = loaded.config.metrics.listen else {
        return Ok(None);
    };
    match http::bind(address) {
        Ok(listener) => {
            let bound = listener.local_addr()?;
            tracing::info!(address = %bound, "serving metrics");
            Ok(Some(listener))
        }
        Err(error)
            if error.kind() == io::ErrorKind::AddrInUse
                && loaded.origin("metrics.listen") == Origin::Default =>
        {
            tracing::warn!(
                %address,
                "no metrics: the address is taken; set metrics.listen to another one, or to off"
            );
            Ok(None)
        }
        Err(error) => Err(error).with_context(|| format!("cannot serve metrics on {address}")),
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
