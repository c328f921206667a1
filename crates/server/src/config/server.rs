use std::{net::SocketAddr, path::PathBuf, time::Duration};

use ipnet::IpNet;

use super::section::section;

section! {
    /// The server itself.
    pub struct ServerConfig in "server" {
        /// Where HTTP is served. Port 0 takes any free one. With `tls.lan` the default is port
        /// 8443 on all addresses.
        listen: SocketAddr = "127.0.0.1:8000",
        /// The folder for everything that is kept: the key of session tokens, certificates. It is
        /// created if it is missing; a relative path starts at the working directory.
        data_dir: PathBuf = "data",
        /// Proxies whose `X-Forwarded-For` is believed. Without them the address of a client is
        /// that of its connection, and rate limits take all clients behind a proxy for one.
        trusted_proxies: Vec<IpNet> = "",
        /// Over how long the WebSockets are closed when the server stops, so that the clients do
        /// not all come back in one instant.
        drain: Duration = "2s",
        /// How long before that `/readyz` says no: a load balancer needs a check or two to send
        /// new clients elsewhere.
        drain_delay: Duration = "0s",
    }
}

impl ServerConfig {
    pub(super) fn validate(&self) -> Result<(), String> {
        for (key, value) in [("drain", self.drain), ("drain_delay", self.drain_delay)] {
            if value > Duration::from_secs(60) {
                return Err(format!(
                    "server.{key}: more than a minute; process managers would not wait"
                ));
            }
        }
        Ok(())
    }
}
