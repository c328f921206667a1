//! The container image, built and started for real without an engine, a registry or a network.
//!
//! buildah needs none of them with `--isolation chroot`. The base image is made by debootstrap and
//! tagged as the one that the Dockerfile names. The stages that compile (`node`, `build`) need
//! images from a registry and are not run here; they call `cargo xtask build`, which is.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

use crate::{build, command, dist};

const BASE: &str = "docker.io/library/debian:12-slim";
const IMAGE: &str = "localhost/wecall:check";
const RELEASE: &str = "bookworm";
const MIRROR: &str = "http://deb.debian.org/debian";

/// The user that the Dockerfile names.
const USER: u32 = 10_001;

/// From the start of the container to the first answer, buildah's own work included.
const READY_TRIES: u32 = 300;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

pub fn check() -> Result<()> {
    let binary = build::build()?;
    fs::create_dir_all(folder())?;
    fs::write(folder().join("wecall"), dist::stripped(&binary)?)?;
    base()?;
    command::run(buildah("build").args([
        "--isolation",
        "chroot",
        "--pull=never",
        // Docker's format: that of OCI has no HEALTHCHECK.
        "--format=docker",
        "--build-arg=BINARY=prebuilt",
        "--file=deploy/Dockerfile",
        "--tag",
        IMAGE,
        ".",
    ]))?;
    let container = command::read(buildah("from").args(["--pull=never", IMAGE]))?;
    let container = container.trim();
    let result = start(container);
    command::run(buildah("rm").arg(container).stdout(Stdio::null()))?;
    result
}

fn folder() -> PathBuf {
    command::target().join("image")
}

/// buildah with a storage of its own, so that nothing of a developer's is touched.
fn buildah(subcommand: &str) -> Command {
    let mut buildah = command::program("buildah");
    buildah
        .env("STORAGE_DRIVER", "vfs")
        .arg("--root")
        .arg(folder().join("storage"))
        .arg("--runroot")
        .arg(folder().join("run"))
        .arg(subcommand);
    buildah
}

/// Debian, minimal, under the name that the Dockerfile starts from.
fn base() -> Result<()> {
    let images = command::read(buildah("images").args(["--format", "{{.Name}}:{{.Tag}}"]))?;
    if images.lines().any(|image| image == BASE) {
        return Ok(());
    }
    let system = folder().join("debian");
    if system.exists() {
        fs::remove_dir_all(&system)?;
    }
    command::run(
        command::program("debootstrap")
            .args(["--variant=minbase", RELEASE])
            .arg(&system)
            .arg(MIRROR)
            .stdout(Stdio::null()),
    )?;
    let container = command::read(buildah("from").arg("scratch"))?;
    let container = container.trim();
    command::run(
        buildah("copy")
            .arg("--quiet")
            .arg(container)
            .arg(&system)
            .arg("/"),
    )?;
    command::run(buildah("commit").args(["--quiet", "--rm", container, BASE]))?;
    Ok(fs::remove_dir_all(&system)?)
}

/// Starts what the image says as the user that it says, and asks it from outside and inside.
fn start(container: &str) -> Result<()> {
    let config = Config::of(container)?;
    let address = free_address()?;
    let environment = format!("WECALL_SERVER__LISTEN={address}");
    let run = |command: &[String]| {
        let mut run = buildah("run");
        run.args(["--isolation", "chroot", "--env", &environment])
            .args(["--env", "WECALL_METRICS__LISTEN=off", container, "--"])
            .args(command);
        run
    };
    eprintln!("$ {}", config.start.join(" "));
    let mut server = run(&config.start).spawn().context("cannot start buildah")?;
    let result = ask(container, address, || {
        command::run(&mut run(&config.health)).context("the image's own health check")
    });
    stop(&mut server)?;
    result
}

fn ask(container: &str, address: SocketAddr, health: impl Fn() -> Result<()>) -> Result<()> {
    let answer = wait_until_ready(address)?;
    println!("/readyz: {answer}");
    health()?;
    let root = command::read(buildah("mount").arg(container))?;
    let data = Path::new(root.trim()).join("data");
    let mut files = 0;
    for entry in fs::read_dir(&data)? {
        let entry = entry?;
        let owner = entry.metadata()?.uid();
        if owner != USER {
            bail!(
                "{} belongs to user {owner}, not {USER}",
                entry.path().display()
            );
        }
        files += 1;
    }
    command::run(buildah("umount").arg(container).stdout(Stdio::null()))?;
    if files == 0 {
        bail!("the server kept nothing in /data");
    }
    println!("it runs as user {USER}, whom the {files} files in /data belong to");
    Ok(())
}

/// What the image says of itself.
struct Config {
    start: Vec<String>,
    health: Vec<String>,
}

impl Config {
    fn of(container: &str) -> Result<Self> {
        let json = command::read(buildah("inspect").arg(container))?;
        let json: serde_json::Value = serde_json::from_str(&json)?;
        let config = &json["Docker"]["config"];
        let words = |name: &str| -> Vec<String> {
            let words = config[name].as_array().into_iter().flatten();
            words
                .filter_map(|word| word.as_str())
                .map(str::to_owned)
                .collect()
        };
        let health = config["Healthcheck"]["Test"]
            .as_array()
            .into_iter()
            .flatten();
        let mut health: Vec<String> = health
            .filter_map(|word| word.as_str())
            .map(str::to_owned)
            .collect();
        if health.first().is_none_or(|kind| kind != "CMD") {
            bail!("the image has no HEALTHCHECK: {}", config["Healthcheck"]);
        }
        health.remove(0);
        if config["User"] != format!("{USER}:{USER}") {
            bail!("the image runs as {}", config["User"]);
        }
        Ok(Self {
            start: [words("Entrypoint"), words("Cmd")].concat(),
            health,
        })
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn wait_until_ready(address: SocketAddr) -> Result<String> {
    let mut last = None;
    for _ in 0..READY_TRIES {
        match readyz(address) {
            Ok(answer) if answer.contains(" 200 ") => return Ok(answer),
            Ok(answer) => last = Some(anyhow::anyhow!("it answered {answer}")),
            Err(error) => last = Some(error),
        }
        std::thread::sleep(BETWEEN_TRIES);
    }
    Err(last
        .context("it was not asked")?
        .context("the container did not get ready"))
}

/// The status line of the answer.
fn readyz(address: SocketAddr) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

/// buildah hands signals on to what it runs.
fn stop(server: &mut Child) -> Result<()> {
    let pid = server.id().to_string();
    command::run(command::program("kill").args(["-TERM", &pid]))?;
    let status = server.wait()?;
    println!("after SIGTERM: {status}");
    if !status.success() {
        bail!("the server did not stop on SIGTERM in order: {status}");
    }
    Ok(())
}
