// Package sqlitestore keeps accounts and rows in one SQLite file, with
// modernc.org/sqlite: no cgo. It is a module of its own, so that the package it
// belongs to needs nothing but wazero.
package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

// Store is a SQLite file.
type Store struct {
	path  string
	clock mergesync.Clock
	// One connection writes; SQLite's write-ahead log lets readers go on meanwhile.
	writer *sql.DB
	reader *sql.DB
}

var (
	_ mergesync.Store    = (*Store)(nil)
	_ mergesync.RunNoter = (*Store)(nil)
)

// Open opens the file at path, creating it and its tables if need be. The file holds
// account tokens: only its owner may read it. clock is the host's.
func Open(ctx context.Context, path string, clock mergesync.Clock) (*Store, error) {
	s := &Store{path: path, clock: clock}
	// Of these SQLite makes a database for each connection, which is gone when that is closed.
	if path == "" || path == ":memory:" {
		return nil, s.unavailable(errors.New("is no file; package memstore has a store in memory"))
	}
	// An error shows again, with its reason, when SQLite opens the file.
	if file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600); err == nil {
		_ = file.Close()
	}
	var err error
	if s.writer, err = connect(path, "immediate"); err != nil {
		return nil, s.unavailable(err)
	}
	s.writer.SetMaxOpenConns(1)
	if s.reader, err = connect(path, "deferred"); err != nil {
		return nil, s.unavailable(errors.Join(err, s.writer.Close()))
	}
	if err := prepare(ctx, s.writer); err != nil {
		return nil, errors.Join(s.unavailable(err), s.Close())
	}
	return s, nil
}

// connect has durable commits, a second for another program's lock (a webhook is answered
// within five), and erased secrets really gone.
func connect(path, lock string) (*sql.DB, error) {
	options := url.Values{
		"_txlock": {lock},
		"_pragma": {"busy_timeout(1000)", "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(FAST)", "foreign_keys(ON)"},
	}
	return sql.Open("sqlite", "file:"+escaped(path)+"?"+options.Encode())
}

// escaped is a path as it stands in a file: address.
func escaped(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
}

// Close closes the file.
func (s *Store) Close() error { return errors.Join(s.writer.Close(), s.reader.Close()) }

func (s *Store) unavailable(err error) error {
	return fmt.Errorf("store `%s`: %w", s.path, err)
}

