// What does a page of records hold? wit/page.wit.

package mergesync

import (
	"context"

	"github.com/merge-sync/merge-sync/embed/go/internal/wire"
)

// Page is a page of a list endpoint.
type Page struct {
	// Rows are in Merge's order.
	Rows []Row
	// Next is the cursor of the next page, also where Merge sent a URL; nil on the last.
	Next *string
}

// ParsePage reads one page of a list endpoint. A row without an id makes the page an
// error.
func (c *Component) ParsePage(ctx context.Context, body []byte) (Page, error) {
	var page Page
	err := c.ask(ctx, "page.parse", func(w *wire.Writer) {
		w.Object("", func() { w.Bytes("body", body) })
	}, func(r *wire.Reader) {
		r.Object(func(key []byte) bool {
			switch string(key) {
			case "rows":
				page.Rows = readRows(r)
			case "next":
				page.Next = r.Optional()
			default:
				return false
			}
			return true
		})
	})
	return page, err
}
