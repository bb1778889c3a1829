// The engine over a store in memory and a Merge of three answers.

package mergesync_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
	"github.com/merge-sync/merge-sync/embed/go/memstore"
)

// merge is a Merge with one model and one record.
type merge struct {
	mu      sync.Mutex
	targets []string
	// before is called before each answer.
	before func(target string)
	// teams answers in place of the one record.
	teams func(query string) (mergesync.HTTPResponse, error)
}

const (
	syncStatus = `{"next":null,"previous":null,"results":[{"model_name":"Team","model_id":"hris.Team",
		"last_sync_start":"2026-01-05T11:00:00Z","next_sync_start":"2026-01-06T11:00:00Z","last_sync_result":"DONE",
		"last_sync_finished":"2026-01-05T11:30:00Z","status":"DONE","is_initial_sync":false}]}`
	teams = `{"next":null,"previous":null,"results":[{"id":"t1","modified_at":"2026-01-05T11:20:00Z","name":"<Ops & Co>"}]}`
)

func (m *merge) Send(_ context.Context, request mergesync.HTTPRequest) (mergesync.HTTPResponse, error) {
	path, query, _ := strings.Cut(request.Target, "?")
	m.mu.Lock()
	m.targets = append(m.targets, path)
	before, answer := m.before, m.teams
	m.mu.Unlock()
	if before != nil {
		before(path)
	}
	headers := []mergesync.HTTPHeader{{Name: "x-odd", Value: "caf\xe9"}, {Name: "date", Value: "Mon, 05 Jan 2026 12:00:00 GMT"}}
	switch path {
	case "/api/hris/v1/sync-status":
		return mergesync.HTTPResponse{Status: 200, Headers: headers, Body: []byte(syncStatus)}, nil
	case "/api/hris/v1/teams":
		if answer != nil {
			return answer(query)
		}
		return mergesync.HTTPResponse{Status: 200, Headers: headers, Body: []byte(teams)}, nil
	}
	return mergesync.HTTPResponse{Status: 404, Headers: headers, Body: []byte("{}")}, nil
}

// standing is a clock that stands until it is moved.
type standing struct {
	mu  sync.Mutex
	now time.Time
}

func (s *standing) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *standing) move(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(by)
}

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// failing is a store that can be told to fail.
type failing struct {
	*memstore.Store
	load, keep, commit error
	// overtake is called once before a commit.
	overtake func()
	// ended are the ends of runs that were noted.
	ended []error
}

func (f *failing) RunEnded(_ context.Context, _ string, failure error) error {
	f.ended = append(f.ended, failure)
	return nil
}

func (f *failing) Load(ctx context.Context, account string) (*mergesync.LoadedAccount, error) {
	if f.load != nil {
		return nil, f.load
	}
	return f.Store.Load(ctx, account)
}

func (f *failing) KeepNote(ctx context.Context, note mergesync.Note) error {
	if f.keep != nil {
		return f.keep
	}
	return f.Store.KeepNote(ctx, note)
}

func (f *failing) Commit(ctx context.Context, change mergesync.Change) (mergesync.Committed, error) {
	if overtake := f.overtake; overtake != nil {
		f.overtake = nil
		overtake()
	}
	if f.commit != nil {
		return mergesync.Committed{}, f.commit
	}
	return f.Store.Commit(ctx, change)
}

