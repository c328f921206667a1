//! The command line. Scripts go by these names: they stay.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::FlagValue;

#[derive(Debug, Parser)]
#[command(name = "wecall", version, about = "Video calls on your own server")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the web app, the API and signaling
    Serve(ServeArgs),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The files of the web app, for a CDN
    #[command(subcommand)]
    Assets(AssetsCommand),
    /// Print the OpenAPI document of the REST API
    Openapi,
    /// Find out what stands in the way of calls; the exit code tells whether there is a problem
    Doctor(DoctorArgs),
    /// Ask a running server whether it is ready; the exit code tells
    Healthcheck(HealthcheckArgs),
}

#[derive(Debug, Default, Args)]
pub struct ServeArgs {
    /// Where to serve HTTP [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// The folder for everything that is kept [default: data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Where to serve Prometheus metrics, or "off" [default: 127.0.0.1:9090]
    #[arg(long, value_name = "ADDR:PORT")]
    metrics_listen: Option<String>,
    /// What this node does: web, signal, media, with commas between [default: all of them]
    #[arg(long, value_name = "ROLES")]
    roles: Option<String>,
    /// HTTPS for a local network, on port 8443 of all addresses
    #[arg(long)]
    lan: bool,
    /// A TLS certificate (PEM, the whole chain), read again when it changes
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<String>,
    /// The private key of the certificate
    #[arg(long, value_name = "FILE")]
    tls_key: Option<String>,
    /// The configuration file [default: wecall.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl ServeArgs {
    pub fn flags(&self) -> Vec<FlagValue> {
        let lan = self.lan.then(|| "true".to_owned());
        [
            ("--listen", "server.listen", &self.listen),
            ("--data-dir", "server.data_dir", &self.data_dir),
            ("--metrics-listen", "metrics.listen", &self.metrics_listen),
            ("--roles", "cluster.roles", &self.roles),
            ("--lan", "tls.lan", &lan),
            ("--tls-cert", "tls.cert_file", &self.tls_cert),
            ("--tls-key", "tls.key_file", &self.tls_key),
        ]
        .into_iter()
        .filter_map(|(flag, key, value)| {
            let value = value.clone()?;
            Some(FlagValue { flag, key, value })
        })
        .collect()
    }
}

#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub serve: ServeArgs,
    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Tell whether the configuration is right; the exit code tells it too
    Check(ServeArgs),
    /// Print the values that count, and where each is from
    Print(ServeArgs),
    /// Print the reference of all keys, in Markdown
    Reference,
}

#[derive(Debug, Subcommand)]
pub enum AssetsCommand {
    /// Write the scripts, styles and pictures that last for ever under their names, and a list of
    /// them, into a folder; files of other versions there stay
    Export {
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

#[derive(Debug, Args)]
pub struct HealthcheckArgs {
    /// The address of the server; by default that of the configuration
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// The configuration file [default: wecall.toml]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn flags_become_values_of_their_keys() {
        let cli = Cli::parse_from(["wecall", "serve", "--listen", "127.0.0.1:0", "--lan"]);
        let Command::Serve(args) = cli.command else {
            panic!("not serve");
        };
        let flags: Vec<_> = args
            .flags()
            .into_iter()
            .map(|flag| (flag.key, flag.value))
            .collect();
        assert_eq!(
            flags,
            [
                ("server.listen", "127.0.0.1:0".to_owned()),
                ("tls.lan", "true".to_owned())
            ]
        );
    }
}
