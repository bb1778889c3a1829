// The engine's store in PostgreSQL, with pgx.

package main

import (
	"context"
	_ "embed"
	"errors"
	"math"
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
			 WHERE linked_account_id = $1 RETURNING last_note`, note.Account, s.now()).Scan(&number)
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
	})
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

// addNotices has changes with notices end one after the other: a sequence that was given earlier
// would else be committed later, and whoever read on after a larger one would never see it. It
// comes last, so that others wait for no more than the commit.
func addNotices(ctx context.Context, tx pgx.Tx, change mergesync.Change) error {
	if len(change.Notices) == 0 {
		return nil
	}
	var batch pgx.Batch
	batch.Queue("SELECT pg_advisory_xact_lock('notices'::regclass::bigint)")
	for _, notice := range change.Notices {
		batch.Queue(
			`INSERT INTO notices (id, linked_account_id, occasion, model_id, text) VALUES ($1, $2, $3, $4, $5)
			 ON CONFLICT (id) DO NOTHING`,
			notice.ID, change.Account, string(notice.Occasion), notice.ModelID, notice.Text)
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

// Notice is a notice of the outbox.
type Notice struct {
	// Sequence is larger for each later notice of the whole store.
	Sequence int64
	Account  string
	mergesync.Notice
}

// Notices returns at most limit notices after the one of that sequence, in the order of their
// commits. A product that remembers the last sequence it acted on gets each at least once.
func (s *Store) Notices(ctx context.Context, after int64, limit int) ([]Notice, error) {
	rows, err := s.pool.Query(ctx,
		`SELECT sequence, linked_account_id, id, occasion, model_id, text FROM notices
		 WHERE sequence > $1 ORDER BY sequence LIMIT $2`, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (n Notice, err error) {
		err = row.Scan(&n.Sequence, &n.Account, &n.ID, (*string)(&n.Occasion), &n.ModelID, &n.Text)
		return n, err
	})
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

// column is a number as PostgreSQL has it.
func column(number uint64) int64 { return int64(min(number, math.MaxInt64)) }
