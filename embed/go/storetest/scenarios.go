// The scenarios that the stores of every language pass, and what plays them.

package storetest

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

// scenario is one of tests/host-vectors/store-*.json.
type scenario struct {
	ID    string           `json:"id"`
	Note  string           `json:"note"`
	Steps []map[string]any `json:"steps"`
}

// defaults are what a step does not say.
type defaults map[string]any

func readScenarios(files embed.FS) (all []scenario, whole defaults, err error) {
	listed, err := files.ReadDir("host_vectors")
	if err != nil {
		return nil, nil, err
	}
	for _, file := range listed {
		text, err := files.ReadFile("host_vectors/" + file.Name())
		if err != nil {
			return nil, nil, err
		}
		if file.Name() == "defaults.json" {
			err = decode(text, &whole)
		} else {
			var some []scenario
			err = decode(text, &some)
			all = append(all, some...)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", file.Name(), err)
		}
	}
	return all, whole, nil
}

// errLeftOut says that the subject has not what a scenario looks at.
var errLeftOut = errors.New("left out")

// player is one scenario under way.
type player struct {
	ctx      context.Context
	defaults defaults
	clock    *clock
	subject  Subject
	// saved are the answers that later steps name.
	saved map[string]any
}

// play runs a scenario. The error is errLeftOut, or says what the store did instead.
func play(ctx context.Context, s scenario, whole defaults, clock *clock, subject Subject) error {
	for _, step := range s.Steps {
		if step["probe"] == "notices" && subject.Notices == nil {
			return fmt.Errorf("%w: the subject has no Notices", errLeftOut)
		}
		if step["reopen"] != nil && subject.Reopen == nil {
			return fmt.Errorf("%w: the subject has no Reopen", errLeftOut)
		}
	}
	p := &player{ctx: ctx, defaults: whole, clock: clock, subject: subject, saved: map[string]any{}}
	if err := p.setClock(whole["clock"]); err != nil {
		return err
	}
	for number, step := range s.Steps {
		if err := p.step(step); err != nil {
			return fmt.Errorf("%s, step %d: %w. %s", s.ID, number, err, s.Note)
		}
	}
	return nil
}

func (p *player) setClock(text any) error {
	at, err := instant(text)
	p.clock.set(at)
	return err
}

func (p *player) step(step map[string]any) error {
	switch {
	case step["clock"] != nil:
		return p.setClock(step["clock"])
	case step["reopen"] != nil:
		subject, err := p.subject.Reopen()
		p.subject = subject
		return err
	case step["different"] != nil:
		return p.different(step["different"])
	case step["rising"] != nil:
		return p.rising(step["rising"])
	case step["race"] != nil:
		return p.race(step)
	}
	var found any
	var err error
	if step["call"] != nil {
		found, err = p.call(p.store(step), step)
	} else {
		found, err = p.probe(step)
	}
	if err != nil {
		return err
	}
	if want, is := step["out"]; is {
		if want, err = p.resolved(want); err != nil {
			return err
		}
		if err := match(want, found, "it"); err != nil {
			return err
		}
	}
	if name, is := step["save"].(string); is {
		if answer, is := found.(map[string]any); is && step["call"] != nil {
			found = answer["ok"]
		}
		p.saved[name] = found
	}
	return nil
}

// store is the one that a step asks.
func (p *player) store(step map[string]any) mergesync.Store {
	if step["by"] == "another" && p.subject.Another != nil {
		return p.subject.Another
	}
	return p.subject.Store
}

// call does a step with a store: its answer, or its error where that is one of the contract's.
func (p *player) call(store mergesync.Store, step map[string]any) (any, error) {
	in, err := p.resolved(step["in"])
	if err != nil {
		return nil, err
	}
	var answer any
	switch step["call"] {
	case "load":
		var loaded *mergesync.LoadedAccount
		if loaded, err = store.Load(p.ctx, fmt.Sprint(in)); err == nil {
			answer = loadedAnswer(loaded)
		}
	case "keep_note":
		var note mergesync.Note
		if note, err = p.defaults.note(in); err != nil {
			return nil, err
		}
		err = store.KeepNote(p.ctx, note)
	case "commit":
		var change mergesync.Change
		if change, err = p.defaults.change(in); err != nil {
			return nil, err
		}
		var committed mergesync.Committed
		if committed, err = store.Commit(p.ctx, change); err == nil {
			answer = committedAnswer(committed)
		}
	default:
		return nil, fmt.Errorf("unknown call `%v`", step["call"])
	}
	return ended(answer, err)
}

