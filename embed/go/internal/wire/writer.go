// Package wire reads and writes the JSON that the component speaks: snake_case
// objects, RFC 3339 instants, whole milliseconds, tagged variants.
//
// encoding/json took 18 of the 60 microseconds that a webhook may cost, repairs
// text that is not UTF-8 in silence, and knows no field to blame; hence this.
package wire

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
	"unsafe"
)

// exactUpTo is the largest number that every reader of JSON counts up to exactly.
const exactUpTo = 1 << 53

// Largest is the longest document that is written; the component works on some
// copies of it.
const Largest = 128 << 20

// FieldError says which field cannot be written, and why.
type FieldError struct {
	// Field is its path, for example "statuses[0].model_name".
	Field string
	// Problem is what was found and what was expected.
	Problem string
}

// Error is one line.
func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

// step is one level of a path: a key, or a place in a list.
type step struct {
	key   string
	index int
}

// Writer appends one JSON document. The first value that cannot be written is
// kept as the error; what follows it is not looked at.
type Writer struct {
	buf  []byte
	path []step
	err  error
}

// Reset empties the writer and keeps its memory.
func (w *Writer) Reset() {
	w.buf, w.path, w.err = w.buf[:0], w.path[:0], nil
}

// Document is what was written, valid until the next Reset.
func (w *Writer) Document() ([]byte, error) { return w.buf, w.err }

// Cap is how much memory the writer holds.
func (w *Writer) Cap() int { return cap(w.buf) }

// Fail keeps an error about the field of that key, unless there is one already.
func (w *Writer) Fail(key, format string, found ...any) {
	if w.err == nil {
		w.err = &FieldError{Field: w.field(key), Problem: fmt.Sprintf(format, found...)}
	}
}

func (w *Writer) field(key string) string {
	var out strings.Builder
	for _, step := range append(w.path, step{key: key, index: -1}) {
		if step.index >= 0 {
			fmt.Fprintf(&out, "[%d]", step.index)
		}
		if step.key != "" {
			if out.Len() > 0 {
				out.WriteByte('.')
			}
			out.WriteString(step.key)
		}
	}
	return out.String()
}

// begin writes what stands before a value: a comma, and the key if it has one.
func (w *Writer) begin(key string) {
	if len(w.buf) > 0 {
		switch w.buf[len(w.buf)-1] {
		case '{', '[', ':':
		default:
			w.buf = append(w.buf, ',')
		}
	}
	if key != "" {
		w.buf = append(w.buf, '"')
		w.buf = append(w.buf, key...)
		w.buf = append(w.buf, '"', ':')
	}
}

// Object writes an object; the key is empty for a document or a list's element.
func (w *Writer) Object(key string, fields func()) {
	w.begin(key)
	w.buf = append(w.buf, '{')
	w.inside(step{key: key, index: -1}, fields)
	w.buf = append(w.buf, '}')
}

// List writes a list of n values, each written by each, without a key.
func (w *Writer) List(key string, n int, each func(i int)) {
	w.begin(key)
	w.buf = append(w.buf, '[')
	w.path = append(w.path, step{key: key, index: -1})
	for i := range n {
		w.path = append(w.path, step{index: i})
		each(i)
		w.path = w.path[:len(w.path)-1]
	}
	w.path = w.path[:len(w.path)-1]
	w.buf = append(w.buf, ']')
}

// Tagged writes a variant's case; value is nil for a case without a payload.
func (w *Writer) Tagged(key, tag string, value func()) {
	w.Object(key, func() {
		w.Text("tag", tag)
		if value != nil {
			w.Object("value", value)
		}
	})
}

func (w *Writer) inside(at step, fields func()) {
	w.path = append(w.path, at)
	fields()
	w.path = w.path[:len(w.path)-1]
}

// Null writes null.
func (w *Writer) Null(key string) {
	w.begin(key)
	w.buf = append(w.buf, "null"...)
}

// Text writes a text, which has to be UTF-8: nothing is repaired.
func (w *Writer) Text(key, value string) {
	w.begin(key)
	if len(w.buf)+len(value) > Largest {
		w.Fail(key, "found %d bytes, expected less than %d in all", len(value), Largest)
		return
	}
	if !utf8.ValidString(value) {
		w.Fail(key, "expected utf-8, found other bytes")
		return
	}
	w.buf = AppendText(w.buf, value)
}

// Bytes writes bytes that are a text.
func (w *Writer) Bytes(key string, value []byte) {
	// The text is not kept: nothing can change the bytes under it.
	w.Text(key, unsafe.String(unsafe.SliceData(value), len(value)))
}

// Optional writes a text or null.
func (w *Writer) Optional(key string, value *string) {
	if value == nil {
		w.Null(key)
		return
	}
	w.Text(key, *value)
}

// Texts writes a list of texts.
func (w *Writer) Texts(key string, values []string) {
	w.List(key, len(values), func(i int) { w.Text("", values[i]) })
}

// Bool writes true or false.
func (w *Writer) Bool(key string, value bool) {
	w.begin(key)
	w.buf = strconv.AppendBool(w.buf, value)
}

// OptionalBool writes true, false or null.
func (w *Writer) OptionalBool(key string, value *bool) {
	if value == nil {
		w.Null(key)
		return
	}
	w.Bool(key, *value)
}

// Number writes a whole number, as a text beyond 2^53.
func (w *Writer) Number(key string, value uint64) {
	w.begin(key)
	if value <= exactUpTo {
		w.buf = strconv.AppendUint(w.buf, value, 10)
		return
	}
	w.buf = append(w.buf, '"')
	w.buf = strconv.AppendUint(w.buf, value, 10)
	w.buf = append(w.buf, '"')
}

// Instant writes an instant in UTC, rounded down to the microsecond.
func (w *Writer) Instant(key string, value time.Time) {
	w.begin(key)
	value = value.UTC()
	if year := value.Year(); year < 1 || year > 9999 {
		w.Fail(key, "year %d, expected one from 1 to 9999", year)
		return
	}
	layout := `"2006-01-02T15:04:05.000000Z"`
	if value.Nanosecond() < 1000 {
		layout = `"2006-01-02T15:04:05Z"`
	}
	w.buf = value.AppendFormat(w.buf, layout)
}

// OptionalInstant writes an instant or null.
func (w *Writer) OptionalInstant(key string, value *time.Time) {
	if value == nil {
		w.Null(key)
		return
	}
	w.Instant(key, *value)
}

// Span writes a span of time in milliseconds, of which it has to be a whole number.
func (w *Writer) Span(key string, value time.Duration) {
	if value < 0 || value%time.Millisecond != 0 {
		w.Fail(key, "expected whole milliseconds from 0, found %s", value)
		return
	}
	w.Number(key, uint64(value/time.Millisecond))
}

const hex = "0123456789abcdef"

// AppendText appends a text, which has to be UTF-8, as a JSON string: what JSON
// makes one escape is escaped, and nothing else.
func AppendText(to []byte, text string) []byte {
	to = append(to, '"')
	start := 0
	for i := range len(text) {
		b := text[i]
		if b >= ' ' && b != '"' && b != '\\' {
			continue
		}
		to = append(to, text[start:i]...)
		start = i + 1
		switch b {
		case '"', '\\':
			to = append(to, '\\', b)
		case '\n':
			to = append(to, '\\', 'n')
		case '\r':
			to = append(to, '\\', 'r')
		case '\t':
			to = append(to, '\\', 't')
		default:
			to = append(to, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
		}
	}
	to = append(to, text[start:]...)
	return append(to, '"')
}
