// What does a page of records hold? wit/page.wit.

package mergesync

import (
	"context"
	"math"

	"github.com/merge-sync/merge-sync/embed/go/internal/wire"
)

// Page is a page of a list endpoint.
type Page struct {
	// Rows are in Merge's order.
	Rows []Row
	// Next is the cursor of the next page, also where Merge sent a URL; nil on the last.
	Next *string
	// WithoutKey is how many records were left out because they have no key (see
	// [Row.ID]).
	WithoutKey uint32
	// Unreadable is how many records were left out because they are not JSON objects.
	Unreadable uint32
}

// ParsePage reads one page of the list endpoint of a model. A record that cannot be
// stored is left out and counted, wherever the rest of the page can be read: show the
// counts to somebody. A byte-order mark before the body is skipped.
func (c *Component) ParsePage(ctx context.Context, modelID string, body []byte) (Page, error) {
	var page Page
	err := c.ask(ctx, "page.parse", func(w *wire.Writer) {
		w.Object("", func() {
			w.Text("model_id", modelID)
			w.Bytes("body", body)
		})
	}, func(r *wire.Reader) {
		r.Object(func(key []byte) bool {
			switch string(key) {
			case "rows":
				page.Rows = readRows(r)
			case "next":
				page.Next = r.Optional()
			case "without_key":
				page.WithoutKey = uint32(r.Number(math.MaxUint32))
			case "unreadable":
				page.Unreadable = uint32(r.Number(math.MaxUint32))
			default:
				return false
			}
			return true
		})
	})
	return page, err
}
