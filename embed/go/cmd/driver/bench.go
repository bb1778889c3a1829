// What a webhook costs, and whether memory stays as it is.

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

// batches is the number of measurements of which the median counts.
const batches = 11

func runBench(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	calls := flags.Int("calls", 2000, "calls in each batch")
	memoryCalls := flags.Int("memory-calls", 100_000, "calls between two looks at the memory")
	file, err := parse(flags, args, "FILE")
	if err != nil {
		return err
	}
	text, delivery, err := benchInput(file)
	if err != nil {
		return err
	}
	started := time.Now()
	component, err := mergesync.New(ctx)
	if err != nil {
		return err
	}
	defer component.Close(ctx)
	handle := func() error {
		handling, err := component.HandleWebhook(ctx, delivery)
		if err == nil && handling.Reply.Status != 200 {
			err = fmt.Errorf("answered %d, expected 200", handling.Reply.Status)
		}
		return err
	}
	if err := handle(); err != nil {
		return err
	}
	firstUse := time.Since(started)
	busy := processor()
	typed, err := measure(*calls, handle)
	if err != nil {
		return err
	}
	// What the processor did for a call, whoever else the machine was busy with.
	cost := (processor() - busy) / time.Duration((batches+1)**calls)
	plain, err := measure(*calls, func() error {
		_, err := component.Call(ctx, "webhook.handle", text)
		return err
	})
	if err != nil {
		return err
	}
	if err := repeat(10_000, handle); err != nil {
		return err
	}
	before, err := resident()
	if err != nil {
		return err
	}
	if err := repeat(*memoryCalls, handle); err != nil {
		return err
	}
	after, err := resident()
	if err != nil {
		return err
	}
	return print(map[string]any{
		"webhook_handle_us":     microseconds(typed),
		"webhook_handle_cpu_us": microseconds(cost),
		"text_call_us":          microseconds(plain),
		"first_use_ms":          float64(firstUse.Microseconds()/10) / 100,
		"memory_calls":          *memoryCalls,
		"resident_before":       before,
		"resident_after":        after,
	})
}

// benchInput is the input as text, and as a delivery.
func benchInput(file string) ([]byte, mergesync.SignedBody, error) {
	var delivery mergesync.SignedBody
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, delivery, err
	}
	var asked struct {
		Operation string
		Input     json.RawMessage
	}
	if err := json.Unmarshal(content, &asked); err != nil {
		return nil, delivery, err
	}
	if asked.Operation != "webhook.handle" {
		return nil, delivery, fmt.Errorf("operation: found `%s`, expected `webhook.handle`", asked.Operation)
	}
	var input struct {
		Body             string
		Signatures, Keys []string
	}
	if err := json.Unmarshal(asked.Input, &input); err != nil {
		return nil, delivery, err
	}
	delivery = mergesync.SignedBody{Body: []byte(input.Body), Signatures: input.Signatures, Keys: input.Keys}
	return asked.Input, delivery, nil
}

// measure is the median time of a call.
func measure(calls int, call func() error) (time.Duration, error) {
	if calls < 1 {
		return 0, errors.New("calls: expected at least 1")
	}
	if err := repeat(calls, call); err != nil {
		return 0, err
	}
	times := make([]time.Duration, batches)
	for i := range times {
		started := time.Now()
		if err := repeat(calls, call); err != nil {
			return 0, err
		}
		times[i] = time.Since(started) / time.Duration(calls)
	}
	slices.Sort(times)
	return times[batches/2], nil
}

// processor is the processor time that this process has taken.
func processor() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func repeat(calls int, call func() error) error {
	for range calls {
		if err := call(); err != nil {
			return err
		}
	}
	return nil
}

func microseconds(span time.Duration) float64 { return float64(span.Nanoseconds()/10) / 100 }

// resident is the process's resident memory in bytes, without what only waits for
// the garbage collector.
func resident() (int64, error) {
	runtime.GC()
	debug.FreeOSMemory()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(statm))
	if len(fields) < 2 {
		return 0, fmt.Errorf("/proc/self/statm: found %q", statm)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
