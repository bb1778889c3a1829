// Whatever is given to it: a clear error of the package's own, nothing changed, and
// the next call works.

package mergesync_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

const signingKey = "example_signature_key_not_a_real_secret"

// wasmFile is the component's file, as the build copied it.
const wasmFile = "merge-sync-text.core.wasm"

func signed(body []byte) mergesync.SignedBody {
	mac := hmac.New(sha256.New, []byte(signingKey))
	mac.Write(body)
	return mergesync.SignedBody{
		Body:       body,
		Signatures: []string{base64.URLEncoding.EncodeToString(mac.Sum(nil))},
		Keys:       []string{signingKey},
	}
}

// works is the call after a bad one.
func works(t *testing.T, component *mergesync.Component) {
	t.Helper()
	endpoint, err := component.LocateEndpoint(t.Context(), "hris.Employee")
	want := mergesync.Listed{Path: "/api/hris/v1/employees", Filtered: true, Key: []string{"id"}}
	if err != nil || !reflect.DeepEqual(endpoint, want) {
		t.Fatalf("the next call: found %v, %v, expected %v", endpoint, err, want)
	}
}

func TestWrongValuesAreRefusedByTheNameOfTheirField(t *testing.T) {
	component := newComponent(t)
	ctx := t.Context()
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	bad := "caf\xe9"
	wrong := mergesync.SyncState{Kind: "finished"}
	for want, call := range map[string]func() error{
		"merge-sync: window.locate: model_id: expected utf-8, found other bytes": func() error {
			_, err := component.LocateEndpoint(ctx, bad)
			return err
		},
		"merge-sync: readiness.parse-status: body: expected utf-8, found other bytes": func() error {
			_, err := component.ParseStatus(ctx, []byte("{\"results\":[\xff]}"))
			return err
		},
		"merge-sync: page.parse: body: expected utf-8, found other bytes": func() error {
			_, err := component.ParsePage(ctx, "hris.Team", []byte(bad))
			return err
		},
		"merge-sync: webhook.handle: keys[1]: expected utf-8, found other bytes": func() error {
			_, err := component.HandleWebhook(ctx, mergesync.SignedBody{Body: []byte("{}"), Keys: []string{"a", bad}})
			return err
		},
		"merge-sync: readiness.evaluate: statuses[1].model_name: expected utf-8, found other bytes": func() error {
			_, err := component.EvaluateReadiness(ctx, mergesync.ReadinessFacts{
				Statuses: []mergesync.ModelStatus{{}, {ModelName: bad}}, Partial: mergesync.Strict,
			})
			return err
		},
		"merge-sync: readiness.evaluate: partial: `` is not one of `strict`, `accept-partial`": func() error {
			_, err := component.EvaluateReadiness(ctx, mergesync.ReadinessFacts{})
			return err
		},
		"merge-sync: window.next: overlap: expected whole milliseconds from 0, found -1s": func() error {
			_, err := component.NextWindow(ctx, mergesync.WindowFacts{Rule: mergesync.Contiguous, Overlap: -time.Second})
			return err
		},
		"merge-sync: window.next: overlap: expected whole milliseconds from 0, found 1.5µs": func() error {
			_, err := component.NextWindow(ctx, mergesync.WindowFacts{Rule: mergesync.Contiguous, Overlap: 1500})
			return err
		},
		"merge-sync: window.next: status.status.tag: `finished` is not one of `syncing`, `done`, `partially-synced`, `failed`, `disabled`, `paused`, `unknown`": func() error {
			_, err := component.NextWindow(ctx, mergesync.WindowFacts{Rule: mergesync.Contiguous, Status: mergesync.ModelStatus{Status: &wrong}})
			return err
		},
		"merge-sync: window.advance: started_at: year 10000, expected one from 1 to 9999": func() error {
			_, err := component.AdvanceProgress(ctx, mergesync.Completed{StartedAt: now.AddDate(7974, 0, 0), EndedAt: now})
			return err
		},
		"merge-sync: cadence.next: now: year -1, expected one from 1 to 9999": func() error {
			_, err := component.NextPoll(ctx, mergesync.CadenceFacts{LinkedAt: now, Now: now.AddDate(-2027, 0, 0), Policy: mergesync.DefaultCadence()})
			return err
		},
		"merge-sync: retry.decide: outcome: found <nil>, expected a case of AttemptOutcome": func() error {
			_, err := component.DecideRetry(ctx, mergesync.RetryFacts{Now: now})
			return err
		},
		"merge-sync: page.parse: model_id: expected utf-8, found other bytes": func() error {
			_, err := component.ParsePage(ctx, bad, []byte("{}"))
			return err
		},
		"merge-sync: window.locate: input: expected utf-8, found other bytes": func() error {
			_, err := component.Call(ctx, "window.locate", []byte("{\"model_id\":\"\xff\"}"))
			return err
		},
		"merge-sync: json.call: operation: expected utf-8, found other bytes": func() error {
			_, err := component.Call(ctx, bad, []byte("{}"))
			return err
		},
	} {
		err := call()
		var refused *mergesync.InputError
		if !errors.As(err, &refused) || err.Error() != want {
			t.Errorf("found  %v\nexpected %s", err, want)
		}
		works(t, component)
	}
}

