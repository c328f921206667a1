//! The kinds of values that keys have, and how they are written.

use std::{net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use ipnet::IpNet;

/// A value as it was given.
#[derive(Debug, Clone)]
pub enum Raw {
    /// From a flag, the environment, or the default.
    Text(String),
    /// From the file.
    Toml(toml::Value),
}

pub trait ConfigValue: Sized {
    /// The word of the reference for it.
    const KIND: &'static str;

    fn from_text(text: &str) -> Result<Self, String>;

    /// Strings of the file are read like text; numbers and the rest override this.
    fn from_toml(value: &toml::Value) -> Result<Self, String> {
        match value {
            toml::Value::String(text) => Self::from_text(text),
            other => Err(expected(Self::KIND, other)),
        }
    }

    /// In the notation of the file; what is secret is left out.
    fn show(&self) -> String;

    fn from_raw(raw: &Raw) -> Result<Self, String> {
        match raw {
            Raw::Text(text) => Self::from_text(text),
            Raw::Toml(value) => Self::from_toml(value),
        }
    }
}

fn expected(kind: &str, found: &toml::Value) -> String {
    format!("expected {kind}, found {} of TOML", found.type_str())
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

impl ConfigValue for bool {
    const KIND: &'static str = "true or false";

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|_| format!("`{text}` is neither `true` nor `false`"))
    }

    fn from_toml(value: &toml::Value) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| expected(Self::KIND, value))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

macro_rules! whole_number {
    ($($number:ty),*) => {$(
        impl ConfigValue for $number {
            const KIND: &'static str = "number";

            fn from_text(text: &str) -> Result<Self, String> {
                text.replace('_', "").parse().map_err(|_| {
                    format!("`{text}` is no whole number from 0 to {}", Self::MAX)
                })
            }

            fn from_toml(value: &toml::Value) -> Result<Self, String> {
                let number = value.as_integer().ok_or_else(|| expected(Self::KIND, value))?;
                Self::from_text(&number.to_string())
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

whole_number!(u16, u32);

impl ConfigValue for Duration {
    const KIND: &'static str = "duration";

    fn from_text(text: &str) -> Result<Self, String> {
        humantime::parse_duration(text)
            .map_err(|_| format!("`{text}` is no duration: write for example 30s, 10m or 1h 30m"))
    }

    fn show(&self) -> String {
        quoted(&humantime::format_duration(*self).to_string())
    }
}

/// A type that is written as plain text.
macro_rules! plain_text {
    ($($kind:ty, $word:literal, $example:literal;)*) => {$(
        impl ConfigValue for $kind {
            const KIND: &'static str = $word;

            fn from_text(text: &str) -> Result<Self, String> {
                <$kind>::from_str(text).map_err(|_| {
                    format!(concat!("`{}` is no ", $word, ": write for example ", $example), text)
                })
            }

            fn show(&self) -> String {
                quoted(&self.to_string())
            }
        }
    )*};
}

plain_text! {
    SocketAddr, "address with port", "127.0.0.1:8000 or [::1]:8000";
    IpNet, "network", "10.0.0.0/8 or ::1/128";
}

impl ConfigValue for String {
    const KIND: &'static str = "text";

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.into())
    }

    fn show(&self) -> String {
        quoted(self)
    }
}

impl ConfigValue for PathBuf {
    const KIND: &'static str = "path";

    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("the path is empty".into());
        }
        Ok(text.into())
    }

    fn show(&self) -> String {
        quoted(&self.display().to_string())
    }
}

/// A key without a value; empty text unsets it.
impl<T: ConfigValue> ConfigValue for Option<T> {
    const KIND: &'static str = T::KIND;

    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "" => Ok(None),
            text => T::from_text(text).map(Some),
        }
    }

    fn from_toml(value: &toml::Value) -> Result<Self, String> {
        match value {
            toml::Value::String(text) if text.is_empty() => Ok(None),
            value => T::from_toml(value).map(Some),
        }
    }

    fn show(&self) -> String {
        match self {
            Some(value) => value.show(),
            None => quoted(""),
        }
    }
}

/// What may stand in a list.
pub trait ListItem: ConfigValue {
    const LIST_KIND: &'static str;
}

impl ListItem for SocketAddr {
    const LIST_KIND: &'static str = "list of addresses with port";
}

impl ListItem for IpNet {
    const LIST_KIND: &'static str = "list of networks";
}

/// A list: an array in the file, parted by commas elsewhere.
impl<T: ListItem> ConfigValue for Vec<T> {
    const KIND: &'static str = T::LIST_KIND;

    fn from_text(text: &str) -> Result<Self, String> {
        text.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(T::from_text)
            .collect()
    }

    fn from_toml(value: &toml::Value) -> Result<Self, String> {
        let items = value
            .as_array()
            .ok_or_else(|| expected(Self::KIND, value))?;
        items.iter().map(T::from_toml).collect()
    }

    fn show(&self) -> String {
        let items: Vec<_> = self.iter().map(T::show).collect();
        format!("[{}]", items.join(", "))
    }
}
