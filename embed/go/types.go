// The records that several functions share; wit/types.wit.

package mergesync

import (
	"time"

	"github.com/merge-sync/merge-sync/embed/go/internal/wire"
)

// Problem is something wrong with an input or with the outside.
type Problem struct {
	// Message says what and where, for a log. Never a secret.
	Message string
}

// Account is a linked account, as far as the source names it. An empty text is "not
// said".
type Account struct {
	// ID is Merge's id of the linked account.
	ID string
	// Category is "hris", "ats", "ticketing" or another.
	Category string
	// Integration is the display name of the integration.
	Integration string
	// IntegrationSlug is its slug.
	IntegrationSlug string
	// EndUserOriginID is the product's own id for its customer. It may be empty, and
	// is not unique.
	EndUserOriginID string
	// OrganizationName is the customer's name.
	OrganizationName string
	// LinkStatus is the state of the link, not of any sync.
	LinkStatus string
	// AccountType is "PRODUCTION" or "TEST". A test account syncs once, and then only by
	// hand.
	AccountType string
	// IsDuplicate says whether Merge takes it for a second link of the same customer's
	// system; nil where not said, as for test accounts.
	IsDuplicate *bool
}

// LinkState is whether Merge still has access to the customer's system.
type LinkState string

// The states of a link.
const (
	// LinkActive is a link that works, as far as is known.
	LinkActive LinkState = "active"
	// LinkRelinkNeeded needs the end user to link the account again. Its data stays
	// readable.
	LinkRelinkNeeded LinkState = "relink-needed"
	// LinkUnlinked is an account that Merge deleted, or an operator unlinked. Its rows
	// are kept.
	LinkUnlinked LinkState = "unlinked"
)

// SyncKind is a state of a sync.
type SyncKind string

// The states that Merge documents; SyncUnknown is any other.
const (
	SyncSyncing         SyncKind = "syncing"
	SyncDone            SyncKind = "done"
	SyncPartiallySynced SyncKind = "partially-synced"
	SyncFailed          SyncKind = "failed"
	SyncDisabled        SyncKind = "disabled"
	SyncPaused          SyncKind = "paused"
	SyncUnknown         SyncKind = "unknown"
)

// SyncState is the state of one model's sync.
type SyncState struct {
	// Kind is the state.
	Kind SyncKind
	// Text is the state as Merge sent it, with SyncUnknown.
	Text string
}

// ModelStatus is what Merge says of one model: a row of /sync-status, or the part of
// it that a webhook carries.
type ModelStatus struct {
	// ModelID is "hris.Employee" and the like.
	ModelID string
	// ModelName is for people; empty where not sent.
	ModelName string
	// Status is Merge's current state; nil where the source carries only a result.
	Status *SyncState
	// IsInitialSync says whether Merge still counts this as the initial sync.
	IsInitialSync *bool
	// LastSyncStart is the start of the latest attempt, Merge's clock.
	LastSyncStart *time.Time
	// NextSyncStart is the planned start of the next attempt, Merge's clock.
	NextSyncStart *time.Time
	// LastSyncResult is how the latest finished attempt ended.
	LastSyncResult *SyncState
	// LastSyncFinished is when that was, Merge's clock. It may belong to an earlier
	// attempt than LastSyncStart.
	LastSyncFinished *time.Time
	// StatusReason is why a running sync takes long; empty where not sent.
	StatusReason string
	// DataFreshAsOf is up to when Merge vouches for its data, Merge's clock.
	DataFreshAsOf *time.Time
	// SyncedFields are the fields that a partial sync brought, as Merge names them;
	// empty where not sent.
	SyncedFields []string
	// Unreadable are fields above that were sent and could not be read, by Merge's names.
	// They count as absent, but not as "there is nothing".
	Unreadable []string
}

// Row is a record of a common model.
type Row struct {
	// ID is the record's key within its model: Merge's id of the record; for a model
	// without one (ats.Tag) the JSON array ["<remote_id>","<name>"], null where absent.
	ID string
	// RemoteID is the third party's; nil where not sent.
	RemoteID *string
	// ModifiedAt is when Merge last changed its copy, Merge's clock.
	ModifiedAt *time.Time
	// Deleted says whether the third party deleted it.
	Deleted bool
	// JSON is the record: the very bytes that Merge sent for it.
	JSON string
}

func writeAccount(w *wire.Writer, key string, a Account) {
	w.Object(key, func() {
		w.Text("id", a.ID)
		w.Text("category", a.Category)
		w.Text("integration", a.Integration)
		w.Text("integration_slug", a.IntegrationSlug)
		w.Text("end_user_origin_id", a.EndUserOriginID)
		w.Text("organization_name", a.OrganizationName)
		w.Text("link_status", a.LinkStatus)
		w.Text("account_type", a.AccountType)
		w.OptionalBool("is_duplicate", a.IsDuplicate)
	})
}

