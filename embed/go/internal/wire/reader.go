package wire

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Reader takes one JSON document apart. The first value that is not what was asked
// for is kept as the error; from then on everything reads as empty.
type Reader struct {
	data []byte
	at   int
	err  error
}

// NewReader reads a document.
func NewReader(document []byte) *Reader { return &Reader{data: document} }

// Finish returns the error, also where something follows the document.
func (r *Reader) Finish() error {
	if r.peek() != 0 && r.err == nil {
		r.Fail("more than one document")
	}
	return r.err
}

// Fail keeps an error, unless there is one already.
func (r *Reader) Fail(format string, found ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("byte %d: %s", r.at, fmt.Sprintf(format, found...))
	}
}

// peek is the first byte of what comes next; 0 at the end, or after an error.
func (r *Reader) peek() byte {
	if r.err != nil {
		return 0
	}
	for r.at < len(r.data) {
		switch b := r.data[r.at]; b {
		case ' ', '\n', '\t', '\r':
			r.at++
		default:
			return b
		}
	}
	return 0
}

// take consumes one byte that has to be there.
func (r *Reader) take(want byte) bool {
	if r.peek() != want {
		r.Fail("expected `%c`", want)
		return false
	}
	r.at++
	return true
}

// more says whether another element follows the nth one of a list or an object.
func (r *Reader) more(nth int, end byte) bool {
	next := r.peek()
	if next == end {
		r.at++
		return false
	}
	if nth > 0 {
		return r.take(',')
	}
	return r.err == nil
}

// Object hands each key to field, which reads its value, or returns false for a key
// that it does not know.
func (r *Reader) Object(field func(key []byte) bool) {
	if !r.take('{') {
		return
	}
	for n := 0; r.more(n, '}'); n++ {
		key := r.raw()
		if !r.take(':') {
			return
		}
		if !field(key) {
			r.Fail("unknown field `%s`", key)
			return
		}
	}
}

// List has each element read by each.
func (r *Reader) List(each func()) {
	if !r.take('[') {
		return
	}
	for n := 0; r.more(n, ']'); n++ {
		each()
		if r.err != nil {
			return
		}
	}
}

// Tagged reads a variant: payload reads the value of the case, or returns false for
// a case that it does not know. The tag comes before the value.
func (r *Reader) Tagged(payload func(tag string) bool) (tag string) {
	r.Object(func(key []byte) bool {
		switch string(key) {
		case "tag":
			tag = r.Text()
		case "value":
			if !payload(tag) {
				r.Fail("unknown case `%s`", tag)
			}
		default:
			return false
		}
		return true
	})
	return tag
}

// Null consumes a null, if one comes next.
func (r *Reader) Null() bool {
	if r.peek() != 'n' {
		return false
	}
	return r.word("null")
}

func (r *Reader) word(word string) bool {
	if !bytes.HasPrefix(r.data[r.at:], []byte(word)) {
		r.Fail("expected `%s`", word)
		return false
	}
	r.at += len(word)
	return true
}

// Bool reads true or false.
func (r *Reader) Bool() bool {
	if r.peek() == 't' {
		return r.word("true")
	}
	if r.peek() != 'f' {
		r.Fail("expected a boolean")
		return false
	}
	r.word("false")
	return false
}

// OptionalBool reads true, false or null.
func (r *Reader) OptionalBool() *bool {
	if r.Null() {
		return nil
	}
	value := r.Bool()
	return &value
}

// Number reads a whole number from 0 to most, as a number or a text.
func (r *Reader) Number(most uint64) uint64 {
	var digits []byte
	if r.peek() == '"' {
		digits = r.raw()
	} else {
		start := r.at
		for r.at < len(r.data) && r.data[r.at] >= '0' && r.data[r.at] <= '9' {
			r.at++
		}
		digits = r.data[start:r.at]
	}
	if r.err != nil {
		return 0
	}
	value, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil || value > most {
		r.Fail("expected a whole number from 0 to %d", most)
		return 0
	}
	return value
}

// OptionalNumber reads a whole number of 64 bits or null.
func (r *Reader) OptionalNumber() *uint64 {
	if r.Null() {
		return nil
	}
	value := r.Number(math.MaxUint64)
	return &value
}

