// The outbox: what a product may want to act on, kept in the order of the commits.

package main

import (
	"context"

	"github.com/jackc/pgx/v5"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

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
