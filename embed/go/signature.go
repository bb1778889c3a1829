// Did Merge send this body? wit/signature.wit.

package mergesync

import (
	"context"
	"math"
	"unicode/utf8"

	"github.com/merge-sync/merge-sync/embed/go/internal/wire"
)

// SignatureHeader is the header that carries a webhook's signature.
const SignatureHeader = "X-Merge-Webhook-Signature"

// SignedBody is what the host received, before anything has looked inside it.
type SignedBody struct {
	// Body is the raw request body, byte for byte.
	Body []byte
	// Signatures is every value of the header [SignatureHeader], in order.
	Signatures []string
	// Keys are the signing keys to try, newest first; more than one while a key is
	// rotated. They never appear in an error.
	Keys []string
}

// Verdict is [Authentic] or [Refused].
type Verdict interface{ isVerdict() }

// Authentic says that the body is Merge's.
type Authentic struct {
	// KeyIndex is the place in Keys of the key that matched.
	KeyIndex uint32
	// DeliveryID is a stable name for this delivery: two deliveries of the same bytes
	// share it.
	DeliveryID string
}

// Refused says that nobody may look inside the body.
type Refused struct {
	// Reason is why.
	Reason Refusal
}

func (Authentic) isVerdict() {}
func (Refused) isVerdict()   {}

// Refusal is why a body was refused.
type Refusal string

// The refusals. NoKey is the host's fault, not the sender's.
const (
	MissingSignature   Refusal = "missing-signature"
	AmbiguousSignature Refusal = "ambiguous-signature"
	MalformedSignature Refusal = "malformed-signature"
	Mismatch           Refusal = "mismatch"
	NoKey              Refusal = "no-key"
)

// VerifySignature computes HMAC-SHA256 of the body under each key and compares in
// constant time. A body that is not UTF-8 is refused as a mismatch.
func (c *Component) VerifySignature(ctx context.Context, delivery SignedBody) (Verdict, error) {
	if !utf8.Valid(delivery.Body) {
		return Refused{Reason: Mismatch}, nil
	}
	var verdict Verdict
	err := c.ask(ctx, "signature.verify", func(w *wire.Writer) {
		writeSignedBody(w, "", delivery)
	}, func(r *wire.Reader) {
		r.Tagged(func(tag string) bool {
			switch tag {
			case "authentic":
				verdict = readAuthentic(r)
			case "refused":
				verdict = readRefused(r)
			default:
				return false
			}
			return true
		})
	})
	return verdict, err
}

// notText stands for a signature header that is not UTF-8: like it, it is malformed.
const notText = "?"

// writeSignedBody writes a delivery whose body is UTF-8.
func writeSignedBody(w *wire.Writer, key string, s SignedBody) {
	w.Object(key, func() {
		w.Bytes("body", s.Body)
		w.List("signatures", len(s.Signatures), func(i int) {
			signature := s.Signatures[i]
			if !utf8.ValidString(signature) {
				signature = notText
			}
			w.Text("", signature)
		})
		w.Texts("keys", s.Keys)
	})
}

func readAuthentic(r *wire.Reader) (a Authentic) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "key_index":
			a.KeyIndex = uint32(r.Number(math.MaxUint32))
		case "delivery_id":
			a.DeliveryID = r.Text()
		default:
			return false
		}
		return true
	})
	return a
}

func readRefused(r *wire.Reader) Refused {
	return Refused{Reason: Refusal(readOnly(r, "reason"))}
}
