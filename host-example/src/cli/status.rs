//! `merge-sync status`: what the store says of each account.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::input::Source;
use crate::clock::System;
use crate::config::Config;
use crate::config::variable;
use crate::dto::AccountDto;
use crate::instant;
use crate::store::sqlite::{Options, SqliteStore};
use crate::store::{Listed, Store as _};
use crate::terminal::{Table, say, say_json};

/// Flags of `status`.
#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    source: Source,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Accounts read at a time.
const PAGE: u32 = 1000;

impl Status {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let file = self.source.file()?;
        let file = file
            .as_ref()
            .map(|(path, text)| (path.as_path(), text.as_str()));
        let database = Config::database(&self.source.flags, &variable, file)?;
        let options = Options {
            create: false,
            ..Options::default()
        };
        let store = SqliteStore::open(&database, options, Arc::new(System))?;
        let mut found: Vec<Listed> = Vec::new();
        loop {
            let after = found
                .last()
                .map(|last| last.profile.id.clone())
                .unwrap_or_default();
            let more = store.accounts(&after, PAGE).await?;
            if more.is_empty() {
                break;
            }
            found.extend(more);
        }
        if self.json {
            let accounts: Vec<_> = found.into_iter().map(AccountDto::from).collect();
            say_json(&json!({ "accounts": accounts }))?;
        } else if found.is_empty() {
            say("No account is linked yet.")?;
        } else {
            say(&rows(&found).to_string())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn rows(found: &[Listed]) -> Table {
    let mut table = Table::new(&[
        "account",
        "customer",
        "integration",
        "state",
        "ready",
        "trouble",
        "link",
        "skipped",
        "fresh to",
        "next start",
    ]);
    for listed in found {
        let Listed {
            profile, summary, ..
        } = listed;
        let customer = [&profile.organization_name, &profile.end_user_origin_id];
        let customer = customer.into_iter().find(|name| !name.is_empty());
        let phase = if summary.phase.is_empty() {
            "unknown"
        } else {
            &summary.phase
        };
        let account = if profile.account_type == "TEST" {
            format!("{} (test)", profile.id)
        } else {
            profile.id.clone()
        };
        let start = match listed.start {
            Some(_) if listed.notes > 0 => "now, notes wait".to_owned(),
            Some(start) => instant::text(start),
            None => "never".to_owned(),
        };
        let cells = [
            account,
            customer.cloned().unwrap_or_default(),
            profile.integration.clone(),
            phase.to_owned(),
            format!("{}/{}", summary.ready, summary.needed),
            trouble(listed),
            summary.link.clone(),
            summary.skipped.to_string(),
            summary.fresh_to.map(instant::text).unwrap_or_default(),
            start,
        ];
        table.add_row(cells.iter().map(String::as_str));
    }
    table
}

/// What the engine calls the account's trouble, and what it cannot know of: that its runs fail.
fn trouble(listed: &Listed) -> String {
    let known = &listed.summary.trouble;
    let failed = listed.failed_runs.as_ref();
    let failed = failed.map(|failed| format!("{} runs failed: {}", failed.count, failed.text));
    let both: Vec<&str> = [known, &failed]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    both.join("; ")
}
