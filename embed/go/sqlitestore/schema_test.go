// The tables are the reference host's, and a file of an older version is brought up.

package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

const (
	// hostSchema is where the reference host has its tables.
	hostSchema = "../../../host-example/schema"
	// firstSchema has those of version 1.
	firstSchema = "../../../host-example/tests/it/schema-1.sql"
)

func TestAnotherProgramsLockIsWaitedForASecond(t *testing.T) {
	store, err := Open(t.Context(), filepath.Join(t.TempDir(), "store.sqlite"), mergesync.SystemClock{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	for _, connection := range []*sql.DB{store.writer, store.reader} {
		var milliseconds int
		err := connection.QueryRowContext(t.Context(), "PRAGMA busy_timeout").Scan(&milliseconds)
		if err != nil || milliseconds != 1000 {
			t.Errorf("found %d ms, %v, expected a second", milliseconds, err)
		}
	}
}

func TestTheTablesAreTheReferenceHosts(t *testing.T) {
	theirs, err := filepath.Glob(filepath.Join(hostSchema, "sqlite*.sql"))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := schema.ReadDir("schema")
	if err != nil || len(ours) != len(theirs) || len(ours) == 0 {
		t.Fatalf("found %v, %v, expected the files of %v", ours, err, theirs)
	}
	for _, file := range theirs {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found, err := schema.ReadFile("schema/" + filepath.Base(file))
		if err != nil || string(found) != string(want) {
			t.Errorf("%s: it is not as in %s: run `go generate`; %v", filepath.Base(file), hostSchema, err)
		}
	}
}

// columns are every table's columns and the indices, however they came to be.
func columns(t *testing.T, db *sql.DB) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(),
		`SELECT m.name || ' ' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || ifnull(c.dflt_value, '')
		 FROM sqlite_schema AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table'
		 UNION SELECT name FROM sqlite_schema WHERE type = 'index'`)
	var all []string
	err = each(rows, err, func() error {
		var one string
		err := rows.Scan(&one)
		all = append(all, one)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

func TestAFileOfAnOlderVersionIsBroughtUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.sqlite")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(firstSchema)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		string(first), fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = 1", applicationID),
		`INSERT INTO linked_accounts (linked_account_id, category, first_seen, version, trouble)
		 VALUES ('a', 'hris', 0, 7, ''), ('b', 'hris', 0, 1, 'park')`,
		`INSERT INTO records (linked_account_id, model_id, id, deleted, first_seen, last_seen, pass, json)
		 VALUES ('a', 'hris.Team', '1', 0, 0, 0, NULL, '{}'), ('a', 'hris.Team', '2', 0, 0, 0, 3, '{}')`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	// Twice: the second time it is ours.
	for range 2 {
		store, err := Open(t.Context(), path, mergesync.SystemClock{})
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := Open(t.Context(), filepath.Join(t.TempDir(), "new.sqlite"), mergesync.SystemClock{})
		if err != nil {
			t.Fatal(err)
		}
		if found, want := columns(t, store.reader), columns(t, fresh.reader); !slices.Equal(found, want) {
			t.Errorf("found\n%s\nexpected\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
		}
		if err := fresh.Close(); err != nil {
			t.Fatal(err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	store, err := Open(t.Context(), path, mergesync.SystemClock{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	old, err := store.Summaries(t.Context())
	if kind := old["b"].Trouble; err != nil || old["a"].Trouble != nil || kind == nil || *kind != mergesync.TroublePark {
		t.Errorf("found %+v, %v, expected no trouble and `park`", old, err)
	}
	version := "7"
	committed, err := store.Commit(t.Context(), mergesync.Change{
		Account: "a", Expected: &version, Token: mergesync.KeepToken{},
		Summary: mergesync.Summary{Link: mergesync.LinkRelinkNeeded, Skipped: 5},
		Sweep:   &mergesync.Sweep{ModelID: "hris.Team", UnseenSince: 3, MostPercent: 100, Limit: 10},
	})
	if err != nil || *committed.Swept != (mergesync.Swept{Live: 2, Unseen: 1, Marked: 1}) {
		t.Errorf("found %+v, %v, expected one row to be marked", committed.Swept, err)
	}
	summaries, err := store.Summaries(t.Context())
	if err != nil || summaries["a"].Link != mergesync.LinkRelinkNeeded || summaries["a"].Skipped != 5 {
		t.Errorf("found %+v, %v, expected the link and what was skipped", summaries, err)
	}
}

// plan is how SQLite goes about a statement.
func plan(t *testing.T, store *Store, statement string, arguments ...any) string {
	t.Helper()
	rows, err := store.reader.QueryContext(context.Background(), "EXPLAIN QUERY PLAN "+statement, arguments...)
	var all []string
	err = each(rows, err, func() error {
		var id, parent, unused int
		var detail string
		err := rows.Scan(&id, &parent, &unused, &detail)
		all = append(all, detail)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, "\n")
}

func TestASweepGoesByTheIndexOfLiveRows(t *testing.T) {
	store, err := Open(t.Context(), filepath.Join(t.TempDir(), "store.sqlite"), mergesync.SystemClock{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if found := plan(t, store, countLive, "a", "hris.Team", 1); !strings.Contains(found, "COVERING INDEX records_live_by_pass (linked_account_id=? AND model_id=?)") {
		t.Errorf("the count: found %s", found)
	}
	found := plan(t, store, markUnseen, "a", "hris.Team", 1, 1)
	if strings.Count(found, "COVERING INDEX records_live_by_pass (linked_account_id=? AND model_id=? AND pass") != 2 {
		t.Errorf("the marks: found %s", found)
	}
}
