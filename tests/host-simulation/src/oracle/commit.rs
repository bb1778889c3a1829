//! What is right at every commit: nothing is claimed that is not stored, nothing is forgotten
//! that was not seen, nothing is marked as deleted that lives.

use merge_simulator::time::{HOUR, Micros, iso, parse};
use merge_simulator::{Mark, Merge, Poison};

use super::list::Cause;
use super::status::second;
use super::{Heard, Oracle, Watched};
use crate::bindings::merge_sync::triggers::store::{Change, Committed, Notice, Occasion};
use crate::bindings::merge_sync::triggers::types::AccountPhase;
use crate::store::{Account, Effects, Store};

impl Oracle {
    /// A change was committed.
    pub fn committed(
        &mut self,
        merge: &Merge,
        store: &Store,
        change: &Change,
        done: (&Committed, &Effects),
        heard: &mut Heard,
    ) {
        let now = merge.now();
        let (committed, effects) = done;
        self.check_secrets(now, change);
        self.check_notes(now, change, heard);
        self.check_sweep(merge, change, committed.swept.as_ref(), effects);
        if let Some(watched) = self.accounts.get_mut(&change.account) {
            if let Some(rows) = heard.status.take() {
                for row in &rows {
                    let list = watched.lists.entry(row.model_id.clone()).or_default();
                    list.status_kept(row.enabled && row.unreadable, now);
                }
                watched.status = rows;
            }
            if let Some(until) = heard.closed_until.take() {
                watched.closed_until = watched.closed_until.max(Some(until));
                watched.closed_at = now;
            }
            watched.not_before = change.not_before;
            if change.summary.skipped > 0 {
                // The host may die before anybody looks at the account.
                for list in watched.lists.values_mut() {
                    list.causes.remove(&Cause::Unkeepable);
                }
            }
        }
        if change.summary.phase == AccountPhase::Ready {
            self.check_ready(now, &change.account, "the account is said to be ready");
        }
        for notice in &effects.notices {
            if let Some(watched) = self.accounts.get_mut(&change.account) {
                watched.announced.insert(notice.id.clone());
            }
            self.check_notice(merge, store, &change.account, notice);
        }
    }

    /// A notice reaches the product, perhaps not for the first time. What it says was checked
    /// when it was committed, and stays true.
    pub fn delivered(&mut self, account: &str, notice: &Notice) {
        if let Some(watched) = self.accounts.get_mut(account) {
            watched.delivered.insert(notice.id.clone());
        }
    }

    fn check_secrets(&mut self, now: Micros, change: &Change) {
        let notices = change.notices.iter().map(|notice| &notice.text);
        let leaks = [&change.state].into_iter().chain(notices).any(|text| {
            self.secrets
                .iter()
                .any(|secret| text.contains(secret.as_str()))
        });
        if leaks {
            self.violation(
                now,
                format!("a secret is in the state of {}", change.account),
            );
        }
    }

    /// A note may be consumed only by a run that loaded it before its first request.
    fn check_notes(&mut self, now: Micros, change: &Change, heard: &Heard) {
        let unseen: Vec<u64> = change
            .consumed
            .iter()
            .filter(|number| !heard.notes.contains(number))
            .copied()
            .collect();
        if !unseen.is_empty() {
            self.violation(
                now,
                format!(
                    "notes {unseen:?} of {} were consumed unseen",
                    change.account
                ),
            );
        }
    }

    fn check_ready(&mut self, now: Micros, account: &str, what: &str) {
        let Some(watched) = self.accounts.get_mut(account) else {
            return;
        };
        if !watched.was_ready {
            watched.was_ready = true;
            watched.pace.ready(now);
            if let Some(since) = watched.ready_since {
                self.slowest_ready = self.slowest_ready.max(now - since.max(self.dark_until));
            }
        }
        if !watched.said_ready {
            self.violation(now, format!("{what}, and Merge never said so: {account}"));
        }
    }

    fn check_notice(&mut self, merge: &Merge, store: &Store, account: &str, notice: &Notice) {
        let now = merge.now();
        let Some(entry) = store.account(account) else {
            return;
        };
        match notice.occasion {
            Occasion::BecameReady => self.check_ready(now, account, "became-ready"),
            Occasion::WindowCompleted => self.check_window(merge, entry, account, notice),
            Occasion::CaughtUp => {
                self.check_known(now, account);
                for (model, finish) in self.accounts.get(account).map(due).unwrap_or_default() {
                    self.check_stored(merge, entry, account, &model, finish, "caught-up");
                }
            }
            Occasion::Unlinked => {
                if self
                    .accounts
                    .get(account)
                    .is_some_and(|watched| !watched.was_deleted)
                {
                    self.violation(
                        now,
                        format!("{account} was stopped, and Merge never deleted it"),
                    );
                }
            }
            Occasion::NeedsAttention => {
                let watched = self.accounts.get(account);
                let bad = watched.and_then(|watched| watched.bad_at.max(watched.reason_at));
                let is_poisoned = watched.is_some_and(|watched| !watched.poisons.is_empty());
                let is_stale = bad.is_none_or(|at| now - at > 2 * HOUR);
                if is_stale && !is_poisoned && entry.token.is_some() {
                    self.violation(
                        now,
                        format!("{account} needs attention for no reason: {}", notice.text),
                    );
                }
            }
            Occasion::Recovered => {}
        }
    }

