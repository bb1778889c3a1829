// A request came back. Is it over, and if not, when again? wit/retry.wit.

package mergesync

import (
	"context"
	"time"

	"github.com/merge-sync/merge-sync/embed/go/internal/wire"
)

// AttemptOutcome is what a request met: [ResponseFacts], [TransportFailure],
// [TimedOut], [TooLarge], [UnusableBody], [StaleCursor] or [NoToken].
type AttemptOutcome interface{ isAttemptOutcome() }

// ResponseFacts are the parts of a response that matter here.
type ResponseFacts struct {
	Status uint16
	// RetryAfter is the header as sent: seconds, a fraction rounded up, or an HTTP date in
	// any of its three forms; of a list the longest counts. Unreadable on a 429 or 503 it
	// counts as a minute, and more than 24 hours as one hour.
	RetryAfter *string
	// Date is the header as sent: the base for a RetryAfter date.
	Date *string
}

// TransportFailure is a request without a response: refused, reset, unresolved, bad
// TLS.
type TransportFailure struct {
	// Message is for a log.
	Message string
}

// TimedOut is a request without a response within the time allowed.
type TimedOut struct{}

// TooLarge is a response whose body is over the host's limit.
type TooLarge struct{}

// UnusableBody is a success whose body cannot be used.
type UnusableBody struct {
	// Message is what is wrong with it, for a log.
	Message string
}

// StaleCursor is a 400, 404 or 410 to a request with a cursor: Merge no longer knows it.
type StaleCursor struct{}

// NoToken says that nothing was sent, since no usable token of this account is stored.
type NoToken struct{}

func (ResponseFacts) isAttemptOutcome()    {}
func (TransportFailure) isAttemptOutcome() {}
func (TimedOut) isAttemptOutcome()         {}
func (TooLarge) isAttemptOutcome()         {}
func (UnusableBody) isAttemptOutcome()     {}
func (StaleCursor) isAttemptOutcome()      {}
func (NoToken) isAttemptOutcome()          {}

// RetryPolicy bounds the patience.
type RetryPolicy struct {
	// Base is the first delay after a transient failure.
	Base time.Duration
	// ThrottledBase is the first delay after a 429 that names none.
	ThrottledBase time.Duration
	// Cap is the longest computed delay.
	Cap time.Duration
	// MaxAttempts is the number of attempts in a row after which to give up for now.
	MaxAttempts uint32
}

// RetryFacts is what is known of a request.
type RetryFacts struct {
	Outcome AttemptOutcome
	// Attempt is the number of attempts made in a row, this one included.
	Attempt uint32
	// Now is the host's clock.
	Now time.Time
	// Seed chooses the jitter: equal seeds give equal answers.
	Seed   uint64
	Policy RetryPolicy
}

// Decision is [Succeeded], [Again] or [Stop].
type Decision interface{ isDecision() }

// Succeeded is a 2xx.
type Succeeded struct{}

// Again says to try again.
type Again struct {
	// After is never less than the server asked for, up to 24 hours.
	After time.Duration
	// Reason is one sentence for people.
	Reason string
}

// Stop says to stop trying.
type Stop struct {
	Remedy Remedy
	// NotBefore is what the server asked for, where it did.
	NotBefore *time.Duration
	// Reason is one sentence for people.
	Reason string
}

func (Succeeded) isDecision() {}
func (Again) isDecision()     {}
func (Stop) isDecision()      {}

// Remedy is who can end a failure.
type Remedy string

// The remedies.
const (
	Reauthorize Remedy = "reauthorize"
	DropRequest Remedy = "drop-request"
	Park        Remedy = "park"
)

// DecideRetry decides whether a request is over, and if not, when to try again.
func (c *Component) DecideRetry(ctx context.Context, facts RetryFacts) (Decision, error) {
	var decision Decision
	err := c.ask(ctx, "retry.decide", func(w *wire.Writer) {
		w.Object("", func() {
			writeAttemptOutcome(w, "outcome", facts.Outcome)
			w.Number("attempt", uint64(facts.Attempt))
			w.Instant("now", facts.Now)
			w.Number("seed", facts.Seed)
			w.Object("policy", func() {
				w.Span("base", facts.Policy.Base)
				w.Span("throttled_base", facts.Policy.ThrottledBase)
				w.Span("cap", facts.Policy.Cap)
				w.Number("max_attempts", uint64(facts.Policy.MaxAttempts))
			})
		})
	}, func(r *wire.Reader) {
		tag := r.Tagged(func(tag string) bool {
			switch tag {
			case "again":
				decision = readAgain(r)
			case "stop":
				decision = readStop(r)
			default:
				return false
			}
			return true
		})
		if tag == "succeeded" {
			decision = Succeeded{}
		}
		if decision == nil {
			r.Fail("unknown case `%s`", tag)
		}
	})
	return decision, err
}

func writeAttemptOutcome(w *wire.Writer, key string, outcome AttemptOutcome) {
	switch outcome := outcome.(type) {
	case ResponseFacts:
		w.Tagged(key, "response", func() {
			w.Number("status", uint64(outcome.Status))
			w.Optional("retry_after", outcome.RetryAfter)
			w.Optional("date", outcome.Date)
		})
	case TransportFailure:
		w.Tagged(key, "transport", func() { w.Text("message", outcome.Message) })
	case TimedOut:
		w.Tagged(key, "timed-out", nil)
	case TooLarge:
		w.Tagged(key, "too-large", nil)
	case UnusableBody:
		w.Tagged(key, "unusable", func() { w.Text("message", outcome.Message) })
	case StaleCursor:
		w.Tagged(key, "stale-cursor", nil)
	case NoToken:
		w.Tagged(key, "no-token", nil)
	default:
		w.Fail(key, "found %T, expected a case of AttemptOutcome", outcome)
	}
}

func readAgain(r *wire.Reader) (a Again) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "after":
			a.After = r.Span()
		case "reason":
			a.Reason = r.Text()
		default:
			return false
		}
		return true
	})
	return a
}

func readStop(r *wire.Reader) (s Stop) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "remedy":
			s.Remedy = Remedy(r.Text())
		case "not_before":
			if !r.Null() {
				span := r.Span()
				s.NotBefore = &span
			}
		case "reason":
			s.Reason = r.Text()
		default:
			return false
		}
		return true
	})
	return s
}
