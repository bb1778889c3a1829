// Driver lets the project's own checks talk to this package: each subcommand prints
// one JSON object.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
	"github.com/merge-sync/merge-sync/embed/go/internal/vectors"
)

const usage = `usage: driver COMMAND
  vectors DIR
  replay FILE [--out FILE]
  bench FILE [--calls N] [--memory-calls M]
  demo --check --json [--faults] --seed N --simulator PATH [--store memory|sqlite]`

// errFailed says that the answer was printed and is a bad one.
var errFailed = errors.New("failed")

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		if !errors.Is(err, errFailed) {
			fmt.Fprintln(os.Stderr, "driver:", err)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	switch args[0] {
	case "vectors":
		return runVectors(ctx, args[1:])
	case "replay":
		return runReplay(ctx, args[1:])
	case "bench":
		return runBench(ctx, args[1:])
	case "demo":
		return runDemo(ctx, args[1:])
	}
	return errors.New(usage)
}

// parse reads flags that stand before or after the one plain argument.
func parse(flags *flag.FlagSet, args []string, plain string) (string, error) {
	if err := flags.Parse(args); err != nil {
		return "", err
	}
	if flags.NArg() == 0 {
		return "", fmt.Errorf("%s: missing\n%s", plain, usage)
	}
	value := flags.Arg(0)
	if err := flags.Parse(flags.Args()[1:]); err != nil {
		return "", err
	}
	if flags.NArg() > 0 {
		return "", fmt.Errorf("`%s` is not expected\n%s", flags.Arg(0), usage)
	}
	return value, nil
}

func print(answer any) error { return json.NewEncoder(os.Stdout).Encode(answer) }

func runVectors(ctx context.Context, args []string) error {
	dir, err := parse(flag.NewFlagSet("vectors", flag.ContinueOnError), args, "DIR")
	if err != nil {
		return err
	}
	all, err := vectors.Load(dir)
	if err != nil {
		return err
	}
	component, err := mergesync.New(ctx)
	if err != nil {
		return err
	}
	defer component.Close(ctx)
	failures := []string{}
	for _, vector := range all {
		answer, refused, err := call(ctx, component, vector.Operation, string(vector.Input))
		if err == nil {
			err = vector.Check(answer, refused)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			failures = append(failures, vector.ID)
		}
	}
	err = print(map[string]any{
		"runtime":  runtimeName(),
		"passed":   len(all) - len(failures),
		"failed":   len(failures),
		"failures": failures,
	})
	if err == nil && len(failures) > 0 {
		err = errFailed
	}
	return err
}

func call(ctx context.Context, component *mergesync.Component, operation, input string) (answer []byte, refused string, err error) {
	answer, err = component.Call(ctx, operation, []byte(input))
	var wrong *mergesync.InputError
	if errors.As(err, &wrong) {
		return nil, wrong.Message, nil
	}
	return answer, "", err
}

// runtimeName is "wazero 1.12.0, go 1.26.8".
func runtimeName() string {
	wazero := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range info.Deps {
			if dependency.Path == "github.com/tetratelabs/wazero" {
				wazero = strings.TrimPrefix(dependency.Version, "v")
			}
		}
	}
	return fmt.Sprintf("wazero %s, go %s", wazero, strings.TrimPrefix(runtime.Version(), "go"))
}

func runReplay(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("replay", flag.ContinueOnError)
	out := flags.String("out", "", "also write the answers here, a line each")
	file, err := parse(flags, args, "FILE")
	if err != nil {
		return err
	}
	input, err := os.Open(file)
	if err != nil {
		return err
	}
	defer input.Close()
	digest := sha256.New()
	answers := io.Writer(digest)
	if *out != "" {
		kept, err := os.Create(*out)
		if err != nil {
			return err
		}
		defer kept.Close()
		answers = io.MultiWriter(digest, kept)
	}
	component, err := mergesync.New(ctx)
	if err != nil {
		return err
	}
	defer component.Close(ctx)
	lines, err := replay(ctx, component, input, answers)
	if err != nil {
		return err
	}
	return print(map[string]any{"lines": lines, "sha256": fmt.Sprintf("%x", digest.Sum(nil))})
}

func replay(ctx context.Context, component *mergesync.Component, input io.Reader, answers io.Writer) (int, error) {
	lines := 0
	reader := bufio.NewReader(input)
	for {
		line, err := reader.ReadBytes('\n')
		if len(line) > 0 {
			var asked struct{ Operation, Input string }
			if err := json.Unmarshal(line, &asked); err != nil {
				return lines, fmt.Errorf("line %d: %w", lines+1, err)
			}
			answer, refused, err := call(ctx, component, asked.Operation, asked.Input)
			if err != nil {
				return lines, fmt.Errorf("line %d: %w", lines+1, err)
			}
			if answer != nil {
				_, err = fmt.Fprintf(answers, "ok\t%s\n", answer)
			} else {
				_, err = fmt.Fprintf(answers, "error\t%s\n", refused)
			}
			if err != nil {
				return lines, err
			}
			lines++
		}
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
	}
}
