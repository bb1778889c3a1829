// What the scenarios cannot say, or said before there were any.

package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

func (s subject) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s subject) equal(found, want any) {
	s.Helper()
	if !reflect.DeepEqual(found, want) {
		s.Fatalf("found %v, expected %v", show(found), show(want))
	}
}

// show sees through pointers.
func show(value any) string {
	if v := reflect.ValueOf(value); v.Kind() == reflect.Pointer && !v.IsNil() {
		return fmt.Sprintf("%+v", v.Elem().Interface())
	}
	return fmt.Sprintf("%+v", value)
}

func (s subject) create(account string) {
	s.Helper()
	s.ok(s.store.KeepNote(s.Context(), mergesync.Note{Account: account, Key: "linked", Create: true}))
}

func (s subject) load(account string) mergesync.LoadedAccount {
	s.Helper()
	loaded, err := s.store.Load(s.Context(), account)
	s.ok(err)
	if loaded == nil {
		s.Fatalf("no account `%s`", account)
	}
	return *loaded
}

// commit commits on top of what is there, consuming every note.
func (s subject) commit(change mergesync.Change) mergesync.Committed {
	s.Helper()
	loaded := s.load(change.Account)
	change.Expected = &loaded.Version
	for _, note := range loaded.Notes {
		change.Consumed = append(change.Consumed, note.Number)
	}
	if change.Token == nil {
		change.Token = mergesync.KeepToken{}
	}
	committed, err := s.store.Commit(s.Context(), change)
	s.ok(err)
	return committed
}

func (s subject) rows() map[string]mergesync.Row {
	s.Helper()
	all := map[string]mergesync.Row{}
	s.ok(s.store.Rows(s.Context(), func(account, modelID string, row mergesync.Row) error {
		all[account+" "+modelID+" "+row.ID] = row
		return nil
	}))
	return all
}

func (s subject) deleted() (count int) {
	s.Helper()
	for _, row := range s.rows() {
		if row.Deleted {
			count++
		}
	}
	return count
}

func unknown(s subject) {
	loaded, err := s.store.Load(s.Context(), "a")
	s.ok(err)
	s.equal(loaded, (*mergesync.LoadedAccount)(nil))
	token, err := s.store.Token(s.Context(), "a")
	s.ok(err)
	s.equal(token, mergesync.Secret(""))
	if err := s.store.KeepNote(s.Context(), mergesync.Note{Account: "a", Key: "poll"}); !errors.Is(err, mergesync.ErrUnknownAccount) {
		s.Fatalf("found %v, expected ErrUnknownAccount", err)
	}
	next, err := s.store.NextStart(s.Context(), s.clock.Now())
	s.ok(err)
	s.equal(next, (*time.Time)(nil))
}

func notes(s subject) {
	secret := mergesync.Secret("token <&> \u2028 \"x\"")
	s.create("a")
	for _, note := range []mergesync.Note{
		{Account: "a", Key: "poll", Text: "first"},
		{Account: "a", Key: "changed:hris.Team", Text: "second", Secret: &secret},
		{Account: "a", Key: "poll", Text: "third"},
	} {
		s.ok(s.store.KeepNote(s.Context(), note))
	}
	loaded := s.load("a")
	s.equal(loaded.State, "")
	s.equal(len(loaded.Notes), 3)
	s.equal(loaded.Notes[0].Key, "linked")
	s.equal(loaded.Notes[1].Key, "changed:hris.Team")
	s.equal(loaded.Notes[1].Secret, &secret)
	s.equal(loaded.Notes[2].Text, "third")
	if loaded.Notes[2].Number <= loaded.Notes[1].Number {
		s.Fatalf("a replaced note kept its number: %+v", loaded.Notes)
	}
}

func noteKeepsVersion(s subject) {
	s.create("a")
	before := s.load("a").Version
	s.ok(s.store.KeepNote(s.Context(), mergesync.Note{Account: "a", Key: "poll"}))
	s.equal(s.load("a").Version, before)
	committed := s.commit(mergesync.Change{Account: "a", State: "1"})
	s.equal(s.load("a").Version, committed.Version)
	if committed.Version == before {
		s.Fatal("a commit left the version as it was")
	}
}

