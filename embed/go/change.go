// One atomic change to an account; wit/store.wit.

package mergesync

import (
	"math"
	"time"

	"github.com/merge-sync/merge-sync/embed/go/internal/wire"
)

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

// Batch has rows of one model. A row replaces the stored one of the same account,
// model and id unless the stored one has a later ModifiedAt.
type Batch struct {
	ModelID string
	// Pass is the number of the model's latest full re-read, under way or not; nil before
	// the first. The highest is kept with each row, also with one that is not replaced.
	Pass *uint64
	Rows []Row
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
