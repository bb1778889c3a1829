// How many requests may be made: one budget for each account, and one that guards
// them all.

package mergehttp

import (
	"slices"
	"sync"
	"time"
)

// Limits bound the requests.
type Limits struct {
	// RequestsPerMinute is for one account; Merge's smallest plan has 100.
	RequestsPerMinute int
	// FailingAnswers is for all accounts together, within ten seconds, requests in
	// flight included: Merge blocks an address at more than 20.
	FailingAnswers int
	// Patience is how long a request may wait for room before it is held back; at most
	// a second, and none for a clock that stands still meanwhile.
	Patience time.Duration
}

// DefaultLimits are 100 requests a minute, 15 failing answers, and one second.
func DefaultLimits() Limits {
	return Limits{RequestsPerMinute: 100, FailingAnswers: 15, Patience: time.Second}
}

const (
	// window is Merge's minute, and a second for what lies between our sending and its
	// counting.
	window = time.Minute + time.Second
	// guard is how long a failing answer counts.
	guard = 10 * time.Second
	// inFlight is when to ask again where only requests in flight stand in the way.
	inFlight = time.Second / 4
	// tidyAbove is how many accounts are remembered before idle ones are looked for.
	tidyAbove = 1024
)

type budget struct {
	limits Limits

	mu       sync.Mutex
	sent     map[string][]time.Time
	tidyAt   int
	failed   []time.Time
	inFlight int
}

func newBudget(limits Limits) *budget {
	return &budget{limits: limits, sent: map[string][]time.Time{}, tidyAt: tidyAbove}
}

// admit takes one request out of both budgets, or says how long to wait until there
// may be room. Whoever is admitted has to settle.
func (b *budget) admit(account string, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if wait := max(b.guardRoom(now), b.accountRoom(account, now)); wait > 0 {
		return wait
	}
	b.inFlight++
	b.sent[account] = append(b.sent[account], now)
	b.tidy(now)
	return 0
}

// settle says how an admitted request was answered; 0 where it was not.
func (b *budget) settle(status int, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inFlight--
	if status >= 400 && status != 429 {
		b.failed = append(b.failed, now)
	}
}

func (b *budget) guardRoom(now time.Time) time.Duration {
	b.failed = unexpired(b.failed, now, guard)
	switch {
	case len(b.failed) >= b.limits.FailingAnswers && len(b.failed) > 0:
		return until(b.failed[0], now, guard)
	case len(b.failed)+b.inFlight >= b.limits.FailingAnswers:
		return inFlight
	}
	return 0
}

func (b *budget) accountRoom(account string, now time.Time) time.Duration {
	sent := unexpired(b.sent[account], now, window)
	b.sent[account] = sent
	if len(sent) < b.limits.RequestsPerMinute || len(sent) == 0 {
		return 0
	}
	return until(sent[0], now, window)
}

func (b *budget) tidy(now time.Time) {
	if len(b.sent) < b.tidyAt {
		return
	}
	for account, sent := range b.sent {
		if len(unexpired(sent, now, window)) == 0 {
			delete(b.sent, account)
		}
	}
	b.tidyAt = max(2*len(b.sent), tidyAbove)
}

// unexpired drops what is so old, and what lies in the future: the clock was set back.
func unexpired(instants []time.Time, now time.Time, age time.Duration) []time.Time {
	return slices.DeleteFunc(instants, func(at time.Time) bool {
		return at.After(now) || now.Sub(at) >= age
	})
}

func until(oldest, now time.Time, age time.Duration) time.Duration {
	return max(oldest.Add(age).Sub(now), time.Microsecond)
}
