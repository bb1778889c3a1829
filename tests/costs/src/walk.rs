//! One account through the engine's component: what a webhook, a first run, a page and a poll
//! without news cost, and what they ask of the host.

use anyhow::Result;
use merge_sync_costs::engine::{Engine, Spent};
use merge_sync_costs::inputs::signed;

use crate::baseline::Costs;

/// 2026-03-18T08:10:00Z, in microseconds since 1970.
const NOW: i64 = 1_773_821_400_000_000;

const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// Models in the account.
const MODELS: u64 = 8;

/// Count them.
pub fn count(costs: &mut Costs) -> Result<()> {
    let mut engine = Engine::load(NOW, 1)?;
    engine.link()?;
    let first = engine.run()?;
    enter("the first run of 8 models", first, costs);
    let mut larger = Engine::load(NOW, 2)?;
    larger.link()?;
    let pages = larger.run()?;
    let page = Spent {
        fuel: (pages.fuel - first.fuel) / MODELS,
        requests: (pages.requests - first.requests) / MODELS,
        commits: (pages.commits - first.commits) / MODELS,
        rows: (pages.rows - first.rows) / MODELS,
    };
    enter("a page of 100 records", page, costs);
    if let Some(delivery) = signed()?.first() {
        engine.receive(delivery)?;
        let received = engine.receive(delivery)?;
        costs.insert("a webhook received: fuel".to_owned(), received.fuel);
    }
    engine.set_now(NOW + DAY);
    enter("a poll without news", engine.run()?, costs);
    costs.insert("state at rest: bytes a model".to_owned(), size(&engine)?);
    // Full reads fall into that time, too: what they remember has to go again.
    for day in 2..=100 {
        if let Some(delivery) = signed()?.first() {
            engine.receive(delivery)?;
        }
        engine.set_now(NOW + day * DAY);
        engine.run()?;
    }
    costs.insert(
        "state after 100 days: bytes a model".to_owned(),
        size(&engine)?,
    );
    Ok(())
}

fn size(engine: &Engine) -> Result<u64> {
    Ok(u64::try_from(engine.state().len())? / MODELS)
}

fn enter(name: &str, spent: Spent, costs: &mut Costs) {
    costs.insert(format!("{name}: fuel"), spent.fuel);
    costs.insert(format!("{name}: requests"), spent.requests);
    costs.insert(format!("{name}: commits"), spent.commits);
}
