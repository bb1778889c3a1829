// The component: compiled once, run by a pool of instances.

package mergesync

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"sync"
	"unicode/utf8"

	"github.com/tetratelabs/wazero"

	"github.com/merge-sync/merge-sync/embed/go/internal/wire"
)

// Version is the version of this package, and of the component that it takes.
const Version = "0.1.0"

// heaviest is how much memory an instance may keep: one that a large body made grow
// further is replaced, since a module never gives memory back.
const heaviest = 16 << 20

// page is the unit of a module's memory.
const page = 64 << 10

// Component answers questions. Make one with [New] and share it.
type Component struct {
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
	cache    wazero.CompilationCache
	// slots has room for as many values as instances may work at a time.
	slots  chan struct{}
	closed chan struct{}

	mu   sync.Mutex
	idle []*instance
	once sync.Once
}

type options struct {
	wasm      func() ([]byte, error)
	instances int
	memory    int
	cacheDir  string
}

// Option changes how [New] makes a component.
type Option func(*options)

// WithWasm takes the component's bytes instead of the embedded ones.
func WithWasm(wasm []byte) Option {
	return func(o *options) { o.wasm = func() ([]byte, error) { return wasm, nil } }
}

// WithWasmFile reads the component from a file instead of taking the embedded one.
func WithWasmFile(path string) Option {
	return func(o *options) { o.wasm = func() ([]byte, error) { return os.ReadFile(path) } }
}

// WithInstances sets how many calls may compute at a time; without it that is
// GOMAXPROCS. Each is made when first needed, and takes 1.1 MiB until a large body makes it grow.
func WithInstances(n int) Option { return func(o *options) { o.instances = n } }

// WithMemoryLimit bounds the memory of each instance, in bytes; without it that is
// 512 MiB. A call that needs more fails, and the next one is made on a fresh instance.
func WithMemoryLimit(bytes int) Option { return func(o *options) { o.memory = bytes } }

// WithCacheDir keeps the compiled machine code in a folder, so that the next process
// starts faster. Nobody else may be able to write there.
func WithCacheDir(dir string) Option { return func(o *options) { o.cacheDir = dir } }

// New compiles the component and checks its version. The error is a
// [*ComponentError], which wraps a [*VersionError] where that is the reason.
func New(ctx context.Context, opts ...Option) (*Component, error) {
	chosen := options{
		wasm:      func() ([]byte, error) { return embedded, nil },
		instances: runtime.GOMAXPROCS(0),
		memory:    512 << 20,
	}
	for _, option := range opts {
		option(&chosen)
	}
	if chosen.instances < 1 {
		return nil, &ComponentError{Doing: "load", Err: fmt.Errorf("instances: found %d, expected at least 1", chosen.instances)}
	}
	if chosen.memory < page || chosen.memory > math.MaxUint16*page {
		return nil, &ComponentError{Doing: "load", Err: fmt.Errorf("memory limit: found %d, expected from %d to %d", chosen.memory, page, math.MaxUint16*page)}
	}
	wasm, err := chosen.wasm()
	if err != nil {
		return nil, &ComponentError{Doing: "load", Err: err}
	}
	c := &Component{
		slots:  make(chan struct{}, chosen.instances),
		closed: make(chan struct{}),
	}
	if err := c.load(ctx, wasm, chosen); err != nil {
		_ = c.Close(ctx)
		var inner *ComponentError
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return nil, &ComponentError{Doing: "load", Err: err}
	}
	return c, nil
}

func (c *Component) load(ctx context.Context, wasm []byte, chosen options) (err error) {
	config := wazero.NewRuntimeConfig().WithMemoryLimitPages(uint32(chosen.memory / page))
	if chosen.cacheDir != "" {
		if c.cache, err = wazero.NewCompilationCacheWithDir(chosen.cacheDir); err != nil {
			return err
		}
		config = config.WithCompilationCache(c.cache)
	}
	c.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	if c.compiled, err = c.runtime.CompileModule(ctx, wasm); err != nil {
		return fmt.Errorf("the file is damaged or no core module: %w", err)
	}
	var found string
	err = c.ask(ctx, "meta.version", func(w *wire.Writer) {
		w.Object("", func() {})
	}, func(r *wire.Reader) {
		found = r.Text()
	})
	if err != nil {
		return err
	}
	if found != Version {
		return &VersionError{Found: found, Expected: Version}
	}
	return nil
}

