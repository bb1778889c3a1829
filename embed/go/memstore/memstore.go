// Package memstore is a store in memory: for tests, and to see what a store does. It
// outlives nothing.
package memstore

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

// Store keeps everything in maps.
type Store struct {
	clock mergesync.Clock

	mu       sync.Mutex
	accounts map[string]*account
	notices  []Notice
}

var (
	_ mergesync.Store    = (*Store)(nil)
	_ mergesync.RunNoter = (*Store)(nil)
)

type account struct {
	profile   mergesync.Account
	token     mergesync.Secret
	state     string
	version   uint64
	lastNote  uint64
	notes     map[string]mergesync.StoredNote
	notBefore *time.Time
	start     *time.Time
	summary   mergesync.Summary
	failed    mergesync.FailedRuns
	rows      map[string]map[string]*stored
}

// stored is a row, and the latest full re-read that saw it.
type stored struct {
	mergesync.Row
	pass *uint64
}

// Notice is a notice with its account.
type Notice struct {
	Account string
	mergesync.Notice
}

// New makes an empty store; clock is the host's.
func New(clock mergesync.Clock) *Store {
	return &Store{clock: clock, accounts: map[string]*account{}}
}

// KeepNote implements [mergesync.Store].
func (s *Store) KeepNote(_ context.Context, note mergesync.Note) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[note.Account]
	if a == nil {
		if !note.Create {
			return mergesync.ErrUnknownAccount
		}
		a = s.create(note.Account)
	}
	now := s.clock.Now()
	start := now
	if a.notBefore != nil && a.notBefore.After(now) {
		start = *a.notBefore
	}
	if a.start == nil || start.Before(*a.start) {
		a.start = &start
	}
	if note.Profile != nil {
		a.profile = merged(a.profile, *note.Profile)
	}
	a.lastNote++
	a.notes[note.Key] = mergesync.StoredNote{Number: a.lastNote, Key: note.Key, Text: note.Text, Secret: note.Secret}
	return nil
}

// merged takes every text that is said from the newer profile.
func merged(old, said mergesync.Account) mergesync.Account {
	return mergesync.Account{
		ID:               cmp.Or(said.ID, old.ID),
		Category:         cmp.Or(said.Category, old.Category),
		Integration:      cmp.Or(said.Integration, old.Integration),
		IntegrationSlug:  cmp.Or(said.IntegrationSlug, old.IntegrationSlug),
		EndUserOriginID:  cmp.Or(said.EndUserOriginID, old.EndUserOriginID),
		OrganizationName: cmp.Or(said.OrganizationName, old.OrganizationName),
		LinkStatus:       cmp.Or(said.LinkStatus, old.LinkStatus),
		AccountType:      cmp.Or(said.AccountType, old.AccountType),
		IsDuplicate:      cmp.Or(said.IsDuplicate, old.IsDuplicate),
	}
}

func (s *Store) create(id string) *account {
	a := &account{notes: map[string]mergesync.StoredNote{}, rows: map[string]map[string]*stored{}}
	a.profile.ID = id
	s.accounts[id] = a
	return a
}

// Load implements [mergesync.Store].
func (s *Store) Load(_ context.Context, id string) (*mergesync.LoadedAccount, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[id]
	if a == nil {
		return nil, nil
	}
	loaded := mergesync.LoadedAccount{State: a.state, Version: strconv.FormatUint(a.version, 10)}
	for _, note := range a.notes {
		loaded.Notes = append(loaded.Notes, note)
	}
	slices.SortFunc(loaded.Notes, func(a, b mergesync.StoredNote) int { return cmp.Compare(a.Number, b.Number) })
	return &loaded, nil
}

// Commit implements [mergesync.Store].
func (s *Store) Commit(_ context.Context, change mergesync.Change) (mergesync.Committed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[change.Account]
	var current *string
	if a != nil {
		version := strconv.FormatUint(a.version, 10)
		current = &version
	}
	if (current == nil) != (change.Expected == nil) || current != nil && *current != *change.Expected {
		return mergesync.Committed{}, &mergesync.StaleError{Current: current}
	}
	if a == nil {
		a = s.create(change.Account)
	}
	for key, note := range a.notes {
		if slices.Contains(change.Consumed, note.Number) {
			delete(a.notes, key)
		}
	}
	a.setToken(change.Token)
	for _, batch := range change.Batches {
		a.store(batch)
	}
	committed := mergesync.Committed{}
	if change.Sweep != nil {
		committed.Swept = a.sweep(*change.Sweep)
	}
	for _, notice := range change.Notices {
		known := func(kept Notice) bool { return kept.ID == notice.ID }
		if !slices.ContainsFunc(s.notices, known) {
			s.notices = append(s.notices, Notice{Account: change.Account, Notice: notice})
		}
	}
	a.state, a.summary, a.notBefore = change.State, change.Summary, change.NotBefore
	a.version++
	committed.Version = strconv.FormatUint(a.version, 10)
	a.setStart(change, s.clock.Now())
	return committed, nil
}

