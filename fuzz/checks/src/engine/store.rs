//! What the hosts share: one account's state, its notes, and what was promised of it so far.

use std::collections::{BTreeMap, BTreeSet};

use merge_sync_engine::settings::Settings;
use merge_sync_engine::store::{
    Change, Committed, LoadedAccount, Note, StoredNote, Sweep, Swept, TokenChange,
};
use merge_sync_engine::view::inspect;
use merge_sync_logic::types::{Milliseconds, ModelId, Timestamp};

/// The account.
pub(crate) const ACCOUNT: &str = "7841ee0a-5a1a-44db-bc7e-2912d8c17515";

/// Every token begins so, and nothing else that a script can make holds it.
pub(crate) const SECRET: &str = "5ec2e7-t0ken-";

/// One account in a compare-and-swap store.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) state: String,
    pub(crate) version: u64,
    notes: Vec<StoredNote>,
    latest_number: u64,
    pub(crate) not_before: Option<Timestamp>,
    /// Until when the server said to stay away, as far as a commit knew.
    demanded: Option<Timestamp>,
    /// The newest finish stored of each model.
    progress: BTreeMap<ModelId, Timestamp>,
    /// Models whose sweep was held, or not carried out whole.
    unswept: BTreeSet<ModelId>,
}

/// Rows of a model that are not marked deleted, as far as its sweeps know.
const LIVE: u64 = 100;

impl Store {
    pub(crate) fn load(&self) -> LoadedAccount {
        LoadedAccount {
            state: self.state.clone(),
            version: self.version.to_string(),
            notes: self.notes.clone(),
        }
    }

    pub(crate) fn keep(&mut self, note: Note) {
        assert_eq!(note.account, ACCOUNT);
        check_no_secret(&note.text);
        check_no_secret(&note.key);
        self.latest_number += 1;
        self.notes.retain(|kept| kept.key != note.key);
        self.notes.push(StoredNote {
            number: self.latest_number,
            key: note.key,
            text: note.text,
            secret: note.secret,
        });
    }

    /// All of the change, or `None` where somebody else committed first. `how` chooses what a
    /// sweep does.
    pub(crate) fn commit(&mut self, change: &Change, how: u8) -> Option<Committed> {
        if change.expected.as_deref() != Some(&*self.version.to_string()) {
            return None;
        }
        self.version += 1;
        self.state.clone_from(&change.state);
        self.notes
            .retain(|note| !change.consumed.contains(&note.number));
        self.not_before = change.not_before;
        let sweep = change.sweep.as_ref();
        Some(Committed {
            version: self.version.to_string(),
            swept: sweep.and_then(|sweep| self.sweep(sweep, how)),
        })
    }

    /// Held where the contract says so; else all rows are marked, or half of them, as if the host's
    /// own limit was met. Every third sweep is not answered.
    ///
    /// Nobody doubts a first sweep, so it is never one that may mark everything.
    fn sweep(&mut self, sweep: &Sweep, how: u8) -> Option<Swept> {
        let is_bounded = sweep.most_percent < 100 && sweep.most_rows < LIVE;
        assert!(
            is_bounded || self.unswept.contains(&sweep.model_id),
            "a first sweep may mark every row: {sweep:?}"
        );
        assert!(sweep.unseen_since > 0 && sweep.limit > 0, "{sweep:?}");
        if how % 3 == 2 {
            return None;
        }
        let unseen = u64::from(how) % (LIVE + 1);
        let share = LIVE * u64::from(sweep.most_percent);
        let held = unseen > sweep.most_rows && unseen * 100 > share;
        let most = if how % 3 == 1 { unseen / 2 } else { unseen };
        let marked = if held {
            0
        } else {
            most.min(sweep.limit.into())
        };
        if marked < unseen {
            self.unswept.insert(sweep.model_id.clone());
        }
        Some(Swept {
            live: LIVE,
            unseen,
            marked,
            held,
        })
    }

    /// An operator alone may begin anew.
    pub(crate) fn forget_progress(&mut self) {
        self.progress.clear();
        self.unswept.clear();
    }

    /// After a commit: what was stored of each model is there, and none went back.
    pub(crate) fn check_progress(&mut self, settings: &Settings, now: Timestamp) {
        let mut loaded = self.load();
        loaded.notes.clear();
        let view = inspect(ACCOUNT, &loaded, &[], settings, now).expect("our own state is read");
        for model in &view.models {
            let id = &model.status.model_id;
            let stored = self.progress.get(id).copied();
            let found = model.progress.merge_last_sync_finished;
            assert!(
                found >= stored,
                "{id} went back from {stored:?} to {found:?}"
            );
            if let Some(found) = found {
                self.progress.insert(id.clone(), found);
            }
        }
    }

    /// After a commit of whoever heard a server demand `heard`: nobody shortens what was demanded,
    /// an operator as little as a run.
    pub(crate) fn check_demand(&mut self, heard: Option<Timestamp>, now: Timestamp) {
        self.demanded = self.demanded.max(heard).filter(|until| *until > now);
        assert!(
            self.not_before >= self.demanded,
            "before {:?}, though the server demanded {:?}",
            self.not_before,
            self.demanded
        );
    }

    /// Whether a run that starts now is certainly too early: for every reason there is, whoever
    /// gave it, an instant so near ahead counts. A token that waits may have ended the reason.
    pub(crate) fn is_too_early(&self, now: Timestamp) -> bool {
        let nearest = Milliseconds(10_000);
        let token_waits = self.notes.iter().any(|note| note.secret.is_some());
        let until = self.not_before.filter(|_| !token_waits);
        until.is_some_and(|until| until > now && until <= now.plus(nearest))
    }
}

/// What a change says is free of secrets, apart from the token's own place, and whole.
pub(crate) fn check_change(change: &Change) {
    assert_eq!(change.account, ACCOUNT);
    check_no_secret(&change.state);
    let mut visible = change.clone();
    visible.token = TokenChange::Keep;
    check_no_secret(&format!("{visible:?}"));
    for batch in &change.batches {
        assert!(batch.rows.iter().all(|row| !row.id.is_empty()));
    }
}

pub(crate) fn check_no_secret(text: &str) {
    assert!(!text.contains(SECRET), "a token is in: {text}");
}
