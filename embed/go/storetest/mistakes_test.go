// A store with a mistake is found by the scenarios: eight of them, over one without.

package storetest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
	"github.com/merge-sync/merge-sync/embed/go/memstore"
)

// sound passes everything on.
type sound struct {
	*memstore.Store
	clock mergesync.Clock
}

func (s sound) notices(ctx context.Context, after any, limit int) (listed []Notice, err error) {
	all, err := s.Store.Notices(ctx)
	from, _ := after.(int)
	for i, notice := range all[from:min(len(all), from+limit)] {
		listed = append(listed, Notice{Cursor: from + i + 1, Account: notice.Account, Notice: notice.Notice})
	}
	return listed, err
}

// memory is what a store keeps beside the sound one. Its methods are called from several
// goroutines at once, as a store's are.
type memory[T any] struct {
	lock sync.Mutex
	kept map[string]T
}

func newMemory[T any]() *memory[T] { return &memory[T]{kept: map[string]T{}} }

func (m *memory[T]) keep(key string, value T) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.kept[key] = value
}

func (m *memory[T]) forget(key string) {
	m.lock.Lock()
	defer m.lock.Unlock()
	delete(m.kept, key)
}

func (m *memory[T]) recall(key string) (value T, is bool) {
	m.lock.Lock()
	defer m.lock.Unlock()
	value, is = m.kept[key]
	return value, is
}

// numbersReused numbers notes by their place.
type numbersReused struct{ sound }

func (m numbersReused) Load(ctx context.Context, account string) (*mergesync.LoadedAccount, error) {
	loaded, err := m.sound.Load(ctx, account)
	if loaded != nil {
		for i := range loaded.Notes {
			loaded.Notes[i].Number = uint64(i + 1)
		}
	}
	return loaded, err
}

func (m numbersReused) Commit(ctx context.Context, change mergesync.Change) (mergesync.Committed, error) {
	loaded, err := m.sound.Load(ctx, change.Account)
	if err != nil {
		return mergesync.Committed{}, err
	}
	var consumed []uint64
	for _, place := range change.Consumed {
		if loaded != nil && place <= uint64(len(loaded.Notes)) {
			consumed = append(consumed, loaded.Notes[place-1].Number)
		}
	}
	change.Consumed = consumed
	return m.sound.Commit(ctx, change)
}

// startMovedLater has an account start when its note came, though it was overdue.
type startMovedLater struct {
	sound
	noted *memory[time.Time]
}

func (m startMovedLater) KeepNote(ctx context.Context, note mergesync.Note) error {
	m.noted.keep(note.Account, m.clock.Now())
	return m.sound.KeepNote(ctx, note)
}

func (m startMovedLater) Commit(ctx context.Context, change mergesync.Change) (mergesync.Committed, error) {
	m.noted.forget(change.Account)
	return m.sound.Commit(ctx, change)
}

func (m startMovedLater) Due(ctx context.Context, now time.Time, limit int) (due []mergesync.Due, err error) {
	all, err := m.sound.Due(ctx, now, limit)
	for _, each := range all {
		if noted, _ := m.noted.recall(each.Account); !noted.After(now) {
			due = append(due, each)
		}
	}
	return due, err
}

// rowsWithoutState writes the rows of a stale change.
type rowsWithoutState struct{ sound }

func (m rowsWithoutState) Commit(ctx context.Context, change mergesync.Change) (mergesync.Committed, error) {
	committed, err := m.sound.Commit(ctx, change)
	var stale *mergesync.StaleError
	if !errors.As(err, &stale) || stale.Current == nil {
		return committed, err
	}
	loaded, failed := m.Load(ctx, change.Account)
	if failed != nil {
		return committed, failed
	}
	_, failed = m.sound.Commit(ctx, mergesync.Change{
		Account: change.Account, Expected: &loaded.Version, State: loaded.State,
		Token: mergesync.KeepToken{}, Batches: change.Batches,
	})
	return committed, errors.Join(err, failed)
}

// tokenLeftWithNote erases the token, and leaves it with a note.
type tokenLeftWithNote struct {
	sound
	secrets *memory[*mergesync.Secret]
}

func (m tokenLeftWithNote) KeepNote(ctx context.Context, note mergesync.Note) error {
	m.secrets.keep(note.Account+" "+note.Key, note.Secret)
	return m.sound.KeepNote(ctx, note)
}

func (m tokenLeftWithNote) Load(ctx context.Context, account string) (*mergesync.LoadedAccount, error) {
	loaded, err := m.sound.Load(ctx, account)
	if loaded != nil {
		for i, note := range loaded.Notes {
			loaded.Notes[i].Secret, _ = m.secrets.recall(account + " " + note.Key)
		}
	}
	return loaded, err
}

// deadRowsSwept counts rows that were marked long ago as live.
type deadRowsSwept struct{ sound }

