//! YAML as JSON values, which is all that the checks look at.

use anyhow::{Context as _, Result};
use serde_json::Value;

pub fn read(path: &str) -> Result<Value> {
    one(&super::file(path)?).with_context(|| format!("{path} is no YAML"))
}

pub fn one(text: &str) -> Result<Value> {
    Ok(serde_saphyr::from_str(text)?)
}

/// The documents of a file, the empty ones left out.
pub fn many(text: &str) -> Result<Vec<Value>> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text)?;
    let full = documents.into_iter().filter(|document| !document.is_null());
    Ok(full.collect())
}

/// The elements of a list; none where there is no list.
pub fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The entries of a map; none where there is no map.
pub fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The text of a value that is text.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
