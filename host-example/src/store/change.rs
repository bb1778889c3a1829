//! What a note and a change do to the tables. The caller has begun a transaction and ends it.

use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::{Batch, Change, Committed, Note, Notice, Profile, Summary, Sweep, Swept, TokenChange};
use crate::clock::Micros;

/// Why a note or a change did not happen.
#[derive(Debug)]
pub(super) enum Refused {
    /// No such account.
    UnknownAccount,
    /// Another version is there, or no account.
    Stale(Option<String>),
    /// SQLite failed.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Keep a note, and make the account due as far as its `not_before` allows.
pub(super) fn keep_note(sql: &Connection, note: &Note, now: Micros) -> Result<(), Refused> {
    if note.create {
        insert_account(sql, &note.account, now)?;
    }
    let number: Option<i64> = sql
        .prepare_cached(
            "UPDATE linked_accounts SET
                 last_note = last_note + 1,
                 start_at = min(ifnull(start_at, max(ifnull(not_before, :now), :now)),
                                max(ifnull(not_before, :now), :now))
             WHERE linked_account_id = :account
             RETURNING last_note",
        )?
        .query_row(
            named_params! { ":account": note.account, ":now": now },
            |row| row.get(0),
        )
        .optional()?;
    let Some(number) = number else {
        return Err(Refused::UnknownAccount);
    };
    if let Some(profile) = &note.profile {
        set_profile(sql, &note.account, profile)?;
    }
    sql.prepare_cached(
        "INSERT OR REPLACE INTO notes (linked_account_id, key, number, text, secret)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        note.account,
        note.key,
        number,
        note.text,
        note.secret.as_ref().map(|secret| secret.expose())
    ])?;
    Ok(())
}

/// Carry out a change, if the account is at the version that it expects.
pub(super) fn commit(sql: &Connection, change: &Change, now: Micros) -> Result<Committed, Refused> {
    let version = next_version(sql, change, now)?;
    for number in &change.consumed {
        sql.prepare_cached("DELETE FROM notes WHERE linked_account_id = ?1 AND number = ?2")?
            .execute(params![change.account, stored(*number)])?;
    }
    set_token(sql, &change.account, &change.token)?;
    for batch in &change.batches {
        store_rows(sql, &change.account, batch, now)?;
    }
    let swept = match &change.sweep {
        Some(wanted) => Some(sweep(sql, &change.account, wanted)?),
        None => None,
    };
    for notice in &change.notices {
        add_notice(sql, &change.account, notice, now)?;
    }
    set_state(sql, change, version, now)?;
    Ok(Committed {
        version: version.to_string(),
        swept,
    })
}

fn insert_account(sql: &Connection, account: &str, now: Micros) -> rusqlite::Result<()> {
    sql.prepare_cached(
        "INSERT OR IGNORE INTO linked_accounts (linked_account_id, first_seen) VALUES (?1, ?2)",
    )?
    .execute(params![account, now])?;
    Ok(())
}

fn set_profile(sql: &Connection, account: &str, profile: &Profile) -> rusqlite::Result<()> {
    sql.prepare_cached(
        "UPDATE linked_accounts SET
             category = ifnull(nullif(?2, ''), category),
             integration = ifnull(nullif(?3, ''), integration),
             integration_slug = ifnull(nullif(?4, ''), integration_slug),
             end_user_origin_id = ifnull(nullif(?5, ''), end_user_origin_id),
             organization_name = ifnull(nullif(?6, ''), organization_name),
             status = ifnull(nullif(?7, ''), status),
             account_type = ifnull(nullif(?8, ''), account_type),
             is_duplicate = ifnull(?9, is_duplicate)
         WHERE linked_account_id = ?1",
    )?
    .execute(params![
        account,
        profile.category,
        profile.integration,
        profile.integration_slug,
        profile.end_user_origin_id,
        profile.organization_name,
        profile.link_status,
        profile.account_type,
        profile.is_duplicate
    ])?;
    Ok(())
}