func ended(answer any, err error) (any, error) {
	var stale *mergesync.StaleError
	switch {
	case err == nil:
		return generic(map[string]any{"ok": answer})
	case errors.Is(err, mergesync.ErrUnknownAccount):
		return generic(map[string]any{"error": map[string]any{"tag": "unknown-account"}})
	case errors.As(err, &stale):
		value := map[string]any{"current": stale.Current}
		return generic(map[string]any{"error": map[string]any{"tag": "stale", "value": value}})
	}
	return nil, err
}

// race does a step several times at once, half of them with the other connection.
func (p *player) race(step map[string]any) error {
	rivals, err := number(step["race"])
	if err != nil {
		return err
	}
	stores := []mergesync.Store{p.subject.Store, p.subject.Store}
	if p.subject.Another != nil {
		stores[1] = p.subject.Another
	}
	type end struct {
		answer any
		err    error
	}
	ends := make(chan end, rivals)
	for rival := range rivals {
		go func() {
			answer, err := p.call(stores[rival%2], step)
			ends <- end{answer, err}
		}()
	}
	won, stale := 0, 0
	for range rivals {
		end := <-ends
		if end.err != nil {
			err = end.err
		} else if answer, is := end.answer.(map[string]any); is && answer["error"] == nil {
			won++
		} else {
			stale++
		}
	}
	if err != nil {
		return err
	}
	found, err := generic(map[string]any{"ok": won, "stale": stale})
	if err != nil {
		return err
	}
	return match(step["out"], found, "the race")
}

func (p *player) probe(step map[string]any) (any, error) {
	values := map[string]any{}
	for key, value := range step {
		if key != "out" {
			resolved, err := p.resolved(value)
			if err != nil {
				return nil, err
			}
			values[key] = resolved
		}
	}
	limit := uint64(100)
	if values["limit"] != nil {
		var err error
		if limit, err = number(values["limit"]); err != nil {
			return nil, err
		}
	}
	switch values["probe"] {
	case "due", "next_start":
		now, err := instant(values["now"])
		if err != nil {
			return nil, err
		}
		if values["probe"] == "next_start" {
			next, err := p.store(step).NextStart(p.ctx, now)
			return answered(utc(next), err)
		}
		all, err := p.store(step).Due(p.ctx, now, int(limit))
		accounts := []any{}
		for _, due := range all {
			accounts = append(accounts, due.Account)
		}
		return answered(accounts, err)
	case "token":
		token, err := p.store(step).Token(p.ctx, fmt.Sprint(values["account"]))
		if token == "" {
			return nil, err
		}
		return string(token), err
	case "profile":
		profile, err := p.subject.Store.Profile(p.ctx, fmt.Sprint(values["account"]))
		return answered(accountJSON(profile), err)
	case "notices":
		all, err := p.subject.Notices(p.ctx, values["after"], int(limit))
		return noticesAnswer(all), err
	case "rows", "counts":
		rows, err := p.rows(fmt.Sprint(values["account"]), fmt.Sprint(values["model_id"]))
		if values["probe"] == "counts" {
			return answered(counts(rows), err)
		}
		return answered(rows, err)
	}
	return nil, fmt.Errorf("unknown probe `%v`", values["probe"])
}

func answered(answer any, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return generic(answer)
}

// rows are those of an account and a model, by id.
func (p *player) rows(account, model string) ([]rowJSON, error) {
	found := []rowJSON{}
	err := p.subject.Store.Rows(p.ctx, func(of, modelID string, row mergesync.Row) error {
		if of == account && modelID == model {
			row.ModifiedAt = utc(row.ModifiedAt)
			found = append(found, rowJSON(row))
		}
		return nil
	})
	slices.SortFunc(found, func(a, b rowJSON) int { return strings.Compare(a.ID, b.ID) })
	return found, err
}

func counts(rows []rowJSON) map[string]int {
	deleted := 0
	for _, row := range rows {
		if row.Deleted {
			deleted++
		}
	}
	return map[string]int{"rows": len(rows), "deleted": deleted}
}
