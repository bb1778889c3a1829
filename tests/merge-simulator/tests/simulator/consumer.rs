//! A consumer, as simple as one that is right can be; and one that follows the published rule.

use std::collections::BTreeMap;

use merge_simulator::time::{MINUTE, Micros, SECOND, iso, parse};
use merge_simulator::{Merge, StoredRow};
use serde_json::{Value, json};

use crate::client::get;

/// Where the next window begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// At the end of the window before, less five minutes.
    Contiguous,
    /// At the end of the window before.
    NoOverlap,
    /// At the start of the fetch before.
    FetchStart,
}

/// Polls, reads windows, and keeps rows in memory.
#[derive(Debug)]
pub struct Consumer {
    rule: Rule,
    /// Whether it reads each model whole instead of windows.
    pub whole: bool,
    progress: BTreeMap<(usize, String), (Micros, Micros)>,
    rows: BTreeMap<(String, String, String), StoredRow>,
    pub windows: u64,
}

impl Consumer {
    pub fn new(rule: Rule) -> Self {
        let (progress, rows) = (BTreeMap::new(), BTreeMap::new());
        Self {
            rule,
            whole: false,
            progress,
            rows,
            windows: 0,
        }
    }

    pub fn rows(&self) -> impl Iterator<Item = StoredRow> {
        self.rows.values().cloned()
    }

    /// Poll every linked account and read what is due. Any failure is left to the next poll.
    pub fn poll(&mut self, merge: &mut Merge) {
        for (number, account) in merge.accounts().into_iter().enumerate() {
            if account.status == "COMPLETE" {
                let _ = self.poll_account(merge, number, &account.id, &account.category);
            }
        }
    }

    fn poll_account(
        &mut self,
        merge: &mut Merge,
        number: usize,
        account: &str,
        category: &str,
    ) -> Option<()> {
        let base = format!("/api/{category}/v1");
        let models = pages(merge, number, &format!("{base}/sync-status?page_size=5"))?;
        for model in models {
            let (status, result) = (
                model["status"].as_str()?,
                model["last_sync_result"].as_str(),
            );
            let good = ["DONE", "PARTIALLY_SYNCED"];
            let usable = good.contains(&status)
                || (["SYNCING", "PAUSED"].contains(&status)
                    && result.is_some_and(|result| good.contains(&result)));
            let ready = status == "DONE" || model["is_initial_sync"] == false;
            let Some(finish) = model["last_sync_finished"].as_str().and_then(parse) else {
                continue;
            };
            let id = model["model_id"].as_str()?.to_owned();
            let known = self.progress.get(&(number, id.clone())).copied();
            if !usable || !ready || known.is_some_and(|(stored, _)| stored >= finish) {
                continue;
            }
            let started = merge.now();
            let after = known.map(|(stored, start)| match self.rule {
                Rule::Contiguous => stored - 5 * MINUTE,
                Rule::NoOverlap => stored,
                Rule::FetchStart => start,
            });
            let unit = if finish % SECOND == 0 { SECOND } else { 1 };
            let Some(path) = path_of(&id) else { continue };
            let mut target = format!("{base}/{path}?page_size=100&include_deleted_data=true");
            if !self.whole {
                target += &format!("&modified_before={}", iso(finish + unit));
                target += &after
                    .map(|at| format!("&modified_after={}", iso(at)))
                    .unwrap_or_default();
            }
            let Some(rows) = pages(merge, number, &target) else {
                continue;
            };
            self.windows += 1;
            for row in rows {
                self.store(account, &id, &row);
            }
            self.progress.insert((number, id), (finish, started));
        }
        Some(())
    }

    fn store(&mut self, account: &str, model_id: &str, row: &Value) {
        let modified_at = row["modified_at"].as_str().and_then(parse);
        let id = match row["id"].as_str() {
            Some(id) => id.to_owned(),
            // Tags have none.
            None => json!([row["remote_id"], row["name"]]).to_string(),
        };
        let key = (account.to_owned(), model_id.to_owned(), id.clone());
        if self
            .rows
            .get(&key)
            .is_some_and(|stored| stored.modified_at > modified_at)
        {
            return;
        }
        let stored = StoredRow {
            account: account.to_owned(),
            model_id: model_id.to_owned(),
            id,
            modified_at,
            deleted: row["remote_was_deleted"] == true,
            json: row.to_string(),
        };
        self.rows.insert(key, stored);
    }
}

/// Every page, or nothing: no retry, the next poll does that.
fn pages(merge: &mut Merge, number: usize, target: &str) -> Option<Vec<Value>> {
    let mut rows = Vec::new();
    let mut next = target.to_owned();
    loop {
        let response = get(merge, number, &next);
        if response.status != 200 || response.cut_after.is_some() {
            return None;
        }
        let page: Value = serde_json::from_slice(&response.body).ok()?;
        rows.extend(page["results"].as_array()?.iter().cloned());
        let Some(cursor) = page["next"].as_str() else {
            return Some(rows);
        };
        next = format!("{target}&cursor={cursor}");
    }
}

/// The paths that are not the plural of the id, and the rule for the others.
fn path_of(id: &str) -> Option<String> {
    let (_, name) = id.split_once('.')?;
    let prefixes = ["Ticketing", "CRM", "FileStorage"];
    let name = prefixes
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    let path = match name {
        "Deduction" | "EmailAddress" | "Url" | "InvoiceLineItem" => return None,
        "TimeOff" => "time-off".to_owned(),
        "BankInfo" => "bank-info".to_owned(),
        "TimesheetEntry" => "timesheet-entries".to_owned(),
        "ScheduledInterview" => "interviews".to_owned(),
        "RemoteUser" => "users".to_owned(),
        "Activity" => "activities".to_owned(),
        "Opportunity" => "opportunities".to_owned(),
        "JournalEntry" => "journal-entries".to_owned(),
        "CompanyInfo" => "company-info".to_owned(),
        "AccountingAttachment" => "attachments".to_owned(),
        "AccountingEmployee" => "employees".to_owned(),
        "AccountingTransaction" => "transactions".to_owned(),
        "TrackingCategory" => "tracking-categories".to_owned(),
        "Company" => "companies".to_owned(),
        "EEOC" => "eeocs".to_owned(),
        _ => {
            let mut path = String::new();
            for letter in name.chars() {
                if letter.is_uppercase() && !path.is_empty() {
                    path.push('-');
                }
                path.push(letter.to_ascii_lowercase());
            }
            path + "s"
        }
    };
    Some(path)
}
