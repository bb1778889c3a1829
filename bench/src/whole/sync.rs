//! Records a second, from the simulated Merge into SQLite: `merge-sync serve` beside a loop with
//! httpx and beside dlt.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use hyper::StatusCode;
use merge_simulator::time::HOUR;
use merge_simulator::{Config, Merge, Server, lock};
use merge_sync_costs::engine::Engine;
use merge_sync_costs::merge::PAGE;
use merge_sync_host::clock::{Clock as _, System};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::accounts::wait_for;
use super::client::Client;
use super::{Setting, runtime, serve};
use crate::figure::Figures;

const ACCOUNTS: usize = 16;
const RECORDS: u64 = 100_000;

/// What the others are compared with.
pub const BASE: &str = "httpx loop";

const OURS: &str = "merge-sync serve";

/// What a rival says at its end.
#[derive(Debug, Deserialize)]
struct Run {
    records: u64,
    seconds: f64,
    cpu_seconds: f64,
}

/// A simulated Merge whose accounts are at rest.
struct World {
    server: merge_simulator::Handle,
    greeting: Value,
    records: u64,
}

/// Measure them.
pub fn measure(setting: &Setting, figures: &mut Figures, done: &dyn Fn(&str)) -> Result<()> {
    // The server's own, so that it never waits for whoever measures.
    let merge = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let world = merge.block_on(world())?;
    let scratch = setting.scratch()?;
    let folder = scratch.path();
    let greeting = folder.join("greeting.json");
    fs::write(&greeting, world.greeting.to_string())?;
    let runtime = runtime()?;
    for round in 0..setting.rounds {
        for name in [BASE, OURS, "dlt"] {
            done(name);
            let folder = folder.join(format!("{round}-{}", name.replace(' ', "-")));
            fs::create_dir_all(&folder)?;
            let run = match name {
                BASE => rival(setting, "sync_httpx.py", &greeting, &folder)?,
                "dlt" => rival(setting, "sync_dlt.py", &greeting, &folder)?,
                _ => runtime.block_on(ours(&world, &folder))?,
            };
            ensure!(
                run.records == world.records,
                "{name} stored {} records of {}",
                run.records,
                world.records
            );
            fs::remove_dir_all(&folder)?;
            let records = run.records as f64;
            figures.enter("records", "a second", name, records / run.seconds);
            let each = run.cpu_seconds * 1e5 / records;
            figures.enter("processor", "s for 100,000 records", name, each);
        }
    }
    let fuel = component_instructions()?;
    figures.enter("component", "million instructions for it", OURS, fuel);
    Ok(())
}

/// What the component alone executes for so many records, whatever the machine: in millions.
fn component_instructions() -> Result<f64> {
    const MODELS: u32 = 8;
    let pages = u32::try_from(RECORDS)? / PAGE / MODELS;
    let mut engine = Engine::load(System.now(), pages)?;
    engine.link()?;
    let spent = engine.run()?;
    ensure!(
        spent.rows == RECORDS,
        "{} rows in the component",
        spent.rows
    );
    Ok(spent.fuel as f64 / 1e6)
}

async fn world() -> Result<World> {
    let mut config = Config::new(1);
    config.accounts = ACCOUNTS;
    config.categories = vec!["hris".to_owned()];
    config.records_per_account = RECORDS / ACCOUNTS as u64;
    config.link_within = 0;
    config.changes_per_hour = 0;
    config.realtime_per_hour = 0;
    config.enable_late = false;
    let mut merge = Merge::new(config);
    merge.advance_to(merge.now() + 12 * HOUR);
    let merge = Arc::new(Mutex::new(merge));
    let server = Server::start(Arc::clone(&merge), TcpListener::bind("127.0.0.1:0").await?)?;
    let merge = lock(&merge);
    Ok(World {
        greeting: json!({
            "address": server.base_url(),
            "api_key": merge.api_key(),
            "accounts": merge.accounts(),
        }),
        records: merge.ledger().len() as u64,
        server,
    })
}

/// `merge-sync serve`, from the first account that it is given to the last record.
async fn ours(world: &World, folder: &Path) -> Result<Run> {
    let file = folder.join("store.sqlite");
    let key = world.greeting["api_key"].as_str().context("a key")?;
    let program = serve(&file, &world.server.base_url(), key)?;
    let before = program.usage().processor;
    let started = Instant::now();
    let mut client = Client::admin(program.admin);
    for account in world.greeting["accounts"].as_array().context("accounts")? {
        let linked = json!({
            "id": account["id"], "token": account["token"], "category": account["category"],
        });
        let (status, answer) = client
            .post("/api/accounts", linked.to_string().into(), "")
            .await?;
        if status != StatusCode::CREATED {
            bail!("{status} {}", String::from_utf8_lossy(&answer));
        }
    }
    wait_for(&mut client, "rows", world.records).await?;
    let (took, spent) = (started.elapsed(), program.usage().processor - before);
    drop(program);
    Ok(Run {
        records: stored(&file)?,
        seconds: took.as_secs_f64(),
        cpu_seconds: spent.as_secs_f64(),
    })
}

fn stored(file: &Path) -> Result<u64> {
    let database = rusqlite::Connection::open(file)?;
    let count: i64 = database.query_row("SELECT count(*) FROM records", [], |row| row.get(0))?;
    Ok(u64::try_from(count)?)
}

fn rival(setting: &Setting, script: &str, greeting: &Path, folder: &Path) -> Result<Run> {
    let output = Command::new(&setting.python)
        .arg(script)
        .arg(greeting)
        .arg(folder.join("rival.sqlite"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/rivals"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .with_context(|| format!("could not start {}", setting.python.display()))?;
    ensure!(
        output.status.success(),
        "{script} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let printed = String::from_utf8_lossy(&output.stdout);
    let line = printed.lines().last().unwrap_or_default();
    serde_json::from_str(line).with_context(|| format!("{script} printed `{line}`"))
}
