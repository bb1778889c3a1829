// Webhooks and the scheduler, by the scenarios that every language's hosts pass. Time is a
// bubble's: nothing is waited for.

package mergesync_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
	"github.com/merge-sync/merge-sync/embed/go/memstore"
)

type scenario[S any] struct {
	ID    string `json:"id"`
	Steps []S    `json:"steps"`
}

func scenarios[S any](t *testing.T, kind string) (all []scenario[S]) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "tests", "host-vectors", kind+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// moody is a store in a mood.
type moody struct {
	*memstore.Store

	mu   sync.Mutex
	mood string
	kept []string
	// starts are set by a scenario, ran are the accounts that were loaded.
	starts map[string]time.Time
	ran    []string
	hung   chan struct{}
}

func (m *moody) fails() error {
	switch m.mood {
	case "fails":
		return errors.New("the disk is full")
	case "throws":
		return io.EOF
	}
	return nil
}

func (m *moody) KeepNote(ctx context.Context, note mergesync.Note) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mood == "hangs" {
		m.mu.Unlock()
		<-m.hung // whatever ctx says
		m.mu.Lock()
		return io.EOF
	}
	if err := m.fails(); err != nil {
		return err
	}
	err := m.Store.KeepNote(ctx, note)
	if err == nil {
		m.kept = append(m.kept, note.Account)
	}
	return err
}

func (m *moody) set(mood string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mood = mood
}

type webhookStep struct {
	Store   string `json:"store"`
	Request struct {
		Body *string `json:"body"`
		Sign bool    `json:"sign"`
	} `json:"request"`
	Out struct {
		Status int    `json:"status"`
		Body   string `json:"body"`
		Within int64  `json:"within_ms"` // milliseconds
	} `json:"out"`
	Kept []string `json:"kept"`
}

func TestAWebhookIsAnsweredInTime(t *testing.T) {
	component := newComponent(t)
	for _, scenario := range scenarios[webhookStep](t, "webhook") {
		t.Run(scenario.ID, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &moody{Store: memstore.New(mergesync.SystemClock{}), hung: make(chan struct{})}
				defer close(store.hung)
				handler := engineOver(t, component, store).WebhookHandler()
				for number, step := range scenario.Steps {
					store.set(step.Store)
					request := &http.Request{Method: http.MethodPost, Header: http.Header{}}
					body := ""
					if step.Request.Body != nil {
						body = *step.Request.Body
						request.Body = io.NopCloser(strings.NewReader(body))
					}
					if step.Request.Sign {
						mac := hmac.New(sha256.New, []byte(signingKey))
						mac.Write([]byte(body))
						request.Header.Set(mergesync.SignatureHeader, base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
					}
					began, answer := time.Now(), httptest.NewRecorder()
					handler.ServeHTTP(answer, request)
					if answer.Code != step.Out.Status || answer.Body.String() != step.Out.Body {
						t.Errorf("step %d: found %d %s, expected %d %s", number, answer.Code, answer.Body, step.Out.Status, step.Out.Body)
					}
					if took := time.Since(began); took > time.Duration(step.Out.Within)*time.Millisecond {
						t.Errorf("step %d: it took %s", number, took)
					}
					if step.Kept != nil && !slices.Equal(store.kept, step.Kept) {
						t.Errorf("step %d: kept %v, expected %v", number, store.kept, step.Kept)
					}
				}
			})
		})
	}
}

func engineOver(t *testing.T, component *mergesync.Component, store mergesync.Store) *mergesync.Engine {
	t.Helper()
	engine, err := mergesync.NewEngine(t.Context(), mergesync.Config{
		Component: component, Store: store, HTTP: &merge{},
		Keys: []mergesync.Secret{signingKey}, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

func (m *moody) Due(_ context.Context, now time.Time, _ int) (due []mergesync.Due, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for account, start := range m.starts {
		if !start.After(now) {
			due = append(due, mergesync.Due{Account: account, Start: start, Version: "1"})
		}
	}
	return due, m.fails()
}

func (m *moody) NextStart(_ context.Context, now time.Time) (next *time.Time, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, start := range m.starts {
		if start.After(now) && (next == nil || start.Before(*next)) {
			next = &start
		}
	}
	return next, m.fails()
}

// Load ends each run: the account is gone.
func (m *moody) Load(_ context.Context, account string) (*mergesync.LoadedAccount, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.starts, account)
	m.ran = append(m.ran, account)
	return nil, nil
}

type schedulerStep struct {
	At      time.Duration `json:"at"`
	Due     string        `json:"due"`
	Next    string        `json:"next"`
	StartAt time.Duration `json:"start_at"`
	Store   string        `json:"store"`
	Noted   bool          `json:"noted"`
	Serve   string        `json:"serve"`
	Ran     []string      `json:"ran"`
}

func TestASchedulerRunsWhatIsDue(t *testing.T) {
	component := newComponent(t)
	for _, scenario := range scenarios[schedulerStep](t, "scheduler") {
		t.Run(scenario.ID, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { play(t, component, scenario.Steps) })
		})
	}
}

func play(t *testing.T, component *mergesync.Component, steps []schedulerStep) {
	store := &moody{Store: memstore.New(mergesync.SystemClock{}), starts: map[string]time.Time{}}
	engine := engineOver(t, component, store)
	scheduler := mergesync.NewScheduler(engine, 4)
	began := time.Now()
	stop, served := context.CancelFunc(func() {}), make(chan struct{})
	for _, step := range steps {
		time.Sleep(time.Until(began.Add(step.At * time.Millisecond)))
		synctest.Wait()
		store.mu.Lock()
		if step.Due != "" {
			store.starts[step.Due] = time.Now()
		}
		if step.Next != "" {
			store.starts[step.Next] = began.Add(step.StartAt * time.Millisecond)
		}
		if step.Store != "" {
			store.mood = step.Store
		}
		if step.Ran != nil && !slices.Equal(store.ran, step.Ran) {
			t.Errorf("at %d: ran %v, expected %v", step.At, store.ran, step.Ran)
		}
		store.mu.Unlock()
		if step.Noted {
			engine.Wake()
		}
		switch step.Serve {
		case "start":
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			stop = cancel
			served = make(chan struct{})
			go func() {
				defer close(served)
				scheduler.Serve(ctx)
			}()
		case "stop":
			stop()
			<-served
		}
	}
}
