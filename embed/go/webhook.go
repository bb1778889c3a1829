// What did Merge just tell us, and what do we answer? wit/webhook.wit.

package mergesync

import (
	"context"
	"math"
	"time"
	"unicode/utf8"

	"github.com/merge-sync/merge-sync/embed/go/internal/wire"
)

// Handling is a delivery, handled.
type Handling struct {
	// Reply is to be sent once the outcome is durable. A host that cannot make it
	// durable within five seconds must answer [ProcessingError] instead, so that Merge
	// sends it again.
	Reply Reply
	// Outcome is what came of the delivery.
	Outcome Outcome
}

// Reply is what to send back.
type Reply struct {
	// Status is 200, 401 or 500.
	Status int
	// Body is a JSON document.
	Body string
}

// ProcessingError is the reply where what a webhook says could not be made durable.
func ProcessingError() Reply { return Reply{Status: 500, Body: `{"error": "Processing error"}`} }

// InvalidSignature is the reply to a body that is not Merge's.
func InvalidSignature() Reply { return Reply{Status: 401, Body: `{"error": "Invalid signature"}`} }

// Outcome is [Accepted], [Refused] or [Malformed].
type Outcome interface{ isOutcome() }

// Accepted is a trusted body and what it says.
type Accepted struct {
	// Authentic says which key matched.
	Authentic Authentic
	// Name is Merge's name of the event, for example "Employee.synced"; empty for the
	// test ping.
	Name string
	// Event is what it says.
	Event Event
}

// Malformed is a trusted body that is not a Merge webhook.
type Malformed struct {
	// Authentic says which key matched.
	Authentic Authentic
	// Problem is what is wrong with it.
	Problem Problem
}

func (Accepted) isOutcome()  {}
func (Refused) isOutcome()   {}
func (Malformed) isOutcome() {}

// Event is [Linked], [Synced], [RecordChanged], [IssueChanged], [Unlinked] or
// [Ignored].
type Event interface{ isEvent() }

// Linked is LinkedAccount.linked: the only event that carries the account token.
type Linked struct {
	Account Account
	// AccountToken is the secret to send as X-Account-Token.
	AccountToken Secret
	// IsRelink says whether the end user authenticated an account that was linked
	// before.
	IsRelink bool
	// CompletedAt is when the end user completed this link, Merge's clock; nil where
	// not sent. Deliveries come in any order: of two links, the token of the one that
	// was completed later is the one that counts.
	CompletedAt *time.Time
}

// Synced is LinkedAccount.sync_completed or <Model>.synced.
type Synced struct {
	Account Account
	// IsInitialSync is the account's flag in sync_completed, the model's in
	// <Model>.synced.
	IsInitialSync *bool
	// Models has one entry a model named, in the order of their ids. Where it is empty,
	// poll.
	Models []ModelStatus
}

// RecordChanged is <Model>.added, .changed or .removed.
type RecordChanged struct {
	Account Account
	// ModelID is nil where the event's model is not in the endpoint table.
	ModelID *string
	// RecordID is Merge's id of the record; nil where not sent.
	RecordID *string
}

// IssueChanged is Issue.*.
type IssueChanged struct {
	Account *Account
	// Description is Merge's words for people.
	Description string
}

// Unlinked is LinkedAccount.deleted.
type Unlinked struct{ Account Account }

// Ignored is an event that asks nothing of us.
type Ignored struct {
	// Reason is why, for a log.
	Reason string
}

func (Linked) isEvent()        {}
func (Synced) isEvent()        {}
func (RecordChanged) isEvent() {}
func (IssueChanged) isEvent()  {}
func (Unlinked) isEvent()      {}
func (Ignored) isEvent()       {}

// HandleWebhook verifies, then parses, then chooses the reply: in that order, never
// another. A body that is not UTF-8 is answered 401 and not looked at.
func (c *Component) HandleWebhook(ctx context.Context, delivery SignedBody) (Handling, error) {
	if !utf8.Valid(delivery.Body) {
		return Handling{Reply: InvalidSignature(), Outcome: Refused{Reason: Mismatch}}, nil
	}
	var handling Handling
	err := c.ask(ctx, "webhook.handle", func(w *wire.Writer) {
		writeSignedBody(w, "", delivery)
	}, func(r *wire.Reader) {
		r.Object(func(key []byte) bool {
			switch string(key) {
			case "reply":
				handling.Reply = readReply(r)
			case "outcome":
				handling.Outcome = readOutcome(r)
			default:
				return false
			}
			return true
		})
	})
	return handling, err
}

func readReply(r *wire.Reader) (reply Reply) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "status":
			reply.Status = int(r.Number(math.MaxUint16))
		case "body":
			reply.Body = r.Text()
		default:
			return false
		}
		return true
	})
	return reply
}

func readOutcome(r *wire.Reader) (outcome Outcome) {
	r.Tagged(func(tag string) bool {
		switch tag {
		case "accepted":
			outcome = readAccepted(r)
		case "refused":
			outcome = readRefused(r)
		case "malformed":
			outcome = readMalformed(r)
		default:
			return false
		}
		return true
	})
	return outcome
}

func readAccepted(r *wire.Reader) (a Accepted) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "authentic":
			a.Authentic = readAuthentic(r)
		case "name":
			a.Name = r.Text()
		case "event":
			a.Event = readEvent(r)
		default:
			return false
		}
		return true
	})
	return a
}

func readMalformed(r *wire.Reader) (m Malformed) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "authentic":
			m.Authentic = readAuthentic(r)
		case "problem":
			m.Problem = readProblem(r)
		default:
			return false
		}
		return true
	})
	return m
}

func readEvent(r *wire.Reader) (event Event) {
	r.Tagged(func(tag string) bool {
		switch tag {
		case "linked":
			event = readLinked(r)
		case "synced":
			event = readSynced(r)
		case "record-changed":
			event = readRecordChanged(r)
		case "issue-changed":
			event = readIssueChanged(r)
		case "unlinked":
			event = readUnlinked(r)
		case "ignored":
			event = Ignored{Reason: readOnly(r, "reason")}
		default:
			return false
		}
		return true
	})
	return event
}

func readLinked(r *wire.Reader) (l Linked) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "account":
			l.Account = readAccount(r)
		case "account_token":
			l.AccountToken = Secret(r.Text())
		case "is_relink":
			l.IsRelink = r.Bool()
		case "completed_at":
			l.CompletedAt = r.OptionalInstant()
		default:
			return false
		}
		return true
	})
	return l
}

func readSynced(r *wire.Reader) (s Synced) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "account":
			s.Account = readAccount(r)
		case "is_initial_sync":
			s.IsInitialSync = r.OptionalBool()
		case "models":
			s.Models = readModelStatuses(r)
		default:
			return false
		}
		return true
	})
	return s
}

func readRecordChanged(r *wire.Reader) (c RecordChanged) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "account":
			c.Account = readAccount(r)
		case "model_id":
			c.ModelID = r.Optional()
		case "record_id":
			c.RecordID = r.Optional()
		default:
			return false
		}
		return true
	})
	return c
}

func readIssueChanged(r *wire.Reader) (i IssueChanged) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "account":
			if !r.Null() {
				account := readAccount(r)
				i.Account = &account
			}
		case "description":
			i.Description = r.Text()
		default:
			return false
		}
		return true
	})
	return i
}

func readUnlinked(r *wire.Reader) (u Unlinked) {
	r.Object(func(key []byte) bool {
		if string(key) != "account" {
			return false
		}
		u.Account = readAccount(r)
		return true
	})
	return u
}
