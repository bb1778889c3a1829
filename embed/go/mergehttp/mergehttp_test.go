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
	clock := &still{now: time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)}
	client, err := New(Config{
		BaseURL: server.URL + "/", APIKey: "the-key", Tokens: tokens{"a": "token-a", "b": "token-b", "bad": "x\ny"},
		Clock: clock, Limits: &limits,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client, clock
}

var patient = Limits{RequestsPerMinute: 100, FailingAnswers: 15}

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

func TestAnAccountIsHeldToItsMinute(t *testing.T) {
	c, clock := client(t, Limits{RequestsPerMinute: 3, FailingAnswers: 15}, func(http.ResponseWriter, *http.Request) {})
	for range 3 {
		if _, err := c.Send(t.Context(), get("a", "/x")); err != nil {
			t.Fatal(err)
		}
		clock.move(time.Second)
	}
	var held *mergesync.HeldBackError
	if _, err := c.Send(t.Context(), get("a", "/x")); !errors.As(err, &held) || held.After != 58*time.Second {
		t.Errorf("found %v, expected to be held back for 58 s", err)
	}
	if _, err := c.Send(t.Context(), get("b", "/x")); err != nil {
		t.Errorf("another account: %v", err)
	}
	clock.move(58 * time.Second)
	if _, err := c.Send(t.Context(), get("a", "/x")); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

func TestFailingAnswersHoldEveryoneBack(t *testing.T) {
	status := http.StatusInternalServerError
	c, clock := client(t, patient, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	for range 15 {
		if _, err := c.Send(t.Context(), get("a", "/x")); err != nil {
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
	b := newBudget(Limits{RequestsPerMinute: 100, FailingAnswers: 2})
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	if b.admit("a", now) != 0 || b.admit("b", now) != 0 {
		t.Fatal("there was room for two")
	}
	if wait := b.admit("c", now); wait != inFlight {
		t.Errorf("found %s, expected %s", wait, inFlight)
	}
	b.settle(0, now)
	if wait := b.admit("c", now); wait != 0 {
		t.Errorf("found %s, expected room", wait)
	}
	// A clock set back forgets rather than blocks.
	b.settle(500, now)
	b.settle(500, now)
	if wait := b.admit("c", now.Add(-time.Hour)); wait != 0 {
		t.Errorf("with the clock set back: found %s, expected room", wait)
	}
}

func TestIdleAccountsAreForgotten(t *testing.T) {
	b := newBudget(patient)
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	for i := range 5000 {
		at := now.Add(time.Duration(i) * time.Second)
		if wait := b.admit(fmt.Sprint(i), at); wait != 0 {
			t.Fatal(wait)
		}
		b.settle(200, at)
	}
	if len(b.sent) >= 2000 {
		t.Errorf("%d accounts are remembered", len(b.sent))
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
