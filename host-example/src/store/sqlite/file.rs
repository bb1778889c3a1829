//! The file of a store, and connections to it.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, OpenFlags};

use super::Options;
use crate::store::{Unavailable, schema};

/// Idle connections kept for readers.
const IDLE_READERS: usize = 8;

/// Where it is, how it is opened, and idle connections to it.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) options: Options,
    pub(super) readers: Mutex<Vec<Connection>>,
}

impl File {
    /// Create the file so that only its owner may read it: it holds account tokens. Where that
    /// fails, opening it says why.
    pub(super) fn create_private(&self) {
        if !self.options.create || self.path.starts_with("file:") {
            return;
        }
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let _ = options.open(&self.path);
    }

    /// A file that was there before: whoever could read it could use the tokens in it.
    #[cfg(unix)]
    pub(super) fn make_private(&self) {
        use std::os::unix::fs::PermissionsExt as _;
        for suffix in ["", "-wal", "-shm"] {
            let mut path = self.path.clone().into_os_string();
            path.push(suffix);
            let Ok(found) = std::fs::metadata(&path) else {
                continue;
            };
            let mode = found.permissions().mode() & 0o777;
            if mode & 0o077 == 0 {
                continue;
            }
            let private = std::fs::Permissions::from_mode(mode & 0o700);
            match std::fs::set_permissions(&path, private) {
                Ok(()) => tracing::warn!(?path, "others could read this file; they no longer can"),
                Err(error) => tracing::warn!(?path, %error, "others can read this file"),
            }
        }
    }

    #[cfg(not(unix))]
    pub(super) fn make_private(&self) {}

    pub(super) fn connect(&self) -> rusqlite::Result<Connection> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, self.options.create);
        let mut connection = Connection::open_with_flags(&self.path, flags)?;
        if let Some(told) = self.options.trace {
            let tell = move |event: TraceEvent<'_>| {
                if let TraceEvent::Stmt(_, text) = event {
                    told(text);
                }
            };
            connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(tell))?;
        }
        connection.busy_timeout(self.options.patience)?;
        if let Some(pages) = self.options.max_pages {
            connection.pragma_update(None, "max_page_count", pages)?;
        }
        Ok(connection)
    }

    pub(super) fn read<T>(
        &self,
        what: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Unavailable> {
        let idle = self
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect().map_err(|error| self.sqlite(&error))?,
        };
        let found = what(&connection).map_err(|error| self.sqlite(&error))?;
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < IDLE_READERS {
            readers.push(connection);
        }
        Ok(found)
    }

    pub(super) fn sqlite(&self, error: &rusqlite::Error) -> Unavailable {
        self.unavailable(&schema::explain(error))
    }

    pub(super) fn unavailable(&self, what: &str) -> Unavailable {
        Unavailable {
            message: format!("store `{}` {what}", self.path.display()),
        }
    }
}
