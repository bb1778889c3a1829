// The store in memory is a store.

package memstore_test

import (
	"context"
	"testing"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
	"github.com/merge-sync/merge-sync/embed/go/memstore"
	"github.com/merge-sync/merge-sync/embed/go/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(_ *testing.T, clock mergesync.Clock) storetest.Subject {
		store := memstore.New(clock)
		return storetest.Subject{Store: store, Notices: func(ctx context.Context, after any, limit int) (listed []storetest.Notice, err error) {
			all, err := store.Notices(ctx)
			from, _ := after.(int)
			for i, notice := range all[from:min(len(all), from+limit)] {
				listed = append(listed, storetest.Notice{Cursor: from + i + 1, Account: notice.Account, Notice: notice.Notice})
			}
			return listed, err
		}}
	})
}