func TestABodyThatIsNotUTF8IsRefusedWhateverItsSignature(t *testing.T) {
	component := newComponent(t)
	body := []byte("{\"hook\":{\"event\":\"caf\xe9\"}}")
	handling, err := component.HandleWebhook(t.Context(), signed(body))
	want := mergesync.Handling{
		Reply:   mergesync.Reply{Status: 401, Body: `{"error": "Invalid signature"}`},
		Outcome: mergesync.Refused{Reason: mergesync.Mismatch},
	}
	if err != nil || handling != want {
		t.Errorf("found %v, %v, expected %v", handling, err, want)
	}
	// What a silent repair would have made of it.
	repaired := signed([]byte(strings.ToValidUTF8(string(body), "\ufffd")))
	repaired.Body = body
	verdict, err := component.VerifySignature(t.Context(), repaired)
	if err != nil || verdict != (mergesync.Refused{Reason: mergesync.Mismatch}) {
		t.Errorf("found %v, %v, expected a mismatch", verdict, err)
	}
	works(t, component)
}

func TestEveryByteOfABodyIsSigned(t *testing.T) {
	component := newComponent(t)
	all := "\ufeff<script>&amp;</script>\u2028\u2029\u0000\u0001\u001f\u007f\u0080\r\n\t\\\"\U0001F600"
	for _, body := range []string{all, "\ufeff{}", "{}", "", "\x00"} {
		verdict, err := component.VerifySignature(t.Context(), signed([]byte(body)))
		if _, ok := verdict.(mergesync.Authentic); err != nil || !ok {
			t.Errorf("%q: found %v, %v, expected it to be authentic", body, verdict, err)
		}
	}
	marked, bare := signed([]byte("\ufeff{}")), signed([]byte("{}"))
	marked.Signatures = bare.Signatures
	verdict, err := component.VerifySignature(t.Context(), marked)
	if err != nil || verdict != (mergesync.Refused{Reason: mergesync.Mismatch}) {
		t.Errorf("without its byte-order mark: found %v, %v, expected a mismatch", verdict, err)
	}
}

func TestAHeaderThatIsNotUTF8IsAMalformedSignature(t *testing.T) {
	component := newComponent(t)
	for want, signatures := range map[mergesync.Refusal][]string{
		mergesync.MalformedSignature: {"\xff"},
		mergesync.AmbiguousSignature: {"\xff", "x"},
	} {
		delivery := mergesync.SignedBody{Body: []byte("{}"), Signatures: signatures, Keys: []string{signingKey}}
		handling, err := component.HandleWebhook(t.Context(), delivery)
		if err != nil || handling.Outcome != (mergesync.Refused{Reason: want}) || handling.Reply.Status != 401 {
			t.Errorf("found %v, %v, expected %s", handling, err, want)
		}
	}
}