func stale(s subject) {
	s.create("a")
	version, other := s.load("a").Version, "other"
	for _, wrong := range []struct {
		account  string
		expected *string
		current  *string
	}{{"a", &other, &version}, {"a", nil, &version}, {"b", &version, nil}} {
		_, err := s.store.Commit(s.Context(), mergesync.Change{Account: wrong.account, Expected: wrong.expected, Token: mergesync.KeepToken{}})
		var stale *mergesync.StaleError
		if !errors.As(err, &stale) {
			s.Fatalf("found %v, expected a StaleError", err)
		}
		s.equal(stale.Current, wrong.current)
	}
	_, err := s.store.Commit(s.Context(), mergesync.Change{Account: "c", State: "new", Token: mergesync.KeepToken{}})
	s.ok(err)
	s.equal(s.load("c").State, "new")
}

func staleChangesNothing(s subject) {
	s.create("a")
	before, other := s.load("a"), "other"
	_, err := s.store.Commit(s.Context(), mergesync.Change{
		Account: "a", Expected: &other, State: "x", Consumed: []uint64{before.Notes[0].Number},
		Token:   mergesync.PutToken{Value: "t"},
		Batches: []mergesync.Batch{{ModelID: "hris.Team", Rows: []mergesync.Row{{ID: "1", JSON: "{}"}}}},
	})
	if err == nil {
		s.Fatal("a stale change was committed")
	}
	s.equal(s.load("a"), before)
	s.equal(len(s.rows()), 0)
	token, err := s.store.Token(s.Context(), "a")
	s.ok(err)
	s.equal(token, mergesync.Secret(""))
}

func consumed(s subject) {
	s.create("a")
	loaded := s.load("a")
	// It replaces the one that was loaded.
	s.ok(s.store.KeepNote(s.Context(), mergesync.Note{Account: "a", Key: "linked", Text: "later"}))
	_, err := s.store.Commit(s.Context(), mergesync.Change{
		Account: "a", Expected: &loaded.Version, Consumed: []uint64{loaded.Notes[0].Number}, Token: mergesync.KeepToken{},
	})
	s.ok(err)
	notes := s.load("a").Notes
	s.equal(len(notes), 1)
	s.equal(notes[0].Text, "later")
	s.commit(mergesync.Change{Account: "a"})
	s.equal(len(s.load("a").Notes), 0)
}

// start is the account's start; nil where it has none.
func (s subject) start(account string) *time.Time {
	s.Helper()
	all, err := s.store.Due(s.Context(), s.clock.Now().Add(mergesync.FurthestStart), 100)
	s.ok(err)
	for _, due := range all {
		if due.Account == account {
			s.equal(due.Version, s.load(account).Version)
			return &due.Start
		}
	}
	return nil
}

func starts(s subject) {
	now := s.clock.Now()
	soon, later := now.Add(time.Minute), now.Add(time.Hour)
	s.create("a")
	s.equal(s.start("a"), &now)
	s.commit(mergesync.Change{Account: "a"})
	s.equal(s.start("a"), (*time.Time)(nil))
	s.commit(mergesync.Change{Account: "a", WakeAt: &soon})
	s.equal(s.start("a"), &soon)
	s.commit(mergesync.Change{Account: "a", WakeAt: &soon, NotBefore: &later})
	s.equal(s.start("a"), &later)
	// Not even for a note.
	s.ok(s.store.KeepNote(s.Context(), mergesync.Note{Account: "a", Key: "poll"}))
	s.equal(s.start("a"), &later)
	s.commit(mergesync.Change{Account: "a", WakeAt: &later})
	s.clock.move(time.Second)
	now = s.clock.Now()
	s.ok(s.store.KeepNote(s.Context(), mergesync.Note{Account: "a", Key: "poll"}))
	s.equal(s.start("a"), &now)
	next, err := s.store.NextStart(s.Context(), now)
	s.ok(err)
	s.equal(next, (*time.Time)(nil))
	next, err = s.store.NextStart(s.Context(), now.Add(-time.Microsecond))
	s.ok(err)
	s.equal(next, &now)
	// A note that the change does not consume: at once.
	version := s.load("a").Version
	s.clock.move(time.Second)
	now = s.clock.Now()
	_, err = s.store.Commit(s.Context(), mergesync.Change{Account: "a", Expected: &version, WakeAt: &later, Token: mergesync.KeepToken{}})
	s.ok(err)
	s.equal(s.start("a"), &now)
}

