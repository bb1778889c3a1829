//! Stores with one mistake each, over the one of this host.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use merge_sync_host::clock::{Clock as _, Manual, Micros, Pending};
use merge_sync_host::secret::Secret;
use merge_sync_host::store::{
    Change, CommitError, Committed, Due, Listed, LoadedAccount, Note, NoteError, Profile,
    Sequenced, Store, Stored, TokenChange, Unavailable,
};

use super::Sqlite;
use super::scenario::Subject;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// Notes are numbered by their place.
    NumbersReused,
    /// An overdue account starts when its latest note came.
    StartMovedLater,
    /// The rows of a stale change are written.
    RowsWithoutState,
    /// The token is erased, and stays with a note.
    TokenLeftWithNote,
    /// Rows that were marked long ago count as live.
    DeadRowsSwept,
    /// The first notice after one is left out.
    NoticeSkipped,
    /// Whatever version is expected.
    StaleIgnored,
    /// An empty field of a profile replaces one that is not.
    EmptyFieldReplaces,
}

pub const MISTAKES: [Mistake; 8] = [
    Mistake::NumbersReused,
    Mistake::StartMovedLater,
    Mistake::RowsWithoutState,
    Mistake::TokenLeftWithNote,
    Mistake::DeadRowsSwept,
    Mistake::NoticeSkipped,
    Mistake::StaleIgnored,
    Mistake::EmptyFieldReplaces,
];

/// A store with a mistake.
#[derive(Debug)]
pub struct Mistaken {
    sqlite: Sqlite,
    store: Arc<Wrong>,
}

#[derive(Debug)]
struct Wrong {
    store: Arc<dyn Store>,
    clock: Arc<Manual>,
    mistake: Option<Mistake>,
    remembered: Mutex<Remembered>,
}

#[derive(Debug, Default)]
struct Remembered {
    /// When the latest note of an account came.
    noted: HashMap<String, Micros>,
    /// Secrets of notes, by account and number.
    secrets: HashMap<(String, u64), Secret>,
    /// The latest profile of an account, empty fields and all.
    profiles: HashMap<String, Profile>,
}

impl Mistaken {
    pub fn new(mistake: Mistake) -> Self {
        Self::with(Some(mistake))
    }

    pub fn sound() -> Self {
        Self::with(None)
    }

    fn with(mistake: Option<Mistake>) -> Self {
        let sqlite = Sqlite::new();
        let [store, _] = sqlite.stores();
        let store = Arc::new(Wrong {
            store,
            clock: Arc::clone(&sqlite.scratch.clock),
            mistake,
            remembered: Mutex::default(),
        });
        Self { sqlite, store }
    }
}

impl Subject for Mistaken {
    fn stores(&self) -> [Arc<dyn Store>; 2] {
        [(); 2].map(|()| Arc::clone(&self.store) as Arc<dyn Store>)
    }

    fn set_clock(&mut self, now: i64) {
        self.sqlite.set_clock(now);
    }

    /// What lies in the file is the same, and so is what the mistake remembers.
    fn reopen(&mut self) {}
}

impl Wrong {
    fn is(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn now_there(&self, account: &str) -> Option<LoadedAccount> {
        self.store.load(account).await.expect("it can be read")
    }

    /// The change that is committed instead.
    async fn mistaken(&self, mut change: Change) -> Change {
        let there = self.now_there(&change.account).await;
        if self.is(Mistake::StaleIgnored) {
            change.expected = there.as_ref().map(|there| there.version.clone());
        }
        let notes = there.map(|there| there.notes).unwrap_or_default();
        if self.is(Mistake::NumbersReused) {
            let place = |number: &u64| usize::try_from(number.saturating_sub(1)).ok();
            let at = |number: &u64| notes.get(place(number)?).map(|note| note.number);
            change.consumed = change.consumed.iter().filter_map(at).collect();
        }
        if self.is(Mistake::TokenLeftWithNote) {
            let mut remembered = self.remembered();
            for note in notes {
                if let Some(secret) = note.secret {
                    let key = (change.account.clone(), note.number);
                    remembered.secrets.entry(key).or_insert(secret);
                }
            }
        }
        self.remembered().noted.remove(&change.account);
        change
    }
}

impl Store for Wrong {
    fn keep_note(&self, note: Note) -> Pending<'_, Result<(), NoteError>> {
        Box::pin(async move {
            let (account, profile) = (note.account.clone(), note.profile.clone());
            self.store.keep_note(note).await?;
            let mut remembered = self.remembered();
            if let Some(profile) = profile {
                remembered.profiles.insert(account.clone(), profile);
            }
            remembered.noted.insert(account, self.clock.now());
            Ok(())
        })
    }