func TestZonesAndFractionsMakeNoDifference(t *testing.T) {
	component := newComponent(t)
	started := time.Date(2026, 1, 5, 12, 0, 0, 123456789, time.FixedZone("somewhere", -9000))
	utc := time.Date(2026, 1, 5, 14, 30, 0, 123456000, time.UTC)
	progress, err := component.AdvanceProgress(t.Context(), mergesync.Completed{
		Span: mergesync.Span{Watermark: started}, StartedAt: started, EndedAt: started,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range []*time.Time{progress.LastSyncedAt, progress.LastFetchedAt, progress.MergeLastSyncFinished} {
		if found == nil || *found != utc {
			t.Errorf("found %v, expected %v in UTC", found, utc)
		}
	}
}

func TestABodyOfTenMegabytes(t *testing.T) {
	component := newComponent(t, mergesync.WithInstances(1))
	body := append(append([]byte(`{"hook":{"event":"x"},"filler":"`), bytes.Repeat([]byte(`\"`), 5<<20)...), `"}`...)
	handling, err := component.HandleWebhook(t.Context(), signed(body))
	accepted, ok := handling.Outcome.(mergesync.Accepted)
	if err != nil || !ok || accepted.Name != "x" || handling.Reply.Status != 200 {
		t.Fatalf("found %v, %v, expected it to be accepted", handling, err)
	}
	works(t, component)
}

func TestWhatIsTooMuchForAnInstanceCostsThatInstance(t *testing.T) {
	component := newComponent(t, mergesync.WithInstances(1), mergesync.WithMemoryLimit(8<<20))
	for range 2 {
		_, err := component.HandleWebhook(t.Context(), signed(bytes.Repeat([]byte("x"), 10<<20)))
		var failed *mergesync.ComponentError
		if !errors.As(err, &failed) || failed.Doing != "webhook.handle" || strings.Contains(err.Error(), "\n") {
			t.Fatalf("found %v, expected a ComponentError on one line", err)
		}
		works(t, component)
	}
	_, err := component.ParsePage(t.Context(), "hris.Team", make([]byte, 128<<20))
	want := "merge-sync: page.parse: body: found 134217728 bytes, expected less than 134217728 in all"
	if err == nil || err.Error() != want {
		t.Fatalf("found %v, expected %s", err, want)
	}
	works(t, component)
}

func TestAComponentThatDoesNotFitIsRefusedAtLoad(t *testing.T) {
	whole, err := os.ReadFile(wasmFile)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	for i := len(flipped) / 2; i < len(flipped)/2+64; i++ {
		flipped[i] ^= 0xff
	}
	// An empty module: valid, and without a single export.
	empty := []byte("\x00asm\x01\x00\x00\x00")
	for name, option := range map[string]mergesync.Option{
		"missing":   mergesync.WithWasmFile(filepath.Join(t.TempDir(), wasmFile)),
		"empty":     mergesync.WithWasm(nil),
		"cut":       mergesync.WithWasm(whole[:len(whole)/2]),
		"flipped":   mergesync.WithWasm(flipped),
		"text":      mergesync.WithWasm([]byte("<html>not found</html>")),
		"no module": mergesync.WithWasm(empty),
		"none":      mergesync.WithInstances(0),
		"no room":   mergesync.WithMemoryLimit(1),
	} {
		component, err := mergesync.New(t.Context(), option)
		var failed *mergesync.ComponentError
		if component != nil || !errors.As(err, &failed) || failed.Doing != "load" || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: found %v, expected a ComponentError on one line", name, err)
		}
	}
	_, err = mergesync.New(t.Context(), mergesync.WithWasmFile("no-such-file"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("found %v, expected it to be os.ErrNotExist", err)
	}
}

func TestAnotherVersionIsRefusedAtLoad(t *testing.T) {
	whole, err := os.ReadFile(wasmFile)
	if err != nil {
		t.Fatal(err)
	}
	// The version stands in the exports' names behind an `@`, which stay, and in the
	// data, which changes.
	other := bytes.ReplaceAll(whole, []byte("@0.1.0"), []byte("@-.-.-"))
	other = bytes.ReplaceAll(other, []byte("0.1.0"), []byte("0.9.0"))
	other = bytes.ReplaceAll(other, []byte("@-.-.-"), []byte("@0.1.0"))
	_, err = mergesync.New(t.Context(), mergesync.WithWasm(other))
	var version *mergesync.VersionError
	if !errors.As(err, &version) || *version != (mergesync.VersionError{Found: "0.9.0", Expected: "0.1.0"}) {
		t.Errorf("found %v, expected a VersionError", err)
	}
	if want := "merge-sync: component: load: version: found `0.9.0`, expected `0.1.0`"; err == nil || err.Error() != want {
		t.Errorf("found %v, expected %s", err, want)
	}
}

func TestManyGoroutinesShareAComponent(t *testing.T) {
	for _, instances := range []int{1, 3} {
		component := newComponent(t, mergesync.WithInstances(instances))
		var goroutines sync.WaitGroup
		for i := range 8 {
			goroutines.Go(func() {
				for j := range 50 {
					body := fmt.Sprintf(`{"hook":{"event":"goroutine %d call %d"}}`, i, j)
					handling, err := component.HandleWebhook(t.Context(), signed([]byte(body)))
					accepted, ok := handling.Outcome.(mergesync.Accepted)
					if err != nil || !ok || accepted.Name != fmt.Sprintf("goroutine %d call %d", i, j) {
						t.Errorf("found %v, %v, expected its own answer", handling, err)
						return
					}
				}
			})
		}
		goroutines.Wait()
	}
}

func TestContextsAndClosing(t *testing.T) {
	component, err := mergesync.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := component.LocateEndpoint(cancelled, "hris.Employee"); !errors.Is(err, context.Canceled) {
		t.Errorf("found %v, expected context.Canceled", err)
	}
	works(t, component)
	for range 2 {
		if err := component.Close(t.Context()); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if _, err := component.LocateEndpoint(t.Context(), "hris.Employee"); !errors.Is(err, mergesync.ErrClosed) {
		t.Errorf("found %v, expected ErrClosed", err)
	}
}

func TestASecretDoesNotPrintItself(t *testing.T) {
	linked := mergesync.Linked{AccountToken: "token-in-the-clear"}
	note := mergesync.Note{Secret: &linked.AccountToken}
	for _, text := range []string{
		fmt.Sprint(linked), fmt.Sprintf("%+v %#v %s %q %x", linked, linked, linked.AccountToken, linked.AccountToken, linked.AccountToken),
		fmt.Sprintf("%v", note.Secret),
	} {
		if strings.Contains(text, "clear") || strings.Contains(text, fmt.Sprintf("%x", "clear")) {
			t.Errorf("found it in %s", text)
		}
	}
	if string(linked.AccountToken) != "token-in-the-clear" {
		t.Error("its value is gone")
	}
}

func TestMemoryStaysAsItIs(t *testing.T) {
	component := newComponent(t, mergesync.WithInstances(1))
	body := signed([]byte(`{"hook":{"event":"Employee.synced"},"linked_account":{"id":"a"},"data":{}}`))
	call := func(times int) {
		for range times {
			if _, err := component.HandleWebhook(t.Context(), body); err != nil {
				t.Fatal(err)
			}
			// An error's text is the module's as well.
			if _, err := component.Call(t.Context(), "no.such", []byte("{}")); err == nil {
				t.Fatal("an operation that does not exist was answered")
			}
		}
	}
	call(100)
	before := component.MemorySize()
	call(5000)
	if after := component.MemorySize(); after != before || before == 0 {
		t.Errorf("found %d bytes after, %d before", after, before)
	}
}
