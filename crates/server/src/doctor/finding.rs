use std::fmt::Write as _;

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Ok,
    /// Works, but not for everyone or not for long.
    Warning,
    /// Calls will fail.
    Problem,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// Names it, the same from version to version.
    pub check: &'static str,
    pub state: State,
    pub text: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Finding {
    pub fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self {
            check,
            state: State::Ok,
            text: text.into(),
            advice: None,
        }
    }

    pub fn warning(
        check: &'static str,
        text: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            check,
            state: State::Warning,
            text: text.into(),
            advice: Some(advice.into()),
        }
    }

    pub fn problem(
        check: &'static str,
        text: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            state: State::Problem,
            ..Self::warning(check, text, advice)
        }
    }
}

/// A line each, the advice below it, and how it stands at the end.
pub fn table(findings: &[Finding]) -> String {
    let mut text = String::new();
    let mut line = |finding: &Finding| -> std::fmt::Result {
        let state = match finding.state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Problem => "PROBLEM",
        };
        writeln!(text, "{state:<8} {:<14} {}", finding.check, finding.text)?;
        if let Some(advice) = &finding.advice {
            writeln!(text, "{:<23} -> {advice}", "")?;
        }
        Ok(())
    };
    for finding in findings {
        line(finding).expect("a String takes all text");
    }
    let count = |state| findings.iter().filter(|one| one.state == state).count();
    let (problems, warnings) = (count(State::Problem), count(State::Warning));
    let end = match (problems, warnings) {
        (0, 0) => "Everything is fine.".to_owned(),
        (0, _) => format!("It works. Warnings: {warnings}."),
        _ => format!("Problems: {problems}. Warnings: {warnings}."),
    };
    text + "\n" + &end + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_tells_what_to_do_and_how_it_stands() {
        let findings = [
            Finding::ok("disk", "plenty"),
            Finding::warning("clock", "not synchronised", "start an NTP service"),
            Finding::problem("listen", "taken", "choose another port"),
        ];
        let text = table(&findings);
        assert!(
            text.starts_with("ok       disk           plenty\n"),
            "{text}"
        );
        assert!(text.contains("-> start an NTP service"), "{text}");
        assert!(text.ends_with("\nProblems: 1. Warnings: 1.\n"), "{text}");
        let json = serde_json::to_value(&findings).unwrap();
        assert_eq!(json[2]["state"], "problem");
        assert!(json[0].get("advice").is_none());
    }
}
