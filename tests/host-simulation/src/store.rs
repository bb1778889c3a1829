//! The store that all hosts share: `wit/store.wit` by its letter, in memory.

use std::collections::{BTreeMap, BTreeSet};

use merge_simulator::StoredRow;
use merge_simulator::time::{HOUR, Micros};

use crate::bindings::merge_sync::triggers::store::{
    Batch, Change, Committed, Conflict, LoadedAccount, Note, Notice, Secret, StoredNote, Summary,
    Sweep, Swept, TokenChange,
};
use crate::bindings::merge_sync::triggers::types::Row;

/// A start further ahead than this was written under a clock that was wrong: it is due.
const FURTHEST_START: Micros = 25 * HOUR;

/// All accounts.
#[derive(Debug, Default)]
pub struct Store {
    accounts: BTreeMap<String, Account>,
    /// Rows that were handed over, and those that replaced one.
    pub rows_written: u64,
}

/// One account, as kept.
#[derive(Debug, Default)]
pub struct Account {
    /// The latest committed state.
    pub state: String,
    version: u64,
    notes: Vec<StoredNote>,
    last_note: u64,
    wake_at: Option<Micros>,
    not_before: Option<Micros>,
    /// What is sent as `X-Account-Token`.
    pub token: Option<String>,
    /// As of the latest commit.
    pub summary: Option<Summary>,
    /// By model and id.
    pub rows: BTreeMap<String, BTreeMap<String, Stored>>,
    /// In the order of their commits; a notice is handed over from here.
    pub outbox: Vec<Notice>,
    notices: BTreeSet<String>,
}

/// One record, as kept.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Merge's clock.
    pub modified_at: Option<Micros>,
    /// Whether it is marked as deleted.
    pub deleted: bool,
    /// Merge's JSON.
    pub json: String,
    pass: Option<u64>,
}

/// What a commit did, for whoever watches.
#[derive(Debug, Default)]
pub struct Effects {
    /// Rows that a sweep marked as deleted, with their model.
    pub swept: Vec<(String, String)>,
    /// Notices that were not there before.
    pub notices: Vec<Notice>,
}

impl Store {
    /// The account's entry.
    #[must_use]
    pub fn account(&self, account: &str) -> Option<&Account> {
        self.accounts.get(account)
    }

    /// All accounts, by id.
    pub fn accounts(&self) -> impl Iterator<Item = (&String, &Account)> {
        self.accounts.iter()
    }

    /// Take the notices of an account that were not handed over yet.
    pub fn take_notices(&mut self, account: &str) -> Vec<Notice> {
        let account = self.accounts.get_mut(account);
        account.map_or_else(Vec::new, |account| std::mem::take(&mut account.outbox))
    }

    /// Accounts with notices that were not handed over yet.
    #[must_use]
    pub fn with_notices(&self) -> Vec<String> {
        let waiting = self
            .accounts
            .iter()
            .filter(|(_, account)| !account.outbox.is_empty());
        waiting.map(|(id, _)| id.clone()).collect()
    }

    /// Keep a note; `false` where the account is unknown.
    pub fn keep_note(&mut self, note: &Note) -> bool {
        if note.create {
            self.accounts.entry(note.account.clone()).or_default();
        }
        let Some(account) = self.accounts.get_mut(&note.account) else {
            return false;
        };
        account.last_note += 1;
        account.notes.retain(|known| known.key != note.key);
        account.notes.push(StoredNote {
            number: account.last_note,
            key: note.key.clone(),
            text: note.text.clone(),
            secret: note.secret.clone(),
        });
        true
    }

    /// State and notes.
    #[must_use]
    pub fn load(&self, account: &str) -> Option<LoadedAccount> {
        let account = self.accounts.get(account)?;
        Some(LoadedAccount {
            state: account.state.clone(),
            version: account.version.to_string(),
            notes: account.notes.clone(),
        })
    }

