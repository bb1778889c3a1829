// The SQLite store is a store, outlives its program, and leaves other files alone.

package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
	"github.com/merge-sync/merge-sync/embed/go/sqlitestore"
	"github.com/merge-sync/merge-sync/embed/go/storetest"
)

func open(t *testing.T, path string, clock mergesync.Clock) *sqlitestore.Store {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), path, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, clock mergesync.Clock) storetest.Subject {
		return subject(t, filepath.Join(t.TempDir(), "a file?#%41.sqlite"), clock)
	})
}

// subject has two connections to a file, which can be opened again.
func subject(t *testing.T, path string, clock mergesync.Clock) storetest.Subject {
	t.Helper()
	store, another := open(t, path, clock), open(t, path, clock)
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
			err := errors.Join(store.Close(), another.Close())
			return subject(t, path, clock), err
		},
	}
}

func TestANoteOutlivesTheProgramAndOnlyTheOwnerReadsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.sqlite")
	first := open(t, path, mergesync.SystemClock{})
	if err := first.KeepNote(t.Context(), mergesync.Note{Account: "a", Key: "poll", Text: "kept", Create: true}); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("found %v, %v, expected mode 0600", info.Mode(), err)
	}
	loaded, err := open(t, path, mergesync.SystemClock{}).Load(t.Context(), "a")
	if err != nil || loaded == nil || len(loaded.Notes) != 1 || loaded.Notes[0].Text != "kept" {
		t.Fatalf("found %+v, %v, expected the note", loaded, err)
	}
}

func TestANoticeIsKeptOnceAndInSequence(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "store.sqlite"), mergesync.SystemClock{})
	var expected *string
	for range 2 {
		committed, err := store.Commit(t.Context(), mergesync.Change{
			Account: "a", Expected: expected, Token: mergesync.KeepToken{},
			Notices: []mergesync.Notice{{ID: "1", Occasion: mergesync.BecameReady, Text: "Ready."}, {ID: "2", Occasion: mergesync.CaughtUp}},
		})
		if err != nil {
			t.Fatal(err)
		}
		expected = &committed.Version
	}
	all, err := store.Notices(t.Context(), 0, 10)
	if err != nil || len(all) != 2 || all[0].ID != "1" || all[0].Occasion != mergesync.BecameReady {
		t.Fatalf("found %+v, %v, expected two notices", all, err)
	}
	rest, err := store.Notices(t.Context(), all[0].Sequence, 10)
	if err != nil || len(rest) != 1 || rest[0].ID != "2" {
		t.Fatalf("found %+v, %v, expected the second notice", rest, err)
	}
}

func TestFailedRunsAreCountedUntilOneDoesNotFail(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "store.sqlite"), mergesync.SystemClock{})
	if err := store.KeepNote(t.Context(), mergesync.Note{Account: "a", Key: "poll", Create: true}); err != nil {
		t.Fatal(err)
	}
	before, err := store.Due(t.Context(), time.Now().Add(time.Minute), 1)
	if err != nil || len(before) != 1 || before[0].Failed {
		t.Fatalf("found %+v, %v, expected one that did not fail", before, err)
	}
	for _, failure := range []string{"first", strings.Repeat("é\xff", 200)} {
		if err := store.RunEnded(t.Context(), "a", errors.New(failure)); err != nil {
			t.Fatal(err)
		}
	}
	failed, err := store.FailedRuns(t.Context(), "a")
	if err != nil || failed.Count != 2 || failed.Since == nil || failed.Text != strings.Repeat("é\uFFFD", 150)+"..." {
		t.Errorf("found %+v, %v, expected two", failed, err)
	}
	after, err := store.Due(t.Context(), time.Now().Add(time.Minute), 1)
	if err != nil || len(after) != 1 || !after[0].Failed || after[0].Version != before[0].Version || after[0].Start != before[0].Start {
		t.Errorf("found %+v, %v, expected the same start and version, and that it failed", after, err)
	}
	if err := store.RunEnded(t.Context(), "a", nil); err != nil {
		t.Fatal(err)
	}
	if failed, err = store.FailedRuns(t.Context(), "a"); err != nil || failed != (mergesync.FailedRuns{}) {
		t.Errorf("found %+v, %v, expected none", failed, err)
	}
}

func TestAFileOfSomebodyElseIsLeftAlone(t *testing.T) {
	foreign := filepath.Join(t.TempDir(), "foreign.sqlite")
	db, err := sql.Open("sqlite", foreign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE theirs (x)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(t.TempDir(), "text.sqlite")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		foreign:                                  "is not a store of merge-sync",
		text:                                     "not a database",
		filepath.Join(t.TempDir(), "no", "such"): "unable to open database file",
		"":                                       "is no file",
		":memory:":                               "is no file",
	} {
		_, err := sqlitestore.Open(context.Background(), path, mergesync.SystemClock{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: found %v, expected %q", path, err, want)
		}
	}
}

func TestAnotherProgramsLockIsNamedAndWorkGoesOnAfterIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.sqlite")
	store := open(t, path, mergesync.SystemClock{})
	note := mergesync.Note{Account: "a", Key: "poll", Create: true}
	if err := store.KeepNote(t.Context(), note); err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	lock, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.KeepNote(t.Context(), note); err == nil || !strings.Contains(err.Error(), "database is locked") {
		t.Errorf("found %v, expected that it is locked", err)
	}
	if loaded, err := store.Load(t.Context(), "a"); err != nil || loaded == nil {
		t.Errorf("found %v, %v, expected that readers go on", loaded, err)
	}
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := store.KeepNote(t.Context(), note); err != nil {
		t.Error(err)
	}
}
