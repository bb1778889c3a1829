// Rows that Merge no longer has are marked as deleted; wit/store.wit.

package mergesync

import (
	"math"
	"math/bits"

	"github.com/merge-sync/merge-sync/embed/go/internal/wire"
)

// Sweep says to mark as deleted the live rows of a model whose pass is below
// UnseenSince, rows without one included: Merge no longer has them. Live rows are those
// not marked deleted. [Sweep.Decide] says how many to mark.
type Sweep struct {
	ModelID     string
	UnseenSince uint64
	// MostRows and MostPercent hold the sweep where both are exceeded.
	MostRows    uint64
	MostPercent uint32
	// Limit is how many rows are marked at most.
	Limit uint32
}

// Swept is what a sweep did.
type Swept struct {
	// Live is how many rows were not marked deleted, counted before.
	Live uint64
	// Unseen is how many of them were to be marked, counted before.
	Unseen uint64
	// Marked is how many were marked now. Where the limit was met, it is fewer than Unseen,
	// and another sweep follows.
	Marked uint64
	// Held says whether the sweep was held: then none was marked.
	Held bool
}

// Decide says what a sweep is to do where a store, in the change's transaction and after
// its batches, counted so many live rows and so many of them unseen: mark Marked of
// these.
func (s Sweep) Decide(live, unseen uint64) Swept {
	// Of 64 bits each: their products have up to 128.
	high, low := bits.Mul64(unseen, 100)
	mostHigh, mostLow := bits.Mul64(live, uint64(s.MostPercent))
	tooMuch := high > mostHigh || high == mostHigh && low > mostLow
	if unseen > s.MostRows && tooMuch {
		return Swept{Live: live, Unseen: unseen, Held: true}
	}
	return Swept{Live: live, Unseen: unseen, Marked: min(unseen, uint64(s.Limit))}
}

func readSweep(r *wire.Reader) *Sweep {
	if r.Null() {
		return nil
	}
	s := new(Sweep)
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "model_id":
			s.ModelID = r.Text()
		case "unseen_since":
			s.UnseenSince = r.Number(math.MaxUint64)
		case "most_rows":
			s.MostRows = r.Number(math.MaxUint64)
		case "most_percent":
			s.MostPercent = uint32(r.Number(math.MaxUint32))
		case "limit":
			s.Limit = uint32(r.Number(math.MaxUint32))
		default:
			return false
		}
		return true
	})
	return s
}

func writeSwept(w *wire.Writer, key string, s *Swept) {
	if s == nil {
		w.Null(key)
		return
	}
	w.Object(key, func() {
		w.Number("live", s.Live)
		w.Number("unseen", s.Unseen)
		w.Number("marked", s.Marked)
		w.Bool("held", s.Held)
	})
}
