// What must outlive a crash, kept by the host; wit/store.wit.

package mergesync

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
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
