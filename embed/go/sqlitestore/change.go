// What a note and a change do to the tables, inside a transaction.

package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"math"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

// keepNote keeps a note and makes the account due as far as not_before allows.
func keepNote(ctx context.Context, tx *sql.Tx, note mergesync.Note, now int64) error {
	if note.Create {
		if err := insertAccount(ctx, tx, note.Account, now); err != nil {
			return err
		}
	}
	var number int64
	err := tx.QueryRowContext(ctx,
		`UPDATE linked_accounts SET
		     last_note = last_note + 1,
		     start_at = min(ifnull(start_at, max(ifnull(not_before, :now), :now)),
		                    max(ifnull(not_before, :now), :now))
		 WHERE linked_account_id = :account RETURNING last_note`,
		sql.Named("now", now), sql.Named("account", note.Account)).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		return mergesync.ErrUnknownAccount
	}
	if err != nil {
		return err
	}
	if note.Profile != nil {
		if err := setProfile(ctx, tx, note.Account, *note.Profile); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx,
		"INSERT OR REPLACE INTO notes (linked_account_id, key, number, text, secret) VALUES (?, ?, ?, ?, ?)",
		note.Account, note.Key, number, note.Text, (*string)(note.Secret))
	return err
}

// commit carries out a change, if the account is at the version that it expects.
func commit(ctx context.Context, tx *sql.Tx, change mergesync.Change, now int64) (mergesync.Committed, error) {
	var committed mergesync.Committed
	version, err := nextVersion(ctx, tx, change, now)
	if err != nil {
		return committed, err
	}
	committed.Version = versionText(version)
	for _, number := range change.Consumed {
		_, err := tx.ExecContext(ctx,
			"DELETE FROM notes WHERE linked_account_id = ? AND number = ?", change.Account, column(number))
		if err != nil {
			return committed, err
		}
	}
	if err := setToken(ctx, tx, change.Account, change.Token); err != nil {
		return committed, err
	}
	for _, batch := range change.Batches {
		if err := storeRows(ctx, tx, change.Account, batch, now); err != nil {
			return committed, err
		}
	}
	if change.Sweep != nil {
		if committed.Swept, err = sweep(ctx, tx, change.Account, *change.Sweep); err != nil {
			return committed, err
		}
	}
	for _, notice := range change.Notices {
		_, err := tx.ExecContext(ctx,
			`INSERT INTO notices (id, linked_account_id, at, occasion, model_id, text)
			 VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
			notice.ID, change.Account, now, string(notice.Occasion), notice.ModelID, notice.Text)
		if err != nil {
			return committed, err
		}
	}
	return committed, setState(ctx, tx, change, version, now)
}

// column is a number as SQLite has it.
func column(number uint64) int64 { return int64(min(number, math.MaxInt64)) }

func insertAccount(ctx context.Context, tx *sql.Tx, account string, now int64) error {
	_, err := tx.ExecContext(ctx,
		"INSERT OR IGNORE INTO linked_accounts (linked_account_id, first_seen) VALUES (?, ?)", account, now)
	return err
}

func setProfile(ctx context.Context, tx *sql.Tx, account string, profile mergesync.Account) error {
	_, err := tx.ExecContext(ctx,
		`UPDATE linked_accounts SET
		     category = ifnull(nullif(?2, ''), category),
		     integration = ifnull(nullif(?3, ''), integration),
		     integration_slug = ifnull(nullif(?4, ''), integration_slug),
		     end_user_origin_id = ifnull(nullif(?5, ''), end_user_origin_id),
		     organization_name = ifnull(nullif(?6, ''), organization_name),
		     status = ifnull(nullif(?7, ''), status),
		     account_type = ifnull(nullif(?8, ''), account_type),
		     is_duplicate = ifnull(?9, is_duplicate)
		 WHERE linked_account_id = ?1`,
		account, profile.Category, profile.Integration, profile.IntegrationSlug,
		profile.EndUserOriginID, profile.OrganizationName, profile.LinkStatus,
		profile.AccountType, profile.IsDuplicate)
	return err
}

// nextVersion is the version that the change makes; stale where another one than it
// expects is there.
func nextVersion(ctx context.Context, tx *sql.Tx, change mergesync.Change, now int64) (int64, error) {
	var current int64
	err := tx.QueryRowContext(ctx,
		"SELECT version FROM linked_accounts WHERE linked_account_id = ?", change.Account).Scan(&current)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		if change.Expected != nil {
			return 0, &mergesync.StaleError{}
		}
		return 1, insertAccount(ctx, tx, change.Account, now)
	case err != nil:
		return 0, err
	}
	found := versionText(current)
	if change.Expected == nil || *change.Expected != found {
		return 0, &mergesync.StaleError{Current: &found}
	}
	return current + 1, nil
}

func setToken(ctx context.Context, tx *sql.Tx, account string, change mergesync.TokenChange) error {
	var token *string
	switch change := change.(type) {
	case mergesync.PutToken:
		token = (*string)(&change.Value)
	case mergesync.EraseToken:
		// A note that came meanwhile may bring another token: that one is not erased.
		_, err := tx.ExecContext(ctx,
			`UPDATE notes SET secret = NULL
			 WHERE linked_account_id = ?1 AND secret = (
			     SELECT account_token FROM linked_accounts WHERE linked_account_id = ?1)`, account)
		if err != nil {
			return err
		}
	default:
		return nil
	}
	_, err := tx.ExecContext(ctx,
		"UPDATE linked_accounts SET account_token = ? WHERE linked_account_id = ?", token, account)
	return err
}

// storeRows stores rows: one replaces the stored one unless that has a strictly later
// modified_at; the highest pass and the time last seen are kept either way.
func storeRows(ctx context.Context, tx *sql.Tx, account string, batch mergesync.Batch, now int64) error {
	replace, err := tx.PrepareContext(ctx,
		`INSERT INTO records (linked_account_id, model_id, id, remote_id, modified_at, deleted,
		                      first_seen, last_seen, pass, json)
		 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9)
		 ON CONFLICT (linked_account_id, model_id, id) DO UPDATE SET
		     remote_id = excluded.remote_id,
		     modified_at = excluded.modified_at,
		     deleted = excluded.deleted,
		     last_seen = excluded.last_seen,
		     pass = max(ifnull(excluded.pass, pass), ifnull(pass, excluded.pass)),
		     json = excluded.json
		 WHERE (modified_at > excluded.modified_at) IS NOT TRUE`)
	if err != nil {
		return err
	}
	defer replace.Close()
	see, err := tx.PrepareContext(ctx,
		`UPDATE records SET last_seen = ?4, pass = max(ifnull(?5, pass), ifnull(pass, ?5))
		 WHERE linked_account_id = ?1 AND model_id = ?2 AND id = ?3`)
	if err != nil {
		return err
	}
	defer see.Close()
	var pass any
	if batch.Pass != nil {
		pass = column(*batch.Pass)
	}
	for _, row := range batch.Rows {
		deleted := 0
		if row.Deleted {
			deleted = 1
		}
		done, err := replace.ExecContext(ctx, account, batch.ModelID, row.ID, row.RemoteID,
			micros(row.ModifiedAt), deleted, now, pass, row.JSON)
		if err != nil {
			return err
		}
		if replaced, err := done.RowsAffected(); err != nil || replaced > 0 {
			if err != nil {
				return err
			}
			continue
		}
		if _, err := see.ExecContext(ctx, account, batch.ModelID, row.ID, now, pass); err != nil {
			return err
		}
	}
	return nil
}

const (
	countLive = `SELECT count(*), count(*) FILTER (WHERE pass IS NULL OR pass < ?3) FROM records
	WHERE linked_account_id = ?1 AND model_id = ?2 AND NOT deleted`
	markUnseen = `UPDATE records SET deleted = 1 WHERE rowid IN (
	    SELECT rowid FROM records
	    WHERE linked_account_id = ?1 AND model_id = ?2 AND NOT deleted AND pass IS NULL
	    UNION ALL
	    SELECT rowid FROM records
	    WHERE linked_account_id = ?1 AND model_id = ?2 AND NOT deleted AND pass < ?3
	    LIMIT ?4)`
)

// sweep marks as deleted what no pass since sweep.UnseenSince saw, unless that is too
// much. Rows that are marked already count for neither side: they would make the guard
// weaker with every deletion. Counting reads the index of live rows alone.
func sweep(ctx context.Context, tx *sql.Tx, account string, sweep mergesync.Sweep) (*mergesync.Swept, error) {
	var live, unseen uint64
	since := column(sweep.UnseenSince)
	err := tx.QueryRowContext(ctx, countLive, account, sweep.ModelID, since).Scan(&live, &unseen)
	if err != nil {
		return nil, err
	}
	swept := sweep.Decide(live, unseen)
	if swept.Marked == 0 {
		return &swept, nil
	}
	_, err = tx.ExecContext(ctx, markUnseen, account, sweep.ModelID, since, column(swept.Marked))
	return &swept, err
}

// setState writes the account's own row, last: whether notes remain decides its start.
func setState(ctx context.Context, tx *sql.Tx, change mergesync.Change, version, now int64) error {
	summary := change.Summary
	_, err := tx.ExecContext(ctx,
		`UPDATE linked_accounts SET
		     state = :state, version = :version, wake_at = :wake, not_before = :not_before,
		     start_at = (
		         SELECT max(start, ifnull(:not_before, start)) FROM (
		             SELECT CASE WHEN EXISTS (
		                 SELECT 1 FROM notes WHERE linked_account_id = :account
		             ) THEN :now ELSE :wake END AS start)),
		     phase = :phase, models_ready = :ready, models_needed = :needed,
		     trouble = :trouble, link = :link, skipped = :skipped, fresh_to = :fresh_to
		 WHERE linked_account_id = :account`,
		sql.Named("account", change.Account), sql.Named("state", change.State),
		sql.Named("version", version), sql.Named("wake", micros(change.WakeAt)),
		sql.Named("not_before", micros(change.NotBefore)), sql.Named("now", now),
		sql.Named("phase", string(summary.Phase)), sql.Named("ready", summary.Ready),
		sql.Named("needed", summary.Needed), sql.Named("trouble", (*string)(summary.Trouble)),
		sql.Named("link", string(summary.Link)), sql.Named("skipped", column(summary.Skipped)),
		sql.Named("fresh_to", micros(summary.FreshTo)))
	return err
}