// Close waits for the calls under way and frees everything. A second Close does
// nothing.
func (c *Component) Close(ctx context.Context) (err error) {
	c.once.Do(func() {
		close(c.closed)
		for range cap(c.slots) {
			c.slots <- struct{}{}
		}
		if c.runtime != nil {
			err = c.runtime.Close(ctx)
		}
		if c.cache != nil {
			err = errors.Join(err, c.cache.Close(ctx))
		}
	})
	return err
}

// Call is the contract's json.call: the operation's input and its output as JSON.
// It is what the typed functions stand on, for operations and forms that they do not
// cover. Waiting for an instance ends with ctx; a computation does not.
func (c *Component) Call(ctx context.Context, operation string, input []byte) (output []byte, err error) {
	if !utf8.ValidString(operation) {
		return nil, &InputError{Operation: "json.call", Message: "operation: expected utf-8, found other bytes"}
	}
	if !utf8.Valid(input) {
		return nil, &InputError{Operation: operation, Message: "input: expected utf-8, found other bytes"}
	}
	err = c.call(ctx, operation, input, func(answer []byte) { output = bytes.Clone(answer) })
	return output, err
}

// call is Call for texts that are UTF-8; use looks at the answer while it lasts.
func (c *Component) call(ctx context.Context, operation string, input []byte, use func(answer []byte)) error {
	if len(input) > wire.Largest || len(operation) > math.MaxUint16 {
		return &InputError{Operation: operation, Message: fmt.Sprintf("input: found %d bytes, expected at most %d", len(input), wire.Largest)}
	}
	if err := c.acquire(ctx); err != nil {
		return err
	}
	defer func() { <-c.slots }()
	instance, err := c.take()
	if err != nil {
		return &ComponentError{Doing: operation, Err: err}
	}
	var objection error
	err = instance.invoke(operation, input, func(output []byte, refused bool) {
		if refused {
			objection = &InputError{Operation: operation, Message: string(output)}
			return
		}
		use(output)
	})
	if err != nil {
		_ = instance.module.Close(background)
		return &ComponentError{Doing: operation, Err: err}
	}
	c.give(instance)
	return objection
}

// acquire waits for room to compute.
func (c *Component) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-c.closed:
		return ErrClosed
	default:
	}
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-c.closed:
		return ErrClosed
	}
	return nil
}

// take finds an instance that nobody uses, or makes one.
func (c *Component) take() (*instance, error) {
	c.mu.Lock()
	if n := len(c.idle); n > 0 {
		found := c.idle[n-1]
		c.idle = c.idle[:n-1]
		c.mu.Unlock()
		return found, nil
	}
	c.mu.Unlock()
	// Without a name there may be several of one module.
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize")
	module, err := c.runtime.InstantiateModule(background, c.compiled, config)
	if err != nil {
		return nil, err
	}
	return bind(module)
}

// give puts an instance back, unless it has grown too heavy to keep.
func (c *Component) give(used *instance) {
	if used.memory.Size() > heaviest {
		_ = used.module.Close(background)
		return
	}
	c.mu.Lock()
	c.idle = append(c.idle, used)
	c.mu.Unlock()
}

var writers = sync.Pool{New: func() any { return new(wire.Writer) }}

// ask writes the input, calls, and reads the output.
func (c *Component) ask(ctx context.Context, operation string, write func(*wire.Writer), read func(*wire.Reader)) error {
	writer, _ := writers.Get().(*wire.Writer)
	defer func() {
		// A body of megabytes need not be remembered.
		if writer.Cap() <= 1<<20 {
			writers.Put(writer)
		}
	}()
	writer.Reset()
	write(writer)
	input, err := writer.Document()
	if err != nil {
		return &InputError{Operation: operation, Message: err.Error()}
	}
	var strange error
	err = c.call(ctx, operation, input, func(answer []byte) {
		reader := wire.NewReader(answer)
		read(reader)
		strange = reader.Finish()
	})
	if err == nil && strange != nil {
		err = &ComponentError{Doing: operation, Err: fmt.Errorf("an answer that this package does not understand: %w", strange)}
	}
	return err
}
