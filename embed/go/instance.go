// One instance of the core module, called through the canonical ABI.

package mergesync

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"github.com/tetratelabs/wazero/api"
)

const (
	exportCall    = "merge-sync:triggers/json@0.1.0#call"
	exportPost    = "cabi_post_" + exportCall
	exportRealloc = "cabi_realloc"
)

// instance is one of the module's. It serves one call at a time.
type instance struct {
	module  api.Module
	memory  api.Memory
	realloc api.Function
	call    api.Function
	post    api.Function
	stack   [4]uint64
}

func bind(module api.Module) (*instance, error) {
	i := &instance{
		module:  module,
		memory:  module.Memory(),
		realloc: module.ExportedFunction(exportRealloc),
		call:    module.ExportedFunction(exportCall),
		post:    module.ExportedFunction(exportPost),
	}
	switch {
	case i.memory == nil:
		return nil, errors.New("it exports no memory")
	case i.realloc == nil:
		return nil, fmt.Errorf("it does not export `%s`", exportRealloc)
	case i.call == nil:
		return nil, fmt.Errorf("it does not export `%s`", exportCall)
	case i.post == nil:
		return nil, fmt.Errorf("it does not export `%s`", exportPost)
	}
	return i, nil
}

// background is the context of every computation, which goes to its end whatever
// becomes of the caller's.
var background = context.Background()

// invoke calls json.call, whose result lies in memory: the case in one byte, then,
// four bytes on, pointer and length of the text. The text is the module's, and use
// may look at it until it returns. After an error the instance is of no more use.
func (i *instance) invoke(operation string, input []byte, use func(output []byte, refused bool)) error {
	operationAt, err := i.write(text(operation))
	if err != nil {
		return err
	}
	inputAt, err := i.write(input)
	if err != nil {
		return err
	}
	i.stack = [4]uint64{operationAt, uint64(len(operation)), inputAt, uint64(len(input))}
	if err := i.call.CallWithStack(background, i.stack[:]); err != nil {
		return err
	}
	resultAt := i.stack[0]
	result, ok := i.memory.Read(uint32(resultAt), 12)
	if !ok || result[0] > 1 {
		return errors.New("no result where it was said to be")
	}
	output, ok := i.memory.Read(binary.LittleEndian.Uint32(result[4:]), binary.LittleEndian.Uint32(result[8:]))
	if !ok {
		return errors.New("no text where it was said to be")
	}
	use(output, result[0] == 1)
	// Now the module may free it.
	i.stack[0] = resultAt
	return i.post.CallWithStack(background, i.stack[:])
}

// write copies a text into the module's memory, which the module then owns.
func (i *instance) write(content []byte) (uint64, error) {
	i.stack = [4]uint64{0, 0, 1, uint64(len(content))}
	if err := i.realloc.CallWithStack(background, i.stack[:]); err != nil {
		return 0, err
	}
	at := i.stack[0]
	if !i.memory.Write(uint32(at), content) {
		return 0, fmt.Errorf("no room for %d bytes where it was said to be", len(content))
	}
	return at, nil
}

// text is a string's bytes, to read only.
func text(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
