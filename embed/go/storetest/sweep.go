package storetest

import (
	"fmt"
	"math"
	"time"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

// everything has each unseen row marked, however many they are.
func everything(unseenSince uint64) *mergesync.Sweep {
	return &mergesync.Sweep{ModelID: "hris.Team", UnseenSince: unseenSince, MostPercent: 100, Limit: math.MaxUint32}
}

func sweeps(s subject) {
	s.create("a")
	one, two := uint64(1), uint64(2)
	late, early := s.clock.Now(), s.clock.Now().Add(-time.Hour)
	s.put(&one, nil, mergesync.Row{ID: "seen", ModifiedAt: &late}, mergesync.Row{ID: "gone"}, mergesync.Row{ID: "marked", Deleted: true})
	s.put(nil, nil, mergesync.Row{ID: "without a pass"})
	s.commit(mergesync.Change{Account: "a", Batches: []mergesync.Batch{{ModelID: "hris.Employee", Pass: &one, Rows: []mergesync.Row{{ID: "another model's"}}}}})
	// A row that is not replaced was seen all the same.
	done := s.put(&two, everything(two), mergesync.Row{ID: "seen", ModifiedAt: &early}, mergesync.Row{ID: "new"})
	s.equal(done.Swept, &mergesync.Swept{Live: 4, Unseen: 2, Marked: 2})
	s.equal(s.rows()["a hris.Team gone"].Deleted, true)
	s.equal(s.rows()["a hris.Team without a pass"].Deleted, true)
	s.equal(s.deleted(), 3)
	// One that is marked comes back.
	s.put(&two, nil, mergesync.Row{ID: "gone"})
	s.equal(s.rows()["a hris.Team gone"].Deleted, false)
	s.equal(s.put(&two, everything(two)).Swept, &mergesync.Swept{Live: 3})
	s.equal(s.put(&two, nil).Swept, (*mergesync.Swept)(nil))
}

func highestPass(s subject) {
	s.create("a")
	one, two := uint64(1), uint64(2)
	s.put(&two, nil, mergesync.Row{ID: "1"})
	// A read for another reason takes no pass away, and neither does one that is late.
	s.put(nil, nil, mergesync.Row{ID: "1", JSON: "replaced"})
	s.put(&one, nil, mergesync.Row{ID: "1", JSON: "replaced again"})
	s.equal(s.put(nil, everything(two)).Swept, &mergesync.Swept{Live: 1})
	s.equal(s.put(nil, everything(3)).Swept, &mergesync.Swept{Live: 1, Unseen: 1, Marked: 1})
}

func heldSweep(s subject) {
	s.create("a")
	one, two := uint64(1), uint64(2)
	many := make([]mergesync.Row, 30)
	for i := range many {
		many[i].ID = fmt.Sprint(i)
	}
	s.put(&one, nil, many...)
	s.put(&two, nil, many[3:]...)
	sweep := func(unseenSince, mostRows uint64, mostPercent uint32) *mergesync.Sweep {
		return &mergesync.Sweep{ModelID: "hris.Team", UnseenSince: unseenSince, MostRows: mostRows, MostPercent: mostPercent, Limit: math.MaxUint32}
	}
	// Over both bounds.
	s.equal(s.put(nil, sweep(two, 2, 9)).Swept, &mergesync.Swept{Live: 30, Unseen: 3, Held: true})
	s.equal(s.put(nil, sweep(3, 2, 10)).Swept, &mergesync.Swept{Live: 30, Unseen: 30, Held: true})
	s.equal(s.put(nil, sweep(two, 0, 0)).Swept, &mergesync.Swept{Live: 30, Unseen: 3, Held: true})
	s.equal(s.deleted(), 0)
	// Over the share alone, then over the number alone.
	s.equal(s.put(nil, sweep(two, 3, 0)).Swept, &mergesync.Swept{Live: 30, Unseen: 3, Marked: 3})
	s.equal(s.put(nil, sweep(3, 2, 100)).Swept, &mergesync.Swept{Live: 27, Unseen: 27, Marked: 27})
	s.equal(s.deleted(), 30)
	// Rows that are marked count for nothing.
	s.equal(s.put(nil, sweep(3, 0, 0)).Swept, &mergesync.Swept{})
	// Numbers at the ends of their range.
	s.put(&one, nil, many...)
	s.equal(s.put(nil, sweep(math.MaxUint64, math.MaxUint64, 0)).Swept, &mergesync.Swept{Live: 30, Unseen: 30, Marked: 30})
}

func sweepLimit(s subject) {
	s.create("a")
	one, two := uint64(1), uint64(2)
	s.put(&one, nil, mergesync.Row{ID: "1"}, mergesync.Row{ID: "2"})
	s.put(nil, nil, mergesync.Row{ID: "3"})
	s.put(&two, nil, mergesync.Row{ID: "4"})
	limited := everything(two)
	limited.Limit = 2
	s.equal(s.put(nil, limited).Swept, &mergesync.Swept{Live: 4, Unseen: 3, Marked: 2})
	s.equal(s.deleted(), 2)
	s.equal(s.put(nil, limited).Swept, &mergesync.Swept{Live: 2, Unseen: 1, Marked: 1})
	s.equal(s.put(nil, limited).Swept, &mergesync.Swept{Live: 1})
	s.equal(s.rows()["a hris.Team 4"].Deleted, false)
	limited.UnseenSince, limited.Limit = 3, 0
	s.equal(s.put(nil, limited).Swept, &mergesync.Swept{Live: 1, Unseen: 1})
	s.equal(s.deleted(), 3)
}
