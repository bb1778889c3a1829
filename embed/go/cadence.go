// When do we ask Merge again? wit/cadence.wit.

package mergesync

import (
	"context"
	"time"

	"github.com/merge-sync/merge-sync/embed/go/internal/wire"
)

// Interval is a range of delays.
type Interval struct {
	Shortest time.Duration
	Longest  time.Duration
}

// CadencePolicy is how often is often enough.
type CadencePolicy struct {
	// InitialFast is for the first three minutes of an initial sync.
	InitialFast Interval
	// InitialSlow is for after that, growing from the first to the second.
	InitialSlow Interval
	// Frequent is for where Merge syncs more often than hourly.
	Frequent Interval
	// Standard is for where Merge syncs hourly or less often.
	Standard Interval
	// Unhinted is for where nothing tells how often Merge syncs.
	Unhinted Interval
	// SafetyNet is the longest answer, whatever the intervals say.
	SafetyNet time.Duration
}

// DefaultCadence is the policy that the contract names as its default.
func DefaultCadence() CadencePolicy {
	return CadencePolicy{
		InitialFast: Interval{15 * time.Second, 30 * time.Second},
		InitialSlow: Interval{time.Minute, 5 * time.Minute},
		Frequent:    Interval{5 * time.Minute, 10 * time.Minute},
		Standard:    Interval{30 * time.Minute, time.Hour},
		Unhinted:    Interval{54 * time.Minute, time.Hour},
		SafetyNet:   24 * time.Hour,
	}
}

// CadenceFacts is what is known of an account.
type CadenceFacts struct {
	Statuses []ModelStatus
	// Initial says whether some needed model's initial sync is still running.
	Initial bool
	// LinkedAt is when the account was linked, host's clock.
	LinkedAt time.Time
	// Now is the host's clock.
	Now time.Time
	// Seed spreads accounts over each interval: equal seeds give equal answers.
	Seed   uint64
	Policy CadencePolicy
}

// Pace is which interval an answer is from.
type Pace string

// The paces.
const (
	PaceInitialFast Pace = "initial-fast"
	PaceInitialSlow Pace = "initial-slow"
	PaceFrequent    Pace = "frequent"
	PaceStandard    Pace = "standard"
	PaceUnhinted    Pace = "unhinted"
)

// NextPoll is when to ask again.
type NextPoll struct {
	After time.Duration
	Pace  Pace
}

// NextPoll decides when to read /sync-status again.
func (c *Component) NextPoll(ctx context.Context, facts CadenceFacts) (NextPoll, error) {
	var answer NextPoll
	err := c.ask(ctx, "cadence.next", func(w *wire.Writer) {
		w.Object("", func() {
			writeModelStatuses(w, "statuses", facts.Statuses)
			w.Bool("initial", facts.Initial)
			w.Instant("linked_at", facts.LinkedAt)
			w.Instant("now", facts.Now)
			w.Number("seed", facts.Seed)
			w.Object("policy", func() {
				writeInterval(w, "initial_fast", facts.Policy.InitialFast)
				writeInterval(w, "initial_slow", facts.Policy.InitialSlow)
				writeInterval(w, "frequent", facts.Policy.Frequent)
				writeInterval(w, "standard", facts.Policy.Standard)
				writeInterval(w, "unhinted", facts.Policy.Unhinted)
				w.Span("safety_net", facts.Policy.SafetyNet)
			})
		})
	}, func(r *wire.Reader) {
		r.Object(func(key []byte) bool {
			switch string(key) {
			case "after":
				answer.After = r.Span()
			case "pace":
				answer.Pace = Pace(r.Text())
			default:
				return false
			}
			return true
		})
	})
	return answer, err
}

func writeInterval(w *wire.Writer, key string, i Interval) {
	w.Object(key, func() {
		w.Span("shortest", i.Shortest)
		w.Span("longest", i.Longest)
	})
}
