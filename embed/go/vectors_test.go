// Every vector, through json.call and through the typed functions.

package mergesync_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
	"github.com/merge-sync/merge-sync/embed/go/internal/vectors"
)

const vectorsDir = "../../tests/vectors"

// newComponent is a component that is closed with the test.
func newComponent(t testing.TB, opts ...mergesync.Option) *mergesync.Component {
	t.Helper()
	component, err := mergesync.New(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := component.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return component
}

func load(t *testing.T) []vectors.Vector {
	t.Helper()
	all, err := vectors.Load(vectorsDir)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 500 {
		t.Fatalf("%d vectors, expected some hundreds", len(all))
	}
	return all
}

func TestEveryVector(t *testing.T) {
	component := newComponent(t)
	for _, vector := range load(t) {
		answer, err := component.Call(t.Context(), vector.Operation, vector.Input)
		var refused *mergesync.InputError
		message := ""
		if errors.As(err, &refused) {
			message = refused.Message
		} else if err != nil {
			t.Errorf("%s: %v", vector.ID, err)
			continue
		}
		if err := vector.Check(answer, message); err != nil {
			t.Error(err)
		}
	}
}

// typed calls the typed function of an operation with a value of the contract.
func typed[In, Out any](function func(context.Context, In) (Out, error)) func(context.Context, any) (any, error) {
	return func(ctx context.Context, input any) (any, error) {
		var in In
		if err := fill(reflect.ValueOf(&in).Elem(), input); err != nil {
			return nil, err
		}
		out, err := function(ctx, in)
		if err != nil {
			return nil, err
		}
		return dump(reflect.ValueOf(&out).Elem()), nil
	}
}

type ofBody struct{ Body []byte }

type ofModel struct{ ModelID string }

type ofPage struct {
	ModelID string
	Body    []byte
}

func typedFunctions(c *mergesync.Component) map[string]func(context.Context, any) (any, error) {
	return map[string]func(context.Context, any) (any, error){
		"signature.verify":   typed(c.VerifySignature),
		"webhook.handle":     typed(c.HandleWebhook),
		"readiness.evaluate": typed(c.EvaluateReadiness),
		"window.next":        typed(c.NextWindow),
		"window.advance":     typed(c.AdvanceProgress),
		"cadence.next":       typed(c.NextPoll),
		"retry.decide":       typed(c.DecideRetry),
		"readiness.parse-status": typed(func(ctx context.Context, in ofBody) (mergesync.StatusPage, error) {
			return c.ParseStatus(ctx, in.Body)
		}),
		"page.parse": typed(func(ctx context.Context, in ofPage) (mergesync.Page, error) {
			return c.ParsePage(ctx, in.ModelID, in.Body)
		}),
		"window.locate": typed(func(ctx context.Context, in ofModel) (mergesync.Endpoint, error) {
			return c.LocateEndpoint(ctx, in.ModelID)
		}),
		"meta.version": typed(func(context.Context, struct{}) (string, error) {
			return mergesync.Version, nil
		}),
	}
}

// beyondDuration are the vectors with a span of over 292 years, which no
// time.Duration holds.
var beyondDuration = map[string]bool{
	"retry-draw-whole-range":     true,
	"window-huge-overlap":        true,
	"cadence-2-to-the-53":        true,
	"cadence-beyond-2-to-the-53": true,
	"cadence-2-to-the-64":        true,
}

func TestEveryTypedVector(t *testing.T) {
	functions := typedFunctions(newComponent(t))
	ran := 0
	for _, vector := range load(t) {
		input, err := vectors.Parse(vector.Input)
		if err != nil {
			t.Fatal(err)
		}
		want, refusedIs := vector.Refused()
		answer, err := functions[vector.Operation](t.Context(), input)
		var refused *mergesync.InputError
		switch {
		case errors.Is(err, errInexpressible):
			if !refusedIs && !beyondDuration[vector.ID] {
				t.Errorf("%s: %v", vector.ID, err)
			}
			continue
		case errors.As(err, &refused):
			if refused.Message != want {
				t.Errorf("%s: refused with %q, expected %q", vector.ID, refused.Message, want)
			}
		case err != nil:
			t.Errorf("%s: %v", vector.ID, err)
		default:
			expected, err := vectors.Parse(vector.Output)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(answer, expected) {
				t.Errorf("%s: answered %v, expected %v", vector.ID, answer, expected)
			}
		}
		ran++
	}
	if ran < 600 {
		t.Errorf("%d vectors have a typed form, expected at least 600", ran)
	}
	t.Logf("%d typed", ran)
}
