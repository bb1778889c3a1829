// What came of a demonstration, and whether that is good enough.

package main

import (
	"context"
	"fmt"
	"time"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

// What a check wants at the least: a run that shows something.
const (
	leastAccounts  = 3
	leastRecords   = 5000
	leastWindows   = 200
	leastWebhooks  = 100
	leastEachFault = 5
)

// faultKinds is the number of faults that the simulator knows.
const faultKinds = 17

type summary struct {
	Seed           uint64            `json:"seed"`
	Passed         bool              `json:"passed"`
	Failures       []string          `json:"failures"`
	Accounts       int               `json:"accounts"`
	AccountsReady  int               `json:"accounts_ready"`
	Webhooks       webhookStats      `json:"webhooks"`
	Polls          uint64            `json:"polls"`
	Windows        uint64            `json:"windows"`
	Requests       uint64            `json:"requests"`
	InMerge        uint64            `json:"records_in_merge"`
	Stored         uint64            `json:"records_stored"`
	Lost           uint64            `json:"lost"`
	Stale          uint64            `json:"stale"`
	WronglyDeleted uint64            `json:"wrongly_deleted"`
	Unknown        uint64            `json:"unknown"`
	Examples       []string          `json:"examples"`
	Faults         map[string]uint64 `json:"faults"`
	Runs           uint64            `json:"runs"`
	RunsFailed     uint64            `json:"runs_failed"`
	Simulated      int64             `json:"simulated_seconds"`
	RealSeconds    float64           `json:"real_seconds"`
}

type webhookStats struct {
	Sent       uint64 `json:"sent"`
	Accepted   uint64 `json:"accepted"`
	Refused    uint64 `json:"refused"`
	Duplicated uint64 `json:"duplicated"`
	GivenUp    uint64 `json:"given_up"`
	Forged     uint64 `json:"forged"`
}

type stats struct {
	Requests      uint64            `json:"requests"`
	CursorMisuses uint64            `json:"cursor_misuses"`
	BreakerTrips  uint64            `json:"breaker_trips"`
	Webhooks      webhookStats      `json:"webhooks"`
	Faults        map[string]uint64 `json:"faults"`
}

type verdict struct {
	Lost           uint64   `json:"lost"`
	Stale          uint64   `json:"stale"`
	WronglyDeleted uint64   `json:"wrongly_deleted"`
	Unknown        uint64   `json:"unknown"`
	InMerge        uint64   `json:"records_in_merge"`
	Stored         uint64   `json:"records_stored"`
	Examples       []string `json:"examples"`
}

type storedRow struct {
	Account    string     `json:"account"`
	ModelID    string     `json:"model_id"`
	ID         string     `json:"id"`
	ModifiedAt *time.Time `json:"modified_at"`
	Deleted    bool       `json:"deleted"`
	JSON       string     `json:"json"`
}

// judge holds the store against Merge's own ledger.
func (d *demo) judge(ctx context.Context, seed uint64, faults bool, started time.Time) (*summary, error) {
	rows := []storedRow{}
	err := d.store.Rows(ctx, func(account, modelID string, row mergesync.Row) error {
		rows = append(rows, storedRow{account, modelID, row.ID, row.ModifiedAt, row.Deleted, row.JSON})
		return nil
	})
	if err != nil {
		return nil, err
	}
	var found verdict
	if err := d.simulator.control("verdict", map[string]any{"rows": rows}, &found); err != nil {
		return nil, err
	}
	var counted stats
	if err := d.simulator.control("stats", struct{}{}, &counted); err != nil {
		return nil, err
	}
	accounts, err := d.store.Summaries(ctx)
	if err != nil {
		return nil, err
	}
	ended, err := d.simulator.next()
	if err != nil {
		return nil, err
	}
	ready := 0
	for _, account := range accounts {
		if account.Phase == mergesync.AccountReady {
			ready++
		}
	}
	done := d.scheduler.Counters()
	s := &summary{
		Seed: seed, Accounts: len(accounts), AccountsReady: ready, Webhooks: counted.Webhooks,
		Polls: done.Polls, Windows: done.Windows, Requests: counted.Requests,
		InMerge: found.InMerge, Stored: found.Stored, Lost: found.Lost, Stale: found.Stale,
		WronglyDeleted: found.WronglyDeleted, Unknown: found.Unknown, Examples: found.Examples,
		Faults: counted.Faults, Runs: done.Runs, RunsFailed: done.RunsFailed,
		Simulated: int64(ended.Now.Sub(started) / time.Second),
	}
	s.check(counted, faults)
	return s, nil
}

// check lists everything that is not as it should be.
func (s *summary) check(counted stats, faults bool) {
	s.Failures = []string{}
	none := func(what string, found uint64) {
		if found > 0 {
			s.Failures = append(s.Failures, fmt.Sprintf("%s: %d, expected none", what, found))
		}
	}
	least := func(what string, found, least uint64) {
		if found < least {
			s.Failures = append(s.Failures, fmt.Sprintf("%s: %d, expected at least %d", what, found, least))
		}
	}
	none("lost", s.Lost)
	none("stale", s.Stale)
	none("wrongly_deleted", s.WronglyDeleted)
	none("unknown", s.Unknown)
	none("runs_failed", s.RunsFailed)
	none("webhooks.given_up", s.Webhooks.GivenUp)
	if s.Webhooks.Refused != s.Webhooks.Forged {
		s.Failures = append(s.Failures, fmt.Sprintf("webhooks refused: %d, expected the %d that were forged", s.Webhooks.Refused, s.Webhooks.Forged))
	}
	none("times merge blocked the host", counted.BreakerTrips)
	none("cursors sent with another query", counted.CursorMisuses)
	none("accounts not ready", uint64(s.Accounts-s.AccountsReady))
	least("accounts", uint64(s.Accounts), leastAccounts)
	least("records_in_merge", s.InMerge, leastRecords)
	least("windows", s.Windows, leastWindows)
	least("webhooks.sent", s.Webhooks.Sent, leastWebhooks)
	if faults {
		least("kinds of faults", uint64(len(s.Faults)), faultKinds)
		for kind, happened := range s.Faults {
			least("faults."+kind, happened, leastEachFault)
		}
	}
	s.Passed = len(s.Failures) == 0
}
