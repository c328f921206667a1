use std::io;

use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, layer::SubscriberExt as _, registry::LookupSpan, util::SubscriberInitExt as _,
};
use wecall_live::shared::TRACE_TARGET;

use super::Traces;
use crate::config::{Config, LogFormat, LoggingConfig};

/// Sends events to standard error; standard output is for what people asked for. Spans for traces
/// go to what is answered, if there is a collector for them.
pub fn start_logging(config: &Config) -> anyhow::Result<Option<Traces>> {
    let filter = log_filter(&config.logging.filter)?;
    let (started, traces) = match Traces::set_up(config) {
        // One filter for all: what nobody takes is not even made.
        None => {
            let logs = lines(&config.logging);
            let subscriber = tracing_subscriber::registry().with(filter).with(logs);
            (subscriber.try_init(), None)
        }
        Some((layer, traces)) => {
            let logs = lines(&config.logging).with_filter(filter);
            let subscriber = tracing_subscriber::registry().with(layer).with(logs);
            (subscriber.try_init(), Some(traces))
        }
    };
    started.map_err(|error| anyhow::anyhow!("cannot start logging: {error}"))?;
    Ok(traces)
}

/// Whatever the operator asks for, spans for traces are not for logs.
fn log_filter(asked: &str) -> anyhow::Result<EnvFilter> {
    let filter = EnvFilter::try_new(asked)?;
    Ok(filter.add_directive(format!("{TRACE_TARGET}=off").parse()?))
}

fn lines<S>(config: &LoggingConfig) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    match config.format {
        LogFormat::Human => {
            let with_colours = io::IsTerminal::is_terminal(&io::stderr());
            layer.with_ansi(with_colours).boxed()
        }
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    }
}