func furthest(s subject) {
	now := s.clock.Now()
	limit := now.Add(mergesync.FurthestStart)
	beyond := limit.Add(time.Microsecond)
	s.create("a")
	s.create("b")
	s.commit(mergesync.Change{Account: "a", WakeAt: &limit})
	s.commit(mergesync.Change{Account: "b", WakeAt: &beyond})
	all, err := s.store.Due(s.Context(), now, 10)
	s.ok(err)
	s.equal(len(all), 1)
	s.equal(all[0].Account, "b")
}

func tokens(s subject) {
	old, fresh := mergesync.Secret("old"), mergesync.Secret("fresh")
	s.create("a")
	s.commit(mergesync.Change{Account: "a", Token: mergesync.PutToken{Value: old}})
	token, err := s.store.Token(s.Context(), "a")
	s.ok(err)
	s.equal(token, old)
	s.commit(mergesync.Change{Account: "a", Token: mergesync.KeepToken{}})
	token, err = s.store.Token(s.Context(), "a")
	s.ok(err)
	s.equal(token, old)
	s.ok(s.store.KeepNote(s.Context(), mergesync.Note{Account: "a", Key: "1", Secret: &old}))
	s.ok(s.store.KeepNote(s.Context(), mergesync.Note{Account: "a", Key: "2", Secret: &fresh}))
	version := s.load("a").Version
	_, err = s.store.Commit(s.Context(), mergesync.Change{Account: "a", Expected: &version, Token: mergesync.EraseToken{}})
	s.ok(err)
	token, err = s.store.Token(s.Context(), "a")
	s.ok(err)
	s.equal(token, mergesync.Secret(""))
	notes := s.load("a").Notes
	s.equal(notes[0].Secret, (*mergesync.Secret)(nil))
	s.equal(notes[1].Secret, &fresh)
}

func (s subject) put(pass *uint64, sweep *mergesync.Sweep, rows ...mergesync.Row) mergesync.Committed {
	s.Helper()
	return s.commit(mergesync.Change{
		Account: "a", Sweep: sweep,
		Batches: []mergesync.Batch{{ModelID: "hris.Team", Pass: pass, Rows: rows}},
	})
}

func rows(s subject) {
	s.create("a")
	early := s.clock.Now()
	late, remote := early.Add(time.Microsecond), "r"
	// The very bytes, also an escape that PostgreSQL's jsonb refuses.
	json := "{\"id\":\"1\", \"name\":\"<&> \u2028 é \\u0000\"}"
	first := mergesync.Row{ID: "1", RemoteID: &remote, ModifiedAt: &late, JSON: json}
	s.put(nil, nil, first, mergesync.Row{ID: "2", JSON: "{}"})
	s.equal(s.rows()["a hris.Team 1"], first)
	s.put(nil, nil, mergesync.Row{ID: "1", ModifiedAt: &early, Deleted: true, JSON: "older"})
	s.equal(s.rows()["a hris.Team 1"], first)
	equal := mergesync.Row{ID: "1", ModifiedAt: &late, Deleted: true, JSON: "as new"}
	s.put(nil, nil, equal)
	s.equal(s.rows()["a hris.Team 1"], equal)
	undated := mergesync.Row{ID: "1", JSON: "no time"}
	s.put(nil, nil, undated)
	s.equal(s.rows()["a hris.Team 1"], undated)
	s.equal(len(s.rows()), 2)
}

