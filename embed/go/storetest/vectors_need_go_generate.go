// The scenarios. The build fails without them, and the message has this file's name in it:
// that is why it is called so. `go generate` in embed/go copies them from tests/host-vectors of the repository.

package storetest

import "embed"

//go:embed host_vectors/*.json
var vectors embed.FS
