//! The Helm chart, rendered by Helm's own code: a Python wheel carries it as a library. It is
//! linted, rendered for several sets of values, and what comes out is held against the schemas of
//! Kubernetes and against `deploy/kubernetes`.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{manifests, yaml};
use crate::{command, wheels};

/// Helm 4.2.3 as a library for x86-64, the schemas of Kubernetes, and what reads JSON schemas.
const WHEELS: &str = "\
helm-python-sdk==0.2.2 --hash=sha256:28cc13abaf134c3a7e37f070c939be8d9cdc9825c3c8b8b2d35161073bcd4578
kubernetes-validate==1.37.0 --hash=sha256:85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9
jsonschema==4.17.3 --hash=sha256:a870ad254da1a8ca84b6a2905cac29d265f805acc57af304784962a2aa6508f6
pyrsistent==0.20.0 --hash=sha256:c55acc4733aad6560a7f5f818466631f07efc001fd023f34a6c203f8b6df0f0b
attrs==26.1.0 --hash=sha256:c647aa4a12dfbad9333ca4e71fe62ddc36f4e63b2d260a37a8b83d2f043ac309
";

/// The oldest Kubernetes that Chart.yaml lets in, and the newest that there are schemas of.
const KUBERNETES: [&str; 2] = ["1.27.0", "1.37.0"];

const CHART: &str = "deploy/helm/wecall";
const MANIFESTS: &str = "deploy/kubernetes";
const MANIFESTS_VALUES: &str = "deploy/helm/manifests-values.yaml";

/// Values beside the chart's defaults: each renders, and each is a way to run WeCall.
const VALUES: [&str; 3] = [
    MANIFESTS_VALUES,
    "deploy/helm/wecall/ci/apart-values.yaml",
    "deploy/helm/wecall/ci/single-values.yaml",
];

/// Values that cannot work, and a word of what the chart says to them.
const REFUSED: [(&str, &str); 5] = [
    ("redis: { enabled: false }", "redis.enabled"),
    (
        "{ replicas: 1, roles: apart, redis: { enabled: false } }",
        "redis.enabled",
    ),
    ("persistence: { enabled: true }", "persistence"),
    ("replica: 2", "replica"),
    ("config: { WECALL_ROOMS: x }", "WECALL_ROOMS"),
];

const HEADER: &str =
    "# Rendered from deploy/helm/wecall by `cargo xtask manifests`; do not edit.\n";

/// What the chart says of one set of values.
#[derive(Deserialize)]
struct Answer {
    /// Templates by their path in the chart.
    rendered: BTreeMap<String, String>,
    /// What the linter has to say.
    lint: Vec<String>,
    /// Why it did not render.
    error: Option<String>,
}

pub fn check() -> Result<()> {
    check_version()?;
    let mut objects = Vec::new();
    for (path, answer) in VALUES.iter().zip(ask_each(&VALUES)?) {
        let rendered = rendered(answer).with_context(|| format!("with {path}"))?;
        let documents = documents(&rendered).with_context(|| format!("with {path}"))?;
        manifests::check(&documents).with_context(|| format!("with {path}"))?;
        objects.extend(documents);
    }
    check_refusals()?;
    check_schemas(&objects)?;
    check_drift()?;
    println!(
        "the chart renders in {} ways to {} objects that Kubernetes {} take",
        VALUES.len(),
        objects.len(),
        KUBERNETES.join(" and ")
    );
    Ok(())
}

/// `cargo xtask manifests`: writes `deploy/kubernetes` anew.
pub fn write_manifests() -> Result<()> {
    let folder = command::path(MANIFESTS);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for (name, content) in manifests_of_the_chart()? {
        fs::write(folder.join(&name), content)?;
        println!("{MANIFESTS}/{name}");
    }
    Ok(())
}

