// Requests go to Merge alone, once, within the budgets, and say who they are.

package mergehttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

type tokens map[string]mergesync.Secret

func (t tokens) Token(_ context.Context, account string) (mergesync.Secret, error) {
	return t[account], nil
}

// still is a clock that stands still until it is moved.
type still struct {
	mu  sync.Mutex
	now time.Time
}

func (s *still) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *still) move(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(by)
}

func client(t *testing.T, limits Limits, answer http.HandlerFunc) (*Client, *still) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	known := tokens{"a": "token-a", "b": "token-b", "bad": "x\ny"}
	for i := range patient.FailingAnswers {
		known[fmt.Sprint(i)] = "token"
	}
	clock := &still{now: time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)}
	client, err := New(Config{
		BaseURL: server.URL + "/", APIKey: "the-key", Tokens: known,
		Clock: clock, Limits: &limits,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client, clock
}

var patient = Limits{FailingAnswers: 15, FailingShare: 5}

func get(account, target string) mergesync.HTTPRequest {
	return mergesync.HTTPRequest{Account: account, Method: "GET", Target: target}
}

func TestARequestSaysWhoseItIsAndItsAnswerIsReadWhole(t *testing.T) {
	c, _ := client(t, patient, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s %s %s", r.Method, r.URL, r.Header.Get("Authorization"), r.Header.Get("X-Account-Token"))
	})
	response, err := c.Send(t.Context(), get("a", "/api/hris/v1/teams?cursor=%2B"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "GET /api/hris/v1/teams?cursor=%2B Bearer the-key token-a"; response.Status != 418 || string(response.Body) != want {
		t.Errorf("found %d %s, expected %s", response.Status, response.Body, want)
	}
	found := false
	for _, header := range response.Headers {
		found = found || header == mergesync.HTTPHeader{Name: "retry-after", Value: "7"}
	}
	if !found {
		t.Errorf("found %v, expected retry-after", response.Headers)
	}
}

func TestNothingIsSentElsewhereOrWithoutAToken(t *testing.T) {
	c, _ := client(t, patient, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/redirect" {
			t.Errorf("%s was sent", r.URL)
		}
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	if response, err := c.Send(t.Context(), get("a", "/redirect")); err != nil || response.Status != 302 {
		t.Errorf("found %d, %v, expected the redirect itself", response.Status, err)
	}
	var noToken *mergesync.NoTokenError
	if _, err := c.Send(t.Context(), get("c", "/x")); !errors.As(err, &noToken) || noToken.Account != "c" {
		t.Errorf("found %v, expected a NoTokenError", err)
	}
	for _, request := range []mergesync.HTTPRequest{
		get("a", "x"), get("a", "@evil.test/"), get("a", ".evil.test/"), get("bad", "/x"),
		{Account: "a", Method: "DELETE", Target: "/x"},
	} {
		_, err := c.Send(t.Context(), request)
		if err == nil || strings.Contains(err.Error(), "the-key") || strings.Contains(err.Error(), "token-a") {
			t.Errorf("%v: found %v, expected an error without a secret", request, err)
		}
	}
}

func TestACutAnswerIsNone(t *testing.T) {
	c, _ := client(t, patient, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "half of it")
	})
	if _, err := c.Send(t.Context(), get("a", "/x")); err == nil {
		t.Error("a cut answer was taken for whole")
	}
}

func TestABodyOverTheLimitIsNotReadToItsEnd(t *testing.T) {
	written := make(chan int, 1)
	c, _ := client(t, patient, func(w http.ResponseWriter, _ *http.Request) {
		part, total := make([]byte, 1<<20), 0
		for range 60 {
			n, err := w.Write(part)
			if total += n; err != nil {
				break
			}
		}
		written <- total
	})
	_, err := c.Send(t.Context(), get("a", "/x"))
	var tooLarge *mergesync.TooLargeError
	if !errors.As(err, &tooLarge) || tooLarge.Message != "the body of a 200 is larger than 8388608 bytes" {
		t.Errorf("found %v, expected a TooLargeError", err)
	}
	if total := <-written; total >= 60<<20 {
		t.Errorf("%d bytes were taken, expected not all", total)
	}
	c, _ = client(t, patient, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, largestBody)) })
	if response, err := c.Send(t.Context(), get("a", "/x")); err != nil || len(response.Body) != largestBody {
		t.Errorf("found %d bytes, %v, expected all of a body at the limit", len(response.Body), err)
	}
}

func TestATimeThatIsOverIsNoTransportFailure(t *testing.T) {
	for name, begun := range map[string]bool{"before the status": false, "in the body": true} {
		release := make(chan struct{})
		c, _ := client(t, patient, func(w http.ResponseWriter, _ *http.Request) {
			if begun {
				fmt.Fprint(w, "half")
				_ = http.NewResponseController(w).Flush()
			}
			<-release
		})
		c.client.Timeout = 50 * time.Millisecond
		_, err := c.Send(t.Context(), get("a", "/x"))
		close(release)
		var timedOut *mergesync.TimedOutError
		if !errors.As(err, &timedOut) || strings.Contains(err.Error(), "http://") {
			t.Errorf("%s: found %v, expected a TimedOutError without the address", name, err)
		}
		if suspect := c.budget.isSuspect("a", c.clock.Now()); !suspect {
			t.Errorf("%s: the account's next requests would hang among all others'", name)
		}
	}
	c, _ := client(t, patient, func(http.ResponseWriter, *http.Request) {})
	refused := httptest.NewServer(nil)
	refused.Close()
	c.base = refused.URL
	_, err := c.Send(t.Context(), get("a", "/x"))
	var timedOut *mergesync.TimedOutError
	if err == nil || errors.As(err, &timedOut) {
		t.Errorf("refused: found %v, expected another error", err)
	}
}

