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
    path::PathBuf,
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
    let binary = build::binary()?;
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
    let result = start(container, &[]).and_then(|()| start_over_redis(container));
    // That of a stage too; the storage is ours alone.
    command::run(buildah("rm").arg("--all").stdout(Stdio::null()))?;
    // Each layer is a whole copy of the file system; only the base is kept for the next time.
    command::run(buildah("rmi").arg(IMAGE).stdout(Stdio::null()))?;
    command::run(buildah("rmi").arg("--prune").stdout(Stdio::null()))?;
    result
}

fn folder() -> PathBuf {
    command::target().join("image")
}

/// buildah with a storage of its own, so that nothing of a developer's is touched.
fn buildah(subcommand: &str) -> Command {
    let mut buildah = command::program("buildah");
    buildah
        .args(["--storage-driver", "vfs", "--root"])
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
    // The packages it was made of.
    fs::remove_dir_all(system.join("var/cache/apt/archives"))?;
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

/// As a node among many: it gets ready with a Redis that is there.
fn start_over_redis(container: &str) -> Result<()> {
    let mut redis = Redis::start()?;
    let url = format!("WECALL_REDIS__URL=redis://{}", redis.address);
    let result = start(container, &[&url]).context("with Redis");
    redis.stop()?;
    result
}

/// Starts what the image says as the user that it says, and asks it from outside and inside.
fn start(container: &str, settings: &[&str]) -> Result<()> {
    let config = Config::of(container)?;
    let address = free_address()?;
    let listen = format!("WECALL_SERVER__LISTEN={address}");
    let run = |command: &[String]| {
        let mut run = buildah("run");
        run.args(["--isolation", "chroot"]);
        for setting in [listen.as_str(), "WECALL_METRICS__LISTEN=off"]
            .iter()
            .chain(settings)
        {
            run.args(["--env", setting]);
        }
        run.args([container, "--"]).args(command);
        run
    };
    eprintln!("$ {}", config.start.join(" "));
    let mut container = run(&config.start).spawn().context("cannot start buildah")?;
    let result = ask(address, || {
        command::run(&mut run(&config.health)).context("the image's own health check")
    });
    if result.is_err() {
        // Whatever it still does; buildah takes what it runs along.
        container.kill()?;
    }
    let status = container.wait()?;
    result?;
    println!("after SIGTERM: {status}");
    if !status.success() {
        bail!("the server did not stop in order on SIGTERM: {status}");
    }
    Ok(())
}

fn ask(address: SocketAddr, health: impl Fn() -> Result<()>) -> Result<()> {
    let answer = wait_until_ready(address)?;
    println!("/readyz: {answer}");
    health()?;
    let (process, user) = server_process(address)?;
    println!("it runs as user {user}");
    if user != USER {
        bail!("the server runs as user {user}, not {USER}");
    }
    // To the server itself, as an engine does; buildah would kill what it runs.
    command::run(command::program("kill").args(["-TERM", &process]))
}

/// The process in the container and its user: the one that has our address in its environment and
/// runs the image's binary.
fn server_process(address: SocketAddr) -> Result<(String, u32)> {
    let address = format!("WECALL_SERVER__LISTEN={address}\0");
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let process = entry.path();
        // Processes come and go meanwhile: one that cannot be read is none of ours.
        let (Ok(program), Ok(environment)) = (
            fs::read_link(process.join("exe")),
            fs::read(process.join("environ")),
        ) else {
            continue;
        };
        let has_address = String::from_utf8_lossy(&environment).contains(&address);
        if has_address && program.ends_with("usr/local/bin/wecall") {
            let pid = entry.file_name().to_string_lossy().into_owned();
            return Ok((pid, entry.metadata()?.uid()));
        }
    }
    bail!("no process of the server was found")
}

/// A Redis of our own, without anything on disk.
struct Redis {
    process: Child,
    address: SocketAddr,
}

impl Redis {
    fn start() -> Result<Self> {
        let address = free_address()?;
        let process = command::program("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--port"])
            .arg(address.port().to_string())
            .arg("--dir")
            .arg(folder())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start redis-server")?;
        let mut redis = Self { process, address };
        for _ in 0..READY_TRIES {
            if redis.answers() {
                return Ok(redis);
            }
            std::thread::sleep(BETWEEN_TRIES);
        }
        redis.stop()?;
        bail!("Redis did not get ready")
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(self.address) else {
            return false;
        };
        let mut answer = [0; 7];
        stream.write_all(b"PING\r\n").is_ok()
            && stream.read_exact(&mut answer).is_ok()
            && &answer == b"+PONG\r\n"
    }

    fn stop(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
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