    fn load(&self, account: &str) -> Pending<'_, Result<Option<LoadedAccount>, Unavailable>> {
        let account = account.to_owned();
        Box::pin(async move {
            let Some(mut loaded) = self.store.load(&account).await? else {
                return Ok(None);
            };
            for (place, note) in (1..).zip(&mut loaded.notes) {
                if self.is(Mistake::TokenLeftWithNote) && note.secret.is_none() {
                    let key = (account.clone(), note.number);
                    note.secret = self.remembered().secrets.get(&key).cloned();
                }
                if self.is(Mistake::NumbersReused) {
                    note.number = place;
                }
            }
            Ok(Some(loaded))
        })
    }

    fn commit(&self, change: Change) -> Pending<'_, Result<Committed, CommitError>> {
        Box::pin(async move {
            let change = self.mistaken(change).await;
            let (account, swept) = (change.account.clone(), change.sweep.clone());
            let rows = Change {
                token: TokenChange::Keep,
                consumed: Vec::new(),
                notices: Vec::new(),
                sweep: None,
                ..change.clone()
            };
            let mut done = self.store.commit(change).await;
            if self.is(Mistake::RowsWithoutState)
                && let Err(CommitError::Stale(Some(current))) = &done
                && let Some(there) = self.now_there(&account).await
            {
                let rows = Change {
                    expected: Some(current.clone()),
                    state: there.state,
                    ..rows
                };
                self.store.commit(rows).await?;
            }
            if self.is(Mistake::DeadRowsSwept)
                && let (Ok(done), Some(sweep)) = (&mut done, swept)
                && let Some(swept) = &mut done.swept
            {
                let rows = self.store.rows(&account, &sweep.model_id, "", u32::MAX);
                let rows = rows.await.expect("rows");
                let dead = rows.iter().filter(|stored| stored.row.deleted).count();
                let dead = u64::try_from(dead).unwrap_or(u64::MAX);
                swept.live += dead.saturating_sub(swept.marked);
            }
            done
        })
    }

    fn due(&self, now: Micros, limit: u32) -> Pending<'_, Result<Vec<Due>, Unavailable>> {
        Box::pin(async move {
            let mut due = self.store.due(now, limit).await?;
            if self.is(Mistake::StartMovedLater) {
                let remembered = self.remembered();
                let has_come = |due: &Due| remembered.noted.get(&due.account) <= Some(&now);
                due.retain(has_come);
            }
            Ok(due)
        })
    }

    fn next_start(&self, now: Micros) -> Pending<'_, Result<Option<Micros>, Unavailable>> {
        self.store.next_start(now)
    }

    fn run_ended(
        &self,
        account: &str,
        failure: Option<&str>,
    ) -> Pending<'_, Result<(), Unavailable>> {
        self.store.run_ended(account, failure)
    }

    fn token(&self, account: &str) -> Pending<'_, Result<Option<Secret>, Unavailable>> {
        self.store.token(account)
    }

    fn account(&self, account: &str) -> Pending<'_, Result<Option<Listed>, Unavailable>> {
        let account = account.to_owned();
        Box::pin(async move {
            let mut found = self.store.account(&account).await?;
            if self.is(Mistake::EmptyFieldReplaces)
                && let Some(listed) = &mut found
                && let Some(profile) = self.remembered().profiles.get(&account)
            {
                listed.profile = profile.clone();
            }
            Ok(found)
        })
    }

    fn accounts(&self, after: &str, limit: u32) -> Pending<'_, Result<Vec<Listed>, Unavailable>> {
        self.store.accounts(after, limit)
    }

    fn notices(&self, after: i64, limit: u32) -> Pending<'_, Result<Vec<Sequenced>, Unavailable>> {
        Box::pin(async move {
            let mut notices = self.store.notices(after, limit).await?;
            if self.is(Mistake::NoticeSkipped) && after > 0 && !notices.is_empty() {
                notices.remove(0);
            }
            Ok(notices)
        })
    }

    fn rows(
        &self,
        account: &str,
        model_id: &str,
        after: &str,
        limit: u32,
    ) -> Pending<'_, Result<Vec<Stored>, Unavailable>> {
        self.store.rows(account, model_id, after, limit)
    }
}
