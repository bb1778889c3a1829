//! `merge-sync serve`.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tracing_subscriber::EnvFilter;

use super::input::Source;
use super::stop::StopSignals;
use crate::access::{Access, AllowedHosts, Role, Token, load_or_create};
use crate::budget::Limits;
use crate::clock::{Clock, System};
use crate::component::Component;
use crate::config::{AdminConfig, Config, variable};
use crate::engine_flag::component_file;
use crate::host::{Host, Setup, slots};
use crate::http::server::{ConnectionLimits, open_files};
use crate::merge_http::Origin;
use crate::rehearsal::Rehearsal;
use crate::service::{self, Admin, Listeners};
use crate::store::sqlite::{Options, SqliteStore};

pub(super) const HELP: &str = "\
Secrets, from the environment only:
  MERGE_API_KEY           the API key of your Merge organization (required)
  MERGE_WEBHOOK_SECRET    the webhooks' signing key; several, newest first, separated by commas
                          (MERGE_SECURITY_SIGNATURE is read as well)
  MERGE_SYNC_ADMIN_TOKEN  token for the API and the pages, at least 32 characters; several,
                          separated by commas. Without one, the first start writes one into
                          <database>.admin-token
  MERGE_SYNC_READ_TOKEN   the same, for reading alone

A flag beats its environment variable, which beats the configuration file. The file
merge-sync.sample.toml of the sources explains each key, and [settings], which only the file has.

Point Merge's webhook at POST /api/webhooks/merge of the address in --listen. The API and the
pages are at the address in --admin; a program sends `Authorization: Bearer TOKEN`, people log in
with the token once.";

/// Flags of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    source: Source,
    /// How to write the log; RUST_LOG chooses what is in it, `info` if unset
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    /// For tests: live in the time of a rehearsal that listens on this address of this machine,
    /// and stop when it ends
    #[arg(
        long,
        value_name = "ADDRESS",
        value_parser = rehearsal,
        hide_short_help = true,
        help_heading = "Rehearsals"
    )]
    rehearsal: Option<SocketAddr>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        start_log(self.log_format);
        let file = self.source.file()?;
        let file = file
            .as_ref()
            .map(|(path, text)| (path.as_path(), text.as_str()));
        let config = Config::read(&self.source.flags, &variable, file)?;
        let rehearsal = match self.rehearsal {
            Some(address) => Some(Rehearsal::join(address).await?),
            None => None,
        };
        let host = assemble(&config, rehearsal.clone()).await?;
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("listen: cannot listen on `{}`", config.listen))?;
        let admin = match &config.admin {
            None => None,
            Some(admin) => Some(listen_for_admins(admin, &config.database, &host).await?),
        };
        // Before anybody can know that there is something to stop.
        let mut signals = StopSignals::listen().context("signals cannot be listened for")?;
        tracing::info!(
            address = %listener.local_addr()?,
            admin = %admin_address(admin.as_ref())?,
            database = %config.database.display(),
            merge = config.base_url,
            "listening"
        );
        let over = async move {
            match rehearsal {
                Some(rehearsal) => rehearsal.over().await,
                None => std::future::pending().await,
            }
        };
        let (ask, asked) = oneshot::channel();
        let stop = async {
            tokio::select! {
                // An error, too, says that nobody waits for more.
                _ = asked => {}
                () = over => tracing::warn!("the rehearsal is over"),
            }
        };
        let open_files = open_files::raise_limit();
        let listeners = Listeners {
            public: listener,
            limits: ConnectionLimits::for_open_files(open_files.saturating_sub(ADMIN_CONNECTIONS)),
            admin,
        };
        // The second signal stops at once, without waiting for requests and runs under way.
        let asked_twice = async {
            signals.next().await;
            tracing::info!("stopping; a second signal waits for nothing");
            let _ = ask.send(());
            signals.next().await;
        };
        tokio::select! {
            () = service::run(listeners, host, stop) => tracing::info!("stopped"),
            () = asked_twice => tracing::warn!("stopped at the second signal"),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Connections of the admin listener: operators and the product, not the internet.
const ADMIN_CONNECTIONS: u64 = 64;

async fn listen_for_admins(
    config: &AdminConfig,
    database: &Path,
    host: &Host,
) -> anyhow::Result<Admin> {
    let mut tokens = config.tokens.clone();
    if !tokens.has(Role::Admin) {
        let file = named_like(database, ".admin-token");
        let secret = load_or_create(&file).with_context(|| {
            format!(
                "MERGE_SYNC_ADMIN_TOKEN is not set, and `{}`",
                file.display()
            )
        })?;
        tracing::info!(file = %file.display(), "the token for the API and the pages is in a file");
        tokens.push(Token {
            role: Role::Admin,
            secret,
        });
    }
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("admin: cannot listen on `{}`", config.listen))?;
    let address = listener.local_addr()?;
    let mut hosts = AllowedHosts::loopback(address);
    if let Some(url) = &config.url {
        hosts = hosts.and_public(url);
    }
    let access = Arc::new(Access::new(tokens, hosts));
    // A log that is kept would keep the code, a terminal shows it to who started this.
    if std::io::stderr().is_terminal()
        && let Some(code) = access.new_login_code(host.clock.now())
    {
        let origin = config.url.as_ref().map_or_else(
            || format!("http://{address}"),
            |url| url.as_str().trim_end_matches('/').to_owned(),
        );
        eprintln!(
            "Log in within ten minutes: {origin}/login?code={}",
            code.expose()
        );
    }
    Ok(Admin {
        listener,
        limits: ConnectionLimits {
            max_connections: usize::try_from(ADMIN_CONNECTIONS).unwrap_or(usize::MAX),
            ..ConnectionLimits::default()
        },
        access,
    })
}

