// May the product use this account's data yet? wit/readiness.wit.

package mergesync

import (
	"context"
	"math"

	"github.com/merge-sync/merge-sync/embed/go/internal/wire"
)

// PartialPolicy is what to do with a model whose initial sync ended incomplete.
type PartialPolicy string

// The policies: Strict waits, AcceptPartial takes PARTIALLY_SYNCED as ready.
const (
	Strict        PartialPolicy = "strict"
	AcceptPartial PartialPolicy = "accept-partial"
)

// ReadinessFacts is what is known of an account.
type ReadinessFacts struct {
	// Statuses has the latest row of each model.
	Statuses []ModelStatus
	// Complete says whether Statuses covers all pages of a /sync-status read. Rows that
	// came by webhook alone never make an account ready.
	Complete bool
	// Required are the models the product needs; empty means every enabled one.
	Required []string
	// Partial is what to do with incomplete initial syncs.
	Partial PartialPolicy
	// ReadyBefore are the models found ready before: they stay ready.
	ReadyBefore []string
	// WasReady says whether the account was found ready before with Required empty.
	WasReady bool
}

// Phase is where one model stands.
type Phase string

// The phases of a model.
const (
	PhaseDisabled       Phase = "disabled"
	PhaseSyncing        Phase = "syncing"
	PhaseReady          Phase = "ready"
	PhaseNeedsAttention Phase = "needs-attention"
)

// ModelReadiness is where one model stands, and why.
type ModelReadiness struct {
	ModelID string
	Phase   Phase
	// Reason is one sentence for people.
	Reason string
}

// AccountPhase is where an account stands.
type AccountPhase string

// The phases of an account.
const (
	AccountUnknown        AccountPhase = "unknown"
	AccountSyncing        AccountPhase = "syncing"
	AccountNeedsAttention AccountPhase = "needs-attention"
	AccountReady          AccountPhase = "ready"
)

// AccountReadiness is where an account stands, and each of its models.
type AccountReadiness struct {
	Phase AccountPhase
	// Needed is the number of needed models.
	Needed uint32
	// Ready is the number of needed models that are ready.
	Ready uint32
	// Attention is the number of needed models that need attention, also while others
	// sync.
	Attention uint32
	// Models has every model listed or required, in the order of their ids.
	Models []ModelReadiness
}

// StatusPage is a parsed /sync-status body, one page.
type StatusPage struct {
	Statuses []ModelStatus
	// Next is the cursor of the next page; nil on the last.
	Next *string
}

// ParseStatus reads one page of GET /api/{category}/v1/sync-status.
func (c *Component) ParseStatus(ctx context.Context, body []byte) (StatusPage, error) {
	var page StatusPage
	err := c.ask(ctx, "readiness.parse-status", func(w *wire.Writer) {
		w.Object("", func() { w.Bytes("body", body) })
	}, func(r *wire.Reader) {
		r.Object(func(key []byte) bool {
			switch string(key) {
			case "statuses":
				page.Statuses = readModelStatuses(r)
			case "next":
				page.Next = r.Optional()
			default:
				return false
			}
			return true
		})
	})
	return page, err
}

// EvaluateReadiness decides where an account and its models stand.
func (c *Component) EvaluateReadiness(ctx context.Context, facts ReadinessFacts) (AccountReadiness, error) {
	var answer AccountReadiness
	err := c.ask(ctx, "readiness.evaluate", func(w *wire.Writer) {
		w.Object("", func() {
			writeModelStatuses(w, "statuses", facts.Statuses)
			w.Bool("complete", facts.Complete)
			w.Texts("required", facts.Required)
			w.Text("partial", string(facts.Partial))
			w.Texts("ready_before", facts.ReadyBefore)
			w.Bool("was_ready", facts.WasReady)
		})
	}, func(r *wire.Reader) {
		answer = readAccountReadiness(r)
	})
	return answer, err
}

func readAccountReadiness(r *wire.Reader) (a AccountReadiness) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "phase":
			a.Phase = AccountPhase(r.Text())
		case "needed":
			a.Needed = uint32(r.Number(math.MaxUint32))
		case "ready":
			a.Ready = uint32(r.Number(math.MaxUint32))
		case "attention":
			a.Attention = uint32(r.Number(math.MaxUint32))
		case "models":
			r.List(func() { a.Models = append(a.Models, readModelReadiness(r)) })
		default:
			return false
		}
		return true
	})
	return a
}

func readModelReadiness(r *wire.Reader) (m ModelReadiness) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "model_id":
			m.ModelID = r.Text()
		case "phase":
			m.Phase = Phase(r.Text())
		case "reason":
			m.Reason = r.Text()
		default:
			return false
		}
		return true
	})
	return m
}