    /// All of the change or none of it.
    ///
    /// # Errors
    ///
    /// Another version is there than the change expects.
    pub fn commit(&mut self, change: &Change) -> Result<(Committed, Effects), Conflict> {
        let account = self.accounts.get_mut(&change.account);
        let found = account.as_ref().map(|account| account.version.to_string());
        if found != change.expected {
            return Err(Conflict { current: found });
        }
        let Some(account) = account else {
            return Err(Conflict { current: None });
        };
        let mut effects = Effects::default();
        account.version += 1;
        account
            .notes
            .retain(|note| !change.consumed.contains(&note.number));
        account.set_token(&change.token);
        for batch in &change.batches {
            self.rows_written += batch.rows.len() as u64;
            account.store_rows(batch);
        }
        let swept = change
            .sweep
            .as_ref()
            .map(|sweep| account.sweep(sweep, &mut effects));
        for notice in &change.notices {
            if account.notices.insert(notice.id.clone()) {
                account.outbox.push(notice.clone());
                effects.notices.push(notice.clone());
            }
        }
        account.state.clone_from(&change.state);
        account.wake_at = change.wake_at;
        account.not_before = change.not_before;
        account.summary = Some(change.summary);
        let version = account.version.to_string();
        Ok((Committed { version, swept }, effects))
    }

    /// Every row, in the form in which the simulated Merge takes it for comparison.
    pub fn rows(&self) -> impl Iterator<Item = StoredRow> {
        self.accounts.iter().flat_map(|(account, entry)| {
            entry.rows.iter().flat_map(move |(model, rows)| {
                rows.iter().map(move |(id, row)| StoredRow {
                    account: account.clone(),
                    model_id: model.clone(),
                    id: id.clone(),
                    modified_at: row.modified_at,
                    deleted: row.deleted,
                    json: row.json.clone(),
                })
            })
        })
    }
}

impl Account {
    /// When the next run may start, for a host whose clock says `now`; `None` where only a note
    /// will wake the account.
    #[must_use]
    pub fn start(&self, now: Micros) -> Option<Micros> {
        let wake = if self.notes.is_empty() {
            self.wake_at?
        } else {
            now
        };
        let start = self.not_before.map_or(wake, |until| until.max(wake));
        Some(if start > now + FURTHEST_START {
            now
        } else {
            start
        })
    }

    /// Whether notes wait.
    #[must_use]
    pub fn is_noted(&self) -> bool {
        !self.notes.is_empty()
    }

    fn set_token(&mut self, change: &TokenChange) {
        match change {
            TokenChange::Keep => {}
            TokenChange::Put(Secret { value }) => self.token = Some(value.clone()),
            TokenChange::Erase => {
                // A note that came meanwhile may bring another token: that one is not erased.
                for note in &mut self.notes {
                    if note.secret.as_ref().map(|secret| &secret.value) == self.token.as_ref() {
                        note.secret = None;
                    }
                }
                self.token = None;
            }
        }
    }

    fn store_rows(&mut self, batch: &Batch) {
        let model = self.rows.entry(batch.model_id.clone()).or_default();
        for row in &batch.rows {
            let Row {
                id,
                modified_at,
                deleted,
                json,
                ..
            } = row;
            let known = model.get_mut(id);
            let pass = batch.pass.max(known.as_ref().and_then(|known| known.pass));
            let fresh = Stored {
                modified_at: *modified_at,
                deleted: *deleted,
                json: json.clone(),
                pass,
            };
            match known {
                // Only a time that is known can be later than one that is known.
                Some(known) if modified_at.is_some() && known.modified_at > *modified_at => {
                    known.pass = pass;
                }
                Some(known) => *known = fresh,
                None => {
                    model.insert(id.clone(), fresh);
                }
            }
        }
    }

    fn sweep(&mut self, sweep: &Sweep, effects: &mut Effects) -> Swept {
        let rows = self.rows.entry(sweep.model_id.clone()).or_default();
        let live = rows.values().filter(|row| !row.deleted).count() as u64;
        let mut to_mark: Vec<(&String, &mut Stored)> = rows
            .iter_mut()
            .filter(|(_, row)| !row.deleted)
            .filter(|(_, row)| row.pass.is_none_or(|pass| pass < sweep.unseen_since))
            .collect();
        let unseen = to_mark.len() as u64;
        let held = unseen > sweep.most_rows
            && u128::from(unseen) * 100 > u128::from(live) * u128::from(sweep.most_percent);
        let limit = if held {
            0
        } else {
            usize::try_from(sweep.limit).unwrap_or(usize::MAX)
        };
        to_mark.truncate(limit);
        for (id, row) in &mut to_mark {
            row.deleted = true;
            effects.swept.push((sweep.model_id.clone(), (*id).clone()));
        }
        Swept {
            live,
            unseen,
            marked: to_mark.len() as u64,
            held,
        }
    }
}
