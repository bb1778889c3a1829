// What must outlive a crash, kept by the host; wit/store.wit.

package mergesync

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/merge-sync/merge-sync/embed/go/internal/wire"
)

// Store keeps accounts, their notes and their rows. Its methods are called from
// several goroutines at once. Package storetest checks one.
type Store interface {
	// KeepNote keeps a note, durable when it returns. It never makes a commit stale,
	// and makes the account due as far as its NotBefore allows. The error is
	// [ErrUnknownAccount] where the account is not there and the note does not create
	// it; any other means that the store is unavailable.
	KeepNote(ctx context.Context, note Note) error
	// Load returns an account's state and notes as of one moment; nil for an unknown
	// account.
	Load(ctx context.Context, account string) (*LoadedAccount, error)
	// Commit does all of the change or none of it, durable when it returns. The error
	// is a [*StaleError] where another version is there than Expected says.
	Commit(ctx context.Context, change Change) (Committed, error)
	// Due returns at most limit accounts whose start has come, the longest overdue
	// first. A start is the later of NotBefore and (while notes remain, the time of the
	// note or commit, else WakeAt); without WakeAt and notes there is none. One more
	// than [FurthestStart] ahead has come.
	Due(ctx context.Context, now time.Time, limit int) ([]Due, error)
	// NextStart returns the earliest start later than now; nil if there is none.
	NextStart(ctx context.Context, now time.Time) (*time.Time, error)
	// Token returns the account's token; empty where the store has none.
	Token(ctx context.Context, account string) (Secret, error)
}

// RunNoter is a store that keeps how runs ended, for people to see: of a run that the
// component could not carry through the state tells nothing, so that its account would
// look well. A [Scheduler] tells a store that is one.
type RunNoter interface {
	// RunEnded notes that one more run of an account failed, or with nil that one did not.
	// The account's version and start stay as they are.
	RunEnded(ctx context.Context, account string, failure error) error
}

// FailedRuns are runs of an account that failed in a row, up to now.
type FailedRuns struct {
	Count int
	// Since is since when, host's clock; nil where Count is 0.
	Since *time.Time
	// Text is what the latest one failed with, for a support person; see [FailureText].
	Text string
}

// longestFailure is how many characters of a failure are kept: a trap comes with every
// function that was called.
const longestFailure = 300

// FailureText is what a [RunNoter] keeps of a failure: what fits a table, and what any
// store takes.
func FailureText(failure error) string {
	text := strings.ReplaceAll(strings.ToValidUTF8(failure.Error(), "\uFFFD"), "\x00", "\uFFFD")
	cut := []rune(text)
	if len(cut) <= longestFailure {
		return text
	}
	return string(cut[:longestFailure]) + "..."
}

// FurthestStart is how far ahead a start may lie. No rule asks for more than 24
// hours, so one further ahead was written under a clock that was wrong: it is due.
const FurthestStart = 25 * time.Hour

// ErrUnknownAccount says that an account is not in the store.
var ErrUnknownAccount = errors.New("merge-sync: the account is not in the store")

// StaleError says that somebody else committed first.
type StaleError struct {
	// Current is the version that is there now; nil where the account is gone.
	Current *string
}

// Error is one line.
func (e *StaleError) Error() string {
	if e.Current == nil {
		return "merge-sync: stale: the account is gone"
	}
	return fmt.Sprintf("merge-sync: stale: version `%s` is there", *e.Current)
}

// Note is something to tell the account's next run.
type Note struct {
	Account string
	// Key: a note replaces an earlier one of the same account and key.
	Key string
	// Text is opaque to the host.
	Text string
	// Secret is kept with the note, encrypted if the host encrypts secrets.
	Secret *Secret
	// Profile is what Merge says the account is; nil leaves it as it is, and so does
	// each text in it that is empty.
	Profile *Account
	// Create says whether an account that is not in the store is to be created.
	Create bool
}

// StoredNote is a note, as kept.
type StoredNote struct {
	// Number is larger for each later note of the account, also for one that replaced
	// another.
	Number uint64
	Key    string
	Text   string
	Secret *Secret
}

// LoadedAccount is the latest committed state of an account, opaque to the host.
type LoadedAccount struct {
	// State is empty where only a note created the account so far.
	State string
	// Version changes with every commit, and not with a note.
	Version string
	// Notes are those not yet consumed, by number.
	Notes []StoredNote
}

// Batch has rows of one model. A row replaces the stored one of the same account,
// model and id unless the stored one has a later ModifiedAt.
type Batch struct {
	ModelID string
	// Pass is the number of the model's latest full re-read, under way or not; nil before
	// the first. The highest is kept with each row, also with one that is not replaced.
	Pass *uint64
	Rows []Row
}

// Occasion is what a notice is about.
type Occasion string

// The occasions.
const (
	BecameReady     Occasion = "became-ready"
	WindowCompleted Occasion = "window-completed"
	CaughtUp        Occasion = "caught-up"
	NeedsAttention  Occasion = "needs-attention"
	Recovered       Occasion = "recovered"
	WasUnlinked     Occasion = "unlinked"
)

// Notice is something a product may want to act on. It is to be handed over at least
// once, after the commit.
type Notice struct {
	// ID is the same for every delivery of this notice.
	ID       string
	Occasion Occasion
	// ModelID is nil where the whole account is meant.
	ModelID *string
	// Text is one sentence for people.
	Text string
}

// Summary is what a list of accounts shows of one.
type Summary struct {
	Phase  AccountPhase
	Ready  uint32
	Needed uint32
	// Trouble is the worst kind of trouble; nil without any.
	Trouble *TroubleKind
	Link    LinkState
	// Skipped is how many records of the latest reads cannot be stored: no key, or no JSON
	// object.
	Skipped uint64
	// FreshTo is the oldest MergeLastSyncFinished of the needed models, Merge's clock.
	FreshTo *time.Time
}

