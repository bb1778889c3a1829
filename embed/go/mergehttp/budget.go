// How many requests may be made: a budget that guards all accounts. The requests of one
// account in a minute are counted by the engine.

package mergehttp

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Limits bound the requests.
type Limits struct {
	// FailingAnswers is for all accounts together, within ten seconds, requests in
	// flight included: Merge blocks an address at more than 20.
	FailingAnswers int
	// FailingShare is how many of these are for accounts that were given a failing answer
	// within ten minutes: however many of them fail for good, and however often, they do
	// not hold up an account whose requests are answered. A third of them where it is 0.
	FailingShare int
	// Patience is how long a request may wait for room before it is held back; at most
	// a second, and none for a clock that stands still meanwhile.
	Patience time.Duration
}

// DefaultLimits are 15 failing answers, five of them of accounts that failed before, and one
// second.
func DefaultLimits() Limits {
	return Limits{FailingAnswers: 15, FailingShare: 5, Patience: time.Second}
}

const (
	// guard is how long a failing answer counts.
	guard = 10 * time.Second
	// suspectFor is how long a failing answer makes its account one of those that share.
	suspectFor = 10 * time.Minute
	// inFlight is when to ask again where only requests in flight stand in the way.
	inFlight = time.Second / 4
	// tidyAbove is how many accounts are remembered before old failures are looked for.
	tidyAbove = 1024
)

type budget struct {
	limits Limits

	mu sync.Mutex
	// all is what all accounts have taken of the guard, suspects what those have taken of
	// it that failed before.
	all, suspects share
	// failing has when each account was last given a failing answer. The guard itself
	// bounds their number: fifteen within ten seconds.
	failing map[string]time.Time
}

// share is what some accounts have taken of the guard.
type share struct {
	failed   []time.Time
	inFlight int
}

// admission is one request that was admitted, to be settled.
type admission struct {
	account string
	// suspect says whether it is taken out of the suspects' share.
	suspect bool
}

// answer is how an answer counts for the guard.
type answer int

const (
	// other is any answer that is not failing, or none: what never arrived is not counted
	// by Merge either.
	other answer = iota
	// failing is a status of 400 or more, 429 apart.
	failing
	// late is none within the time allowed. Merge does not count it, but its request was in
	// flight for so long, and so will the account's next ones be.
	late
)

// answerOf is how a response of that status counts.
func answerOf(status int) answer {
	if status >= 400 && status != 429 {
		return failing
	}
	return other
}

func newBudget(limits Limits) *budget {
	if limits.FailingShare == 0 {
		limits.FailingShare = max(limits.FailingAnswers/3, 1)
	}
	return &budget{limits: limits, failing: map[string]time.Time{}}
}

// admit takes one request out of the budget, or says how long to wait until there
// may be room. Whoever is admitted has to settle.
func (b *budget) admit(account string, now time.Time) (admission, time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	suspect := b.isSuspect(account, now)
	wait := b.all.room(b.limits.FailingAnswers, now)
	if suspect {
		wait = max(wait, b.suspects.room(b.limits.FailingShare, now))
	}
	if wait > 0 {
		return admission{}, wait
	}
	b.all.inFlight++
	if suspect {
		b.suspects.inFlight++
	}
	b.tidy(now)
	return admission{account: account, suspect: suspect}, 0
}

// settle says how an admitted request was answered.
func (b *budget) settle(admitted admission, how answer, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all.settle(how, now)
	if admitted.suspect {
		b.suspects.settle(how, now)
	}
	if how != other {
		b.failing[admitted.account] = now
	}
}

func (s *share) room(limit int, now time.Time) time.Duration {
	s.failed = unexpired(s.failed, now, guard)
	switch {
	case len(s.failed) >= limit && len(s.failed) > 0:
		return until(s.failed[0], now, guard)
	case len(s.failed)+s.inFlight >= limit:
		return inFlight
	}
	return 0
}

func (s *share) settle(how answer, now time.Time) {
	s.inFlight--
	if how == failing {
		s.failed = append(s.failed, now)
	}
}

func (b *budget) isSuspect(account string, now time.Time) bool {
	at, failed := b.failing[account]
	return failed && within(at, now, suspectFor)
}

func (b *budget) tidy(now time.Time) {
	if len(b.failing) <= tidyAbove {
		return
	}
	maps.DeleteFunc(b.failing, func(_ string, at time.Time) bool { return !within(at, now, suspectFor) })
}

// unexpired drops what is so old, and what lies in the future: the clock was set back.
func unexpired(instants []time.Time, now time.Time, age time.Duration) []time.Time {
	return slices.DeleteFunc(instants, func(at time.Time) bool { return !within(at, now, age) })
}

func within(at, now time.Time, age time.Duration) bool {
	return !at.After(now) && now.Sub(at) < age
}

func until(oldest, now time.Time, age time.Duration) time.Duration {
	return max(oldest.Add(age).Sub(now), time.Microsecond)
}
