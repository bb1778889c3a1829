// The store in memory is a store.

package memstore_test

import (
	"testing"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
	"github.com/merge-sync/merge-sync/embed/go/memstore"
	"github.com/merge-sync/merge-sync/embed/go/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(_ *testing.T, clock mergesync.Clock) storetest.Store { return memstore.New(clock) })
}
