use std::net::SocketAddr;

use super::{section::section, value::ConfigValue};

section! {
    /// Figures for Prometheus.
    pub struct MetricsConfig in "metrics" {
        /// Where `/metrics` is served, apart from the rest; `off` for nowhere. When the default
        /// port is taken the server goes on without; one that was asked for must be free.
        listen: MetricsListen = "127.0.0.1:9090",
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsListen {
    Off,
    On(SocketAddr),
}

impl ConfigValue for MetricsListen {
    const KIND: &'static str = "address with port, or off";

    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            text => SocketAddr::from_text(text).map(Self::On),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Off => "off".to_owned().show(),
            Self::On(address) => address.show(),
        }
    }
}
