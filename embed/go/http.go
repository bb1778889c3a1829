// Requests to Merge, made by the host; wit/http.wit.

package mergesync

import (
	"context"
	"fmt"
	"time"

	"github.com/merge-sync/merge-sync/embed/go/internal/wire"
)

// HTTP sends requests to Merge. It adds the origin, Authorization and
// X-Account-Token: the API key never enters the component. Package mergehttp has one
// on net/http.
type HTTP interface {
	// Send makes one attempt and returns within 30 seconds. Whether to try again is not
	// its to say. The error is a [*TimedOutError], a [*TooLargeError], a [*HeldBackError]
	// or a [*NoTokenError]; any other means that no response arrived: refused, reset,
	// unresolved, bad TLS.
	Send(ctx context.Context, request HTTPRequest) (HTTPResponse, error)
}

// HTTPRequest is a request of the engine's.
type HTTPRequest struct {
	Account string
	// Method is "GET" or "POST".
	Method string
	// Target is path and query.
	Target string
}

// HTTPResponse is a response, read to its end.
type HTTPResponse struct {
	Status  uint16
	Headers []HTTPHeader
	// Body is decompressed. What is not UTF-8 in it becomes U+FFFD.
	Body []byte
}

// HTTPHeader is a header of a response, name in lower case.
type HTTPHeader struct {
	Name  string
	Value string
}

// TimedOutError says that there was no response within the time allowed.
type TimedOutError struct {
	// Message is for a log.
	Message string
}

// Error is one line.
func (e *TimedOutError) Error() string { return "merge-sync: timed out: " + e.Message }

// TooLargeError says that a body is over the host's limit; the rest was not read.
type TooLargeError struct {
	// Message is for a log.
	Message string
}

// Error is one line.
func (e *TooLargeError) Error() string { return "merge-sync: too large: " + e.Message }

// HeldBackError says that a request was not sent, to stay within a limit. It is not a
// failure of the account.
type HeldBackError struct {
	// After is when there will be room.
	After time.Duration
}

// Error is one line.
func (e *HeldBackError) Error() string {
	return fmt.Sprintf("merge-sync: held back, there may be room in %s", e.After)
}

// NoTokenError says that the host has no token for an account.
type NoTokenError struct{ Account string }

// Error is one line.
func (e *NoTokenError) Error() string {
	return fmt.Sprintf("merge-sync: no token for account `%s`", e.Account)
}

func readHTTPRequest(r *wire.Reader) (q HTTPRequest) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "account":
			q.Account = r.Text()
		case "method":
			q.Method = r.Text()
		case "target":
			q.Target = r.Text()
		default:
			return false
		}
		return true
	})
	return q
}
