// What can go wrong, as errors of the package's own.

package mergesync

import (
	"errors"
	"fmt"
)

// ErrClosed is returned by calls on a component after its Close.
var ErrClosed = errors.New("merge-sync: the component is closed")

// InputError says that a call's input is wrong: nothing was decided and nothing has
// changed. It names the field at fault and carries no secret.
type InputError struct {
	// Operation is the contract's name of the function, for example "window.next".
	Operation string
	// Message is one line that begins with the field's path, for example
	// "statuses[0].model_name: expected utf-8, found other bytes".
	Message string
}

// Error is one line.
func (e *InputError) Error() string {
	return fmt.Sprintf("merge-sync: %s: %s", e.Operation, e.Message)
}

// ComponentError says that the component's file is missing or damaged, does not fit
// this package, or failed. The next call is made on a fresh instance.
type ComponentError struct {
	// Doing is what was done, for example "load" or "window.next".
	Doing string
	// Err is the cause.
	Err error
}

// Error is one line.
func (e *ComponentError) Error() string {
	return fmt.Sprintf("merge-sync: component: %s: %s", e.Doing, oneLine(e.Err.Error()))
}

// Unwrap returns the cause.
func (e *ComponentError) Unwrap() error { return e.Err }

// VersionError says that the component is not the one this package was made for.
type VersionError struct {
	// Found is the component's version.
	Found string
	// Expected is this package's, [Version].
	Expected string
}

// Error is one line.
func (e *VersionError) Error() string {
	return fmt.Sprintf("version: found `%s`, expected `%s`", e.Found, e.Expected)
}

// oneLine is the first line of an error's text: wazero adds a stack trace.
func oneLine(text string) string {
	for i, c := range text {
		if c == '\n' {
			return text[:i]
		}
	}
	return text
}
