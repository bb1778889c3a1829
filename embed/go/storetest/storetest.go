// Package storetest checks that a store keeps what [mergesync.Store] promises. Call
// [Run] from a test of a store of your own.
package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

// Store is a store whose rows and profiles can be looked at.
type Store interface {
	mergesync.Store
	// Rows calls each with every row, of every account and model.
	Rows(ctx context.Context, each func(account, modelID string, row mergesync.Row) error) error
	// Profile returns what Merge says an account is.
	Profile(ctx context.Context, account string) (mergesync.Account, error)
}

// Notice is a notice as a store lists it.
type Notice struct {
	// Cursor is where it stands: what a product asks with for those after it.
	Cursor  any
	Account string
	mergesync.Notice
}

// Subject is a store under test, empty and of its own. Scenarios that look at what is nil are
// skipped.
type Subject struct {
	Store Store
	// Notices returns at most limit notices after the one that stands at the cursor, or from
	// the beginning where that is nil.
	Notices func(ctx context.Context, after any, limit int) ([]Notice, error)
	// Another is another connection to the same data, as another program would have one.
	// Without it the store itself stands in.
	Another mergesync.Store
	// Reopen closes the store and opens it again.
	Reopen func() (Subject, error)
}

// RunNoter is a [mergesync.RunNoter] that can be asked what it noted. A [Store] that is one is
// checked as one.
type RunNoter interface {
	mergesync.RunNoter
	// FailedRuns returns how the account's latest runs failed.
	FailedRuns(ctx context.Context, account string) (mergesync.FailedRuns, error)
}

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = at
}

func (c *clock) move(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// subject is a store under test.
type subject struct {
	*testing.T
	store Store
	clock *clock
}

// Run checks a store, also with the scenarios that the stores of every language pass. Each check
// gets an empty one from open, with a clock to use.
func Run(t *testing.T, open func(t *testing.T, clock mergesync.Clock) Subject) {
	t.Helper()
	all, whole, err := readScenarios(vectors)
	if err != nil {
		t.Fatal(err)
	}
	for _, scenario := range all {
		t.Run(scenario.ID, func(t *testing.T) {
			clock := &clock{}
			err := play(t.Context(), scenario, whole, clock, open(t, clock))
			if errors.Is(err, errLeftOut) {
				t.Skip(err)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	checks := map[string]func(subject){
		"an unknown account has nothing":                      unknown,
		"a note creates an account and a later one replaces":  notes,
		"a note never makes a commit stale":                   noteKeepsVersion,
		"a commit expects the version that is there":          stale,
		"a stale commit changes nothing":                      staleChangesNothing,
		"notes are consumed by number":                        consumed,
		"an account starts when its change or its note says":  starts,
		"a start too far ahead has come":                      furthest,
		"tokens are put and erased, also from notes":          tokens,
		"a row replaces one that is not newer":                rows,
		"a sweep marks what no pass since has seen":           sweeps,
		"a row keeps the highest pass that it had":            highestPass,
		"a sweep that would mark too much is held":            heldSweep,
		"a sweep marks no more than its limit":                sweepLimit,
		"a profile says only what is said":                    profile,
		"of commits at once on one version exactly one wins":  race,
		"failed runs are counted until one does not fail":     failedRuns,
		"the due accounts come by start, and no more than so": due,
	}
	for name, check := range checks {
		t.Run(name, func(t *testing.T) {
			clock := &clock{now: time.Date(2026, 1, 5, 12, 0, 0, 123456000, time.UTC)}
			check(subject{T: t, store: open(t, clock).Store, clock: clock})
		})
	}
}
