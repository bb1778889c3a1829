// The component's file. The build fails without it, and the message has this file's
// name in it: that is why it is called so. `go generate` copies it from dist/.

package mergesync

import _ "embed" // for the component's file

//go:generate go run ./internal/fetch

//go:embed merge-sync-text.core.wasm
var embedded []byte
