// A run: the engine's step and a loop around it.

package mergesync

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/merge-sync/merge-sync/embed/go/internal/wire"
)

// taken is one step: the run as it is now, and what to do next.
type taken struct {
	run     string
	entries []logEntry
	// One of these is set.
	send     *HTTPRequest
	commit   *Change
	finished *Report
	failed   *RunError
}

// event writes what came of an effect.
type event func(w *wire.Writer)

// Run does what is due for one account: poll, fetch, retry, or nothing. The error is
// a [*RunError] where the engine says why, [ErrUnknownAccount], or the store's. Where
// ctx ends, the run stops before its next effect, and the next one goes on from the
// latest commit.
func (e *Engine) Run(ctx context.Context, account string) (Report, error) {
	loaded, err := e.load(ctx, account)
	if err != nil {
		return Report{}, err
	}
	var run *string
	next := event(func(w *wire.Writer) {
		w.Tagged("event", "started", func() { loadedAccountFields(w, *loaded) })
	})
	for {
		step, err := e.step(ctx, account, run, next)
		if err != nil {
			return Report{}, err
		}
		run = &step.run
		e.write(ctx, step.entries...)
		switch {
		case step.send != nil:
			next = e.send(ctx, *step.send)
		case step.commit != nil:
			next = e.commit(ctx, *step.commit)
		case step.finished != nil:
			return *step.finished, nil
		default:
			return Report{}, step.failed
		}
		if err := ctx.Err(); err != nil {
			return Report{}, err
		}
	}
}

func (e *Engine) step(ctx context.Context, account string, run *string, next event) (taken, error) {
	var step taken
	err := e.component.ask(ctx, "engine.step", func(w *wire.Writer) {
		w.Object("", func() {
			w.Optional("run", run)
			w.Text("account", account)
			w.Text("settings", e.settings)
			w.Instant("now", e.clock.Now())
			next(w)
		})
	}, func(r *wire.Reader) {
		r.Object(func(key []byte) bool {
			switch string(key) {
			case "run":
				step.run = r.Text()
			case "effect":
				readEffect(r, &step)
			case "log":
				step.entries = readLog(r)
			default:
				return false
			}
			return true
		})
	})
	return step, err
}

func readEffect(r *wire.Reader, step *taken) {
	r.Tagged(func(tag string) bool {
		switch tag {
		case "send":
			request := readHTTPRequest(r)
			step.send = &request
		case "commit":
			change := readChange(r)
			step.commit = &change
		case "finished":
			report := readReport(r)
			step.finished = &report
		case "failed":
			step.failed = readFailure(r)
		default:
			return false
		}
		return true
	})
}

// send sends a request once.
func (e *Engine) send(ctx context.Context, request HTTPRequest) event {
	response, err := e.http.Send(ctx, request)
	var timedOut *TimedOutError
	var tooLarge *TooLargeError
	var heldBack *HeldBackError
	var noToken *NoTokenError
	switch {
	case errors.As(err, &timedOut):
		return unanswered("timed-out", timedOut.Message)
	case errors.As(err, &tooLarge):
		return unanswered("too-large", tooLarge.Message)
	case errors.As(err, &heldBack):
		after := max(heldBack.After+time.Millisecond-1, 0).Truncate(time.Millisecond)
		return sendError("held-back", func(w *wire.Writer) { w.Span("after", after) })
	case errors.As(err, &noToken):
		return sendError("no-token", func(w *wire.Writer) { w.Text("account", request.Account) })
	case err != nil:
		return unanswered("transport", err.Error())
	}
	if !utf8.Valid(response.Body) {
		// One bad byte in one record is no reason to read none of a page.
		e.log.WarnContext(ctx, "the body is not utf-8: what is not has become U+FFFD",
			"account", request.Account, "status", response.Status)
		response.Body = bytes.ToValidUTF8(response.Body, []byte("\uFFFD"))
	}
	// A header that is no text says nothing to the engine.
	headers := slices.DeleteFunc(slices.Clone(response.Headers), func(header HTTPHeader) bool {
		return !utf8.ValidString(header.Name) || !utf8.ValidString(header.Value)
	})
	return func(w *wire.Writer) {
		w.Tagged("event", "response", func() {
			w.Number("status", uint64(response.Status))
			w.List("headers", len(headers), func(i int) {
				w.Object("", func() {
					w.Text("name", headers[i].Name)
					w.Text("value", headers[i].Value)
				})
			})
			w.Bytes("body", response.Body)
		})
	}
}

// unanswered is an error with a message.
func unanswered(tag, message string) event {
	if !utf8.ValidString(message) {
		message = "no answer, and why is not utf-8"
	}
	return sendError(tag, func(w *wire.Writer) { w.Text("message", message) })
}

func sendError(tag string, value func(*wire.Writer)) event {
	return func(w *wire.Writer) {
		w.Tagged("event", "send-error", func() {
			w.Text("tag", tag)
			w.Object("value", func() { value(w) })
		})
	}
}

// commit commits a change; a change that another commit overtook is followed by what
// is there now.
func (e *Engine) commit(ctx context.Context, change Change) event {
	// A commit that has begun is carried to its end: whether it happened must be known.
	ctx = context.WithoutCancel(ctx)
	committed, err := e.store.Commit(ctx, change)
	var stale *StaleError
	switch {
	case errors.As(err, &stale):
		loaded, err := e.store.Load(ctx, change.Account)
		if err != nil {
			return unavailable(err)
		}
		return func(w *wire.Writer) {
			w.Tagged("event", "stale", func() {
				if loaded == nil {
					w.Null("loaded")
					return
				}
				writeLoadedAccount(w, "loaded", *loaded)
			})
		}
	case err != nil:
		return unavailable(err)
	}
	return func(w *wire.Writer) {
		w.Tagged("event", "committed", func() {
			w.Text("version", committed.Version)
			writeSwept(w, "swept", committed.Swept)
		})
	}
}

func unavailable(err error) event {
	message := err.Error()
	if !utf8.ValidString(message) {
		message = "the store is unavailable, and why is not utf-8"
	}
	return func(w *wire.Writer) {
		w.Tagged("event", "unavailable", func() { w.Text("message", message) })
	}
}
