// Package mergesync decides for products that use Merge's Unified API: is this
// webhook Merge's, may this account's data be used yet, which records are new, and
// when to ask again. It runs the component merge-sync-text.core.wasm in wazero,
// without cgo, and gives the same answers as merge-sync does in any other language.
//
// A [Component] holds the decisions: facts in, answer out. It sends nothing and
// keeps nothing.
//
//	component, err := mergesync.New(ctx)
//	if err != nil {
//		return err
//	}
//	defer component.Close(ctx)
//	handling, err := component.HandleWebhook(ctx, mergesync.SignedBody{
//		Body:       body,
//		Signatures: request.Header.Values(mergesync.SignatureHeader),
//		Keys:       []string{signingKey},
//	})
//
// An [Engine] drives them for linked accounts over a [Store] and an [HTTP] of
// yours, or the ones in memstore, sqlitestore and mergehttp; a [Scheduler] runs
// accounts as they come due.
//
// # Conventions
//
// Instants are [time.Time] in any zone, and come back in UTC; they are rounded down
// to the microsecond. Spans are [time.Duration] in whole milliseconds. What the
// contract calls none is a nil pointer, so that no instant has to stand for it.
// Cases of a variant are structs behind an interface such as [Outcome]: use a type
// switch.
//
// Texts have to be UTF-8. Where one is not, the call fails with an [*InputError]
// that names the field, and nothing is repaired. A webhook's body that is not UTF-8
// is refused as the contract says, with status 401, since no signature of Merge's is
// over such a body.
//
// Every function may be called from several goroutines at once.
package mergesync