/// The number of the version that `change` makes; refused where another one than it expects is
/// there.
fn next_version(sql: &Connection, change: &Change, now: Micros) -> Result<i64, Refused> {
    let current: Option<i64> = sql
        .prepare_cached("SELECT version FROM linked_accounts WHERE linked_account_id = ?1")?
        .query_row([&change.account], |row| row.get(0))
        .optional()?;
    let found = current.map(|version| version.to_string());
    if found != change.expected {
        return Err(Refused::Stale(found));
    }
    if current.is_none() {
        insert_account(sql, &change.account, now)?;
    }
    Ok(current.unwrap_or(0) + 1)
}

fn set_token(sql: &Connection, account: &str, token: &TokenChange) -> rusqlite::Result<()> {
    let token = match token {
        TokenChange::Keep => return Ok(()),
        TokenChange::Put(secret) => Some(secret.expose()),
        TokenChange::Erase => {
            // A note that came meanwhile may bring another token: that one is not erased.
            sql.prepare_cached(
                "UPDATE notes SET secret = NULL
                 WHERE linked_account_id = ?1 AND secret = (
                     SELECT account_token FROM linked_accounts WHERE linked_account_id = ?1)",
            )?
            .execute([account])?;
            None
        }
    };
    sql.prepare_cached(
        "UPDATE linked_accounts SET account_token = ?2 WHERE linked_account_id = ?1",
    )?
    .execute(params![account, token])?;
    Ok(())
}

/// Store rows: one replaces the stored one unless that has a strictly later `modified_at`; the
/// latest pass and the time last seen are kept either way.
fn store_rows(sql: &Connection, account: &str, batch: &Batch, now: Micros) -> rusqlite::Result<()> {
    let mut replace = sql.prepare_cached(
        "INSERT INTO records (linked_account_id, model_id, id, remote_id, modified_at, deleted,
                              first_seen, last_seen, pass, json)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9)
         ON CONFLICT (linked_account_id, model_id, id) DO UPDATE SET
             remote_id = excluded.remote_id,
             modified_at = excluded.modified_at,
             deleted = excluded.deleted,
             last_seen = excluded.last_seen,
             pass = max(ifnull(excluded.pass, pass), ifnull(pass, excluded.pass)),
             json = excluded.json
         WHERE (modified_at > excluded.modified_at) IS NOT TRUE",
    )?;
    let mut see = sql.prepare_cached(
        "UPDATE records SET last_seen = ?4, pass = max(ifnull(?5, pass), ifnull(pass, ?5))
         WHERE linked_account_id = ?1 AND model_id = ?2 AND id = ?3",
    )?;
    let pass = batch.pass.map(stored);
    for row in &batch.rows {
        let replaced = replace.execute(params![
            account,
            batch.model_id,
            row.id,
            row.remote_id,
            row.modified_at,
            row.deleted,
            now,
            pass,
            row.json
        ])?;
        if replaced == 0 {
            see.execute(params![account, batch.model_id, row.id, now, pass])?;
        }
    }
    Ok(())
}

/// Mark as deleted what no pass since `unseen_since` saw, unless that is too much. Rows that are
/// marked already count for neither side: they would make the guard weaker with every deletion.
/// All of it reads the index of live rows alone.
fn sweep(sql: &Connection, account: &str, sweep: &Sweep) -> rusqlite::Result<Swept> {
    let since = stored(sweep.unseen_since);
    let (live, unseen): (u64, u64) = sql
        .prepare_cached(
            "SELECT count(*), count(*) FILTER (WHERE pass IS NULL OR pass < ?3) FROM records
             WHERE linked_account_id = ?1 AND model_id = ?2 AND NOT deleted",
        )?
        .query_row(params![account, sweep.model_id, since], |row| {
            Ok((
                row.get::<_, i64>(0)?.cast_unsigned(),
                row.get::<_, i64>(1)?.cast_unsigned(),
            ))
        })?;
    let held = is_too_much(live, unseen, sweep);
    let marked = if held || unseen == 0 {
        0
    } else {
        sql.prepare_cached(
            "UPDATE records SET deleted = 1 WHERE rowid IN (
                 SELECT rowid FROM records
                 WHERE linked_account_id = ?1 AND model_id = ?2 AND NOT deleted AND pass IS NULL
                 UNION ALL
                 SELECT rowid FROM records
                 WHERE linked_account_id = ?1 AND model_id = ?2 AND NOT deleted AND pass < ?3
                 LIMIT ?4)",
        )?
        .execute(params![account, sweep.model_id, since, sweep.limit])?
    };
    Ok(Swept {
        live,
        unseen,
        marked: u64::try_from(marked).unwrap_or(u64::MAX),
        held,
    })
}