func (a *account) setStart(change mergesync.Change, now time.Time) {
	a.start = change.WakeAt
	if len(a.notes) > 0 {
		a.start = &now
	}
	if a.start != nil && change.NotBefore != nil && change.NotBefore.After(*a.start) {
		a.start = change.NotBefore
	}
}

func (a *account) setToken(change mergesync.TokenChange) {
	switch change := change.(type) {
	case mergesync.PutToken:
		a.token = change.Value
	case mergesync.EraseToken:
		// A note that came meanwhile may bring another token: that one is not erased.
		for key, note := range a.notes {
			if note.Secret != nil && *note.Secret == a.token {
				note.Secret = nil
				a.notes[key] = note
			}
		}
		a.token = ""
	}
}

func (a *account) store(batch mergesync.Batch) {
	rows := a.rows[batch.ModelID]
	if rows == nil {
		rows = map[string]*stored{}
		a.rows[batch.ModelID] = rows
	}
	for _, row := range batch.Rows {
		kept := rows[row.ID]
		if kept == nil {
			rows[row.ID] = &stored{Row: row, pass: batch.Pass}
			continue
		}
		if batch.Pass != nil && (kept.pass == nil || *batch.Pass > *kept.pass) {
			kept.pass = batch.Pass
		}
		newer := kept.ModifiedAt != nil && row.ModifiedAt != nil && kept.ModifiedAt.After(*row.ModifiedAt)
		if !newer {
			kept.Row = row
		}
	}
}

func (a *account) sweep(sweep mergesync.Sweep) *mergesync.Swept {
	var live uint64
	var unseen []*stored
	for _, row := range a.rows[sweep.ModelID] {
		if row.Deleted {
			continue
		}
		live++
		if row.pass == nil || *row.pass < sweep.UnseenSince {
			unseen = append(unseen, row)
		}
	}
	swept := sweep.Decide(live, uint64(len(unseen)))
	for _, row := range unseen[:swept.Marked] {
		row.Deleted = true
	}
	return &swept
}

// Due implements [mergesync.Store].
func (s *Store) Due(_ context.Context, now time.Time, limit int) ([]mergesync.Due, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []mergesync.Due
	for id, a := range s.accounts {
		if a.start != nil && (!a.start.After(now) || a.start.After(now.Add(mergesync.FurthestStart))) {
			due = append(due, mergesync.Due{Account: id, Start: *a.start, Version: strconv.FormatUint(a.version, 10), Failed: a.failed.Count > 0})
		}
	}
	slices.SortFunc(due, func(a, b mergesync.Due) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Account, b.Account))
	})
	return due[:min(limit, len(due))], nil
}

// NextStart implements [mergesync.Store].
func (s *Store) NextStart(_ context.Context, now time.Time) (*time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var next *time.Time
	for _, a := range s.accounts {
		if a.start != nil && a.start.After(now) && (next == nil || a.start.Before(*next)) {
			next = a.start
		}
	}
	return next, nil
}

// RunEnded implements [mergesync.RunNoter].
func (s *Store) RunEnded(_ context.Context, id string, failure error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[id]
	switch {
	case a == nil:
	case failure == nil:
		a.failed = mergesync.FailedRuns{}
	default:
		if a.failed.Since == nil {
			now := s.clock.Now()
			a.failed.Since = &now
		}
		a.failed.Count++
		a.failed.Text = mergesync.FailureText(failure)
	}
	return nil
}

// FailedRuns returns how the account's latest runs failed.
func (s *Store) FailedRuns(_ context.Context, id string) (mergesync.FailedRuns, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.accounts[id]; a != nil {
		return a.failed, nil
	}
	return mergesync.FailedRuns{}, mergesync.ErrUnknownAccount
}

// Token implements [mergesync.Store].
func (s *Store) Token(_ context.Context, id string) (mergesync.Secret, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.accounts[id]; a != nil {
		return a.token, nil
	}
	return "", nil
}

// Rows calls each with every row, of every account and model.
func (s *Store) Rows(_ context.Context, each func(account, modelID string, row mergesync.Row) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, a := range s.accounts {
		for model, rows := range a.rows {
			for _, row := range rows {
				if err := each(id, model, row.Row); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Summaries returns each account's summary as of its latest commit.
func (s *Store) Summaries(context.Context) (map[string]mergesync.Summary, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	summaries := map[string]mergesync.Summary{}
	for id, a := range s.accounts {
		summaries[id] = a.summary
	}
	return summaries, nil
}

// Profile returns what Merge says an account is.
func (s *Store) Profile(_ context.Context, id string) (mergesync.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.accounts[id]; a != nil {
		return a.profile, nil
	}
	return mergesync.Account{}, mergesync.ErrUnknownAccount
}

// Notices returns every notice so far, oldest first.
func (s *Store) Notices(context.Context) ([]Notice, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.notices), nil
}