// write does all of what do does, or none of it.
func (s *Store) write(ctx context.Context, do func(tx *sql.Tx, now int64) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return s.unavailable(err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := do(tx, s.clock.Now().UnixMicro()); err != nil {
		var stale *mergesync.StaleError
		if errors.As(err, &stale) || errors.Is(err, mergesync.ErrUnknownAccount) {
			return err
		}
		return s.unavailable(err)
	}
	if err := tx.Commit(); err != nil {
		return s.unavailable(err)
	}
	return nil
}

// KeepNote implements [mergesync.Store].
func (s *Store) KeepNote(ctx context.Context, note mergesync.Note) error {
	return s.write(ctx, func(tx *sql.Tx, now int64) error { return keepNote(ctx, tx, note, now) })
}

// Commit implements [mergesync.Store].
func (s *Store) Commit(ctx context.Context, change mergesync.Change) (mergesync.Committed, error) {
	var committed mergesync.Committed
	err := s.write(ctx, func(tx *sql.Tx, now int64) (err error) {
		committed, err = commit(ctx, tx, change, now)
		return err
	})
	if err != nil {
		return mergesync.Committed{}, err
	}
	return committed, nil
}

// RunEnded implements [mergesync.RunNoter].
func (s *Store) RunEnded(ctx context.Context, account string, failure error) error {
	return s.write(ctx, func(tx *sql.Tx, now int64) error {
		var text *string
		if failure != nil {
			said := mergesync.FailureText(failure)
			text = &said
		}
		_, err := tx.ExecContext(ctx,
			`UPDATE linked_accounts SET
			     failed_runs = iif(?2 IS NULL, 0, failed_runs + 1),
			     failed_since = iif(?2 IS NULL, NULL, ifnull(failed_since, ?3)),
			     failed_with = ifnull(?2, '')
			 WHERE linked_account_id = ?1`, account, text, now)
		return err
	})
}

// FailedRuns returns how the account's latest runs failed.
func (s *Store) FailedRuns(ctx context.Context, account string) (mergesync.FailedRuns, error) {
	var failed mergesync.FailedRuns
	var since *int64
	err := s.reader.QueryRowContext(ctx,
		"SELECT failed_runs, failed_since, failed_with FROM linked_accounts WHERE linked_account_id = ?", account,
	).Scan(&failed.Count, &since, &failed.Text)
	if errors.Is(err, sql.ErrNoRows) {
		return mergesync.FailedRuns{}, mergesync.ErrUnknownAccount
	}
	if err != nil {
		return mergesync.FailedRuns{}, s.unavailable(err)
	}
	failed.Since = instant(since)
	return failed, nil
}

// Load implements [mergesync.Store].
func (s *Store) Load(ctx context.Context, account string) (*mergesync.LoadedAccount, error) {
	// State and notes as of one moment.
	tx, err := s.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, s.unavailable(err)
	}
	defer func() { _ = tx.Rollback() }()
	var loaded mergesync.LoadedAccount
	err = tx.QueryRowContext(ctx,
		"SELECT state, version FROM linked_accounts WHERE linked_account_id = ?", account,
	).Scan(&loaded.State, &loaded.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, s.unavailable(err)
	}
	rows, err := tx.QueryContext(ctx,
		"SELECT number, key, text, secret FROM notes WHERE linked_account_id = ? ORDER BY number", account)
	err = each(rows, err, func() error {
		var note mergesync.StoredNote
		var secret *string
		if err := rows.Scan(&note.Number, &note.Key, &note.Text, &secret); err != nil {
			return err
		}
		note.Secret = (*mergesync.Secret)(secret)
		loaded.Notes = append(loaded.Notes, note)
		return nil
	})
	if err != nil {
		return nil, s.unavailable(err)
	}
	return &loaded, nil
}

// each goes through all rows and closes them.
func each(rows *sql.Rows, err error, do func() error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := do(); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Due implements [mergesync.Store].
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]mergesync.Due, error) {
	var all []mergesync.Due
	rows, err := s.reader.QueryContext(ctx,
		`SELECT linked_account_id, start_at, version, failed_runs > 0 FROM linked_accounts
		 WHERE start_at IS NOT NULL AND (start_at <= ? OR start_at > ?)
		 ORDER BY start_at, linked_account_id LIMIT ?`,
		now.UnixMicro(), now.Add(mergesync.FurthestStart).UnixMicro(), limit)
	err = each(rows, err, func() error {
		var due mergesync.Due
		var start int64
		if err := rows.Scan(&due.Account, &start, &due.Version, &due.Failed); err != nil {
			return err
		}
		due.Start = time.UnixMicro(start).UTC()
		all = append(all, due)
		return nil
	})
	if err != nil {
		return nil, s.unavailable(err)
	}
	return all, nil
}

// NextStart implements [mergesync.Store].
func (s *Store) NextStart(ctx context.Context, now time.Time) (*time.Time, error) {
	var start *int64
	err := s.reader.QueryRowContext(ctx,
		"SELECT min(start_at) FROM linked_accounts WHERE start_at > ?", now.UnixMicro()).Scan(&start)
	if err != nil {
		return nil, s.unavailable(err)
	}
	return instant(start), nil
}

// Token implements [mergesync.Store].
func (s *Store) Token(ctx context.Context, account string) (mergesync.Secret, error) {
	var token *string
	err := s.reader.QueryRowContext(ctx,
		"SELECT account_token FROM linked_accounts WHERE linked_account_id = ?", account).Scan(&token)
	if errors.Is(err, sql.ErrNoRows) || err == nil && token == nil {
		return "", nil
	}
	if err != nil {
		return "", s.unavailable(err)
	}
	return mergesync.Secret(*token), nil
}

