// The tables. The build fails without them, and the message has this file's name in it: that is
// why it is called so. `go generate` in embed/go copies them from host-example/schema of the
// repository: the reference host and every package share them, so that a file of one can be opened
// by any other.

package sqlitestore

import "embed"

//go:embed schema/*.sql
var schema embed.FS
