//! A program that is measured as a whole: started, listened to, and ended.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, Signal, System};

/// A server says within this where it listens.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server under way.
#[derive(Debug)]
pub struct Program {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it answers operators, if that is another address.
    pub admin: SocketAddr,
    /// Just before it was started.
    pub started: Instant,
}

/// What it took of the machine, the processes that it started included.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Processor time so far, in user and kernel mode.
    pub processor: Duration,
    /// What of its memory is in the machine's, in bytes.
    pub memory: u64,
}

impl Program {
    /// Start a server, and wait for its first line that says `127.0.0.1:` and a port.
    pub fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let started = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start `{name}`"))?;
        let (found, address) = channel();
        listen(child.stdout.take(), found.clone());
        listen(child.stderr.take(), found);
        let (address, admin) = address.recv_timeout(PATIENCE).with_context(|| {
            // It may have ended by itself.
            let _ = child.kill();
            format!("`{name}` does not say where it listens")
        })?;
        Ok(Self {
            child,
            address,
            admin,
            started,
        })
    }

    /// What it has taken so far.
    pub fn usage(&self) -> Usage {
        let mut system = System::new();
        let what = ProcessRefreshKind::nothing().with_cpu().with_memory();
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, what);
        let mut usage = Usage::default();
        for process in system.processes().values() {
            if process.thread_kind().is_none() && self.owns(&system, process) {
                usage.processor += processor_time(process);
                usage.memory += process.memory();
            }
        }
        usage
    }

    fn owns(&self, system: &System, process: &Process) -> bool {
        let own = Pid::from_u32(self.child.id());
        let mut next = Some(process);
        while let Some(process) = next {
            if process.pid() == own {
                return true;
            }
            next = process.parent().and_then(|parent| system.process(parent));
        }
        false
    }
}

impl Drop for Program {
    /// Politely, since a server may have processes of its own to end.
    fn drop(&mut self) {
        let pid = Pid::from_u32(self.child.id());
        let mut system = System::new();
        system.refresh_processes(ProcessesToUpdate::Some(&[pid]), true);
        let asked = system
            .process(pid)
            .and_then(|process| process.kill_with(Signal::Term));
        if asked != Some(true) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// To the nanosecond, where the system can say it.
#[cfg(target_os = "linux")]
fn processor_time(process: &Process) -> Duration {
    let pid = i32::try_from(process.pid().as_u32()).unwrap_or_default();
    let clock = nix::time::clock_getcpuclockid(nix::unistd::Pid::from_raw(pid));
    let time = clock.and_then(nix::time::ClockId::now);
    time.map_or_else(|_| in_milliseconds(process), Duration::from)
}

#[cfg(not(target_os = "linux"))]
fn processor_time(process: &Process) -> Duration {
    in_milliseconds(process)
}

fn in_milliseconds(process: &Process) -> Duration {
    Duration::from_millis(process.accumulated_cpu_time())
}

/// Read to the end whatever it prints, so that it never waits for a reader; send the first
/// address.
fn listen(from: Option<impl Read + Send + 'static>, found: Sender<(SocketAddr, SocketAddr)>) {
    let Some(from) = from else { return };
    thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            let Ok(line) = line else { return };
            if let Some(address) = address_in(&line) {
                // Whoever asked may have heard it from the other stream.
                let admin = line
                    .split_once("admin=")
                    .and_then(|(_, rest)| address_in(rest));
                let _ = found.send((address, admin.unwrap_or(address)));
            }
        }
    });
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, port) = line.split_once("127.0.0.1:")?;
    let digits = port.find(|c: char| !c.is_ascii_digit());
    let port = port.get(..digits.unwrap_or(port.len()))?.parse().ok()?;
    Some(SocketAddr::from(([127, 0, 0, 1], port)))
}

#[cfg(test)]
mod tests {
    use super::address_in;

    #[test]
    fn an_address_is_found_in_what_servers_print() {
        for line in [
            "listening address=127.0.0.1:4711 merge=http://127.0.0.1:80",
            "Listening at: http://127.0.0.1:4711 (12)",
            "127.0.0.1:4711",
        ] {
            assert_eq!(address_in(line).map(|found| found.port()), Some(4711));
        }
        assert_eq!(address_in("starting"), None);
    }
}