fn admin_address(admin: Option<&Admin>) -> std::io::Result<String> {
    match admin {
        None => Ok("off".to_owned()),
        Some(admin) => Ok(admin.listener.local_addr()?.to_string()),
    }
}

async fn assemble(config: &Config, rehearsal: Option<Arc<Rehearsal>>) -> anyhow::Result<Arc<Host>> {
    let mut limits = Limits::default();
    let clock: Arc<dyn Clock> = match rehearsal {
        Some(rehearsal) => {
            // Nobody moves that clock while a request waits for room.
            limits.patience = 0;
            rehearsal
        }
        None => Arc::new(System),
    };
    let wasm = component_file(config.component.as_deref())?;
    let store = SqliteStore::open(&config.database, Options::default(), clock.clone())?;
    let instances = slots(config.concurrency).total();
    let machine_code = named_like(&config.database, ".cwasm");
    let component = Component::load(&wasm, Some(&machine_code), instances)?;
    if config.webhook_keys.is_empty() {
        tracing::warn!("MERGE_WEBHOOK_SECRET is not set: webhooks are answered 500");
    }
    Host::new(Setup {
        clock,
        store: Arc::new(store),
        component,
        origin: Origin {
            base_url: config.base_url.clone(),
            api_key: config.api_key.clone(),
        },
        webhook_keys: config.webhook_keys.clone(),
        settings: config.settings.clone(),
        limits,
        concurrency: config.concurrency,
        support: config.support.clone(),
    })
    .await
}

/// A rehearsal is on this machine: whoever owns the clock can have everything done at once.
fn rehearsal(text: &str) -> Result<SocketAddr, String> {
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Ok(address),
        _ => Err("expected a loopback address and a port such as `127.0.0.1:9001`".to_owned()),
    }
}

/// A file beside the database, with its name and another end.
fn named_like(database: &Path, end: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn start_log(format: LogFormat) {
    let log = tracing_subscriber::fmt()
        .with_env_filter(log_filter(&variable("RUST_LOG").unwrap_or_default()))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// The compiler of components, which writes a gigabyte at `trace`: only where it is named.
const LOUD: [&str; 3] = ["cranelift", "regalloc2", "wasmtime"];

/// What `RUST_LOG` asks for; `info` where it asks for nothing.
fn log_filter(asked: &str) -> EnvFilter {
    let mut directives = if asked.is_empty() { "info" } else { asked }.to_owned();
    for target in LOUD.iter().filter(|target| !asked.contains(**target)) {
        directives.push(',');
        directives.push_str(target);
        directives.push_str("=warn");
    }
    EnvFilter::builder().parse_lossy(directives)
}

#[cfg(test)]
mod tests {
    use super::{log_filter, rehearsal};

    #[test]
    fn the_compiler_is_logged_only_where_it_is_named() {
        for (asked, want) in [
            ("", "cranelift=warn,info,regalloc2=warn,wasmtime=warn"),
            ("trace", "cranelift=warn,regalloc2=warn,trace,wasmtime=warn"),
            (
                "wasmtime=trace",
                "cranelift=warn,regalloc2=warn,wasmtime=trace",
            ),
        ] {
            let filter = log_filter(asked).to_string();
            let mut found: Vec<_> = filter.split(',').collect();
            found.sort_unstable();
            assert_eq!(found.join(","), want, "{asked}");
        }
    }

    #[test]
    fn a_rehearsal_is_on_this_machine() {
        assert!(rehearsal("127.0.0.1:9001").is_ok());
        for other in ["192.0.2.1:9001", "127.0.0.1", "localhost:9001"] {
            let refused = rehearsal(other).expect_err(other);
            assert!(
                refused.starts_with("expected a loopback address"),
                "{refused}"
            );
        }
    }
}
