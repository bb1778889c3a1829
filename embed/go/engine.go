// The engine: decisions, driven over the host's store and HTTP.

package mergesync

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/merge-sync/merge-sync/embed/go/internal/wire"
)

// Clock is the host's clock.
type Clock interface{ Now() time.Time }

// SystemClock is the machine's.
type SystemClock struct{}

// Now is the time.
func (SystemClock) Now() time.Time { return time.Now() }

// Config is what an engine is made of.
type Config struct {
	Component *Component
	Store     Store
	HTTP      HTTP
	// Clock is the machine's where it is nil.
	Clock Clock
	// Settings is a JSON document, every field of which has a default; empty is "{}".
	Settings string
	// Keys are the webhooks' signing keys, newest first.
	Keys []Secret
	// Logger is [slog.Default] where it is nil.
	Logger *slog.Logger
}

// Engine looks after linked accounts. It keeps nothing between calls: any engine on
// any machine over the same store may serve the next one.
type Engine struct {
	component *Component
	store     Store
	http      HTTP
	clock     Clock
	settings  string
	keys      []string
	log       *slog.Logger
	// noted is told after each note that was kept.
	noted chan struct{}
}

// NewEngine checks the parts and the settings. A mistake in the settings is an
// [*InputError].
func NewEngine(ctx context.Context, config Config) (*Engine, error) {
	for name, missing := range map[string]bool{
		"Component": config.Component == nil, "Store": config.Store == nil, "HTTP": config.HTTP == nil,
	} {
		if missing {
			return nil, fmt.Errorf("merge-sync: config: %s: found nil, expected one", name)
		}
	}
	e := &Engine{
		component: config.Component,
		store:     config.Store,
		http:      config.HTTP,
		clock:     config.Clock,
		settings:  config.Settings,
		log:       config.Logger,
		noted:     make(chan struct{}, 1),
	}
	if e.clock == nil {
		e.clock = SystemClock{}
	}
	if e.log == nil {
		e.log = slog.Default()
	}
	if e.settings == "" {
		e.settings = "{}"
	}
	for i, key := range config.Keys {
		if key == "" {
			return nil, fmt.Errorf("merge-sync: config: Keys[%d]: it is empty", i)
		}
		e.keys = append(e.keys, string(key))
	}
	err := e.component.ask(ctx, "engine.check-settings", func(w *wire.Writer) {
		w.Object("", func() { w.Text("text", e.settings) })
	}, func(r *wire.Reader) { r.Null() })
	if err != nil {
		return nil, err
	}
	return e, nil
}

// keepWithin is how long a webhook's note may take to be durable.
const keepWithin = 5 * time.Second

// Receive takes a webhook in: it verifies it, keeps what it says as a note, and says
// what to answer. It loads nothing and makes no request. The note is kept to its end
// though ctx is cancelled: the sender may have gone, and what it sent counts.
func (e *Engine) Receive(ctx context.Context, body []byte, signatures []string) Reply {
	if !utf8.Valid(body) {
		e.log.WarnContext(ctx, "webhook refused: the body is not utf-8")
		return InvalidSignature()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepWithin)
	defer cancel()
	var receipt receipt
	err := e.component.ask(ctx, "engine.receive", func(w *wire.Writer) {
		writeSignedBody(w, "", SignedBody{Body: body, Signatures: signatures, Keys: e.keys})
	}, func(r *wire.Reader) { receipt = readReceipt(r) })
	if err != nil {
		e.log.ErrorContext(ctx, "webhook not taken in", "error", err)
		return ProcessingError()
	}
	e.write(ctx, receipt.log)
	if receipt.note == nil {
		return receipt.reply
	}
	err = e.keepInTime(ctx, *receipt.note)
	switch {
	case err == nil:
		e.Wake()
	case errors.Is(err, ErrUnknownAccount):
		e.write(ctx, receipt.unknownAccountLog)
	default:
		e.write(ctx, receipt.unkeptLog)
		e.log.ErrorContext(ctx, "webhook not taken in", "error", err)
		return receipt.unkeptReply
	}
	return receipt.reply
}

// keepInTime keeps a note, or gives up when ctx ends, though the store may not.
func (e *Engine) keepInTime(ctx context.Context, note Note) error {
	kept := make(chan error, 1)
	go func() { kept <- e.store.KeepNote(ctx, note) }()
	select {
	case err := <-kept:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// receipt is a webhook, verified and read: what is kept, answered and logged.
type receipt struct {
	// note is nil where there is nothing to act on.
	note *Note
	// reply is for a note that is durable, and for an account that nobody linked.
	reply Reply
	// unkeptReply is for a note that is not durable in time.
	unkeptReply Reply
	// log is written in any case, the others where their outcome is met.
	log, unknownAccountLog, unkeptLog logEntry
}

func readReceipt(r *wire.Reader) (found receipt) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "note":
			if !r.Null() {
				note := readNote(r)
				found.note = &note
			}
		case "reply":
			found.reply = readReply(r)
		case "unkept_reply":
			found.unkeptReply = readReply(r)
		case "log":
			found.log = readLogEntry(r)
		case "unknown_account_log":
			if !r.Null() {
				found.unknownAccountLog = readLogEntry(r)
			}
		case "unkept_log":
			if !r.Null() {
				found.unkeptLog = readLogEntry(r)
			}
		default:
			return false
		}
		return true
	})
	return found
}