    /// Nothing is caught up whose finish cannot be read.
    fn check_known(&mut self, now: Micros, account: &str) {
        let rows = self.accounts.get(account).map(|watched| &watched.status);
        let unknown: Vec<String> = rows
            .into_iter()
            .flatten()
            .filter(|row| row.enabled && row.unreadable)
            .map(|row| row.model_id.clone())
            .collect();
        if !unknown.is_empty() {
            let models = unknown.join(", ");
            self.violation(
                now,
                format!("caught-up: {account}, and the finish of {models} cannot be read"),
            );
        }
    }

    /// A completed window: everything up to its finish is stored, and the same sync has not
    /// counted before.
    fn check_window(&mut self, merge: &Merge, entry: &Account, account: &str, notice: &Notice) {
        let now = merge.now();
        let finish = notice.id.rsplit('/').next().and_then(parse);
        let (Some(model), Some(finish)) = (notice.model_id.clone(), finish) else {
            self.violation(
                now,
                format!("a window's notice cannot be read: {}", notice.id),
            );
            return;
        };
        self.check_stored(merge, entry, account, &model, finish, "window-completed");
        self.note_given_up(merge, entry, account, &model, finish);
        let Some(watched) = self.accounts.get_mut(account) else {
            return;
        };
        // Nobody may look at the account until much later.
        let list = watched.lists.entry(model.clone()).or_default();
        list.unread = list
            .unread
            .filter(|(unread, _)| second(*unread) > second(finish));
        if !watched.windows.insert((model.clone(), second(finish))) {
            self.violation(
                now,
                format!(
                    "{model} of {account}: the sync of {} counted twice",
                    iso(finish)
                ),
            );
        }
    }

    /// A window was completed without records that no read of it can reach: people must be told,
    /// until one is completed that lacks none.
    fn note_given_up(
        &mut self,
        merge: &Merge,
        entry: &Account,
        account: &str,
        model: &str,
        finish: Micros,
    ) {
        let Some(watched) = self.accounts.get_mut(account) else {
            return;
        };
        let Some(served_at) = watched.first_served(model, finish) else {
            return;
        };
        let rows = entry.rows.get(model);
        let is_missing = |mark: &Mark<'_>| {
            !mark.served
                && !mark.purged
                && mark.modified_at <= finish
                && mark.visible_at <= served_at
                && rows.is_none_or(|rows| !rows.contains_key(mark.id))
        };
        let is_out_of_reach = watched.has_rows_out_of_reach(model);
        let causes = &mut watched.lists.entry(model.to_owned()).or_default().causes;
        if is_out_of_reach && merge.marks(account, model).any(|mark| is_missing(&mark)) {
            causes.entry(Cause::GivenUp).or_insert(merge.now());
        } else {
            causes.remove(&Cause::GivenUp);
        }
    }

    /// Every record whose latest version is not newer than `finish`, and could be read when that
    /// finish was first served, is stored in that version.
    pub(super) fn check_stored(
        &mut self,
        merge: &Merge,
        entry: &Account,
        account: &str,
        model: &str,
        finish: Micros,
        what: &str,
    ) {
        let Some(watched) = self.accounts.get(account) else {
            return;
        };
        let Some(served_at) = watched.first_served(model, finish) else {
            self.violation(
                merge.now(),
                format!("{what}: {model} of {account} at a finish that never was"),
            );
            return;
        };
        let rows = entry.rows.get(model);
        let list = watched.lists.get(model);
        let missing: Vec<String> = merge
            .marks(account, model)
            .filter(|mark| {
                !mark.purged
                    && mark.served
                    && mark.modified_at <= finish
                    && mark.visible_at <= served_at
            })
            .filter(|mark| {
                let stored = rows.and_then(|rows| rows.get(mark.id));
                stored.is_none_or(|row| row.modified_at < Some(mark.modified_at))
            })
            .filter(|mark| {
                let version = (mark.id.to_owned(), mark.modified_at);
                !list.is_some_and(|list| list.withheld.contains(&version))
            })
            .map(|mark| format!("{} of {}", mark.id, iso(mark.modified_at)))
            .collect();
        if !missing.is_empty() {
            let text = format!(
                "{what} {} of {model}, {account}, without {}",
                iso(finish),
                missing.join(", ")
            );
            self.gaps += missing.len() as u64;
            self.violation(merge.now(), text);
        }
    }
}

/// What must be stored of an account that is caught up: the finishes of its models that are
/// ready. One that was switched on later has its own initial sync.
fn due(watched: &Watched) -> Vec<(String, Micros)> {
    let rows = watched.status.iter().filter(|row| row.enabled);
    let ready = rows.filter(|row| watched.ready_models.contains(&row.model_id));
    ready
        .filter_map(|row| Some((row.model_id.clone(), row.finish?)))
        .collect()
}

impl Watched {
    /// When `/sync-status` first named this finish of the model.
    fn first_served(&self, model: &str, finish: Micros) -> Option<Micros> {
        let key = (model.to_owned(), second(finish));
        self.finishes.get(&key).copied()
    }

    /// Whether cursors of the model do not lead to all of its rows.
    fn has_rows_out_of_reach(&self, model: &str) -> bool {
        self.poisons.iter().any(|poisoned| {
            let poison = poisoned.poison;
            poisoned.model_id.as_deref() == Some(model)
                && matches!(
                    poison,
                    Poison::ClampedOffsetCursors { .. }
                        | Poison::CursorsRefused { .. }
                        | Poison::RepeatedPages
                        | Poison::UnreadableNext
                )
        })
    }
}
