// What a product may want to act on; wit/store.wit.

package mergesync

import "github.com/merge-sync/merge-sync/embed/go/internal/wire"

// Occasion is what a notice is about.
type Occasion string

// The occasions.
const (
	BecameReady     Occasion = "became-ready"
	WindowCompleted Occasion = "window-completed"
	CaughtUp        Occasion = "caught-up"
	NeedsAttention  Occasion = "needs-attention"
	Recovered       Occasion = "recovered"
	WasUnlinked     Occasion = "unlinked"
)

// Notice is something a product may want to act on. It is to be handed over at least
// once, after the commit.
type Notice struct {
	// ID is the same for every delivery of this notice.
	ID       string
	Occasion Occasion
	// ModelID is nil where the whole account is meant.
	ModelID *string
	// Text is one sentence for people.
	Text string
}

func readNotice(r *wire.Reader) (n Notice) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "id":
			n.ID = r.Text()
		case "occasion":
			n.Occasion = Occasion(r.Text())
		case "model_id":
			n.ModelID = r.Optional()
		case "text":
			n.Text = r.Text()
		default:
			return false
		}
		return true
	})
	return n
}
