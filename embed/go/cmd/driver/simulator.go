// The simulator of Merge: a program beside this one, driven by control requests.

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

// greeting is the line that the simulator prints at its start.
type greeting struct {
	Address    string           `json:"address"`
	APIKey     mergesync.Secret `json:"-"`
	SigningKey mergesync.Secret `json:"-"`
	Settings   string           `json:"settings"`
	EndsAt     time.Time        `json:"ends_at"`
}

type simulator struct {
	greeting
	command *exec.Cmd
	client  http.Client
}

// startSimulator starts the program; it posts webhooks to url.
func startSimulator(path string, seed uint64, faults bool, url string) (*simulator, error) {
	args := []string{"--demo", "--port", "0", "--seed", strconv.FormatUint(seed, 10), "--webhook-url", url}
	if faults {
		args = append(args, "--faults")
	}
	s := &simulator{command: exec.Command(path, args...)}
	s.command.Stderr = os.Stderr
	output, err := s.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err == nil {
		err = s.read(line)
	}
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("simulator: no greeting: %w", err)
	}
	return s, nil
}

func (s *simulator) read(line []byte) error {
	var keys struct {
		APIKey     string `json:"api_key"`
		SigningKey string `json:"signing_key"`
	}
	if err := json.Unmarshal(line, &s.greeting); err != nil {
		return err
	}
	if err := json.Unmarshal(line, &keys); err != nil {
		return err
	}
	s.APIKey, s.SigningKey = mergesync.Secret(keys.APIKey), mergesync.Secret(keys.SigningKey)
	return nil
}

func (s *simulator) stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	_ = s.command.Wait()
}

// control sends a control request.
func (s *simulator) control(command string, body, answer any) error {
	content, err := json.Marshal(body)
	if err != nil {
		return err
	}
	response, err := s.client.Post(s.Address+"/_control/"+command, "application/json", bytes.NewReader(content))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("simulator: %s: answered %d: %s", command, response.StatusCode, said)
	}
	return json.Unmarshal(said, answer)
}

// moment is what is to happen in the simulator.
type moment struct {
	Now        time.Time  `json:"now"`
	DeliveryAt *time.Time `json:"next_delivery_at"`
	SkewMicros int64      `json:"host_skew_micros"`
}

func (m moment) skew() time.Duration { return time.Duration(m.SkewMicros) * time.Microsecond }

func (s *simulator) next() (m moment, err error) {
	err = s.control("next", struct{}{}, &m)
	return m, err
}

// advance lets it be to, or the first instant before that at which a webhook is due.
func (s *simulator) advance(to time.Time) (m moment, err error) {
	err = s.control("advance", map[string]any{"to": to, "until_delivery": true}, &m)
	return m, err
}

func (s *simulator) deliver() (int, error) {
	var done struct {
		Posted int `json:"posted"`
	}
	err := s.control("deliver", struct{}{}, &done)
	return done.Posted, err
}

// virtual is the host's clock: the simulator's, and what the host's is off by.
type virtual struct {
	simulator *simulator
	moved     chan struct{}

	mu   sync.Mutex
	seen time.Time
	err  error
	// fresh says that time cannot have moved since it was seen.
	fresh bool
	// underWay are requests to Merge: each takes time.
	underWay int
	// ended counts those that are over.
	ended int
}

// begin and end stand around what may move time.
func (v *virtual) begin() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.underWay++
}

func (v *virtual) end() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.underWay--
	v.ended++
	v.fresh = false
}

// RoundTrip implements [http.RoundTripper]: a request, and its answer up to its end,
// move time.
func (v *virtual) RoundTrip(request *http.Request) (*http.Response, error) {
	v.begin()
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		v.end()
		return nil, err
	}
	response.Body = &endingBody{ReadCloser: response.Body, end: sync.OnceFunc(v.end)}
	return response, nil
}

// endingBody says when it is closed.
type endingBody struct {
	io.ReadCloser
	end func()
}

// Close implements [io.Closer].
func (b *endingBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}

// known is the time, if it cannot have moved since it was seen, and how many requests
// are over.
func (v *virtual) known() (now time.Time, known bool, ended int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.seen, v.fresh && v.underWay == 0, v.ended
}

// Now implements [mergesync.Clock]. Whoever looks finds out that time has moved.
func (v *virtual) Now() time.Time {
	now, known, ended := v.known()
	if known {
		return now
	}
	m, err := v.simulator.next()
	v.mu.Lock()
	defer v.mu.Unlock()
	if err != nil {
		if v.err == nil {
			v.err = err
		}
		return v.seen
	}
	v.fresh = v.underWay == 0 && v.ended == ended
	if now := m.Now.Add(m.skew()); !now.Equal(v.seen) {
		v.seen = now
		select {
		case v.moved <- struct{}{}:
		default:
		}
	}
	return v.seen
}

// failed is the first error of a look at the clock.
func (v *virtual) failed() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.err
}

// serve answers webhooks on a free port of the loopback address.
func serve(ctx context.Context, listen func(handler http.Handler) (string, func())) (url string, set func(http.Handler), stop func()) {
	var mu sync.RWMutex
	var handler http.Handler = http.NotFoundHandler()
	address, stop := listen(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		mu.RLock()
		current := handler
		mu.RUnlock()
		current.ServeHTTP(w, request.WithContext(ctx))
	}))
	return address + "/api/webhooks/merge", func(h http.Handler) {
		mu.Lock()
		defer mu.Unlock()
		handler = h
	}, stop
}