/// The files in `deploy/kubernetes` are the chart's.
fn check_drift() -> Result<()> {
    let wanted = manifests_of_the_chart()?;
    let mut there = BTreeMap::new();
    for entry in fs::read_dir(command::path(MANIFESTS)).context("cannot read deploy/kubernetes")? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        there.insert(name.into_owned(), fs::read_to_string(&path)?);
    }
    if wanted != there {
        bail!("run `cargo xtask manifests` and commit {MANIFESTS}");
    }
    Ok(())
}

/// A file for each template that gives anything.
fn manifests_of_the_chart() -> Result<BTreeMap<String, String>> {
    let answer = ask_each(&[MANIFESTS_VALUES])?.remove(0);
    let mut files = BTreeMap::new();
    for (template, text) in rendered(answer)? {
        let name = Path::new(&template).file_name().unwrap_or_default();
        let content = text.trim().trim_start_matches("---").trim_start();
        files.insert(
            name.to_string_lossy().into_owned(),
            format!("{HEADER}{content}\n"),
        );
    }
    Ok(files)
}

/// The manifests that an answer holds, or why it holds none.
fn rendered(answer: Answer) -> Result<BTreeMap<String, String>> {
    if let Some(error) = answer.error {
        bail!("{error}");
    }
    ensure!(answer.lint.is_empty(), "lint: {}", answer.lint.join("; "));
    let mut rendered = answer.rendered;
    rendered.retain(|path, text| path.ends_with(".yaml") && !text.trim().is_empty());
    Ok(rendered)
}

fn documents(rendered: &BTreeMap<String, String>) -> Result<Vec<Value>> {
    let mut documents = Vec::new();
    for (path, text) in rendered {
        documents.extend(yaml::many(text).with_context(|| path.clone())?);
    }
    Ok(documents)
}

fn check_refusals() -> Result<()> {
    let values: Vec<String> = REFUSED
        .iter()
        .map(|(values, _)| (*values).to_owned())
        .collect();
    for ((values, word), answer) in REFUSED.iter().zip(ask(&values)?) {
        match answer.error {
            Some(error) if error.contains(word) => {}
            Some(error) => bail!("the chart refuses `{values}` for another reason: {error}"),
            None => bail!("the chart takes `{values}`, which cannot work"),
        }
    }
    Ok(())
}

/// The chart is for the server that it comes with.
fn check_version() -> Result<()> {
    let chart = yaml::read(&format!("{CHART}/Chart.yaml"))?;
    let version = crate::metadata::version()?;
    ensure!(
        yaml::text(&chart["appVersion"]) == version,
        "Chart.yaml is for {}, this is {version}",
        chart["appVersion"]
    );
    Ok(())
}

fn check_schemas(objects: &[Value]) -> Result<()> {
    let question = json!({ "validate": objects, "versions": KUBERNETES });
    let errors: Vec<String> = python(&question)?;
    if !errors.is_empty() {
        bail!("Kubernetes does not take this:\n{}", errors.join("\n"));
    }
    Ok(())
}

fn ask_each(paths: &[&str]) -> Result<Vec<Answer>> {
    let values: Result<Vec<String>> = paths.iter().map(|path| super::file(path)).collect();
    ask(&values?)
}

fn ask(values: &[String]) -> Result<Vec<Answer>> {
    python(&json!({ "chart": command::path(CHART), "values": values }))
}

fn python<T: serde::de::DeserializeOwned>(question: &Value) -> Result<T> {
    let folder = tools()?;
    let mut python = command::program("python3")
        .env("PYTHONPATH", &folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args(["-c", include_str!("chart.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start python3")?;
    let mut input = python.stdin.take().context("python3 has no input")?;
    input.write_all(question.to_string().as_bytes())?;
    drop(input);
    let output = python.wait_with_output()?;
    ensure!(
        output.status.success(),
        "chart.py failed: {}",
        output.status
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn tools() -> Result<PathBuf> {
    let folder = command::target().join("tools/helm");
    wheels::install(&folder, WHEELS).context(
        "Helm's code could not be fetched; there are wheels of it for x86-64 and Python 3.10 or newer",
    )?;
    Ok(folder)
}
