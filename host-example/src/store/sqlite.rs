//! The store of this host: one SQLite file.
//!
//! One thread writes, and SQLite's write-ahead log lets readers go on meanwhile. Changes that
//! wait at the same moment share one transaction, each under a savepoint of its own: one
//! `fsync` makes them all durable, and each is still all or nothing.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::change::{self, Refused};
use super::{
    Change, CommitError, Committed, Due, Listed, LoadedAccount, Note, NoteError, Pending,
    Sequenced, Store, Stored, Unavailable, schema,
};
use crate::clock::{Clock, Micros};
use crate::secret::Secret;
use file::File;

mod file;
mod read;

/// How to open a file.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether a file that is not there is created.
    pub create: bool,
    /// How long to wait for another program's lock.
    pub patience: Duration,
    /// The file may not grow beyond this many pages of 8 KiB; `None` is SQLite's own limit.
    pub max_pages: Option<u32>,
    /// Told the text of each statement before it is executed, without its values.
    pub trace: Option<fn(&str)>,
}

impl Default for Options {
    /// Create the file, wait five seconds for locks, no limit.
    fn default() -> Self {
        Self {
            create: true,
            patience: Duration::from_secs(5),
            max_pages: None,
            trace: None,
        }
    }
}

/// A store in one SQLite file. Closing it (dropping it) ends its thread.
#[derive(Debug)]
pub struct SqliteStore {
    file: Arc<File>,
    jobs: Option<Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

/// At most this many changes share a transaction.
const GROUP: usize = 64;

#[derive(Debug)]
enum Work {
    Note(Note),
    Commit(Change),
    RunEnded {
        account: String,
        failure: Option<String>,
    },
}

#[derive(Debug)]
struct Job {
    work: Work,
    reply: oneshot::Sender<Result<Done, Failed>>,
}

#[derive(Debug)]
enum Done {
    Noted,
    Committed(Committed),
    RunEnded,
}

#[derive(Debug)]
enum Failed {
    UnknownAccount,
    Stale(Option<String>),
    Unavailable(Unavailable),
}

impl SqliteStore {
    /// Open the file at `path`, a path or a SQLite `file:` address, creating its tables if it is
    /// new or empty. `clock` stamps `first_seen`, `last_seen` and the notices.
    ///
    /// # Errors
    ///
    /// One line naming the file: it is no store of ours (and was left as it is), was written by
    /// a newer version, is locked, read-only or damaged, or cannot be reached.
    pub fn open(path: &Path, options: Options, clock: Arc<dyn Clock>) -> Result<Self, Unavailable> {
        let file = Arc::new(File {
            path: path.into(),
            options,
            readers: Mutex::default(),
        });
        file.create_private();
        let mut connection = file.connect().map_err(|error| file.sqlite(&error))?;
        schema::prepare(&mut connection).map_err(|what| file.unavailable(&what))?;
        file.make_private();
        // A file that can be read and not written is better found out now.
        connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|writable| {
                writable.pragma_update(None, "user_version", schema::SCHEMA_VERSION)?;
                writable.commit()
            })
            .map_err(|error| file.sqlite(&error))?;
        let (jobs, queue) = channel();
        let writer = thread::Builder::new()
            .name("store".to_owned())
            .spawn({
                let file = Arc::clone(&file);
                move || write(&mut connection, &queue, &file, clock.as_ref())
            })
            .map_err(|error| file.unavailable(&format!("has no thread: {error}")))?;
        Ok(Self {
            file,
            jobs: Some(jobs),
            writer: Some(writer),
        })
    }

    async fn write(&self, work: Work) -> Result<Done, Failed> {
        let (reply, answer) = oneshot::channel();
        if let Some(jobs) = &self.jobs {
            // Where the thread has ended, the answer says so.
            let _ = jobs.send(Job { work, reply });
        }
        match answer.await {
            Ok(answer) => answer,
            Err(_) => Err(Failed::Unavailable(
                self.file.unavailable("has lost its writer"),
            )),
        }
    }

    async fn read<T: Send + 'static>(
        &self,
        what: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let file = Arc::clone(&self.file);
        let read = tokio::task::spawn_blocking(move || file.read(what)).await;
        read.unwrap_or_else(|error| Err(self.file.unavailable(&format!("was not read: {error}"))))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has said so already.
            let _ = writer.join();
        }
    }
}

/// The writer's thread: until the store is dropped.
fn write(sql: &mut Connection, jobs: &Receiver<Job>, file: &File, clock: &dyn Clock) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        group.extend(jobs.try_iter().take(GROUP - 1));
        match transact(sql, &group, clock.now()) {
            Ok(answers) => reply(group, answers, file),
            Err(error) if group.len() == 1 => {
                reply(group, vec![Err(Refused::Sqlite(error))], file);
            }
            // Nothing of the group was written; only those at fault are to fail.
            Err(_) => {
                for job in group {
                    let alone = std::slice::from_ref(&job);
                    let answers = transact(sql, alone, clock.now())
                        .unwrap_or_else(|error| vec![Err(Refused::Sqlite(error))]);
                    reply(vec![job], answers, file);
                }
            }
        }
    }
}