// Wake has a scheduler look again at once which accounts are due.
func (e *Engine) Wake() {
	select {
	case e.noted <- struct{}{}:
	default:
	}
}

// largestBody is the longest webhook that is read. One that says that it is longer is refused unread.
const largestBody = 1 << 20

// WebhookHandler answers Merge's webhooks: with 200, 401 or 500 and nothing else.
func (e *Engine) WebhookHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		var body []byte
		err := error(&http.MaxBytesError{Limit: largestBody})
		if request.Body == nil {
			// As a request has it that no server read.
			err = nil
		} else if request.ContentLength <= largestBody {
			body, err = io.ReadAll(http.MaxBytesReader(w, request.Body, largestBody))
		}
		reply := InvalidSignature()
		if err == nil {
			reply = e.Receive(request.Context(), body, request.Header.Values(SignatureHeader))
		} else {
			e.log.WarnContext(request.Context(), "webhook refused: the body is too large or cut", "error", err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(reply.Status)
		_, _ = io.WriteString(w, reply.Body)
	})
}

// Link starts looking after an account. A known account takes the token and wakes.
func (e *Engine) Link(ctx context.Context, account NewAccount) error {
	var note Note
	err := e.component.ask(ctx, "engine.link", func(w *wire.Writer) {
		w.Object("", func() {
			w.Object("account", func() {
				writeAccount(w, "account", account.Account)
				w.Optional("token", (*string)(account.Token))
				w.OptionalInstant("linked_at", account.LinkedAt)
			})
			w.Instant("now", e.clock.Now())
		})
	}, func(r *wire.Reader) { note = readNote(r) })
	if err != nil {
		return err
	}
	if err := e.store.KeepNote(ctx, note); err != nil {
		return err
	}
	e.Wake()
	return nil
}

// attempts is how often Request tries against others who commit.
const attempts = 16

// Request asks for something out of turn. It takes effect at once, or in the next
// run.
func (e *Engine) Request(ctx context.Context, account string, command Command) error {
	for range attempts {
		loaded, err := e.load(ctx, account)
		if err != nil {
			return err
		}
		var change Change
		err = e.component.ask(ctx, "engine.request", func(w *wire.Writer) {
			w.Object("", func() {
				writeCommand(w, "command", command)
				e.writeSubject(w, account, loaded)
			})
		}, func(r *wire.Reader) { change = readChange(r) })
		if err != nil {
			return err
		}
		_, err = e.store.Commit(ctx, change)
		var stale *StaleError
		if errors.As(err, &stale) {
			continue
		}
		if err == nil {
			e.Wake()
		}
		return err
	}
	return fmt.Errorf("merge-sync: request %T: others committed first %d times in a row", command, attempts)
}

// Inspect says where the account stands for these models (none: every enabled one),
// from its stored state alone.
func (e *Engine) Inspect(ctx context.Context, account string, required ...string) (View, error) {
	loaded, err := e.load(ctx, account)
	if err != nil {
		return View{}, err
	}
	var view View
	err = e.component.ask(ctx, "engine.inspect", func(w *wire.Writer) {
		w.Object("", func() {
			w.Texts("required", required)
			e.writeSubject(w, account, loaded)
		})
	}, func(r *wire.Reader) { view = readView(r) })
	return view, err
}

func (e *Engine) load(ctx context.Context, account string) (*LoadedAccount, error) {
	loaded, err := e.store.Load(ctx, account)
	if err != nil {
		return nil, err
	}
	if loaded == nil {
		return nil, ErrUnknownAccount
	}
	return loaded, nil
}

func (e *Engine) writeSubject(w *wire.Writer, account string, loaded *LoadedAccount) {
	w.Text("account", account)
	writeLoadedAccount(w, "loaded", *loaded)
	w.Text("settings", e.settings)
	w.Instant("now", e.clock.Now())
}

// logEntry is an event of the engine's.
type logEntry struct{ level, message, fields string }

func readLog(r *wire.Reader) (entries []logEntry) {
	r.List(func() { entries = append(entries, readLogEntry(r)) })
	return entries
}

func readLogEntry(r *wire.Reader) (entry logEntry) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "level":
			entry.level = r.Text()
		case "message":
			entry.message = r.Text()
		case "fields":
			entry.fields = r.Text()
		default:
			return false
		}
		return true
	})
	return entry
}

var levels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

// write logs what the engine says; fields stay the JSON text that they are.
func (e *Engine) write(ctx context.Context, entries ...logEntry) {
	for _, entry := range entries {
		e.log.Log(ctx, levels[entry.level], entry.message, "fields", entry.fields)
	}
}
