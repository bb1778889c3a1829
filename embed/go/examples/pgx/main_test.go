// The routes over a store in memory.

package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
	"github.com/merge-sync/merge-sync/embed/go/memstore"
)

const key = "example_signature_key_not_a_real_secret"

// silence is a Merge that is never asked.
type silence struct{ *testing.T }

func (s silence) Send(context.Context, mergesync.HTTPRequest) (mergesync.HTTPResponse, error) {
	s.Error("a request was made")
	return mergesync.HTTPResponse{}, nil
}

func TestAWebhookCreatesItsAccount(t *testing.T) {
	component, err := mergesync.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer component.Close(context.Background())
	engine, err := mergesync.NewEngine(t.Context(), mergesync.Config{
		Component: component, Store: memstore.New(mergesync.SystemClock{}), HTTP: silence{t},
		Keys: []mergesync.Secret{key}, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(routes(engine))
	defer server.Close()
	body := `{"hook":{"event":"LinkedAccount.linked"},"linked_account":{"id":"a","category":"hris"},"data":{"account_token":"token","is_relink":false}}`
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	good := base64.URLEncoding.EncodeToString(mac.Sum(nil))
	ask := func(method, path, signature string) (int, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set(mergesync.SignatureHeader, signature)
		answer, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		said, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, strings.TrimSpace(string(said))
	}
	for _, c := range []struct {
		method, path, signature string
		status                  int
		body                    string
	}{
		{"GET", "/api/accounts/a/readiness", "", 404, "no such account"},
		{"POST", "/api/webhooks/merge", strings.Repeat("A", 43), 401, `{"error": "Invalid signature"}`},
		{"GET", "/api/accounts/a/readiness", "", 404, "no such account"},
		{"POST", "/api/webhooks/merge/", strings.Repeat("A", 43), 401, `{"error": "Invalid signature"}`},
		{"POST", "/api/webhooks/merge/", good, 200, `{"received": true}`},
		{"POST", "/api/webhooks/merge", good, 200, `{"received": true}`},
		{"GET", "/api/accounts/a/readiness", "", 200, `{"needed":0,"phase":"unknown","ready":0}`},
	} {
		if status, body := ask(c.method, c.path, c.signature); status != c.status || body != c.body {
			t.Errorf("%s %s: found %d %s, expected %d %s", c.method, c.path, status, body, c.status, c.body)
		}
	}
}
