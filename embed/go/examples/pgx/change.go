// What a note and a change do to the tables, inside a transaction.

package main

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

// keepNote keeps a note and makes the account due as far as not_before allows.
func keepNote(ctx context.Context, tx pgx.Tx, note mergesync.Note, now time.Time) error {
	if note.Create {
		_, err := tx.Exec(ctx, "INSERT INTO linked_accounts (linked_account_id) VALUES ($1) ON CONFLICT DO NOTHING", note.Account)
		if err != nil {
			return err
		}
	}
	var number int64
	err := tx.QueryRow(ctx,
		`UPDATE linked_accounts SET last_note = last_note + 1,
		     start_at = least(start_at, greatest(not_before, $2::timestamptz))
		 WHERE linked_account_id = $1 RETURNING last_note`, note.Account, now).Scan(&number)
	if errors.Is(err, pgx.ErrNoRows) {
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
	_, err = tx.Exec(ctx,
		`INSERT INTO notes (linked_account_id, key, number, text, secret) VALUES ($1, $2, $3, $4, $5)
		 ON CONFLICT (linked_account_id, key) DO UPDATE
		 SET number = excluded.number, text = excluded.text, secret = excluded.secret`,
		note.Account, note.Key, number, note.Text, (*string)(note.Secret))
	return err
}

func setProfile(ctx context.Context, tx pgx.Tx, account string, profile mergesync.Account) error {
	_, err := tx.Exec(ctx,
		`UPDATE linked_accounts SET
		     category = coalesce(nullif($2, ''), category),
		     integration = coalesce(nullif($3, ''), integration),
		     integration_slug = coalesce(nullif($4, ''), integration_slug),
		     end_user_origin_id = coalesce(nullif($5, ''), end_user_origin_id),
		     organization_name = coalesce(nullif($6, ''), organization_name),
		     status = coalesce(nullif($7, ''), status),
		     account_type = coalesce(nullif($8, ''), account_type),
		     is_duplicate = coalesce($9, is_duplicate)
		 WHERE linked_account_id = $1`,
		account, profile.Category, profile.Integration, profile.IntegrationSlug,
		profile.EndUserOriginID, profile.OrganizationName, profile.LinkStatus,
		profile.AccountType, profile.IsDuplicate)
	return err
}

// commit carries out a change, if the account is at the version that it expects.
func (s *Store) commit(ctx context.Context, tx pgx.Tx, change mergesync.Change) (mergesync.Committed, error) {
	var committed mergesync.Committed
	version, err := nextVersion(ctx, tx, change)
	if err != nil {
		return committed, err
	}
	committed.Version = strconv.FormatInt(version, 10)
	consumed := make([]int64, len(change.Consumed))
	for i, number := range change.Consumed {
		consumed[i] = column(number)
	}
	_, err = tx.Exec(ctx, "DELETE FROM notes WHERE linked_account_id = $1 AND number = ANY($2)", change.Account, consumed)
	if err != nil {
		return committed, err
	}
	if err := setToken(ctx, tx, change.Account, change.Token); err != nil {
		return committed, err
	}
	if err := storeRows(ctx, tx, change); err != nil {
		return committed, err
	}
	if change.Sweep != nil {
		if committed.Swept, err = sweep(ctx, tx, change.Account, *change.Sweep); err != nil {
			return committed, err
		}
	}
	if err := setState(ctx, tx, change, version, s.now()); err != nil {
		return committed, err
	}
	return committed, addNotices(ctx, tx, change)
}

// nextVersion locks the account's row.
func nextVersion(ctx context.Context, tx pgx.Tx, change mergesync.Change) (int64, error) {
	if change.Expected == nil {
		done, err := tx.Exec(ctx, "INSERT INTO linked_accounts (linked_account_id) VALUES ($1) ON CONFLICT DO NOTHING", change.Account)
		if err != nil || done.RowsAffected() == 1 {
			return 1, err
		}
	}
	var current int64
	err := tx.QueryRow(ctx, "SELECT version FROM linked_accounts WHERE linked_account_id = $1 FOR UPDATE", change.Account).Scan(&current)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, &mergesync.StaleError{}
	}
	if err != nil {
		return 0, err
	}
	found := strconv.FormatInt(current, 10)
	if change.Expected == nil || *change.Expected != found {
		return 0, &mergesync.StaleError{Current: &found}
	}
	return current + 1, nil
}