func (m deadRowsSwept) Commit(ctx context.Context, change mergesync.Change) (mergesync.Committed, error) {
	committed, err := m.sound.Commit(ctx, change)
	if err != nil || committed.Swept == nil {
		return committed, err
	}
	dead := uint64(0)
	err = m.Rows(ctx, func(account, modelID string, row mergesync.Row) error {
		if account == change.Account && modelID == change.Sweep.ModelID && row.Deleted {
			dead++
		}
		return nil
	})
	committed.Swept.Live += dead - committed.Swept.Marked
	return committed, err
}

// noticeSkipped skips the first notice after one.
type noticeSkipped struct{ sound }

func (m noticeSkipped) notices(ctx context.Context, after any, limit int) ([]Notice, error) {
	all, err := m.sound.notices(ctx, after, limit)
	if after != nil && len(all) > 0 {
		all = all[1:]
	}
	return all, err
}

// staleIgnored commits whatever version is expected.
type staleIgnored struct{ sound }

func (m staleIgnored) Commit(ctx context.Context, change mergesync.Change) (mergesync.Committed, error) {
	loaded, err := m.Load(ctx, change.Account)
	if err != nil {
		return mergesync.Committed{}, err
	}
	change.Expected = nil
	if loaded != nil {
		change.Expected = &loaded.Version
	}
	return m.sound.Commit(ctx, change)
}

// emptyFieldReplaces takes an empty field of a profile for a field that became empty.
type emptyFieldReplaces struct {
	sound
	said *memory[mergesync.Account]
}

func (m emptyFieldReplaces) KeepNote(ctx context.Context, note mergesync.Note) error {
	if note.Profile != nil {
		m.said.keep(note.Account, *note.Profile)
	}
	return m.sound.KeepNote(ctx, note)
}

func (m emptyFieldReplaces) Profile(ctx context.Context, account string) (mergesync.Account, error) {
	if said, is := m.said.recall(account); is {
		return said, nil
	}
	return m.sound.Profile(ctx, account)
}

// mistaken is a store that can be looked at.
type mistaken interface {
	Store
	notices(ctx context.Context, after any, limit int) ([]Notice, error)
}

// found plays the scenarios: the ids of those that the store fails.
func found(t *testing.T, over func(sound) mistaken) (ids []string) {
	t.Helper()
	all, whole, err := readScenarios(vectors)
	if err != nil {
		t.Fatal(err)
	}
	for _, scenario := range all {
		// It takes most of the time, and none of these mistakes shows there alone.
		if scenario.ID == "rows-ten-thousand" {
			continue
		}
		clock := &clock{}
		store := over(sound{memstore.New(clock), clock})
		err := play(t.Context(), scenario, whole, clock, Subject{Store: store, Notices: store.notices})
		if err != nil && !errors.Is(err, errLeftOut) {
			t.Log(err)
			ids = append(ids, scenario.ID)
		}
	}
	return ids
}

func TestAStoreWithAMistakeIsFound(t *testing.T) {
	for name, over := range map[string]func(sound) mistaken{
		"notes-numbers-are-not-reused": func(s sound) mistaken { return numbersReused{s} },
		"starts-no-note-moves-one-later": func(s sound) mistaken {
			return startMovedLater{s, newMemory[time.Time]()}
		},
		"store-stale-changes-nothing": func(s sound) mistaken { return rowsWithoutState{s} },
		"tokens-erased-from-notes": func(s sound) mistaken {
			return tokenLeftWithNote{s, newMemory[*mergesync.Secret]()}
		},
		"sweeps-live-rows-alone":  func(s sound) mistaken { return deadRowsSwept{s} },
		"notices-none-is-skipped": func(s sound) mistaken { return noticeSkipped{s} },
		"store-commit-for-nobody": func(s sound) mistaken { return staleIgnored{s} },
		"profile-empty-replaces-nothing": func(s sound) mistaken {
			return emptyFieldReplaces{s, newMemory[mergesync.Account]()}
		},
	} {
		t.Run(name, func(t *testing.T) {
			if ids := found(t, over); !strings.Contains(" "+strings.Join(ids, " ")+" ", " "+name+" ") {
				t.Errorf("found by %v, expected %s", ids, name)
			}
		})
	}
}

func TestAStoreWithoutAMistakeIsNotFound(t *testing.T) {
	if ids := found(t, func(s sound) mistaken { return s }); ids != nil {
		t.Errorf("found %v, expected none", ids)
	}
}

func TestWhatASubjectCannotShowIsLeftOut(t *testing.T) {
	all, whole, err := readScenarios(vectors)
	if err != nil {
		t.Fatal(err)
	}
	left := 0
	for _, scenario := range all {
		clock := &clock{}
		err := play(t.Context(), scenario, whole, clock, Subject{Store: memstore.New(clock)})
		if errors.Is(err, errLeftOut) {
			left++
		} else if err != nil {
			t.Error(err)
		}
	}
	if left == 0 || left == len(all) {
		t.Errorf("left out %d of %d, expected some", left, len(all))
	}
}
