// What a run did and where an account stands; wit/triggers.wit.

package mergesync

import (
	"fmt"
	"math"
	"time"

	"github.com/merge-sync/merge-sync/embed/go/internal/wire"
)

// NewAccount is an account to look after, for hosts that learn of it by other means
// than LinkedAccount.linked.
type NewAccount struct {
	Account Account
	// Token is what to send as X-Account-Token; nil where the host holds it already.
	Token *Secret
	// LinkedAt is when it was linked, host's clock; nil is now.
	LinkedAt *time.Time
}

// Report is what one run did.
type Report struct {
	// Polled says whether /sync-status was read.
	Polled bool
	// Windows is the number of windows completed.
	Windows uint32
	// Rows is the number of rows committed.
	Rows uint64
	// WakeAt is when to run again, host's clock; as committed to the store.
	WakeAt *time.Time
	// Trouble is what went wrong; nil if nothing did.
	Trouble *Trouble
}

// TroubleKind is what kind of trouble.
type TroubleKind string

// The kinds of trouble.
const (
	TroubleReauthorize TroubleKind = "reauthorize"
	TroubleDropRequest TroubleKind = "drop-request"
	TroublePark        TroubleKind = "park"
	TroubleRetrying    TroubleKind = "retrying"
	TroubleInitialSync TroubleKind = "initial-sync"
)

// Trouble is trouble with one account.
type Trouble struct {
	Kind TroubleKind
	// Since is since when, host's clock.
	Since time.Time
	// Text is one sentence for people.
	Text string
}

// ModelView is one model, for a page or a support person.
type ModelView struct {
	Status   ModelStatus
	Progress Progress
	// Window is the window being read, if any.
	Window *Span
}

// View is one account, for a page or a support person.
type View struct {
	Account   Account
	LinkedAt  time.Time
	Readiness AccountReadiness
	// Models are in the order of their ids.
	Models  []ModelView
	Trouble *Trouble
	// Issues are Merge's newest issue texts, newest first, at most five.
	Issues []string
	Paused bool
	WakeAt *time.Time
}

// Command is what an operator can ask for.
type Command string

// The commands.
const (
	// Poll reads /sync-status now.
	Poll Command = "poll"
	// Reread reads every model whole, now.
	Reread Command = "reread"
	// Pause does nothing until Resume. Webhooks are still taken in.
	Pause Command = "pause"
	// Resume ends a pause.
	Resume Command = "resume"
	// Unlink forgets the account: its token is erased, its rows are kept.
	Unlink Command = "unlink"
	// Reset starts over from an empty state. Rows and token are kept.
	Reset Command = "reset"
)

// FailureKind is why a run did nothing.
type FailureKind string

// The kinds of failure.
const (
	FailureStore          FailureKind = "store"
	FailureUnknownAccount FailureKind = "unknown-account"
	FailureState          FailureKind = "state"
	FailureSettings       FailureKind = "settings"
)

// RunError says why a run did nothing, in the engine's words.
type RunError struct {
	Kind    FailureKind
	Message string
}

// Error is one line.
func (e *RunError) Error() string { return fmt.Sprintf("merge-sync: %s: %s", e.Kind, e.Message) }

func readReport(r *wire.Reader) (p Report) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "polled":
			p.Polled = r.Bool()
		case "windows":
			p.Windows = uint32(r.Number(math.MaxUint32))
		case "rows":
			p.Rows = r.Number(math.MaxUint64)
		case "wake_at":
			p.WakeAt = r.OptionalInstant()
		case "trouble":
			p.Trouble = readTrouble(r)
		default:
			return false
		}
		return true
	})
	return p
}

func readTrouble(r *wire.Reader) *Trouble {
	if r.Null() {
		return nil
	}
	t := new(Trouble)
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "kind":
			t.Kind = TroubleKind(r.Text())
		case "since":
			t.Since = r.Instant()
		case "text":
			t.Text = r.Text()
		default:
			return false
		}
		return true
	})
	return t
}

func readFailure(r *wire.Reader) *RunError {
	var e RunError
	e.Kind = FailureKind(r.Tagged(func(string) bool {
		e.Message = readProblem(r).Message
		return true
	}))
	return &e
}

func readView(r *wire.Reader) (v View) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "account":
			v.Account = readAccount(r)
		case "linked_at":
			v.LinkedAt = r.Instant()
		case "readiness":
			v.Readiness = readAccountReadiness(r)
		case "models":
			r.List(func() { v.Models = append(v.Models, readModelView(r)) })
		case "trouble":
			v.Trouble = readTrouble(r)
		case "issues":
			v.Issues = r.Texts()
		case "paused":
			v.Paused = r.Bool()
		case "wake_at":
			v.WakeAt = r.OptionalInstant()
		default:
			return false
		}
		return true
	})
	return v
}

func readModelView(r *wire.Reader) (m ModelView) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "status":
			m.Status = readModelStatus(r)
		case "progress":
			m.Progress = readProgress(r)
		case "window":
			if !r.Null() {
				span := readSpan(r)
				m.Window = &span
			}
		default:
			return false
		}
		return true
	})
	return m
}
