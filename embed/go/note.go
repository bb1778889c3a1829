// Notes, and an account as it is loaded with them; wit/store.wit.

package mergesync

import "github.com/merge-sync/merge-sync/embed/go/internal/wire"

// Note is something to tell the account's next run.
type Note struct {
	Account string
	// Key: a note replaces an earlier one of the same account and key.
	Key string
	// Text is opaque to the host.
	Text string
	// Secret is kept with the note, encrypted if the host encrypts secrets.
	Secret *Secret
	// Profile is what Merge says the account is; nil leaves it as it is, and so does
	// each text in it that is empty.
	Profile *Account
	// Create says whether an account that is not in the store is to be created.
	Create bool
}

// StoredNote is a note, as kept.
type StoredNote struct {
	// Number is larger for each later note of the account, also for one that replaced
	// another.
	Number uint64
	Key    string
	Text   string
	Secret *Secret
}

// LoadedAccount is the latest committed state of an account, opaque to the host.
type LoadedAccount struct {
	// State is empty where only a note created the account so far.
	State string
	// Version changes with every commit, and not with a note.
	Version string
	// Notes are those not yet consumed, by number.
	Notes []StoredNote
}

func writeLoadedAccount(w *wire.Writer, key string, v LoadedAccount) {
	w.Object(key, func() { loadedAccountFields(w, v) })
}

func loadedAccountFields(w *wire.Writer, v LoadedAccount) {
	w.Text("state", v.State)
	w.Text("version", v.Version)
	w.List("notes", len(v.Notes), func(i int) {
		note := v.Notes[i]
		w.Object("", func() {
			w.Number("number", note.Number)
			w.Text("key", note.Key)
			w.Text("text", note.Text)
			if note.Secret == nil {
				w.Null("secret")
				return
			}
			w.Object("secret", func() { w.Text("value", string(*note.Secret)) })
		})
	})
}

func readSecret(r *wire.Reader) *Secret {
	if r.Null() {
		return nil
	}
	secret := Secret(readOnly(r, "value"))
	return &secret
}

func readNote(r *wire.Reader) (n Note) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "account":
			n.Account = r.Text()
		case "key":
			n.Key = r.Text()
		case "text":
			n.Text = r.Text()
		case "secret":
			n.Secret = readSecret(r)
		case "profile":
			if !r.Null() {
				profile := readAccount(r)
				n.Profile = &profile
			}
		case "create":
			n.Create = r.Bool()
		default:
			return false
		}
		return true
	})
	return n
}