type world struct {
	*testing.T
	engine *mergesync.Engine
	store  *failing
	merge  *merge
	clock  *standing
	log    *bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, merge: &merge{}, clock: &standing{now: noon}, log: &bytes.Buffer{}}
	w.store = &failing{Store: memstore.New(w.clock)}
	engine, err := mergesync.NewEngine(t.Context(), mergesync.Config{
		Component: newComponent(t), Store: w.store, HTTP: w.merge, Clock: w.clock,
		Keys: []mergesync.Secret{signingKey}, Logger: slog.New(slog.NewTextHandler(w.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.engine = engine
	return w
}

func (w *world) link() {
	w.Helper()
	token := mergesync.Secret("account-token")
	err := w.engine.Link(w.Context(), mergesync.NewAccount{
		Account: mergesync.Account{ID: "a", Category: "hris", Integration: "Example HRIS"}, Token: &token,
	})
	if err != nil {
		w.Fatal(err)
	}
}

// stored fails unless the record is in the store.
func (w *world) stored() {
	w.Helper()
	found := 0
	_ = w.store.Rows(w.Context(), func(account, modelID string, row mergesync.Row) error {
		found++
		if account != "a" || modelID != "hris.Team" || row.ID != "t1" || !strings.Contains(row.JSON, "<Ops & Co>") {
			w.Errorf("found %s %s %+v", account, modelID, row)
		}
		return nil
	})
	if found != 1 {
		w.Errorf("found %d rows, expected 1", found)
	}
}

func TestALinkedAccountIsReadAndReady(t *testing.T) {
	w := newWorld(t)
	w.link()
	report, err := w.engine.Run(t.Context(), "a")
	if err != nil || !report.Polled || report.Windows != 1 || report.Rows != 1 || report.WakeAt == nil || report.Trouble != nil {
		t.Fatalf("found %+v, %v, expected one window of one row", report, err)
	}
	w.stored()
	view, err := w.engine.Inspect(t.Context(), "a")
	if err != nil || view.Readiness.Phase != mergesync.AccountReady || len(view.Models) != 1 || !view.LinkedAt.Equal(noon) {
		t.Errorf("found %+v, %v, expected a ready account", view, err)
	}
	if finished := view.Models[0].Progress.MergeLastSyncFinished; finished == nil || !finished.Equal(noon.Add(-30*time.Minute)) {
		t.Errorf("found %v, expected the finish", finished)
	}
	notices, _ := w.store.Notices(t.Context())
	if len(notices) == 0 {
		t.Error("no notice of it")
	}
	token, _ := w.store.Token(t.Context(), "a")
	if token != "account-token" || strings.Contains(w.log.String(), "account-token") {
		t.Errorf("the token is not kept, or logged: %s", w.log)
	}
}

func TestAWebhookIsAnsweredWhenItsNoteIsKept(t *testing.T) {
	w := newWorld(t)
	w.link()
	body := func(account string) []byte {
		return []byte(`{"hook":{"event":"LinkedAccount.sync_completed"},"linked_account":{"id":"` + account + `"},"data":{}}`)
	}
	post := func(delivery mergesync.SignedBody) (int, string) {
		request := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(delivery.Body))
		for _, signature := range delivery.Signatures {
			request.Header.Add(mergesync.SignatureHeader, signature)
		}
		recorder := httptest.NewRecorder()
		w.engine.WebhookHandler().ServeHTTP(recorder, request)
		said, _ := io.ReadAll(recorder.Body)
		return recorder.Code, string(said)
	}
	good := signed(body("a"))
	unsigned, twice := good, good
	unsigned.Signatures = nil
	twice.Signatures = append(twice.Signatures, twice.Signatures...)
	for name, c := range map[string]struct {
		delivery mergesync.SignedBody
		status   int
		body     string
	}{
		"good":      {good, 200, `{"received": true}`},
		"nobody's":  {signed(body("nobody")), 200, `{"received": true}`},
		"unsigned":  {unsigned, 401, `{"error": "Missing signature"}`},
		"ambiguous": {twice, 401, `{"error": "Invalid signature"}`},
		"not utf-8": {signed([]byte("\xff")), 401, `{"error": "Invalid signature"}`},
		"too large": {signed(bytes.Repeat([]byte(" "), 1<<20+1)), 401, `{"error": "Invalid signature"}`},
	} {
		if status, body := post(c.delivery); status != c.status || body != c.body {
			t.Errorf("%s: found %d %s, expected %d %s", name, status, body, c.status, c.body)
		}
	}
	loaded, _ := w.store.Load(t.Context(), "a")
	if len(loaded.Notes) != 2 {
		t.Errorf("found %+v, expected the notes of link and webhook", loaded.Notes)
	}
	w.store.keep = errors.New("disk full")
	if status, body := post(good); status != 500 || body != `{"error": "Processing error"}` {
		t.Errorf("found %d %s, expected 500", status, body)
	}
	w.store.keep = nil
	if status, _ := post(good); status != 200 {
		t.Errorf("the next one: found %d, expected 200", status)
	}
}

func TestAStoreThatFailsFailsTheRunAndNothingElse(t *testing.T) {
	w := newWorld(t)
	if _, err := w.engine.Run(t.Context(), "a"); !errors.Is(err, mergesync.ErrUnknownAccount) {
		t.Errorf("found %v, expected ErrUnknownAccount", err)
	}
	w.link()
	w.store.load = errors.New("no connection")
	if _, err := w.engine.Run(t.Context(), "a"); !errors.Is(err, w.store.load) {
		t.Errorf("found %v, expected the store's error", err)
	}
	w.store.load = nil
	w.store.commit = errors.New("disk full \xff")
	_, err := w.engine.Run(t.Context(), "a")
	var failed *mergesync.RunError
	if !errors.As(err, &failed) || failed.Kind != mergesync.FailureStore {
		t.Errorf("found %v, expected a failure of the store", err)
	}
	w.store.commit = nil
	if _, err := w.engine.Run(t.Context(), "a"); err != nil {
		t.Errorf("the next run: %v", err)
	}
	w.stored()
}

func TestACommitThatWasOvertakenIsDecidedAgain(t *testing.T) {
	w := newWorld(t)
	w.link()
	w.store.overtake = func() {
		if err := w.engine.Request(t.Context(), "a", mergesync.Poll{}); err != nil {
			t.Error(err)
		}
	}
	report, err := w.engine.Run(t.Context(), "a")
	if err != nil || report.Rows != 1 {
		t.Errorf("found %+v, %v, expected one row", report, err)
	}
	w.stored()
}

func TestACancelledRunIsTakenUpByTheNext(t *testing.T) {
	w := newWorld(t)
	w.link()
	ctx, cancel := context.WithCancel(t.Context())
	w.merge.before = func(path string) {
		if strings.HasSuffix(path, "/teams") {
			cancel()
		}
	}
	if _, err := w.engine.Run(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("found %v, expected context.Canceled", err)
	}
	w.merge.before = nil
	// Its lease lasts 90 seconds.
	w.clock.move(2 * time.Minute)
	if _, err := w.engine.Run(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	w.stored()
}

func TestRequestsAreCommitted(t *testing.T) {
	w := newWorld(t)
	if err := w.engine.Request(t.Context(), "a", mergesync.Pause{}); !errors.Is(err, mergesync.ErrUnknownAccount) {
		t.Errorf("found %v, expected ErrUnknownAccount", err)
	}
	w.link()
	w.run()
	var refused *mergesync.InputError
	if err := w.engine.Request(t.Context(), "a", nil); !errors.As(err, &refused) || !strings.Contains(refused.Message, "command: found <nil>") {
		t.Errorf("found %v, expected it to name the command", err)
	}
	for _, command := range []mergesync.Command{
		mergesync.Poll{}, mergesync.Reread{}, mergesync.RereadModel{ModelID: "hris.Team"},
		mergesync.ApproveDeletions{ModelID: "hris.Team", Pass: 1 << 60}, mergesync.Reset{}, mergesync.Resume{},
		mergesync.Pause{},
	} {
		if err := w.engine.Request(t.Context(), "a", command); err != nil {
			t.Fatalf("%#v: %v", command, err)
		}
	}
	view, err := w.engine.Inspect(t.Context(), "a")
	if err != nil || !view.Paused {
		t.Errorf("found %+v, %v, expected a pause", view, err)
	}
	w.request(mergesync.Unlink{})
	view, err = w.engine.Inspect(t.Context(), "a")
	token, _ := w.store.Token(t.Context(), "a")
	if err != nil || view.Link != mergesync.LinkUnlinked || token != "" {
		t.Errorf("found %+v, %v, expected it to be unlinked", view, err)
	}
}

func TestAMistakeInTheSettingsIsNamed(t *testing.T) {
	w := newWorld(t)
	config := mergesync.Config{Component: newComponent(t), Store: w.store, HTTP: w.merge, Settings: `{"rule":"loose"}`}
	_, err := mergesync.NewEngine(t.Context(), config)
	var refused *mergesync.InputError
	if !errors.As(err, &refused) || !strings.HasPrefix(refused.Message, "rule: `loose` is not one of") {
		t.Errorf("found %v, expected it to name the rule", err)
	}
	config.Store = nil
	if _, err := mergesync.NewEngine(t.Context(), config); err == nil || !strings.Contains(err.Error(), "Store") {
		t.Errorf("found %v, expected it to name the store", err)
	}
}

func TestAnEmptySigningKeyIsRefusedBeforeAnythingUsesIt(t *testing.T) {
	w := newWorld(t)
	config := mergesync.Config{Component: newComponent(t), Store: w.store, HTTP: w.merge, Keys: []mergesync.Secret{signingKey, ""}}
	if _, err := mergesync.NewEngine(t.Context(), config); err == nil || !strings.Contains(err.Error(), "Keys[1]: it is empty") {
		t.Errorf("found %v, expected it to name the key", err)
	}
}

func TestASchedulerRunsWhatIsDueAndHoldsWhatFailed(t *testing.T) {
	w := newWorld(t)
	w.link()
	scheduler := mergesync.NewScheduler(w.engine, 2)
	w.store.load = errors.New("no connection")
	next, err := scheduler.RunDue(t.Context(), noon)
	if err != nil || next == nil || !next.Equal(noon.Add(time.Minute)) {
		t.Errorf("found %v, %v, expected a minute's hold", next, err)
	}
	w.store.load = nil
	next, err = scheduler.RunDue(t.Context(), noon)
	if err != nil || len(w.merge.targets) != 0 {
		t.Errorf("found %v, %v and %v, expected it to be held", next, err, w.merge.targets)
	}
	next, err = scheduler.RunDue(t.Context(), noon.Add(time.Minute))
	if err != nil || next == nil || !next.After(noon) {
		t.Errorf("found %v, %v, expected the next poll", next, err)
	}
	w.stored()
	if len(w.store.ended) != 2 || w.store.ended[0] == nil || w.store.ended[1] != nil {
		t.Errorf("found %v, expected a failure to be noted and its end", w.store.ended)
	}
	counted := scheduler.Counters()
	if want := (mergesync.Counters{Runs: 2, RunsFailed: 1, Polls: 1, Windows: 1, Rows: 1}); counted != want {
		t.Errorf("found %+v, expected %+v", counted, want)
	}
}

func TestAServingSchedulerIsWokenByANote(t *testing.T) {
	w := newWorld(t)
	read := make(chan struct{})
	var once sync.Once
	w.merge.before = func(path string) {
		if strings.HasSuffix(path, "/teams") {
			once.Do(func() { close(read) })
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan struct{})
	go func() {
		mergesync.NewScheduler(w.engine, 1).Serve(ctx)
		close(served)
	}()
	w.link()
	<-read
	cancel()
	<-served
}
