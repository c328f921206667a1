use tracing_subscriber::EnvFilter;

use super::{section::section, value::ConfigValue};

section! {
    /// What the server writes to its standard error. Names, chat and session descriptions are
    /// never in it.
    pub struct LoggingConfig in "logging" {
        /// `human` for people, `json` for machines.
        format: LogFormat = "human",
        /// Which events: a level, or levels of parts as in `info,wecall_server=debug`.
        filter: String = "info",
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Human,
    Json,
}

impl ConfigValue for LogFormat {
    const KIND: &'static str = "human or json";

    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            _ => Err(format!("`{text}` is neither `human` nor `json`")),
        }
    }

    fn show(&self) -> String {
        let word = match self {
            Self::Human => "human",
            Self::Json => "json",
        };
        word.to_owned().show()
    }
}

impl LoggingConfig {
    pub(super) fn validate(&self) -> Result<(), String> {
        match EnvFilter::try_new(&self.filter) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("logging.filter: {error}")),
        }
    }
}
