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
	// LinkedAt is when it was linked, host's clock; nil is now. Token stays when a
	// LinkedAccount.linked webhook arrives for a link completed more than five minutes
	// before this instant. So call Link within five minutes of the link.
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
	// TroubleHeldSweep: a full re-read found so many records missing that none was marked
	// deleted. It ends with a second full re-read that begins six hours later and agrees,
	// with any that finds the records, or with [ApproveDeletions].
	TroubleHeldSweep TroubleKind = "held-sweep"
	// TroubleIncomplete: part of a list cannot be read and was given up. It ends with the
	// next complete full re-read.
	TroubleIncomplete TroubleKind = "incomplete"
	// TroubleUnreadable: a field of /sync-status cannot be read, so it is not known
	// whether there is something new.
	TroubleUnreadable TroubleKind = "unreadable"
	// TroubleNoKey: records without a key, or that are not JSON, cannot be stored.
	TroubleNoKey TroubleKind = "no-key"
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
	// Trouble is what is wrong with this model alone.
	Trouble *Trouble
	// HeldSweep is a sweep that waits for a second full re-read or for approval.
	HeldSweep *HeldSweep
	// PageSize is how many rows a page the next request asks for: 1 to 100.
	PageSize uint32
	// WithoutKey is how many records of its latest read have no key (see [Row.ID]).
	WithoutKey uint64
	// UnreadableRecords is how many records of its latest read are not JSON objects.
	UnreadableRecords uint64
}

// HeldSweep is a full re-read that found so many records missing that none was marked
// deleted.
type HeldSweep struct {
	// Pass is the number of the first full re-read that found them missing.
	Pass uint64
	// Unseen is how many live records it did not find.
	Unseen uint64
	// Live is how many live records there are.
	Live uint64
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
	Link   LinkState
	WakeAt *time.Time
}

// Command is what an operator can ask for: [Poll], [Reread], [RereadModel],
// [ApproveDeletions], [Pause], [Resume], [Unlink] or [Reset].
type Command interface{ isCommand() }

// Poll reads /sync-status now.
type Poll struct{}

// Reread reads every model whole, now.
type Reread struct{}

// RereadModel reads this model whole, now.
type RereadModel struct {
	ModelID string
}

// ApproveDeletions carries out a held sweep: it agrees that records which a full re-read
// did not find are deleted.
type ApproveDeletions struct {
	ModelID string
	// Pass is as in [HeldSweep]: an approval of another pass does nothing.
	Pass uint64
}

// Pause does nothing until [Resume]. Webhooks are still taken in.
type Pause struct{}

// Resume ends a pause.
type Resume struct{}

// Unlink forgets the account: its token is erased, its rows are kept. Notes that were
// kept before do not bring it back.
type Unlink struct{}

// Reset starts over from an empty state. Rows and token are kept.
type Reset struct{}

func (Poll) isCommand()             {}
func (Reread) isCommand()           {}
func (RereadModel) isCommand()      {}
func (ApproveDeletions) isCommand() {}
func (Pause) isCommand()            {}
func (Resume) isCommand()           {}
func (Unlink) isCommand()           {}
func (Reset) isCommand()            {}

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
		case "link":
			v.Link = LinkState(r.Text())
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
		case "trouble":
			m.Trouble = readTrouble(r)
		case "held_sweep":
			m.HeldSweep = readHeldSweep(r)
		case "page_size":
			m.PageSize = uint32(r.Number(math.MaxUint32))
		case "without_key":
			m.WithoutKey = r.Number(math.MaxUint64)
		case "unreadable_records":
			m.UnreadableRecords = r.Number(math.MaxUint64)
		default:
			return false
		}
		return true
	})
	return m
}

func readHeldSweep(r *wire.Reader) *HeldSweep {
	if r.Null() {
		return nil
	}
	h := new(HeldSweep)
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "pass":
			h.Pass = r.Number(math.MaxUint64)
		case "unseen":
			h.Unseen = r.Number(math.MaxUint64)
		case "live":
			h.Live = r.Number(math.MaxUint64)
		default:
			return false
		}
		return true
	})
	return h
}

// writeCommand writes a command.
func writeCommand(w *wire.Writer, key string, command Command) {
	switch command := command.(type) {
	case Poll:
		w.Tagged(key, "poll", nil)
	case Reread:
		w.Tagged(key, "reread", nil)
	case RereadModel:
		w.Object(key, func() {
			w.Text("tag", "reread-model")
			w.Text("value", command.ModelID)
		})
	case ApproveDeletions:
		w.Tagged(key, "approve-deletions", func() {
			w.Text("model_id", command.ModelID)
			w.Number("pass", command.Pass)
		})
	case Pause:
		w.Tagged(key, "pause", nil)
	case Resume:
		w.Tagged(key, "resume", nil)
	case Unlink:
		w.Tagged(key, "unlink", nil)
	case Reset:
		w.Tagged(key, "reset", nil)
	default:
		w.Fail(key, "found %T, expected a case of Command", command)
	}
}
