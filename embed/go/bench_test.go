// What a webhook costs, from bytes to a typed answer.

package mergesync_test

import (
	"encoding/json"
	"os"
	"testing"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

func BenchmarkHandleWebhook(b *testing.B) {
	content, err := os.ReadFile(vectorsDir + "/webhook.json")
	if err != nil {
		b.Fatal(err)
	}
	var all []struct {
		ID    string
		Input struct {
			Body             string
			Signatures, Keys []string
		}
	}
	_ = json.Unmarshal(content, &all)
	component := newComponent(b)
	for _, vector := range all {
		if vector.ID != "webhook-guide-sync-completed" {
			continue
		}
		delivery := mergesync.SignedBody{Body: []byte(vector.Input.Body), Signatures: vector.Input.Signatures, Keys: vector.Input.Keys}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := component.HandleWebhook(b.Context(), delivery); err != nil {
				b.Fatal(err)
			}
		}
	}
}
