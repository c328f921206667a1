//! Where values come from: flags over environment over file over defaults.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fmt,
    path::{Path, PathBuf},
};

use super::{
    section::SectionDoc,
    value::{ConfigValue, Raw},
};

/// Environment variables of the configuration begin with this.
pub const ENV_PREFIX: &str = "WECALL_";

/// Names the file instead of a key, like `--config`.
pub const ENV_CONFIG_FILE: &str = "WECALL_CONFIG";

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    File(PathBuf),
    Environment(String),
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// A value that was given on the command line.
#[derive(Debug, Clone)]
pub struct FlagValue {
    pub flag: &'static str,
    pub key: &'static str,
    pub value: String,
}

/// All values before they are typed; later layers have replaced earlier ones.
#[derive(Debug, Default)]
pub struct Layers {
    values: BTreeMap<String, (Raw, Origin)>,
    problems: Vec<String>,
    passed_over: Vec<String>,
}

impl Layers {
    pub fn read_file(&mut self, path: &Path, text: &str, known: &[SectionDoc]) {
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => {
                let message = error.to_string();
                return self.problem(format!("{}: {}", path.display(), message.trim_end()));
            }
        };
        for (section, content) in table {
            let origin = Origin::File(path.to_owned());
            let Some(doc) = known.iter().find(|doc| doc.name == section) else {
                let hint = nearest(&section, known.iter().map(|doc| doc.name));
                self.problem(format!("{origin}: unknown section [{section}]{hint}"));
                continue;
            };
            let toml::Value::Table(keys) = content else {
                self.problem(format!(
                    "{origin}: `{section}` is a section: write [{section}]"
                ));
                continue;
            };
            for (key, value) in keys {
                if doc.keys.iter().any(|known| known.name == key) {
                    let entry = (Raw::Toml(value), origin.clone());
                    self.values.insert(format!("{section}.{key}"), entry);
                } else {
                    let hint = nearest(&key, doc.keys.iter().map(|known| known.name));
                    self.problem(format!("{origin}: unknown key {section}.{key}{hint}"));
                }
            }
        }
    }

    pub fn read_environment(
        &mut self,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        known: &[SectionDoc],
    ) {
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| name.starts_with(ENV_PREFIX)) else {
                continue;
            };
            if name == ENV_CONFIG_FILE || is_of_kubernetes(name) {
                continue;
            }
            let key = known.iter().find_map(|doc| {
                let key = doc
                    .keys
                    .iter()
                    .find(|key| env_name(doc.name, key.name) == name)?;
                Some(format!("{}.{}", doc.name, key.name))
            });
            match (key, value.to_str()) {
                (Some(key), Some(text)) => {
                    let entry = (Raw::Text(text.into()), Origin::Environment(name.into()));
                    self.values.insert(key, entry);
                }
                (Some(_), None) => self.problem(format!("{name}: the value is not UTF-8")),
                (None, _) if name.contains("__") => {
                    let names: Vec<_> = env_names(known).collect();
                    let hint = nearest(name, names.iter().map(String::as_str));
                    self.problem(format!("unknown environment variable {name}{hint}"));
                }
                (None, _) => match meant_by(name, known) {
                    Some(meant) => self.problem(format!(
                        "unknown environment variable {name}; did you mean {meant}?"
                    )),
                    None => self.passed_over.push(name.into()),
                },
            }
        }
    }

    pub fn read_flags(&mut self, flags: &[FlagValue]) {
        for FlagValue { flag, key, value } in flags {
            let entry = (Raw::Text(value.clone()), Origin::Flag(flag));
            self.values.insert((*key).into(), entry);
        }
    }

    /// What is set so far for `key`, as text.
    pub fn text(&self, key: &str) -> Option<&str> {
        match &self.values.get(key)?.0 {
            Raw::Text(text) => Some(text),
            Raw::Toml(value) => value.as_str(),
        }
    }

    pub fn origin(&self, key: &str) -> Origin {
        match self.values.get(key) {
            Some((_, origin)) => origin.clone(),
            None => Origin::Default,
        }
    }

    pub(super) fn read<T: ConfigValue>(
        &mut self,
        section: &str,
        key: &str,
        default: &str,
    ) -> Option<T> {
        let key = format!("{section}.{key}");
        let (raw, origin) = match self.values.get(&key) {
            Some((raw, origin)) => (raw, origin),
            None => (&Raw::Text(default.into()), &Origin::Default),
        };
        match T::from_raw(raw) {
            Ok(value) => Some(value),
            Err(reason) => {
                let problem = format!("{key} (from {origin}): {reason}");
                self.problem(problem);
                None
            }
        }
    }

    pub(super) fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }

    pub(super) fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Variables under our prefix that are not like any key: other programs' business.
    pub fn passed_over(&self) -> &[String] {
        &self.passed_over
    }
}

/// The variable that sets `section.key`.
pub fn env_name(section: &str, key: &str) -> String {
    format!("{ENV_PREFIX}{section}__{key}").to_ascii_uppercase()
}

/// Kubernetes tells each container of the services beside it. One that is called `wecall` or
/// `wecall-…` gives variables under our prefix that nobody has written.
fn is_of_kubernetes(name: &str) -> bool {
    let begins_with_digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    // WECALL_SERVICE_HOST, WECALL_SERVICE_PORT, WECALL_SERVICE_PORT_HTTP
    let is_service = name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT");
    // WECALL_PORT, WECALL_PORT_8000_TCP, WECALL_PORT_8000_TCP_ADDR
    let is_link = name.ends_with("_PORT")
        || name
            .split_once("_PORT_")
            .is_some_and(|(_, rest)| begins_with_digit(rest));
    !name.contains("__") && (is_service || is_link)
}

/// The file that the environment names.
pub fn config_file_from_environment() -> Option<PathBuf> {
    std::env::var_os(ENV_CONFIG_FILE)
        .filter(|name| name != OsStr::new(""))
        .map(PathBuf::from)
}

fn env_names(known: &[SectionDoc]) -> impl Iterator<Item = String> {
    known
        .iter()
        .flat_map(|doc| doc.keys.iter().map(|key| env_name(doc.name, key.name)))
}

/// Which variable someone had in mind who wrote `name` without the `__` between section and key.
///
/// Scripts around a server keep values of their own under its prefix, such as where its binary is;
/// those must not keep it from starting.
fn meant_by(name: &str, known: &[SectionDoc]) -> Option<String> {
    let bare = |text: &str| text.replace('_', "").to_ascii_lowercase();
    let written = bare(name.strip_prefix(ENV_PREFIX)?);
    let keys = known
        .iter()
        .flat_map(|doc| doc.keys.iter().map(move |key| (doc.name, key.name)));
    let likeness = |(section, key): (&str, &str)| {
        [bare(key), bare(section) + &bare(key)]
            .iter()
            .map(|meant| strsim::normalized_damerau_levenshtein(&written, meant))
            .fold(0.0, f64::max)
    };
    // Of equals the first, which is the more important section.
    keys.map(|key| (likeness(key), key))
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .filter(|(likeness, _)| *likeness > 0.8)
        .map(|(_, (section, key))| env_name(section, key))
}

/// `; did you mean …?` when a known name is near enough to be a slip of the finger.
fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> String {
    let best = known
        .map(|name| (strsim::jaro_winkler(unknown, name), name))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((similarity, name)) if similarity > 0.7 => format!("; did you mean {name}?"),
        _ => String::new(),
    }
}