// TokenChange is [KeepToken], [PutToken] or [EraseToken].
type TokenChange interface{ isTokenChange() }

// KeepToken leaves the account's token as it is.
type KeepToken struct{}

// PutToken replaces the account's token.
type PutToken struct{ Value Secret }

// EraseToken erases the account's token, also from notes that carry the same one.
type EraseToken struct{}

func (KeepToken) isTokenChange()  {}
func (PutToken) isTokenChange()   {}
func (EraseToken) isTokenChange() {}

// Change is one atomic change to one account.
type Change struct {
	Account string
	// Expected is the version that was loaded; nil to create the account.
	Expected *string
	// State is the new state.
	State string
	// Consumed are the numbers of the notes that this change has acted on.
	Consumed []uint64
	// WakeAt is when to run again, host's clock; at once while notes remain.
	WakeAt *time.Time
	// NotBefore is the earliest start, also for a note, host's clock.
	NotBefore *time.Time
	Token     TokenChange
	Summary   Summary
	Batches   []Batch
	// Sweep comes after the batches.
	Sweep   *Sweep
	Notices []Notice
}

// Committed is what a change did.
type Committed struct {
	Version string
	// Swept is what the sweep did; nil where the change has none.
	Swept *Swept
}

// Due is an account whose time has come.
type Due struct {
	Account string
	// Start is when its run was to start, host's clock.
	Start time.Time
	// Version is its state's: a run that leaves both as they were has done nothing.
	Version string
	// Failed says whether its latest run that ended failed, of a store that is a [RunNoter].
	Failed bool
}

func writeLoadedAccount(w *wire.Writer, key string, v LoadedAccount) {
	w.Object(key, func() { loadedAccountFields(w, v) })
}

func loadedAccountFields(w *wire.Writer, v LoadedAccount) {
	w.Text("state", v.State)
	w.Text("version", v.Version)
	w.List("notes", len(v.Notes), func(i int) {
		note := v.Notes[i]
		w.Object("", func() {
			w.Number("number", note.Number)
			w.Text("key", note.Key)
			w.Text("text", note.Text)
			if note.Secret == nil {
				w.Null("secret")
				return
			}
			w.Object("secret", func() { w.Text("value", string(*note.Secret)) })
		})
	})
}

func readSecret(r *wire.Reader) *Secret {
	if r.Null() {
		return nil
	}
	secret := Secret(readOnly(r, "value"))
	return &secret
}

func readNote(r *wire.Reader) (n Note) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "account":
			n.Account = r.Text()
		case "key":
			n.Key = r.Text()
		case "text":
			n.Text = r.Text()
		case "secret":
			n.Secret = readSecret(r)
		case "profile":
			if !r.Null() {
				profile := readAccount(r)
				n.Profile = &profile
			}
		case "create":
			n.Create = r.Bool()
		default:
			return false
		}
		return true
	})
	return n
}

func readChange(r *wire.Reader) (c Change) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "account":
			c.Account = r.Text()
		case "expected":
			c.Expected = r.Optional()
		case "state":
			c.State = r.Text()
		case "consumed":
			r.List(func() { c.Consumed = append(c.Consumed, r.Number(math.MaxUint64)) })
		case "wake_at":
			c.WakeAt = r.OptionalInstant()
		case "not_before":
			c.NotBefore = r.OptionalInstant()
		case "token":
			c.Token = readTokenChange(r)
		case "summary":
			c.Summary = readSummary(r)
		case "batches":
			r.List(func() { c.Batches = append(c.Batches, readBatch(r)) })
		case "sweep":
			c.Sweep = readSweep(r)
		case "notices":
			r.List(func() { c.Notices = append(c.Notices, readNotice(r)) })
		default:
			return false
		}
		return true
	})
	return c
}

func readTokenChange(r *wire.Reader) (change TokenChange) {
	tag := r.Tagged(func(tag string) bool {
		change = PutToken{Value: Secret(readOnly(r, "value"))}
		return tag == "put"
	})
	switch tag {
	case "put":
	case "keep":
		change = KeepToken{}
	case "erase":
		change = EraseToken{}
	default:
		r.Fail("unknown case `%s`", tag)
	}
	return change
}

func readSummary(r *wire.Reader) (s Summary) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "phase":
			s.Phase = AccountPhase(r.Text())
		case "ready":
			s.Ready = uint32(r.Number(math.MaxUint32))
		case "needed":
			s.Needed = uint32(r.Number(math.MaxUint32))
		case "trouble":
			s.Trouble = (*TroubleKind)(r.Optional())
		case "link":
			s.Link = LinkState(r.Text())
		case "skipped":
			s.Skipped = r.Number(math.MaxUint64)
		case "fresh_to":
			s.FreshTo = r.OptionalInstant()
		default:
			return false
		}
		return true
	})
	return s
}

func readBatch(r *wire.Reader) (b Batch) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "model_id":
			b.ModelID = r.Text()
		case "pass":
			b.Pass = r.OptionalNumber()
		case "rows":
			b.Rows = readRows(r)
		default:
			return false
		}
		return true
	})
	return b
}

func readNotice(r *wire.Reader) (n Notice) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "id":
			n.ID = r.Text()
		case "occasion":
			n.Occasion = Occasion(r.Text())
		case "model_id":
			n.ModelID = r.Optional()
		case "text":
			n.Text = r.Text()
		default:
			return false
		}
		return true
	})
	return n
}
