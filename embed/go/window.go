// Which records are new? wit/window.wit.

package mergesync

import (
	"context"
	"time"

	"github.com/merge-sync/merge-sync/embed/go/internal/wire"
)

// Rule is how the bounds of a window are chosen.
type Rule string

// The rules. FetchStart loses records, and is there for comparison with the
// published guide.
const (
	Contiguous Rule = "contiguous"
	OpenEnded  Rule = "open-ended"
	FetchStart Rule = "fetch-start"
)

// Progress is what the host keeps for each model of each account.
type Progress struct {
	// LastSyncedAt is when the latest completed fetch started, host's clock.
	LastSyncedAt *time.Time
	// MergeLastSyncFinished is the last_sync_finished that it was for.
	MergeLastSyncFinished *time.Time
	// LastFetchedAt is when it ended, host's clock.
	LastFetchedAt *time.Time
}

// WindowFacts is what is known of one model.
type WindowFacts struct {
	Status   ModelStatus
	Progress Progress
	// Ready says whether this model's data may be read.
	Ready bool
	Rule  Rule
	// Overlap is how far a window reaches back into the one before it.
	Overlap time.Duration
}

// Plan is [Span] or [Skip].
type Plan interface{ isPlan() }

// Span is a window to read.
type Span struct {
	// After is modified_after; nil reads from the beginning.
	After *time.Time
	// Before is modified_before; nil reads to the end. It is safe for a read of one page
	// alone: where the first page names a next one, start again without this bound.
	Before *time.Time
	// Watermark is what to store once every page is stored.
	Watermark time.Time
	// Query has the same bounds, percent-encoded, ready to send.
	Query string
}

// Skip says that there is nothing to read.
type Skip struct {
	Reason SkipReason
}

func (Span) isPlan() {}
func (Skip) isPlan() {}

// SkipReason is why there is nothing to read.
type SkipReason string

// The reasons.
const (
	SkipDisabled              SkipReason = "disabled"
	SkipInitialSyncIncomplete SkipReason = "initial-sync-incomplete"
	SkipFailed                SkipReason = "failed"
	SkipNothingFinished       SkipReason = "nothing-finished"
	SkipNotNewer              SkipReason = "not-newer"
)

// Completed is a fetch whose every page is stored.
type Completed struct {
	Progress Progress
	Span     Span
	// StartedAt is when the fetch started, host's clock.
	StartedAt time.Time
	// EndedAt is when its last page was stored, host's clock.
	EndedAt time.Time
}

// Endpoint is [Listed], [Unlisted] or [Unmapped].
type Endpoint interface{ isEndpoint() }

// Listed is a model that can be listed.
type Listed struct {
	// Path is "/api/hris/v1/employees" and the like.
	Path string
	// Filtered says whether the endpoint knows modified_after. Where not, it is read
	// whole.
	Filtered bool
	// Key has the fields of a record that together are its key: "id", or "remote_id" and
	// "name".
	Key []string
	// Always has parameters to send with every request, for example
	// "include_cancelled=true"; mostly empty.
	Always string
}

// Unlisted is a model without a list endpoint: it counts for readiness and is not
// fetched.
type Unlisted struct{}

// Unmapped is a model that this version does not know.
type Unmapped struct{}

func (Listed) isEndpoint()   {}
func (Unlisted) isEndpoint() {}
func (Unmapped) isEndpoint() {}

// NextWindow decides what to read of one model.
func (c *Component) NextWindow(ctx context.Context, facts WindowFacts) (Plan, error) {
	var plan Plan
	err := c.ask(ctx, "window.next", func(w *wire.Writer) {
		w.Object("", func() {
			writeModelStatus(w, "status", facts.Status)
			writeProgress(w, "progress", facts.Progress)
			w.Bool("ready", facts.Ready)
			w.Text("rule", string(facts.Rule))
			w.Span("overlap", facts.Overlap)
		})
	}, func(r *wire.Reader) {
		r.Tagged(func(tag string) bool {
			switch tag {
			case "fetch":
				plan = readSpan(r)
			case "skip":
				plan = Skip{Reason: SkipReason(readOnly(r, "reason"))}
			default:
				return false
			}
			return true
		})
	})
	return plan, err
}

// AdvanceProgress says what to store after a fetch. It never moves
// MergeLastSyncFinished back.
func (c *Component) AdvanceProgress(ctx context.Context, facts Completed) (Progress, error) {
	var progress Progress
	err := c.ask(ctx, "window.advance", func(w *wire.Writer) {
		w.Object("", func() {
			writeProgress(w, "progress", facts.Progress)
			w.Object("span", func() {
				w.OptionalInstant("after", facts.Span.After)
				w.OptionalInstant("before", facts.Span.Before)
				w.Instant("watermark", facts.Span.Watermark)
				w.Text("query", facts.Span.Query)
			})
			w.Instant("started_at", facts.StartedAt)
			w.Instant("ended_at", facts.EndedAt)
		})
	}, func(r *wire.Reader) {
		progress = readProgress(r)
	})
	return progress, err
}

// LocateEndpoint looks a model up, by its id or one of its aliases.
func (c *Component) LocateEndpoint(ctx context.Context, modelID string) (Endpoint, error) {
	var endpoint Endpoint
	err := c.ask(ctx, "window.locate", func(w *wire.Writer) {
		w.Object("", func() { w.Text("model_id", modelID) })
	}, func(r *wire.Reader) {
		tag := r.Tagged(func(tag string) bool {
			endpoint = readListed(r)
			return tag == "listed"
		})
		switch tag {
		case "listed":
		case "unlisted":
			endpoint = Unlisted{}
		case "unmapped":
			endpoint = Unmapped{}
		default:
			r.Fail("unknown case `%s`", tag)
		}
	})
	return endpoint, err
}

func readListed(r *wire.Reader) (l Listed) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "path":
			l.Path = r.Text()
		case "filtered":
			l.Filtered = r.Bool()
		case "key":
			l.Key = r.Texts()
		case "always":
			l.Always = r.Text()
		default:
			return false
		}
		return true
	})
	return l
}

func writeProgress(w *wire.Writer, key string, p Progress) {
	w.Object(key, func() {
		w.OptionalInstant("last_synced_at", p.LastSyncedAt)
		w.OptionalInstant("merge_last_sync_finished", p.MergeLastSyncFinished)
		w.OptionalInstant("last_fetched_at", p.LastFetchedAt)
	})
}

func readProgress(r *wire.Reader) (p Progress) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "last_synced_at":
			p.LastSyncedAt = r.OptionalInstant()
		case "merge_last_sync_finished":
			p.MergeLastSyncFinished = r.OptionalInstant()
		case "last_fetched_at":
			p.LastFetchedAt = r.OptionalInstant()
		default:
			return false
		}
		return true
	})
	return p
}

func readSpan(r *wire.Reader) (s Span) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "after":
			s.After = r.OptionalInstant()
		case "before":
			s.Before = r.OptionalInstant()
		case "watermark":
			s.Watermark = r.Instant()
		case "query":
			s.Query = r.Text()
		default:
			return false
		}
		return true
	})
	return s
}