/// Whether a sweep is held; exact for any numbers.
fn is_too_much(live: u64, unseen: u64, sweep: &Sweep) -> bool {
    let most = u128::from(live) * u128::from(sweep.most_percent);
    unseen > sweep.most_rows && u128::from(unseen) * 100 > most
}

/// Note how a run ended.
pub(super) fn run_ended(
    sql: &Connection,
    account: &str,
    failure: Option<&str>,
    now: Micros,
) -> rusqlite::Result<()> {
    sql.prepare_cached(
        "UPDATE linked_accounts SET
             failed_runs = iif(?2 IS NULL, 0, failed_runs + 1),
             failed_since = iif(?2 IS NULL, NULL, ifnull(failed_since, ?3)),
             failed_with = ifnull(?2, '')
         WHERE linked_account_id = ?1",
    )?
    .execute(params![account, failure, now])?;
    Ok(())
}

/// A number of the contract's, as a column holds it.
fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn add_notice(
    sql: &Connection,
    account: &str,
    notice: &Notice,
    now: Micros,
) -> rusqlite::Result<()> {
    sql.prepare_cached(
        "INSERT INTO notices (id, linked_account_id, at, occasion, model_id, text)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING",
    )?
    .execute(params![
        notice.id,
        account,
        now,
        notice.occasion,
        notice.model_id,
        notice.text
    ])?;
    Ok(())
}

/// The account's own row, last: whether notes remain decides its start.
fn set_state(sql: &Connection, change: &Change, version: i64, now: Micros) -> rusqlite::Result<()> {
    let Summary {
        phase,
        ready,
        needed,
        trouble,
        link,
        skipped,
        fresh_to,
    } = &change.summary;
    sql.prepare_cached(
        "UPDATE linked_accounts SET
             state = :state, version = :version, wake_at = :wake, not_before = :not_before,
             start_at = (
                 SELECT max(start, ifnull(:not_before, start)) FROM (
                     SELECT CASE WHEN EXISTS (
                         SELECT 1 FROM notes WHERE linked_account_id = :account
                     ) THEN :now ELSE :wake END AS start)),
             phase = :phase, models_ready = :ready, models_needed = :needed,
             trouble = :trouble, link = :link, skipped = :skipped, fresh_to = :fresh_to
         WHERE linked_account_id = :account",
    )?
    .execute(named_params! {
        ":account": change.account,
        ":state": change.state,
        ":version": version,
        ":wake": change.wake_at,
        ":not_before": change.not_before,
        ":now": now,
        ":phase": phase,
        ":ready": ready,
        ":needed": needed,
        ":trouble": trouble,
        ":link": link,
        ":skipped": stored(*skipped),
        ":fresh_to": fresh_to,
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Sweep, is_too_much};

    fn held(live: u64, unseen: u64, most_rows: u64, most_percent: u32) -> bool {
        let sweep = Sweep {
            model_id: String::new(),
            unseen_since: 1,
            most_rows,
            most_percent,
            limit: 1,
        };
        is_too_much(live, unseen, &sweep)
    }

    #[test]
    fn a_sweep_is_held_where_it_is_over_both_bounds() {
        assert!(held(17, 17, 2, 10));
        assert!(!held(17, 2, 2, 10));
        assert!(held(17, 3, 2, 10));
        assert!(!held(30, 3, 2, 10));
        assert!(held(29, 3, 2, 10));
        assert!(held(1, 1, 0, 0));
        assert!(!held(1, 1, 0, 100));
    }

    #[test]
    fn the_bounds_of_a_sweep_hold_for_the_largest_numbers() {
        assert!(held(u64::MAX, u64::MAX, 2, 10));
        assert!(!held(u64::MAX, u64::MAX, 2, u32::MAX));
        assert!(!held(u64::MAX, u64::MAX, u64::MAX, 0));
    }
}
