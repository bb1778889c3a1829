// The demonstration: the engine in this package against the simulated Merge, over
// real HTTP, in virtual time.

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
	"github.com/merge-sync/merge-sync/embed/go/memstore"
	"github.com/merge-sync/merge-sync/embed/go/mergehttp"
	"github.com/merge-sync/merge-sync/embed/go/sqlitestore"
)

const (
	// concurrency is a run for each account.
	concurrency = 3
	// rounds: a host that runs so often without a moment passing never ends.
	rounds = 1000
	// look: while the host runs, webhooks that came due are looked for this often.
	look = 10 * time.Millisecond
)

// readable is a store whose end can be judged.
type readable interface {
	mergesync.Store
	Rows(ctx context.Context, each func(account, modelID string, row mergesync.Row) error) error
	Summaries(ctx context.Context) (map[string]mergesync.Summary, error)
}

type demo struct {
	simulator *simulator
	clock     *virtual
	store     readable
	scheduler *mergesync.Scheduler
	// wake is when the host is to be called again, its clock.
	wake *time.Time
	// rounds counts calls since time last moved.
	rounds int
}

func runDemo(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	check := flags.Bool("check", false, "fail unless the run shows something")
	_ = flags.Bool("json", false, "print the summary as one JSON object, as is done anyway")
	faults := flags.Bool("faults", false, "turn every fault on")
	seed := flags.Uint64("seed", 1, "decides everything that is drawn")
	program := flags.String("simulator", "", "the simulator's program")
	kind := flags.String("store", "sqlite", "memory or sqlite")
	verbose := flags.Bool("verbose", false, "log to standard error")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *program == "" || flags.NArg() > 0 {
		return errors.New(usage)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if *verbose {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	began := time.Now()
	summary, err := play(ctx, *program, *seed, *faults, *kind, log)
	if err != nil {
		return err
	}
	summary.RealSeconds = time.Since(began).Seconds()
	if err := print(summary); err != nil {
		return err
	}
	if *check && !summary.Passed || summary.Lost+summary.Stale+summary.WronglyDeleted+summary.Unknown > 0 {
		return errFailed
	}
	return nil
}

func listen(handler http.Handler) (string, func()) {
	server := httptest.NewServer(handler)
	return server.URL, server.Close
}

func play(ctx context.Context, program string, seed uint64, faults bool, kind string, log *slog.Logger) (*summary, error) {
	url, answer, stop := serve(ctx, listen)
	defer stop()
	merge, err := startSimulator(program, seed, faults, url)
	if err != nil {
		return nil, err
	}
	defer merge.stop()
	d := &demo{simulator: merge, clock: &virtual{simulator: merge, moved: make(chan struct{}, 1)}}
	switch kind {
	case "memory":
		d.store = memstore.New(d.clock)
	case "sqlite":
		dir, err := os.MkdirTemp("", "merge-sync-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		store, err := sqlitestore.Open(ctx, filepath.Join(dir, "merge-sync.sqlite"), d.clock)
		if err != nil {
			return nil, err
		}
		defer store.Close()
		d.store = store
	default:
		return nil, fmt.Errorf("store: found `%s`, expected `memory` or `sqlite`", kind)
	}
	component, err := mergesync.New(ctx)
	if err != nil {
		return nil, err
	}
	defer component.Close(ctx)
	// Nobody moves the clock while a request waits for room.
	limits := mergehttp.DefaultLimits()
	limits.Patience = 0
	client, err := mergehttp.New(mergehttp.Config{
		BaseURL: merge.Address, APIKey: merge.APIKey, Tokens: d.store, Clock: d.clock, Limits: &limits, Transport: d.clock,
	})
	if err != nil {
		return nil, err
	}
	engine, err := mergesync.NewEngine(ctx, mergesync.Config{
		Component: component, Store: d.store, HTTP: client, Clock: d.clock,
		Settings: merge.Settings, Keys: []mergesync.Secret{merge.SigningKey}, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	answer(engine.WebhookHandler())
	d.scheduler = mergesync.NewScheduler(engine, concurrency)
	started, err := merge.next()
	if err != nil {
		return nil, err
	}
	for m := started; m.Now.Before(merge.EndsAt); {
		if err := d.step(ctx, m); err != nil {
			return nil, err
		}
		if m, err = merge.next(); err != nil {
			return nil, err
		}
	}
	if err := d.clock.failed(); err != nil {
		return nil, err
	}
	return d.judge(ctx, seed, faults, started.Now)
}

// step lets time pass until the host is to be called again, until a webhook is due, or
// until the end, and lets happen what is due then: on the way, then in the host.
func (d *demo) step(ctx context.Context, from moment) error {
	until := d.simulator.EndsAt
	if d.wake != nil && d.wake.Add(-from.skew()).Before(until) {
		until = d.wake.Add(-from.skew())
	}
	d.clock.begin()
	m, err := d.simulator.advance(until)
	d.clock.end()
	if err != nil {
		return err
	}
	if m.Now.After(from.Now) {
		d.rounds = 0
	}
	posted := 0
	if m.DeliveryAt != nil && !m.DeliveryAt.After(m.Now) {
		if posted, err = d.simulator.deliver(); err != nil {
			return err
		}
	}
	if posted > 0 || d.wake != nil && !d.wake.After(m.Now.Add(m.skew())) {
		return d.run(ctx)
	}
	return nil
}

// run lets the host run what is due. Its requests take time, and webhooks that come
// due meanwhile are posted meanwhile.
func (d *demo) run(ctx context.Context) error {
	before := d.clock.Now()
	if d.rounds++; d.rounds > rounds {
		return fmt.Errorf("the host ran %d times in a row and asked to be run again at once", rounds)
	}
	ended := make(chan struct{})
	posts := make(chan error, 1)
	posted := 0
	go func() {
		ticker := time.NewTicker(look)
		defer ticker.Stop()
		for {
			select {
			case <-ended:
				posts <- nil
				return
			case <-d.clock.moved:
			case <-ticker.C:
			}
			n, err := d.simulator.deliver()
			if err != nil {
				posts <- err
				return
			}
			posted += n
		}
	}()
	next, err := d.scheduler.RunDue(ctx, before)
	close(ended)
	if err := errors.Join(err, <-posts); err != nil {
		return err
	}
	now := d.clock.Now()
	if now.After(before) {
		d.rounds = 0
	}
	d.wake = next
	if posted > 0 {
		// A note of theirs may have come too late for what the host just said.
		d.wake = &now
	}
	return d.clock.failed()
}
