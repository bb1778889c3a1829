//! What the host and the engine ask of the tables. Each question is one statement, or one
//! transaction where it takes two.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Row as SqlRow, params};

use crate::clock::Micros;
use crate::secret::Secret;
use crate::store::{
    Due, FURTHEST_START, FailedRuns, Listed, LoadedAccount, Notice, Profile, Row, Sequenced,
    Stored, StoredNote, Summary,
};

pub(super) fn load(sql: &Connection, account: &str) -> rusqlite::Result<Option<LoadedAccount>> {
    // State and notes as of one moment.
    let both = sql.unchecked_transaction()?;
    let found = both
        .prepare_cached("SELECT state, version FROM linked_accounts WHERE linked_account_id = ?1")?
        .query_row([account], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))
        .optional()?;
    let Some((state, version)) = found else {
        return Ok(None);
    };
    let notes = both
        .prepare_cached(
            "SELECT number, key, text, secret FROM notes WHERE linked_account_id = ?1
             ORDER BY number",
        )?
        .query_map([account], |row| {
            Ok(StoredNote {
                number: row.get::<_, i64>(0)?.cast_unsigned(),
                key: row.get(1)?,
                text: row.get(2)?,
                secret: row.get::<_, Option<String>>(3)?.map(Secret::new),
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(Some(LoadedAccount {
        state,
        version: version.to_string(),
        notes,
    }))
}

/// Two statements, each along the index: one with `OR` would sort all that are due, and a `LIMIT`
/// that is a parameter would have SQLite plan it anew each time.
pub(super) fn due(sql: &Connection, now: Micros, limit: usize) -> rusqlite::Result<Vec<Due>> {
    let mut overdue = sql.prepare_cached(
        "SELECT linked_account_id, start_at, version, failed_runs FROM linked_accounts
         WHERE start_at <= ?1 ORDER BY start_at, rowid",
    )?;
    let mut due = first(&mut overdue, [now], limit, starting)?;
    let mut too_far_ahead = sql.prepare_cached(
        "SELECT linked_account_id, start_at, version, failed_runs FROM linked_accounts
         WHERE start_at > ?1 ORDER BY start_at, rowid",
    )?;
    let furthest = [now.saturating_add(FURTHEST_START)];
    let room = limit.saturating_sub(due.len());
    due.extend(first(&mut too_far_ahead, furthest, room, starting)?);
    Ok(due)
}

fn starting(row: &SqlRow<'_>) -> rusqlite::Result<Due> {
    Ok(Due {
        account: row.get(0)?,
        start: row.get(1)?,
        version: row.get::<_, i64>(2)?.to_string(),
        failed: row.get::<_, i64>(3)? > 0,
    })
}

/// The first rows of an answer.
fn first<T>(
    statement: &mut CachedStatement<'_>,
    parameters: impl Params,
    limit: usize,
    read: fn(&SqlRow<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    statement.query_map(parameters, read)?.take(limit).collect()
}

pub(super) fn next_start(sql: &Connection, now: Micros) -> rusqlite::Result<Option<Micros>> {
    sql.prepare_cached("SELECT min(start_at) FROM linked_accounts WHERE start_at > ?1")?
        .query_row([now], |row| row.get(0))
}

pub(super) fn token(sql: &Connection, account: &str) -> rusqlite::Result<Option<Secret>> {
    let token: Option<Option<String>> = sql
        .prepare_cached("SELECT account_token FROM linked_accounts WHERE linked_account_id = ?1")?
        .query_row([account], |row| row.get(0))
        .optional()?;
    Ok(token.flatten().map(Secret::new))
}

const LISTED: &str = "
SELECT linked_account_id, category, integration, integration_slug, end_user_origin_id,
       organization_name, status, first_seen, account_token IS NOT NULL, phase, models_ready,
       models_needed, nullif(trouble, ''), fresh_to, start_at,
       (SELECT count(*) FROM notes WHERE notes.linked_account_id = a.linked_account_id),
       account_type, is_duplicate, link, skipped, failed_runs, failed_since, failed_with
FROM linked_accounts AS a";

pub(super) fn account(sql: &Connection, account: &str) -> rusqlite::Result<Option<Listed>> {
    sql.prepare_cached(&format!("{LISTED} WHERE linked_account_id = ?1"))?
        .query_row([account], listed)
        .optional()
}

pub(super) fn accounts(
    sql: &Connection,
    after: &str,
    limit: usize,
) -> rusqlite::Result<Vec<Listed>> {
    let mut accounts = sql.prepare_cached(&format!(
        "{LISTED} WHERE linked_account_id > ?1 ORDER BY linked_account_id"
    ))?;
    first(&mut accounts, [after], limit, listed)
}

fn listed(row: &SqlRow<'_>) -> rusqlite::Result<Listed> {
    Ok(Listed {
        profile: Profile {
            id: row.get(0)?,
            category: row.get(1)?,
            integration: row.get(2)?,
            integration_slug: row.get(3)?,
            end_user_origin_id: row.get(4)?,
            organization_name: row.get(5)?,
            link_status: row.get(6)?,
            account_type: row.get(16)?,
            is_duplicate: row.get(17)?,
        },
        first_seen: row.get(7)?,
        has_token: row.get(8)?,
        summary: Summary {
            phase: row.get(9)?,
            ready: row.get(10)?,
            needed: row.get(11)?,
            trouble: row.get(12)?,
            link: row.get(18)?,
            skipped: row.get::<_, i64>(19)?.cast_unsigned(),
            fresh_to: row.get(13)?,
        },
        failed_runs: failed_runs(row)?,
        start: row.get(14)?,
        notes: row.get::<_, i64>(15)?.cast_unsigned(),
    })
}

fn failed_runs(row: &SqlRow<'_>) -> rusqlite::Result<Option<FailedRuns>> {
    let count: u32 = row.get(20)?;
    Ok(if count == 0 {
        None
    } else {
        Some(FailedRuns {
            count,
            since: row.get::<_, Option<Micros>>(21)?.unwrap_or_default(),
            text: row.get(22)?,
        })
    })
}

pub(super) fn notices(
    sql: &Connection,
    after: i64,
    limit: usize,
) -> rusqlite::Result<Vec<Sequenced>> {
    let mut notices = sql.prepare_cached(
        "SELECT sequence, linked_account_id, at, id, occasion, model_id, text FROM notices
         WHERE sequence > ?1 ORDER BY sequence",
    )?;
    first(&mut notices, [after], limit, |row| {
        Ok(Sequenced {
            sequence: row.get(0)?,
            account: row.get(1)?,
            at: row.get(2)?,
            notice: Notice {
                id: row.get(3)?,
                occasion: row.get(4)?,
                model_id: row.get(5)?,
                text: row.get(6)?,
            },
        })
    })
}

pub(super) fn rows(
    sql: &Connection,
    account: &str,
    model_id: &str,
    after: &str,
    limit: usize,
) -> rusqlite::Result<Vec<Stored>> {
    let mut rows = sql.prepare_cached(
        "SELECT id, remote_id, modified_at, deleted, json, first_seen, last_seen, pass
         FROM records WHERE linked_account_id = ?1 AND model_id = ?2 AND id > ?3
         ORDER BY id",
    )?;
    first(&mut rows, params![account, model_id, after], limit, |row| {
        Ok(Stored {
            row: Row {
                id: row.get(0)?,
                remote_id: row.get(1)?,
                modified_at: row.get(2)?,
                deleted: row.get(3)?,
                json: row.get(4)?,
            },
            first_seen: row.get(5)?,
            last_seen: row.get(6)?,
            pass: row.get::<_, Option<i64>>(7)?.map(i64::cast_unsigned),
        })
    })
}
