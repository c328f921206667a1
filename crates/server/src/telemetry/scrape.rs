//! The listener that Prometheus asks.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Request, Response, StatusCode, header},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore};

use super::Metrics;

/// How often the samples of histograms are sorted into their buckets: until then each takes
/// eight bytes, so at 10,000 messages a second it holds 80 kB.
const UPKEEP: Duration = Duration::from_secs(1);

/// Prometheus needs one connection, a person who looks one more.
const MAX_CONNECTIONS: usize = 16;

const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves `GET /metrics` until the task is dropped. `refresh` sets the gauges before each answer.
pub async fn serve_metrics(
    listener: Option<TcpListener>,
    metrics: Arc<Metrics>,
    refresh: impl Fn() + Send + Sync + 'static,
) -> Infallible {
    let process = metrics_process::Collector::default();
    metrics::with_local_recorder(metrics.recorder(), || process.describe());
    let page = {
        let metrics = metrics.clone();
        Arc::new(move || {
            refresh();
            metrics::with_local_recorder(metrics.recorder(), || process.collect());
            metrics.handle().render()
        })
    };
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut upkeep = tokio::time::interval(UPKEEP);
    loop {
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        let stream = tokio::select! {
            _ = upkeep.tick() => {
                metrics.handle().run_upkeep();
                continue;
            }
            accepted = accepted => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::debug!(%error, "metrics connection failed");
                    continue;
                }
            },
        };
        let Ok(permit) = permits.clone().try_acquire_owned() else {
            continue;
        };
        let page = page.clone();
        tokio::spawn(async move {
            let answer = service_fn(|request: Request<Incoming>| {
                let page = page.clone();
                async move { Ok::<_, Infallible>(answer(request.uri().path(), &*page)) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(READ_TIMEOUT)
                .serve_connection(TokioIo::new(stream), answer);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "metrics connection failed");
            }
            drop(permit);
        });
    }
}

fn answer(path: &str, page: &dyn Fn() -> String) -> Response<Body> {
    match path {
        "/metrics" => {
            let mut response = Response::new(Body::from(page()));
            let kind = header::HeaderValue::from_static("text/plain; version=0.0.4");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        _ => {
            let mut response = Response::new(Body::from("The figures are at /metrics.\n"));
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
    }
}
