// Which account runs when: each at its start, several at a time, none twice at once.

package mergesync

import (
	"context"
	"sync"
	"time"
)

const (
	// After its first failure an account waits so long, after each further one twice as
	// long.
	firstHold = time.Minute
	// No account waits longer.
	longestHold = 10 * time.Minute
	// When to look again at the latest: the store did not answer, or another process kept a
	// note in it.
	storePause = 5 * time.Second
)

// Counters say what a scheduler has done.
type Counters struct {
	Runs, RunsFailed, Polls, Windows, Rows uint64
}

// Scheduler runs accounts as they come due. The store knows when each is to start;
// the scheduler remembers only which are running and which failed a moment ago, so
// that one that fails or hangs takes nobody else's turn.
type Scheduler struct {
	engine      *Engine
	concurrency int

	mu       sync.Mutex
	running  map[string]bool
	held     map[string]hold
	ended    map[string]Due
	counters Counters
}

type hold struct {
	until    time.Time
	failures int
}

// NewScheduler makes a scheduler with at most concurrency runs at a time. One engine
// has one scheduler; several processes may each have one over the same store.
func NewScheduler(engine *Engine, concurrency int) *Scheduler {
	return &Scheduler{
		engine:      engine,
		concurrency: max(concurrency, 1),
		running:     map[string]bool{},
		held:        map[string]hold{},
		ended:       map[string]Due{},
	}
}

// Counters says what was done so far.
func (s *Scheduler) Counters() Counters {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counters
}

// RunDue runs every account that is due at now, each once, and returns when they have
// ended: the instant at which to call again, which is not later than now where more is
// due already; nil where only a webhook or a command will make an account due. The
// error is the store's.
func (s *Scheduler) RunDue(ctx context.Context, now time.Time) (*time.Time, error) {
	ready, _, err := s.survey(ctx, now, allOfThem)
	if err != nil {
		return nil, err
	}
	var runs sync.WaitGroup
	room := make(chan struct{}, s.concurrency)
	for _, due := range ready {
		room <- struct{}{}
		if !s.begin(due) {
			<-room
			continue
		}
		runs.Go(func() {
			s.run(ctx, due)
			<-room
		})
	}
	runs.Wait()
	ready, next, err := s.survey(ctx, now, allOfThem)
	if err != nil {
		return nil, err
	}
	if len(ready) > 0 {
		return &now, nil
	}
	return next, nil
}

const allOfThem = 1 << 30

// Serve runs accounts as they come due until ctx ends, and then waits for the runs
// under way, which end at their next effect.
func (s *Scheduler) Serve(ctx context.Context) {
	var runs sync.WaitGroup
	defer runs.Wait()
	done := make(chan struct{}, s.concurrency)
	under := 0
	for {
		now := s.engine.clock.Now()
		var next *time.Time
		if room := s.concurrency - under; room > 0 {
			ready, at, err := s.survey(ctx, now, room+s.known())
			if err != nil {
				s.engine.log.ErrorContext(ctx, "cannot tell which accounts are due", "error", err)
				pause := now.Add(storePause)
				at = &pause
			}
			next = at
			for _, due := range ready[:min(room, len(ready))] {
				if !s.begin(due) {
					continue
				}
				under++
				runs.Go(func() {
					s.run(ctx, due)
					done <- struct{}{}
				})
			}
		}
		// Another process may have kept a note, and tells nobody here.
		wait := storePause
		if next != nil {
			wait = min(wait, next.Sub(now))
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.engine.noted:
		case <-done:
			under--
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (s *Scheduler) known() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.running) + len(s.held)
}

// survey says which accounts are to run now, and the earliest start after that.
func (s *Scheduler) survey(ctx context.Context, now time.Time, limit int) (ready []Due, next *time.Time, err error) {
	all, err := s.engine.store.Due(ctx, now, limit)
	if err != nil {
		return nil, nil, err
	}
	if next, err = s.engine.store.NextStart(ctx, now); err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, due := range all {
		if s.running[due.Account] {
			continue
		}
		if last, ran := s.ended[due.Account]; ran && last.Start.Equal(due.Start) && last.Version == due.Version {
			// It ran, said that all is well, and is as it was. At once and again it would do
			// so for ever.
			s.engine.log.WarnContext(ctx, "a run changed nothing", "account", due.Account)
			delete(s.ended, due.Account)
			s.hold(due.Account, now)
		}
		if held, is := s.held[due.Account]; is && held.until.After(now) {
			if next == nil || held.until.Before(*next) {
				next = &held.until
			}
			continue
		}
		ready = append(ready, due)
	}
	return ready, next, nil
}

// begin marks an account as running; false where it is already.
func (s *Scheduler) begin(due Due) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[due.Account] {
		return false
	}
	s.running[due.Account] = true
	return true
}

func (s *Scheduler) run(ctx context.Context, due Due) {
	report, err := s.engine.Run(ctx, due.Account)
	if err != nil && ctx.Err() == nil {
		s.engine.log.ErrorContext(ctx, "a run failed", "account", due.Account, "error", err)
	}
	if noter, is := s.engine.store.(RunNoter); is && (due.Failed || s.isHeld(due.Account) || err != nil) && ctx.Err() == nil {
		if err := noter.RunEnded(ctx, due.Account, err); err != nil {
			s.engine.log.ErrorContext(ctx, "how a run ended was not noted", "account", due.Account, "error", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, due.Account)
	s.counters.Runs++
	if err != nil {
		s.counters.RunsFailed++
		s.hold(due.Account, s.engine.clock.Now())
		return
	}
	if report.Polled {
		s.counters.Polls++
	}
	s.counters.Windows += uint64(report.Windows)
	s.counters.Rows += report.Rows
	delete(s.held, due.Account)
	s.ended[due.Account] = due
}

func (s *Scheduler) isHeld(account string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, is := s.held[account]
	return is
}

// hold has an account wait before its next run. The caller has the lock.
func (s *Scheduler) hold(account string, now time.Time) {
	held := s.held[account]
	held.until = now.Add(min(firstHold<<min(held.failures, 8), longestHold))
	held.failures++
	s.held[account] = held
}
