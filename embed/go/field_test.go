// What the field sends and no documentation says, through the engine into a store.

package mergesync_test

import (
	"strings"
	"testing"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

// page answers every request for teams with these records.
func page(records string) func(string) (mergesync.HTTPResponse, error) {
	return func(string) (mergesync.HTTPResponse, error) {
		return mergesync.HTTPResponse{Status: 200, Body: []byte(`{"next":null,"previous":null,"results":[` + records + `]}`)}, nil
	}
}

// run moves the clock to the account's next start and runs it.
func (w *world) run() mergesync.Report {
	w.Helper()
	due, err := w.store.Due(w.Context(), w.clock.Now().Add(mergesync.FurthestStart), 1)
	if err != nil || len(due) != 1 {
		w.Fatalf("found %+v, %v, expected one account with a start", due, err)
	}
	w.clock.move(max(due[0].Start.Sub(w.clock.Now()), 0))
	report, err := w.engine.Run(w.Context(), "a")
	if err != nil {
		w.Fatal(err)
	}
	return report
}

func (w *world) model() mergesync.ModelView {
	w.Helper()
	view, err := w.engine.Inspect(w.Context(), "a")
	if err != nil || len(view.Models) != 1 {
		w.Fatalf("found %+v, %v, expected one model", view, err)
	}
	return view.Models[0]
}

func (w *world) request(command mergesync.Command) {
	w.Helper()
	if err := w.engine.Request(w.Context(), "a", command); err != nil {
		w.Fatal(err)
	}
}

func TestAnEmptyFullReadMarksNothingUntilItIsApproved(t *testing.T) {
	w := newWorld(t)
	w.link()
	w.run()
	w.merge.teams = page("")
	w.request(mergesync.RereadModel{ModelID: "hris.Team"})
	for range 3 {
		w.run()
	}
	w.stored()
	held := w.model().HeldSweep
	if held == nil || held.Unseen != 1 || held.Live != 1 {
		t.Fatalf("found %+v, expected a held sweep of one row", held)
	}
	if trouble := w.model().Trouble; trouble == nil || trouble.Kind != mergesync.TroubleHeldSweep {
		t.Errorf("found %+v, expected it to be the model's trouble", trouble)
	}
	deleted := func() (found bool) {
		_ = w.store.Rows(t.Context(), func(_, _ string, row mergesync.Row) error {
			found = row.Deleted
			return nil
		})
		return found
	}
	w.request(mergesync.ApproveDeletions{ModelID: "hris.Team", Pass: held.Pass + 1})
	w.run()
	if deleted() {
		t.Error("an approval of another pass marked the row")
	}
	w.request(mergesync.ApproveDeletions{ModelID: "hris.Team", Pass: held.Pass})
	w.run()
	if !deleted() || w.model().HeldSweep != nil {
		t.Errorf("found %+v, expected the row to be marked and nothing held", w.model().HeldSweep)
	}
}

func TestAPageThatCannotBeReadWholeIsAskedForInParts(t *testing.T) {
	for name, failure := range map[string]error{
		"too large": &mergesync.TooLargeError{Message: "of 60 MB \xff"}, "timed out": &mergesync.TimedOutError{},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.link()
			w.merge.teams = func(query string) (mergesync.HTTPResponse, error) {
				if strings.Contains(query, "page_size=100") {
					return mergesync.HTTPResponse{}, failure
				}
				return mergesync.HTTPResponse{Status: 200, Body: []byte(teams)}, nil
			}
			rows := uint64(0)
			for range 6 {
				rows += w.run().Rows
			}
			if size := w.model().PageSize; rows != 1 || size == 0 || size > 50 {
				t.Errorf("found %d rows with pages of %d, expected one with pages of 50 or less", rows, size)
			}
			w.stored()
		})
	}
}

func TestWhatCannotBeStoredIsCountedAndShown(t *testing.T) {
	w := newWorld(t)
	w.link()
	w.merge.teams = page(`{"id":"t1","name":"<Ops & Co>"},{"name":"nobody"},NaN`)
	w.run()
	w.stored()
	model := w.model()
	if model.WithoutKey != 1 || model.UnreadableRecords != 1 || model.Trouble == nil || model.Trouble.Kind != mergesync.TroubleNoKey {
		t.Errorf("found %+v, expected one without a key, one unreadable, and trouble", model)
	}
	summaries, _ := w.store.Summaries(t.Context())
	if found := summaries["a"]; found.Skipped != 2 || found.Link != mergesync.LinkActive || found.Trouble == nil || *found.Trouble != mergesync.TroubleNoKey {
		t.Errorf("found %+v, expected two skipped of an active link", found)
	}
}

// A PostgreSQL store refuses U+0000 in a text.
func TestNoTextForTheStoreHoldsTheZeroCharacter(t *testing.T) {
	w := newWorld(t)
	body := `{"hook":{"event":"LinkedAccount.linked"},"linked_account":{"id":"a","category":"hris",` +
		`"end_user_organization_name":"Acme\u0000Ltd","account_type":"TEST","is_duplicate":false},` +
		`"data":{"account_token":"t","is_relink":false}}`
	if reply := w.engine.Receive(t.Context(), []byte(body), signed([]byte(body)).Signatures); reply.Status != 200 {
		t.Fatalf("found %+v, expected 200", reply)
	}
	profile, err := w.store.Profile(t.Context(), "a")
	if err != nil || profile.OrganizationName != "Acme\uFFFDLtd" || profile.AccountType != "TEST" ||
		profile.IsDuplicate == nil || *profile.IsDuplicate {
		t.Errorf("found %+v, %v, expected U+FFFD in its name, a test account, and no duplicate", profile, err)
	}
	w.merge.teams = page(`{"id":"t\u0000","remote_id":"r\u0000","name":"\u0000"}`)
	w.run()
	found := 0
	_ = w.store.Rows(t.Context(), func(_, _ string, row mergesync.Row) error {
		found++
		if row.ID != "t\uFFFD" || row.RemoteID == nil || *row.RemoteID != "r\uFFFD" || !strings.Contains(row.JSON, `"name":"\u0000"`) {
			t.Errorf("found %+v, expected U+FFFD in its ids and the escape in its json", row)
		}
		return nil
	})
	if found != 1 {
		t.Errorf("found %d rows, expected one", found)
	}
}

func TestABadByteCostsItsOwnTextAlone(t *testing.T) {
	w := newWorld(t)
	w.link()
	w.merge.teams = page(`{"id":"t1","name":"<Ops & Co>","note":"caf` + "\xe9" + `"}`)
	w.run()
	w.stored()
	if !strings.Contains(w.log.String(), "not utf-8") {
		t.Errorf("found %s, expected a warning", w.log)
	}
}