func setToken(ctx context.Context, tx pgx.Tx, account string, change mergesync.TokenChange) error {
	var token *string
	switch change := change.(type) {
	case mergesync.PutToken:
		token = (*string)(&change.Value)
	case mergesync.EraseToken:
		_, err := tx.Exec(ctx,
			`UPDATE notes SET secret = NULL WHERE linked_account_id = $1
			 AND secret = (SELECT account_token FROM linked_accounts WHERE linked_account_id = $1)`, account)
		if err != nil {
			return err
		}
	default:
		return nil
	}
	_, err := tx.Exec(ctx, "UPDATE linked_accounts SET account_token = $2 WHERE linked_account_id = $1", account, token)
	return err
}

// storeRows sends all rows in one go: a row replaces the stored one unless
// that has a strictly later modified_at, and the highest pass is kept either way.
func storeRows(ctx context.Context, tx pgx.Tx, change mergesync.Change) error {
	var batch pgx.Batch
	for _, rows := range change.Batches {
		var pass *int64
		if rows.Pass != nil {
			number := column(*rows.Pass)
			pass = &number
		}
		for _, row := range rows.Rows {
			batch.Queue(
				`INSERT INTO records AS old (linked_account_id, model_id, id, remote_id, modified_at, deleted, pass, json)
				 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
				 ON CONFLICT (linked_account_id, model_id, id) DO UPDATE SET
				     pass = greatest(old.pass, excluded.pass),
				     remote_id = CASE WHEN old.modified_at > excluded.modified_at THEN old.remote_id ELSE excluded.remote_id END,
				     deleted = CASE WHEN old.modified_at > excluded.modified_at THEN old.deleted ELSE excluded.deleted END,
				     json = CASE WHEN old.modified_at > excluded.modified_at THEN old.json ELSE excluded.json END,
				     modified_at = CASE WHEN old.modified_at > excluded.modified_at THEN old.modified_at ELSE excluded.modified_at END`,
				change.Account, rows.ModelID, row.ID, row.RemoteID, row.ModifiedAt, row.Deleted, pass, row.JSON)
		}
	}
	return tx.SendBatch(ctx, &batch).Close()
}

// sweep goes by the index of live rows. The account's row is locked, so that nobody
// changes its rows between the count and the marks.
func sweep(ctx context.Context, tx pgx.Tx, account string, sweep mergesync.Sweep) (*mergesync.Swept, error) {
	var live, unseen int64
	since := column(sweep.UnseenSince)
	err := tx.QueryRow(ctx,
		`SELECT count(*), count(*) FILTER (WHERE pass IS NULL OR pass < $3) FROM records
		 WHERE linked_account_id = $1 AND model_id = $2 AND NOT deleted`,
		account, sweep.ModelID, since).Scan(&live, &unseen)
	if err != nil {
		return nil, err
	}
	swept := sweep.Decide(uint64(live), uint64(unseen))
	if swept.Marked == 0 {
		return &swept, nil
	}
	_, err = tx.Exec(ctx,
		`UPDATE records SET deleted = true WHERE ctid = ANY (ARRAY(
		     SELECT ctid FROM records
		     WHERE linked_account_id = $1 AND model_id = $2 AND NOT deleted AND (pass IS NULL OR pass < $3)
		     LIMIT $4))`,
		account, sweep.ModelID, since, column(swept.Marked))
	return &swept, err
}

// setState comes after the notes: whether any remain decides the account's start.
func setState(ctx context.Context, tx pgx.Tx, change mergesync.Change, version int64, now time.Time) error {
	_, err := tx.Exec(ctx,
		`UPDATE linked_accounts SET
		     state = $2, version = $3, not_before = $4,
		     start_at = CASE
		         WHEN EXISTS (SELECT 1 FROM notes WHERE linked_account_id = $1)
		             THEN greatest($6::timestamptz, $4::timestamptz)
		         WHEN $5::timestamptz IS NOT NULL THEN greatest($5::timestamptz, $4::timestamptz)
		     END,
		     phase = $7, models_ready = $8, models_needed = $9, trouble = $10, fresh_to = $11,
		     link = $12, skipped = $13
		 WHERE linked_account_id = $1`,
		change.Account, change.State, version, change.NotBefore, change.WakeAt, now,
		string(change.Summary.Phase), int64(change.Summary.Ready), int64(change.Summary.Needed),
		(*string)(change.Summary.Trouble), change.Summary.FreshTo,
		string(change.Summary.Link), column(change.Summary.Skipped))
	return err
}

// column is a number as PostgreSQL has it.
func column(number uint64) int64 { return int64(min(number, math.MaxInt64)) }