// Rows calls do with every row, of every account and model.
func (s *Store) Rows(ctx context.Context, do func(account, modelID string, row mergesync.Row) error) error {
	rows, err := s.reader.QueryContext(ctx,
		"SELECT linked_account_id, model_id, id, remote_id, modified_at, deleted, json FROM records")
	err = each(rows, err, func() error {
		var account, model string
		var row mergesync.Row
		var modified *int64
		err := rows.Scan(&account, &model, &row.ID, &row.RemoteID, &modified, &row.Deleted, &row.JSON)
		if err != nil {
			return err
		}
		row.ModifiedAt = instant(modified)
		return do(account, model, row)
	})
	if err != nil {
		return s.unavailable(err)
	}
	return nil
}

// Profile returns what Merge says an account is.
func (s *Store) Profile(ctx context.Context, id string) (mergesync.Account, error) {
	a := mergesync.Account{ID: id}
	err := s.reader.QueryRowContext(ctx,
		`SELECT category, integration, integration_slug, end_user_origin_id, organization_name, status,
		        account_type, is_duplicate
		 FROM linked_accounts WHERE linked_account_id = ?`, id,
	).Scan(&a.Category, &a.Integration, &a.IntegrationSlug, &a.EndUserOriginID, &a.OrganizationName, &a.LinkStatus,
		&a.AccountType, &a.IsDuplicate)
	if errors.Is(err, sql.ErrNoRows) {
		return mergesync.Account{}, mergesync.ErrUnknownAccount
	}
	if err != nil {
		return mergesync.Account{}, s.unavailable(err)
	}
	return a, nil
}

// Summaries returns each account's summary as of its latest commit.
func (s *Store) Summaries(ctx context.Context) (map[string]mergesync.Summary, error) {
	all := map[string]mergesync.Summary{}
	rows, err := s.reader.QueryContext(ctx,
		`SELECT linked_account_id, phase, models_ready, models_needed, nullif(trouble, ''), link, skipped, fresh_to
		 FROM linked_accounts`)
	err = each(rows, err, func() error {
		var id string
		var summary mergesync.Summary
		var fresh *int64
		err := rows.Scan(&id, &summary.Phase, &summary.Ready, &summary.Needed, &summary.Trouble,
			&summary.Link, &summary.Skipped, &fresh)
		if err != nil {
			return err
		}
		summary.FreshTo = instant(fresh)
		all[id] = summary
		return nil
	})
	if err != nil {
		return nil, s.unavailable(err)
	}
	return all, nil
}

// Notice is a notice of the outbox.
type Notice struct {
	// Sequence is larger for each later notice of the whole store.
	Sequence int64
	Account  string
	mergesync.Notice
}

// Notices returns at most limit notices after the one of that sequence, oldest first.
// A product that remembers the last sequence it acted on gets each at least once.
func (s *Store) Notices(ctx context.Context, after int64, limit int) ([]Notice, error) {
	var all []Notice
	rows, err := s.reader.QueryContext(ctx,
		`SELECT sequence, linked_account_id, id, occasion, model_id, text FROM notices
		 WHERE sequence > ? ORDER BY sequence LIMIT ?`, after, limit)
	err = each(rows, err, func() error {
		var n Notice
		if err := rows.Scan(&n.Sequence, &n.Account, &n.ID, &n.Occasion, &n.ModelID, &n.Text); err != nil {
			return err
		}
		all = append(all, n)
		return nil
	})
	if err != nil {
		return nil, s.unavailable(err)
	}
	return all, nil
}

// instant is the time of a column; nil for NULL.
func instant(micros *int64) *time.Time {
	if micros == nil {
		return nil
	}
	at := time.UnixMicro(*micros).UTC()
	return &at
}

// micros is a time as a column has it; nil is NULL.
func micros(at *time.Time) any {
	if at == nil {
		return nil
	}
	return at.UnixMicro()
}

func versionText(version int64) string { return strconv.FormatInt(version, 10) }
