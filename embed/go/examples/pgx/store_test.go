// The store, where there is a PostgreSQL: MERGE_SYNC_TEST_POSTGRES names a database whose tables
// of the example may be emptied.

package main

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
	"github.com/merge-sync/merge-sync/embed/go/storetest"
)

func database(t *testing.T) *pgxpool.Pool {
	t.Helper()
	dsn := os.Getenv("MERGE_SYNC_TEST_POSTGRES")
	if dsn == "" {
		t.Skip("MERGE_SYNC_TEST_POSTGRES is not set")
	}
	pool, err := pgxpool.New(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func emptied(t *testing.T, pool *pgxpool.Pool, clock mergesync.Clock) *Store {
	t.Helper()
	if _, err := pool.Exec(t.Context(), "DROP TABLE IF EXISTS notices, records, notes, linked_accounts"); err != nil {
		t.Fatal(err)
	}
	return opened(t, pool, clock)
}

func opened(t *testing.T, pool *pgxpool.Pool, clock mergesync.Clock) *Store {
	t.Helper()
	store, err := OpenStore(t.Context(), pool, clock)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestStore(t *testing.T) {
	pool, other := database(t), database(t)
	storetest.Run(t, func(t *testing.T, clock mergesync.Clock) storetest.Subject {
		return subject(t, emptied(t, pool, clock), opened(t, other, clock))
	})
}

func subject(t *testing.T, store, another *Store) storetest.Subject {
	return storetest.Subject{
		Store: store, Another: another,
		Notices: func(ctx context.Context, after any, limit int) (listed []storetest.Notice, err error) {
			from, _ := after.(int64)
			all, err := store.Notices(ctx, from, limit)
			for _, notice := range all {
				listed = append(listed, storetest.Notice{Cursor: notice.Sequence, Account: notice.Account, Notice: notice.Notice})
			}
			return listed, err
		},
		Reopen: func() (storetest.Subject, error) {
			return subject(t, opened(t, store.pool, store.clock), opened(t, another.pool, another.clock)), nil
		},
	}
}

func TestANoticeThatIsCommittedLateIsNotSkipped(t *testing.T) {
	pool := database(t)
	store := emptied(t, pool, mergesync.SystemClock{})
	noticed := func(account string) mergesync.Change {
		return mergesync.Change{
			Account: account, Token: mergesync.KeepToken{},
			Notices: []mergesync.Notice{{ID: "of " + account, Occasion: mergesync.CaughtUp}},
		}
	}
	// The first one has its sequence, and takes its time to commit.
	late, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = late.Rollback(context.Background()) }()
	if _, err := store.commit(t.Context(), late, noticed("late")); err != nil {
		t.Fatal(err)
	}
	quick := make(chan error, 1)
	go func() {
		_, err := store.Commit(t.Context(), noticed("quick"))
		quick <- err
	}()
	isOver := untilItEndsOrWaits(t, pool, quick)
	seen, err := store.Notices(t.Context(), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	after := int64(0)
	for _, notice := range seen {
		after = notice.Sequence
	}
	if err := late.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !isOver {
		if err := <-quick; err != nil {
			t.Fatal(err)
		}
	}
	rest, err := store.Notices(t.Context(), after, 10)
	if err != nil {
		t.Fatal(err)
	}
	var accounts []string
	for _, notice := range append(seen, rest...) {
		accounts = append(accounts, notice.Account)
	}
	if !slices.Equal(accounts, []string{"late", "quick"}) {
		t.Errorf("found notices of %v, expected one of late and one of quick", accounts)
	}
}

// untilItEndsOrWaits says whether what is told of by ended is over; else it waits for a lock.
func untilItEndsOrWaits(t *testing.T, pool *pgxpool.Pool, ended chan error) bool {
	t.Helper()
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			return true
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(10 * time.Millisecond):
		}
		rows, err := pool.Query(t.Context(), "SELECT pid FROM pg_locks WHERE NOT granted")
		if err != nil {
			t.Fatal(err)
		}
		waiting, err := pgx.CollectRows(rows, pgx.RowTo[int32])
		if err != nil {
			t.Fatal(err)
		}
		if len(waiting) > 0 {
			return false
		}
	}
}