func profile(s subject) {
	first := mergesync.Account{ID: "a", Category: "hris", Integration: "Example HRIS", IntegrationSlug: "example", EndUserOriginID: "o", OrganizationName: "Org", LinkStatus: "COMPLETE", AccountType: "TEST", IsDuplicate: new(bool)}
	s.ok(s.store.KeepNote(s.Context(), mergesync.Note{Account: "a", Key: "1", Create: true, Profile: &first}))
	s.ok(s.store.KeepNote(s.Context(), mergesync.Note{Account: "a", Key: "2"}))
	s.ok(s.store.KeepNote(s.Context(), mergesync.Note{Account: "a", Key: "3", Profile: &mergesync.Account{ID: "a", LinkStatus: "RELINK_NEEDED"}}))
	found, err := s.store.Profile(s.Context(), "a")
	s.ok(err)
	first.LinkStatus = "RELINK_NEEDED"
	s.equal(found, first)
}

func race(s subject) {
	s.create("a")
	version := s.load("a").Version
	const rivals = 8
	won := make(chan bool, rivals)
	for i := range rivals {
		go func() {
			_, err := s.store.Commit(s.Context(), mergesync.Change{Account: "a", Expected: &version, State: fmt.Sprint(i), Token: mergesync.KeepToken{}})
			var stale *mergesync.StaleError
			if err != nil && !errors.As(err, &stale) {
				s.Errorf("found %v, expected a StaleError", err)
			}
			won <- err == nil
		}()
	}
	winners := 0
	for range rivals {
		if <-won {
			winners++
		}
	}
	s.equal(winners, 1)
}

func due(s subject) {
	now := s.clock.Now()
	for i, account := range []string{"c", "b", "a"} {
		start := now.Add(time.Duration(i) * time.Second)
		s.create(account)
		s.commit(mergesync.Change{Account: account, WakeAt: &start})
	}
	all, err := s.store.Due(s.Context(), now.Add(time.Second), 10)
	s.ok(err)
	s.equal(len(all), 2)
	s.equal(all[0].Account, "c")
	s.equal(all[0].Start, now)
	s.equal(all[1].Account, "b")
	all, err = s.store.Due(s.Context(), now.Add(time.Hour), 1)
	s.ok(err)
	s.equal(len(all), 1)
	next, err := s.store.NextStart(s.Context(), now.Add(time.Second))
	s.ok(err)
	last := now.Add(2 * time.Second)
	s.equal(next, &last)
}

func failedRuns(s subject) {
	noter, is := s.store.(RunNoter)
	if !is {
		s.Skip("it is no RunNoter")
	}
	failed := func(count int, since time.Time, text string) {
		s.Helper()
		found, err := noter.FailedRuns(s.Context(), "a")
		s.ok(err)
		want := mergesync.FailedRuns{Count: count, Text: text}
		if count > 0 {
			want.Since = &since
		}
		s.equal(found, want)
		due, err := s.store.Due(s.Context(), s.clock.Now(), 1)
		s.ok(err)
		s.equal(due[0].Failed, count > 0)
	}
	s.ok(noter.RunEnded(s.Context(), "nobody", errors.New("first")))
	if _, err := noter.FailedRuns(s.Context(), "nobody"); !errors.Is(err, mergesync.ErrUnknownAccount) {
		s.Fatalf("found %v, expected ErrUnknownAccount", err)
	}
	s.create("a")
	version, began := s.load("a").Version, s.clock.Now()
	failed(0, began, "")
	s.ok(noter.RunEnded(s.Context(), "a", errors.New("first")))
	s.clock.move(time.Minute)
	s.ok(noter.RunEnded(s.Context(), "a", errors.New(strings.Repeat("é\x00", 200))))
	failed(2, began, strings.Repeat("é\uFFFD", 150)+"...")
	s.equal(s.load("a").Version, version)
	s.ok(noter.RunEnded(s.Context(), "a", nil))
	failed(0, began, "")
	s.ok(noter.RunEnded(s.Context(), "a", errors.New("third")))
	failed(1, s.clock.Now(), "third")
}