// Span reads milliseconds; what no Duration can hold (292 years) is the longest one.
func (r *Reader) Span() time.Duration {
	value := r.Number(math.MaxUint64)
	if value > uint64(math.MaxInt64/time.Millisecond) {
		return math.MaxInt64
	}
	return time.Duration(value) * time.Millisecond
}

// Instant reads an instant.
func (r *Reader) Instant() time.Time {
	text := r.raw()
	if r.err != nil {
		return time.Time{}
	}
	instant, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		r.Fail("expected an instant, found `%s`", text)
	}
	return instant.UTC()
}

// OptionalInstant reads an instant or null.
func (r *Reader) OptionalInstant() *time.Time {
	if r.Null() {
		return nil
	}
	instant := r.Instant()
	return &instant
}

// Text reads a text.
func (r *Reader) Text() string { return string(r.raw()) }

// Optional reads a text or null.
func (r *Reader) Optional() *string {
	if r.Null() {
		return nil
	}
	text := r.Text()
	return &text
}

// Texts reads a list of texts.
func (r *Reader) Texts() []string {
	var texts []string
	r.List(func() { texts = append(texts, r.Text()) })
	return texts
}

// raw reads a text: a part of the document where nothing in it is escaped.
func (r *Reader) raw() []byte {
	if !r.take('"') {
		return nil
	}
	start := r.at
	for ; r.at < len(r.data); r.at++ {
		switch b := r.data[r.at]; {
		case b == '"':
			r.at++
			return r.utf8(r.data[start : r.at-1])
		case b == '\\':
			return r.utf8(r.escaped(start))
		case b < ' ':
			r.Fail("a control character in a text")
			return nil
		}
	}
	r.Fail("a text without an end")
	return nil
}

func (r *Reader) utf8(text []byte) []byte {
	if !utf8.Valid(text) {
		r.Fail("a text that is not utf-8")
		return nil
	}
	return text
}

// escaped reads on at the first escape of a text that began at start.
func (r *Reader) escaped(start int) []byte {
	end := r.at + bytes.IndexByte(r.data[r.at:], '"')
	text := make([]byte, 0, max(end-start, 64)+64)
	for r.at < len(r.data) {
		next := bytes.IndexAny(r.data[start:], "\"\\")
		if next < 0 {
			break
		}
		part := r.data[start : start+next]
		for _, b := range part {
			if b < ' ' {
				r.Fail("a control character in a text")
				return nil
			}
		}
		text = append(text, part...)
		r.at = start + next + 1
		if r.data[r.at-1] == '"' {
			return text
		}
		text = r.escape(text)
		if r.err != nil {
			return nil
		}
		start = r.at
	}
	r.Fail("a text without an end")
	return nil
}

// escape reads what follows a backslash.
func (r *Reader) escape(text []byte) []byte {
	if r.at >= len(r.data) {
		r.Fail("a text without an end")
		return nil
	}
	b := r.data[r.at]
	r.at++
	switch b {
	case '"', '\\', '/':
		return append(text, b)
	case 'b':
		return append(text, '\b')
	case 'f':
		return append(text, '\f')
	case 'n':
		return append(text, '\n')
	case 'r':
		return append(text, '\r')
	case 't':
		return append(text, '\t')
	case 'u':
		return utf8.AppendRune(text, r.unit())
	}
	r.Fail("unknown escape `\\%c`", b)
	return nil
}

// unit reads the digits of \u, and the second half of a pair.
func (r *Reader) unit() rune {
	first := r.hex()
	if !utf16.IsSurrogate(first) {
		return first
	}
	if !bytes.HasPrefix(r.data[r.at:], []byte(`\u`)) {
		r.Fail("half a surrogate pair")
		return 0
	}
	r.at += 2
	both := utf16.DecodeRune(first, r.hex())
	if both == utf8.RuneError {
		r.Fail("half a surrogate pair")
	}
	return both
}

func (r *Reader) hex() rune {
	if r.at+4 > len(r.data) {
		r.Fail("a text without an end")
		return 0
	}
	value, err := strconv.ParseUint(string(r.data[r.at:r.at+4]), 16, 16)
	if err != nil {
		r.Fail("expected four hexadecimal digits")
		return 0
	}
	r.at += 4
	return rune(value)
}