func readAccount(r *wire.Reader) (a Account) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "id":
			a.ID = r.Text()
		case "category":
			a.Category = r.Text()
		case "integration":
			a.Integration = r.Text()
		case "integration_slug":
			a.IntegrationSlug = r.Text()
		case "end_user_origin_id":
			a.EndUserOriginID = r.Text()
		case "organization_name":
			a.OrganizationName = r.Text()
		case "link_status":
			a.LinkStatus = r.Text()
		case "account_type":
			a.AccountType = r.Text()
		case "is_duplicate":
			a.IsDuplicate = r.OptionalBool()
		default:
			return false
		}
		return true
	})
	return a
}

func writeSyncState(w *wire.Writer, key string, s *SyncState) {
	if s == nil {
		w.Null(key)
		return
	}
	if s.Kind != SyncUnknown {
		w.Tagged(key, string(s.Kind), nil)
		return
	}
	w.Tagged(key, string(s.Kind), func() { w.Text("text", s.Text) })
}

func readSyncState(r *wire.Reader) *SyncState {
	if r.Null() {
		return nil
	}
	s := new(SyncState)
	s.Kind = SyncKind(r.Tagged(func(tag string) bool {
		s.Text = readOnly(r, "text")
		return tag == string(SyncUnknown)
	}))
	return s
}

// readOnly reads an object of a single text.
func readOnly(r *wire.Reader, name string) (text string) {
	r.Object(func(key []byte) bool {
		if string(key) != name {
			return false
		}
		text = r.Text()
		return true
	})
	return text
}

func readProblem(r *wire.Reader) Problem { return Problem{Message: readOnly(r, "message")} }

func writeModelStatus(w *wire.Writer, key string, s ModelStatus) {
	w.Object(key, func() {
		w.Text("model_id", s.ModelID)
		w.Text("model_name", s.ModelName)
		writeSyncState(w, "status", s.Status)
		w.OptionalBool("is_initial_sync", s.IsInitialSync)
		w.OptionalInstant("last_sync_start", s.LastSyncStart)
		w.OptionalInstant("next_sync_start", s.NextSyncStart)
		writeSyncState(w, "last_sync_result", s.LastSyncResult)
		w.OptionalInstant("last_sync_finished", s.LastSyncFinished)
		w.Text("status_reason", s.StatusReason)
		w.OptionalInstant("data_fresh_as_of", s.DataFreshAsOf)
		w.Texts("synced_fields", s.SyncedFields)
		w.Texts("unreadable", s.Unreadable)
	})
}

func writeModelStatuses(w *wire.Writer, key string, statuses []ModelStatus) {
	w.List(key, len(statuses), func(i int) { writeModelStatus(w, "", statuses[i]) })
}

func readModelStatus(r *wire.Reader) (s ModelStatus) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "model_id":
			s.ModelID = r.Text()
		case "model_name":
			s.ModelName = r.Text()
		case "status":
			s.Status = readSyncState(r)
		case "is_initial_sync":
			s.IsInitialSync = r.OptionalBool()
		case "last_sync_start":
			s.LastSyncStart = r.OptionalInstant()
		case "next_sync_start":
			s.NextSyncStart = r.OptionalInstant()
		case "last_sync_result":
			s.LastSyncResult = readSyncState(r)
		case "last_sync_finished":
			s.LastSyncFinished = r.OptionalInstant()
		case "status_reason":
			s.StatusReason = r.Text()
		case "data_fresh_as_of":
			s.DataFreshAsOf = r.OptionalInstant()
		case "synced_fields":
			s.SyncedFields = r.Texts()
		case "unreadable":
			s.Unreadable = r.Texts()
		default:
			return false
		}
		return true
	})
	return s
}

func readModelStatuses(r *wire.Reader) (statuses []ModelStatus) {
	r.List(func() { statuses = append(statuses, readModelStatus(r)) })
	return statuses
}

func readRow(r *wire.Reader) (row Row) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "id":
			row.ID = r.Text()
		case "remote_id":
			row.RemoteID = r.Optional()
		case "modified_at":
			row.ModifiedAt = r.OptionalInstant()
		case "deleted":
			row.Deleted = r.Bool()
		case "json":
			row.JSON = r.Text()
		default:
			return false
		}
		return true
	})
	return row
}

func readRows(r *wire.Reader) (rows []Row) {
	r.List(func() { rows = append(rows, readRow(r)) })
	return rows
}
