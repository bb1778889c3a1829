// Package vectors runs the project's vectors: inputs and outputs that every host
// must agree on.
package vectors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sort"
)

// Vector is one input and the output it must have.
type Vector struct {
	ID        string          `json:"id"`
	Operation string          `json:"operation"`
	Input     json.RawMessage `json:"input"`
	Output    json.RawMessage `json:"output"`
}

// Load reads every vector of every file in a folder, in the order of the files.
func Load(dir string) ([]Vector, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no vectors in %q", dir)
	}
	sort.Strings(files)
	var all []Vector
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var some []Vector
		if err := json.Unmarshal(content, &some); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, some...)
	}
	return all, nil
}

// Refused is the message that a vector's input is refused with, if it is.
func (v Vector) Refused() (string, bool) {
	var refused struct {
		Error *string `json:"error"`
	}
	if json.Unmarshal(v.Output, &refused) != nil || refused.Error == nil {
		return "", false
	}
	return *refused.Error, true
}

// Check says how an answer differs from the vector's output. Keys may come in any
// order; a number is compared digit by digit.
func (v Vector) Check(answer []byte, refused string) error {
	if want, is := v.Refused(); is {
		if answer != nil || refused != want {
			return fmt.Errorf("%s: answered %s, refused %q, expected %q", v.ID, answer, refused, want)
		}
		return nil
	}
	found, err := Parse(answer)
	if err != nil {
		return fmt.Errorf("%s: %w: %q", v.ID, err, refused)
	}
	want, err := Parse(v.Output)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(found, want) {
		return fmt.Errorf("%s: answered %s, expected %s", v.ID, answer, v.Output)
	}
	return nil
}

// Parse reads one document without turning a number into a float.
func Parse(document []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if decoder.More() {
		return nil, errors.New("more than one document")
	}
	return value, nil
}
