use std::str::FromStr;

use super::{section::section, value::ConfigValue};

section! {
    /// Traces of single requests and joins over all nodes, for a collector that understands OTLP.
    pub struct TracingConfig in "tracing" {
        /// Where the collector takes OTLP over HTTP, such as `http://127.0.0.1:4318`; spans go to
        /// `/v1/traces` there. Plain HTTP only: the collector stands beside the server or in its
        /// network. Without it nothing is traced.
        otlp_endpoint: Option<OtlpEndpoint> = "",
        /// How many of a hundred requests are traced. Requests that a trusted proxy has decided
        /// about are traced as it says.
        sample_percent: u16 = "100",
    }
}

/// The address of a collector, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpEndpoint(String);

/// Longer than any that somebody wants.
const MAX_BYTES: usize = 256;

impl OtlpEndpoint {
    /// Where spans go.
    pub fn traces(&self) -> String {
        format!("{}/v1/traces", self.0)
    }
}

impl FromStr for OtlpEndpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            Err(format!(
                "`{text}` {why}: write for example http://127.0.0.1:4318"
            ))
        };
        if text.len() > MAX_BYTES {
            return wrong("is too long");
        }
        let Ok(uri) = text.parse::<axum::http::Uri>() else {
            return wrong("is no address");
        };
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return wrong("asks for HTTPS, which is not supported here");
            }
            _ => return wrong("does not begin with http://"),
        }
        let Some(authority) = uri.authority() else {
            return wrong("has no host");
        };
        if authority.as_str().contains('@') {
            return wrong("holds a user or a password, which are not sent");
        }
        if uri.query().is_some() || text.contains('#') {
            return wrong("has a query or a fragment");
        }
        let path = uri.path().trim_end_matches('/');
        if path.ends_with("/v1/traces") {
            return wrong("is the path for traces, which is appended");
        }
        Ok(Self(format!("http://{authority}{path}")))
    }
}

impl ConfigValue for OtlpEndpoint {
    const KIND: &'static str = "address of a collector";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
    }

    fn show(&self) -> String {
        self.0.show()
    }
}

impl TracingConfig {
    pub(super) fn validate(&self) -> Result<(), String> {
        match self.sample_percent {
            0..=100 => Ok(()),
            more => Err(format!("tracing.sample_percent: {more} is more than 100")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_go_below_the_address() {
        for (text, traces) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("http://otel/", "http://otel/v1/traces"),
            (
                "http://[::1]:4318/base/",
                "http://[::1]:4318/base/v1/traces",
            ),
        ] {
            assert_eq!(OtlpEndpoint::from_str(text).unwrap().traces(), traces);
        }
    }

    #[test]
    fn what_would_not_work_is_refused() {
        for (text, word) in [
            ("https://otel:4318", "HTTPS"),
            ("otel:4318", "http://"),
            ("grpc://otel:4317", "http://"),
            ("http://user:secret@otel", "password"),
            ("http://otel?key=1", "query"),
            ("http://otel:4318/v1/traces", "appended"),
            ("http://", "address"),
            ("http://a b", "address"),
        ] {
            let error = OtlpEndpoint::from_str(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
