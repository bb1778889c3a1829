// The engine's store in PostgreSQL, with pgx.

package main

import (
	"context"
	_ "embed"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

//go:embed schema.sql
var schema string

// Store keeps accounts in PostgreSQL. The account's row is locked by whoever changes
// it, which is what makes a commit compare and swap.
type Store struct {
	pool  *pgxpool.Pool
	clock mergesync.Clock
}

var (
	_ mergesync.Store    = (*Store)(nil)
	_ mergesync.RunNoter = (*Store)(nil)
)

// OpenStore creates the tables that are not there.
func OpenStore(ctx context.Context, pool *pgxpool.Pool, clock mergesync.Clock) (*Store, error) {
	if _, err := pool.Exec(ctx, schema); err != nil {
		return nil, err
	}
	return &Store{pool: pool, clock: clock}, nil
}

// now is the host's clock, to the microsecond that PostgreSQL keeps.
func (s *Store) now() time.Time { return s.clock.Now().Truncate(time.Microsecond) }

// KeepNote implements [mergesync.Store].
func (s *Store) KeepNote(ctx context.Context, note mergesync.Note) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		return keepNote(ctx, tx, note, s.now())
	})
}

// Load implements [mergesync.Store].
func (s *Store) Load(ctx context.Context, account string) (loaded *mergesync.LoadedAccount, err error) {
	// State and notes as of one moment.
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error {
		var found mergesync.LoadedAccount
		var version int64
		err := tx.QueryRow(ctx, "SELECT state, version FROM linked_accounts WHERE linked_account_id = $1", account).
			Scan(&found.State, &version)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		found.Version = strconv.FormatInt(version, 10)
		rows, err := tx.Query(ctx, "SELECT number, key, text, secret FROM notes WHERE linked_account_id = $1 ORDER BY number", account)
		if err != nil {
			return err
		}
		found.Notes, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (note mergesync.StoredNote, err error) {
			var number int64
			var secret *string
			err = row.Scan(&number, &note.Key, &note.Text, &secret)
			note.Number, note.Secret = uint64(number), (*mergesync.Secret)(secret)
			return note, err
		})
		loaded = &found
		return err
	})
	return loaded, err
}

// Commit implements [mergesync.Store].
func (s *Store) Commit(ctx context.Context, change mergesync.Change) (committed mergesync.Committed, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		committed, err = s.commit(ctx, tx, change)
		return err
	})
	if err != nil {
		return mergesync.Committed{}, err
	}
	return committed, nil
}

// Due implements [mergesync.Store].
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]mergesync.Due, error) {
	rows, err := s.pool.Query(ctx,
		`SELECT linked_account_id, start_at, version, failed_runs > 0 FROM linked_accounts
		 WHERE start_at <= $1 OR start_at > $2 ORDER BY start_at, linked_account_id LIMIT $3`,
		now, now.Add(mergesync.FurthestStart), limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (due mergesync.Due, err error) {
		var version int64
		err = row.Scan(&due.Account, &due.Start, &version, &due.Failed)
		due.Start, due.Version = due.Start.UTC(), strconv.FormatInt(version, 10)
		return due, err
	})
}

// NextStart implements [mergesync.Store].
func (s *Store) NextStart(ctx context.Context, now time.Time) (*time.Time, error) {
	var next *time.Time
	err := s.pool.QueryRow(ctx, "SELECT min(start_at) FROM linked_accounts WHERE start_at > $1", now).Scan(&next)
	return utc(next), err
}

// RunEnded implements [mergesync.RunNoter].
func (s *Store) RunEnded(ctx context.Context, account string, failure error) error {
	if failure == nil {
		_, err := s.pool.Exec(ctx,
			`UPDATE linked_accounts SET failed_runs = 0, failed_since = NULL, failed_with = ''
			 WHERE linked_account_id = $1`, account)
		return err
	}
	_, err := s.pool.Exec(ctx,
		`UPDATE linked_accounts SET
		     failed_runs = failed_runs + 1, failed_since = coalesce(failed_since, $2), failed_with = $3
		 WHERE linked_account_id = $1`, account, s.now(), mergesync.FailureText(failure))
	return err
}

// FailedRuns returns how the account's latest runs failed.
func (s *Store) FailedRuns(ctx context.Context, account string) (mergesync.FailedRuns, error) {
	var failed mergesync.FailedRuns
	err := s.pool.QueryRow(ctx,
		"SELECT failed_runs, failed_since, failed_with FROM linked_accounts WHERE linked_account_id = $1", account,
	).Scan(&failed.Count, &failed.Since, &failed.Text)
	if errors.Is(err, pgx.ErrNoRows) {
		err = mergesync.ErrUnknownAccount
	}
	failed.Since = utc(failed.Since)
	return failed, err
}

// Token implements [mergesync.Store].
func (s *Store) Token(ctx context.Context, account string) (mergesync.Secret, error) {
	var token string
	err := s.pool.QueryRow(ctx, "SELECT coalesce(account_token, '') FROM linked_accounts WHERE linked_account_id = $1", account).Scan(&token)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return mergesync.Secret(token), err
}

// Rows calls each with every row, of every account and model.
func (s *Store) Rows(ctx context.Context, each func(account, modelID string, row mergesync.Row) error) error {
	rows, err := s.pool.Query(ctx, "SELECT linked_account_id, model_id, id, remote_id, modified_at, deleted, json FROM records")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var account, model string
		var row mergesync.Row
		err := rows.Scan(&account, &model, &row.ID, &row.RemoteID, &row.ModifiedAt, &row.Deleted, &row.JSON)
		if err != nil {
			return err
		}
		row.ModifiedAt = utc(row.ModifiedAt)
		if err := each(account, model, row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Profile returns what Merge says an account is.
func (s *Store) Profile(ctx context.Context, id string) (mergesync.Account, error) {
	a := mergesync.Account{ID: id}
	err := s.pool.QueryRow(ctx,
		`SELECT category, integration, integration_slug, end_user_origin_id, organization_name, status,
		     account_type, is_duplicate
		 FROM linked_accounts WHERE linked_account_id = $1`, id,
	).Scan(&a.Category, &a.Integration, &a.IntegrationSlug, &a.EndUserOriginID, &a.OrganizationName, &a.LinkStatus,
		&a.AccountType, &a.IsDuplicate)
	if errors.Is(err, pgx.ErrNoRows) {
		err = mergesync.ErrUnknownAccount
	}
	return a, err
}

func utc(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	in := at.UTC()
	return &in
}