func TestFailingAnswersHoldEveryoneBack(t *testing.T) {
	status := http.StatusInternalServerError
	c, clock := client(t, patient, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	for i := range 15 {
		if _, err := c.Send(t.Context(), get(fmt.Sprint(i), "/x")); err != nil {
			t.Fatal(err)
		}
	}
	var held *mergesync.HeldBackError
	if _, err := c.Send(t.Context(), get("b", "/x")); !errors.As(err, &held) || held.After != 10*time.Second {
		t.Errorf("found %v, expected to be held back for 10 s", err)
	}
	clock.move(10 * time.Second)
	status = http.StatusTooManyRequests
	for range 40 {
		if _, err := c.Send(t.Context(), get("b", "/x")); err != nil {
			t.Fatalf("a throttled answer counted as failing: %v", err)
		}
	}
}

func TestARequestInFlightCountsAsIfItHadFailed(t *testing.T) {
	b := newBudget(Limits{FailingAnswers: 2, FailingShare: 1})
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	first, second := admitted(t, b, "a", now), admitted(t, b, "b", now)
	held(t, b, "c", now, inFlight)
	b.settle(first, other, now)
	third := admitted(t, b, "c", now)
	// A clock set back forgets rather than blocks.
	b.settle(second, failing, now)
	b.settle(third, failing, now)
	admitted(t, b, "c", now.Add(-time.Hour))
}

func admitted(t *testing.T, b *budget, account string, now time.Time) admission {
	t.Helper()
	admitted, wait := b.admit(account, now)
	if wait != 0 {
		t.Fatalf("%s waits for %s, expected room", account, wait)
	}
	return admitted
}

func held(t *testing.T, b *budget, account string, now time.Time, want time.Duration) {
	t.Helper()
	if _, wait := b.admit(account, now); wait != want {
		t.Fatalf("%s waits for %s, expected %s", account, wait, want)
	}
}

func TestAccountsThatAlwaysFailNeverHoldUpOneThatDoesNot(t *testing.T) {
	b := newBudget(patient)
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	sent := 0
	for range 40 {
		for i := range 6 {
			if poisoned, wait := b.admit(fmt.Sprint(i), now); wait == 0 {
				b.settle(poisoned, failing, now)
				sent++
			}
		}
		b.settle(admitted(t, b, "healthy", now), answerOf(200), now)
		now = now.Add(10 * time.Millisecond)
	}
	// Each once before anything was known of it, and five of all of them.
	if sent != 6+5 {
		t.Errorf("%d failing answers, expected 11", sent)
	}
}

func TestAccountsThatFailedShareFiveFailingAnswersForTenMinutes(t *testing.T) {
	b := newBudget(patient)
	start := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	fail := func(accounts int, now time.Time) {
		t.Helper()
		for i := range accounts {
			b.settle(admitted(t, b, fmt.Sprint(i), now), answerOf(500), now)
		}
	}
	// The first ones count for the guard alone.
	fail(6, start)
	before := start.Add(10*time.Minute - time.Second)
	fail(5, before)
	held(t, b, "5", before, 10*time.Second)
	b.settle(admitted(t, b, "another", before), answerOf(500), before)
	admitted(t, b, "5", start.Add(10*time.Minute))
}

func TestWhatHangsLeavesRoomForOthers(t *testing.T) {
	b := newBudget(patient)
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	for i := range 15 {
		b.settle(admitted(t, b, fmt.Sprint(i), now), late, now)
	}
	for i := range 5 {
		admitted(t, b, fmt.Sprint(i), now)
	}
	held(t, b, "5", now, inFlight)
	admitted(t, b, "another", now)
}

func TestWhereNoShareIsSaidItIsAThird(t *testing.T) {
	limits := patient
	limits.FailingShare = 0
	if share := newBudget(limits).limits.FailingShare; share != patient.FailingShare {
		t.Errorf("found %d, expected %d", share, patient.FailingShare)
	}
}

func TestAccountsThatNoLongerFailAreForgotten(t *testing.T) {
	b := newBudget(patient)
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	for i := range 5000 {
		at := now.Add(time.Duration(i) * time.Second)
		b.settle(admitted(t, b, fmt.Sprint("failing ", i), at), answerOf(500), at)
	}
	if len(b.failing) >= 2000 {
		t.Errorf("%d accounts are remembered", len(b.failing))
	}
}

func TestAConfigurationIsChecked(t *testing.T) {
	for _, config := range []Config{
		{APIKey: "k"}, {Tokens: tokens{}}, {APIKey: "k", Tokens: tokens{}, BaseURL: "api.merge.dev"},
		{APIKey: "k", Tokens: tokens{}, BaseURL: "https://api.merge.dev/api"},
		{APIKey: "k", Tokens: tokens{}, BaseURL: "https://user:pass@api.merge.dev"},
	} {
		if _, err := New(config); err == nil || strings.Contains(err.Error(), "pass") {
			t.Errorf("%+v: found %v", config, err)
		}
	}
	if _, err := New(Config{APIKey: "k", Tokens: tokens{}}); err != nil {
		t.Error(err)
	}
}
