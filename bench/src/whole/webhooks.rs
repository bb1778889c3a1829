//! Webhooks a second, and how long each waits: `merge-sync serve` beside the same route in native
//! code, and beside Flask.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::Result;

use super::accounts::{fill, id, open, state_at_rest};
use super::load::{Webhook, load, webhooks};
use super::program::Program;
use super::{API_KEY, SIGNING_KEY, Setting, beside, merge, runtime, serve};
use crate::figure::Figures;

/// Accounts in the stores, each with webhooks.
const ACCOUNTS: u32 = 1_000;

/// Connections on which webhooks come.
const CONNECTIONS: usize = 32;

/// What the others are compared with.
pub const BASE: &str = "axum, native decisions";

/// Measure them.
pub fn measure(setting: &Setting, figures: &mut Figures, done: &dyn Fn(&str)) -> Result<()> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let scratch = setting.scratch()?;
        let folder = scratch.path();
        let state = state_at_rest()?;
        for name in ["serve", "native"] {
            let store = open(&folder.join(format!("{name}.sqlite")))?;
            fill(&store, ACCOUNTS, &state).await?;
        }
        let merge = format!("http://{}", merge::start().await?);
        let servers = [
            (BASE, native(&folder.join("native.sqlite"))?),
            (
                "merge-sync serve",
                serve(&folder.join("serve.sqlite"), &merge, API_KEY)?,
            ),
            ("Flask, gunicorn", flask(setting, folder)?),
        ];
        let webhooks = webhooks((0..ACCOUNTS).map(id))?;
        for (_, server) in &servers {
            // Every account's first note, and every worker's first request.
            load(server.address, &webhooks, CONNECTIONS, setting.turn / 4).await?;
        }
        for _ in 0..setting.rounds {
            for (name, server) in &servers {
                done(name);
                round(setting, figures, name, server, &webhooks).await?;
            }
        }
        Ok(())
    })
}

async fn round(
    setting: &Setting,
    figures: &mut Figures,
    name: &str,
    server: &Program,
    webhooks: &Arc<[Webhook]>,
) -> Result<()> {
    let before = server.usage();
    let answers = load(server.address, webhooks, CONNECTIONS, setting.turn).await?;
    let spent = server.usage().processor - before.processor;
    let each = spent.as_secs_f64() * 1e6 / answers.count() as f64;
    figures.enter("webhooks", "a second", name, answers.rate());
    for (measure, thousandths) in [("p50", 500), ("p99", 990), ("p99.9", 999)] {
        figures.enter(measure, "ms", name, answers.within(thousandths));
    }
    figures.enter("processor", "us a webhook", name, each);
    Ok(())
}

fn native(database: &Path) -> Result<Program> {
    let mut native = Command::new(beside("native-webhooks")?);
    native
        .arg(database)
        .env("MERGE_WEBHOOK_SECRET", SIGNING_KEY);
    Program::start(&mut native)
}

fn flask(setting: &Setting, folder: &Path) -> Result<Program> {
    let mut flask = Command::new(&setting.python);
    // One worker: two wait for each other's commits, and were slower in most rounds.
    flask
        .args(["-m", "gunicorn", "--bind", "127.0.0.1:0"])
        .args([
            "--workers",
            "1",
            "--worker-class",
            "gthread",
            "--threads",
            "32",
        ])
        .args(["--no-control-socket", "flask_webhook:app"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/rivals"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("MERGE_WEBHOOK_SECRET", SIGNING_KEY)
        .env("RIVAL_DATABASE", folder.join("flask.sqlite"));
    Program::start(&mut flask)
}
