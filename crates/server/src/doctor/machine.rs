use std::{fs, path::Path};

use super::finding::Finding;
use crate::{clock::Clock, config::Loaded};

/// What the database and a day of logs need.
const LOW_DISK_MIB: u64 = 1_024;
const NO_DISK_MIB: u64 = 100;

/// What the media server asks for its sockets: a burst of 40 ms at a gigabit.
const UDP_BUFFER_BYTES: u64 = 4 * 1024 * 1024;

/// A call of four holds about ten; beyond this a busy server runs out.
const FEW_FILES: u64 = 4_096;

/// Before this the program did not exist: 2026-01-01.
const FIRST_DAY_UNIX_MS: i64 = 1_767_225_600_000;

/// What clocks of good machines differ by.
const CLOCK_SLACK_MS: u128 = 60_000;

pub fn look(loaded: &Loaded, clock: Clock, findings: &mut Vec<Finding>) {
    let data_dir = &loaded.config.server.data_dir;
    findings.push(disk(data_dir));
    findings.push(clock_sanity(data_dir, clock));
    findings.push(files());
    findings.extend(udp_buffers());
}

/// The folder, or the one that it will be made in.
fn existing(path: &Path) -> &Path {
    path.ancestors()
        .find(|path| path.exists() && !path.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn disk(data_dir: &Path) -> Finding {
    let folder = existing(data_dir);
    let shown = data_dir.display();
    let probe = folder.join(format!(".wecall-doctor-{}", std::process::id()));
    let written = fs::write(&probe, b"probe");
    if let Err(error) = written.and_then(|()| fs::remove_file(&probe)) {
        return Finding::problem(
            "disk",
            format!("cannot write to {shown}: {error}"),
            "give the user that runs WeCall the folder, or set server.data_dir",
        );
    }
    let Ok(space) = rustix::fs::statvfs(folder) else {
        return Finding::ok("disk", format!("{shown} can be written to"));
    };
    let free_mib = space.f_bavail.saturating_mul(space.f_frsize) / (1024 * 1024);
    let text = format!("{free_mib} MiB are free for {shown}");
    match free_mib {
        0..NO_DISK_MIB => Finding::problem("disk", text, "make room, or move server.data_dir"),
        NO_DISK_MIB..LOW_DISK_MIB => Finding::warning("disk", text, "make room soon"),
        _ => Finding::ok("disk", text),
    }
}

fn clock_sanity(data_dir: &Path, clock: Clock) -> Finding {
    let now = clock.now();
    let now_ms = u128::try_from(now.as_unix_ms()).unwrap_or(0);
    let advice = "set the clock, and keep it right with an NTP service: credentials and \
                  certificates have dates";
    if now.as_unix_ms() < FIRST_DAY_UNIX_MS {
        return Finding::problem("clock", format!("it is not {now}"), advice);
    }
    let newest = fs::metadata(data_dir).and_then(|data| data.modified());
    let newest_ms = newest
        .ok()
        .and_then(|time| time.duration_since(std::time::SystemTime::UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_millis());
    match newest_ms > now_ms + CLOCK_SLACK_MS {
        true => Finding::problem(
            "clock",
            format!("it is {now}, but the data folder was written to later than that"),
            advice,
        ),
        false => Finding::ok("clock", format!("it is {now}")),
    }
}

fn files() -> Finding {
    // The server raises the soft limit to the hard one.
    match rlimit::Resource::NOFILE.get_hard() {
        Ok(most) if most < FEW_FILES => Finding::warning(
            "files",
            format!("only {most} files may be open, and each person is one or more"),
            "raise the limit: LimitNOFILE= of the systemd unit, or `ulimit -Hn`",
        ),
        Ok(most) => Finding::ok("files", format!("{most} files may be open")),
        Err(error) => Finding::warning(
            "files",
            format!("the limit of open files is not known: {error}"),
            "look at `ulimit -Hn`",
        ),
    }
}

/// Linux keeps its bounds there; other systems are not looked at.
fn udp_buffers() -> Option<Finding> {
    let bound = |name: &str| -> Option<u64> {
        let text = fs::read_to_string(format!("/proc/sys/net/core/{name}")).ok()?;
        text.trim().parse().ok()
    };
    let least = bound("rmem_max")?.min(bound("wmem_max")?);
    let text = format!("UDP sockets may buffer {} KiB", least / 1024);
    Some(match least < UDP_BUFFER_BYTES {
        true => Finding::warning(
            "udp-buffers",
            format!("{text}: bursts of media may be lost on a busy server"),
            format!(
                "sysctl -w net.core.rmem_max={UDP_BUFFER_BYTES} net.core.wmem_max={UDP_BUFFER_BYTES}"
            ),
        ),
        false => Finding::ok("udp-buffers", text),
    })
}
