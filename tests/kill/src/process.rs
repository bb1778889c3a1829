//! The real process: how it is started, and what its log says of it.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::mpsc::UnboundedSender;

use crate::event::Event;

/// So many lines of the log are kept, to show why the process ended.
const KEPT: usize = 12;

/// What the log has, unless RUST_LOG says otherwise: where it listens, and what went wrong.
const LOG: &str = "error,merge_sync_host::cli=info";

/// How to start it.
#[derive(Debug)]
pub struct Program {
    /// The binary `merge-sync`.
    pub file: PathBuf,
    /// The engine, unless the binary is to find it.
    pub component: Option<PathBuf>,
    /// The store, the same for each start.
    pub database: PathBuf,
    /// The configuration file.
    pub configuration: PathBuf,
    /// Where Merge is.
    pub merge: SocketAddr,
    /// Where the time is.
    pub rehearsal: SocketAddr,
    /// As Merge has it.
    pub api_key: String,
    /// As Merge has it.
    pub signing_key: String,
    /// A file for the whole log.
    pub log: Option<PathBuf>,
    /// The latest lines of the log.
    pub latest: Latest,
}

/// The latest lines of the log.
pub type Latest = Arc<Mutex<VecDeque<String>>>;

impl Program {
    /// Start it, and have `events` told what its log says.
    pub fn start(&self, events: UnboundedSender<Event>) -> Result<Child> {
        let mut command = Command::new(&self.file);
        for (name, _) in std::env::vars_os() {
            // Whoever runs this may have a real one's settings in the environment.
            if name.to_string_lossy().starts_with("MERGE_") {
                command.env_remove(name);
            }
        }
        if std::env::var_os("RUST_LOG").is_none() {
            command.env("RUST_LOG", LOG);
        }
        command.args(["serve", "--log-format", "json", "--listen", "127.0.0.1:0"]);
        // Two probes tell all that is asked here.
        command.args(["--admin", "off"]);
        if let Some(component) = &self.component {
            command.arg("--component").arg(component);
        }
        command
            .arg("--base-url")
            .arg(format!("http://{}", self.merge))
            .arg("--rehearsal")
            .arg(self.rehearsal.to_string())
            .arg("--database")
            .arg(&self.database)
            .arg("--config")
            .arg(&self.configuration)
            .env("MERGE_API_KEY", &self.api_key)
            .env("MERGE_WEBHOOK_SECRET", &self.signing_key)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start `{}`", self.file.display()))?;
        let (Some(pid), Some(log)) = (child.id(), child.stderr.take()) else {
            bail!("`{}` ended at once", self.file.display());
        };
        let file = self.log.as_ref().map(|log| {
            OpenOptions::new()
                .create(true)
                .append(true)
                .open(log)
                .with_context(|| format!("cannot write `{}`", log.display()))
        });
        let latest = Arc::clone(&self.latest);
        tokio::spawn(read(pid, log, file.transpose()?, latest, events));
        Ok(child)
    }

    /// What the log said last.
    pub fn last_words(&self) -> String {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        Vec::from_iter(latest.iter().cloned()).join("\n  ")
    }
}

async fn read(
    pid: u32,
    log: ChildStderr,
    mut file: Option<File>,
    latest: Latest,
    events: UnboundedSender<Event>,
) {
    let mut lines = BufReader::new(log).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(address) = listening(&line) {
            let _ = events.send(Event::Listening(pid, address));
        }
        if let Some(file) = &mut file {
            // The log is for whoever looks for a fault; the run does not depend on it.
            let _ = writeln!(file, "{line}");
        }
        let mut latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.push_back(line);
        if latest.len() > KEPT {
            latest.pop_front();
        }
    }
    let _ = events.send(Event::Ended(pid));
}

/// The address, if this is the line that tells it.
fn listening(line: &str) -> Option<SocketAddr> {
    let line: Value = serde_json::from_str(line).ok()?;
    if line["message"] != "listening" {
        return None;
    }
    line["address"].as_str()?.parse().ok()
}

/// Whether the process answers that it is ready.
pub async fn is_well(address: SocketAddr) -> Result<()> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<&[u8]>>();
    let uri = format!("http://{address}/readyz").parse()?;
    let status = client.get(uri).await?.status();
    if status != http::StatusCode::OK {
        bail!("it answers {status}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::listening;

    #[test]
    fn the_log_says_where_it_listens() {
        let line = r#"{"level":"INFO","message":"listening","address":"127.0.0.1:41","merge":"x"}"#;
        assert_eq!(listening(line), "127.0.0.1:41".parse().ok());
        assert_eq!(listening(r#"{"message":"stopped"}"#), None);
        assert_eq!(listening("merge-sync: no such file"), None);
    }
}
