//! What the kernel tells of processes, and what it allows this one.

use std::{fs, time::Duration};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};

use crate::error::{During, Error};

/// Resident memory of a process, in bytes.
pub fn resident_bytes(pid: Pid) -> Result<u64, Error> {
    let path = format!("/proc/{}/status", pid.as_raw_nonzero());
    let status = fs::read_to_string(&path).during(format!("reading {path}"))?;
    resident_in(&status).ok_or_else(|| Error::Machine(format!("{path} has no VmRSS")))
}

fn resident_in(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// CPU time of a process so far, all threads, in user and kernel mode.
pub fn cpu_time(pid: Pid) -> Result<Duration, Error> {
    let path = format!("/proc/{}/stat", pid.as_raw_nonzero());
    let stat = fs::read_to_string(&path).during(format!("reading {path}"))?;
    let ticks = ticks_in(&stat).ok_or_else(|| Error::Machine(format!("{path} has no times")))?;
    let a_second = rustix::param::clock_ticks_per_second() as f64;
    Ok(Duration::from_secs_f64(ticks as f64 / a_second))
}

/// The same to the nanosecond, of the threads that live now.
pub fn time_on_cores(pid: Pid) -> Result<Duration, Error> {
    let tasks = format!("/proc/{}/task", pid.as_raw_nonzero());
    let mut sum = 0;
    for task in fs::read_dir(&tasks).during(format!("reading {tasks}"))? {
        let path = task.during(format!("reading {tasks}"))?.path();
        let path = path.join("schedstat");
        // A thread that ended meanwhile has none.
        let text = fs::read_to_string(path).unwrap_or_default();
        sum += nanoseconds_in(&text).unwrap_or(0);
    }
    Ok(Duration::from_nanos(sum))
}

/// The first field of `schedstat` is the time on a core.
fn nanoseconds_in(schedstat: &str) -> Option<u64> {
    schedstat.split_ascii_whitespace().next()?.parse().ok()
}

/// `utime` and `stime`, fields 14 and 15 of proc_pid_stat(5).
fn ticks_in(stat: &str) -> Option<u64> {
    // Field 2, the name in parentheses, may hold spaces and parentheses itself.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(14 - 3);
    let user: u64 = fields.next()?.parse().ok()?;
    let kernel: u64 = fields.next()?.parse().ok()?;
    Some(user + kernel)
}

/// Raises the number of open files to what `sockets` of them need, and gives the new limit. The
/// server is started afterwards and inherits it.
pub fn allow_sockets(sockets: usize) -> Result<(), Error> {
    /// Beside the sockets: epoll, log files, the data folder.
    const SPARE: u64 = 256;

    let wanted = sockets as u64 + SPARE;
    let limit = getrlimit(Resource::Nofile);
    let enough = |have: Option<u64>| have.is_none_or(|have| have >= wanted);
    if enough(limit.current) {
        return Ok(());
    }
    let maximum = if enough(limit.maximum) {
        limit.maximum
    } else {
        // Only a privileged process may; the error below says so.
        Some(wanted)
    };
    let raised = Rlimit {
        current: Some(wanted),
        maximum,
    };
    setrlimit(Resource::Nofile, raised).map_err(|_| {
        let hard = limit.maximum.unwrap_or(u64::MAX);
        Error::Machine(format!(
            "{sockets} sockets need {wanted} open files, and the limit is {hard}: raise it \
             (`ulimit -Hn {wanted}`), or ask for fewer with --participants"
        ))
    })
}

/// The machine in a few words, for the figures to be read by.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Machine {
    pub cpu: String,
    pub cores: usize,
    pub memory_gib: u64,
    pub kernel: String,
}

impl Machine {
    pub fn this() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let value = |text: &str, key: &str| {
            text.lines()
                .find(|line| line.starts_with(key))
                .and_then(|line| line.split_once(':'))
                .map(|(_, value)| value.trim().to_owned())
        };
        let unknown = || "unknown".to_owned();
        let memory_kib = value(&read("/proc/meminfo"), "MemTotal")
            .and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
        Self {
            cpu: value(&read("/proc/cpuinfo"), "model name").unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gib: memory_kib.unwrap_or(0).div_ceil(1024 * 1024),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_found_among_the_rest() {
        let status = "Name:\twecall\nVmHWM:\t  900 kB\nVmRSS:\t  512 kB\nThreads:\t3\n";
        assert_eq!(resident_in(status), Some(512 * 1024));
        assert_eq!(resident_in("Name:\tx\n"), None);
    }

    #[test]
    fn cpu_time_is_found_behind_a_name_with_parentheses() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194304 103 0 0 0 250 40 0 0 20 0 3 0 99";
        assert_eq!(ticks_in(stat), Some(290));
        assert_eq!(ticks_in("7 (a) S 1"), None);
    }

    #[test]
    fn time_on_a_core_is_the_first_of_three() {
        assert_eq!(nanoseconds_in("123456789 42 7\n"), Some(123_456_789));
        assert_eq!(nanoseconds_in(""), None);
    }

    #[test]
    fn own_process_can_be_measured() {
        let me = rustix::process::getpid();
        time_on_cores(me).unwrap();
        assert!(resident_bytes(me).unwrap() > 0);
        cpu_time(me).unwrap();
    }
}