/// All of `group` in one transaction, each under a savepoint. An error means that nothing was
/// written.
fn transact(
    sql: &mut Connection,
    group: &[Job],
    now: Micros,
) -> rusqlite::Result<Vec<Result<Done, Refused>>> {
    let transaction = sql.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut answers = Vec::with_capacity(group.len());
    for job in group {
        savepoint(&transaction, "SAVEPOINT job")?;
        let done = match &job.work {
            Work::Note(note) => change::keep_note(&transaction, note, now).map(|()| Done::Noted),
            Work::Commit(change) => change::commit(&transaction, change, now).map(Done::Committed),
            Work::RunEnded { account, failure } => {
                change::run_ended(&transaction, account, failure.as_deref(), now)
                    .map(|()| Done::RunEnded)
                    .map_err(Refused::Sqlite)
            }
        };
        match done {
            Ok(_) => {}
            Err(Refused::Sqlite(error)) => return Err(error),
            Err(Refused::UnknownAccount | Refused::Stale(_)) => {
                savepoint(&transaction, "ROLLBACK TO job")?;
            }
        }
        savepoint(&transaction, "RELEASE job")?;
        answers.push(done);
    }
    transaction.commit()?;
    Ok(answers)
}

/// One of three statements, prepared once: rusqlite's own savepoints parse theirs each time.
fn savepoint(transaction: &Transaction<'_>, statement: &str) -> rusqlite::Result<()> {
    transaction.prepare_cached(statement)?.execute([])?;
    Ok(())
}

/// A caller that has gone does not hear.
fn reply(group: Vec<Job>, answers: Vec<Result<Done, Refused>>, file: &File) {
    for (job, answer) in group.into_iter().zip(answers) {
        let _ = job.reply.send(answer.map_err(|refused| match refused {
            Refused::UnknownAccount => Failed::UnknownAccount,
            Refused::Stale(current) => Failed::Stale(current),
            Refused::Sqlite(error) => Failed::Unavailable(file.sqlite(&error)),
        }));
    }
}

fn many(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

impl Store for SqliteStore {
    fn keep_note(&self, note: Note) -> Pending<'_, Result<(), NoteError>> {
        Box::pin(async move {
            match self.write(Work::Note(note)).await {
                Ok(_) => Ok(()),
                Err(Failed::Unavailable(problem)) => Err(NoteError::Unavailable(problem)),
                Err(Failed::UnknownAccount | Failed::Stale(_)) => Err(NoteError::UnknownAccount),
            }
        })
    }

    fn commit(&self, change: Change) -> Pending<'_, Result<Committed, CommitError>> {
        Box::pin(async move {
            match self.write(Work::Commit(change)).await {
                Ok(Done::Committed(committed)) => Ok(committed),
                Ok(Done::Noted | Done::RunEnded) | Err(Failed::UnknownAccount) => {
                    Err(CommitError::Stale(None))
                }
                Err(Failed::Stale(current)) => Err(CommitError::Stale(current)),
                Err(Failed::Unavailable(problem)) => Err(CommitError::Unavailable(problem)),
            }
        })
    }

    fn load(&self, account: &str) -> Pending<'_, Result<Option<LoadedAccount>, Unavailable>> {
        let account = account.to_owned();
        Box::pin(self.read(move |sql| read::load(sql, &account)))
    }

    fn due(&self, now: Micros, limit: u32) -> Pending<'_, Result<Vec<Due>, Unavailable>> {
        Box::pin(self.read(move |sql| read::due(sql, now, many(limit))))
    }

    fn next_start(&self, now: Micros) -> Pending<'_, Result<Option<Micros>, Unavailable>> {
        Box::pin(self.read(move |sql| read::next_start(sql, now)))
    }

    fn run_ended(
        &self,
        account: &str,
        failure: Option<&str>,
    ) -> Pending<'_, Result<(), Unavailable>> {
        let work = Work::RunEnded {
            account: account.to_owned(),
            failure: failure.map(str::to_owned),
        };
        Box::pin(async move {
            match self.write(work).await {
                Err(Failed::Unavailable(problem)) => Err(problem),
                // An account that has gone has nothing to be noted of.
                Ok(_) | Err(Failed::UnknownAccount | Failed::Stale(_)) => Ok(()),
            }
        })
    }

    fn token(&self, account: &str) -> Pending<'_, Result<Option<Secret>, Unavailable>> {
        let account = account.to_owned();
        Box::pin(self.read(move |sql| read::token(sql, &account)))
    }

    fn account(&self, account: &str) -> Pending<'_, Result<Option<Listed>, Unavailable>> {
        let account = account.to_owned();
        Box::pin(self.read(move |sql| read::account(sql, &account)))
    }

    fn accounts(&self, after: &str, limit: u32) -> Pending<'_, Result<Vec<Listed>, Unavailable>> {
        let after = after.to_owned();
        Box::pin(self.read(move |sql| read::accounts(sql, &after, many(limit))))
    }

    fn notices(&self, after: i64, limit: u32) -> Pending<'_, Result<Vec<Sequenced>, Unavailable>> {
        Box::pin(self.read(move |sql| read::notices(sql, after, many(limit))))
    }

    fn rows(
        &self,
        account: &str,
        model_id: &str,
        after: &str,
        limit: u32,
    ) -> Pending<'_, Result<Vec<Stored>, Unavailable>> {
        let (account, model_id, after) =
            (account.to_owned(), model_id.to_owned(), after.to_owned());
        Box::pin(self.read(move |sql| read::rows(sql, &account, &model_id, &after, many(limit))))
    }
}
