// The writer and the reader against encoding/json.

package wire

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// texts are what JSON makes something of, and a few thousand drawn ones.
func texts() []string {
	all := []string{"", "plain", `"`, `\`, "\x00\x01\x1f\x7f\x80", "<&>\u2028\u2029", "\ufeffmark", "é\U0001F600", "\xff", "a\xc3", "\xed\xa0\x80"}
	draw := rand.New(rand.NewPCG(1, 2))
	alphabet := []string{"a", "\"", "\\", "\n", "\x00", "\x1f", "é", "\u2028", "\U0001F600", "\xff", "/", "u", " "}
	for range 3000 {
		var text strings.Builder
		for range draw.IntN(12) {
			text.WriteString(alphabet[draw.IntN(len(alphabet))])
		}
		all = append(all, text.String())
	}
	return all
}

func TestTextsAreReadAsTheyWereWritten(t *testing.T) {
	for _, text := range texts() {
		var w Writer
		w.Text("", text)
		document, err := w.Document()
		if !utf8.ValidString(text) {
			if err == nil {
				t.Fatalf("%q was written", text)
			}
			continue
		}
		var theirs string
		if err != nil || json.Unmarshal(document, &theirs) != nil || theirs != text {
			t.Fatalf("%q was written as %s, %v", text, document, err)
		}
		// Escapes of theirs, some of which the writer never makes.
		escaped, _ := json.Marshal(text)
		for _, document := range [][]byte{document, escaped} {
			r := NewReader(document)
			if ours := r.Text(); ours != text || r.Finish() != nil {
				t.Fatalf("%s was read as %q, %v", document, ours, r.Finish())
			}
		}
	}
}

func TestEscapesAreReadAsOthersReadThem(t *testing.T) {
	for _, document := range []string{
		`"\b\f\n\r\t\/\\\""`, `"\u0041\u00e9\u20AC"`, `"\ud83d\ude00"`, `"\uD83D\uDE00x"`, `"x\u0000"`,
	} {
		var want string
		if err := json.Unmarshal([]byte(document), &want); err != nil {
			t.Fatal(err)
		}
		r := NewReader([]byte(document))
		if found := r.Text(); found != want || r.Finish() != nil {
			t.Errorf("%s: found %q, %v, expected %q", document, found, r.Finish(), want)
		}
	}
}

func TestWhatIsNoTextIsRefused(t *testing.T) {
	for _, document := range []string{
		"", `"`, `"a`, `"\`, `"\u`, `"\u12`, `"\u12g4"`, `"\x"`, `"\ud83d"`, `"\ud83dx"`, `"\ud83d\u0041"`,
		"\"\n\"", "\"\\n\n\"", "\"\xff\"", `1`, `null`, `"a" "b"`, `"a"x`,
	} {
		r := NewReader([]byte(document))
		r.Text()
		if r.Finish() == nil {
			t.Errorf("%q was read", document)
		}
	}
}

func TestEveryCutOfADocumentIsRefused(t *testing.T) {
	type inner struct{ B []bool }
	document := `{"a" : {"b":[true, false]},"n":18446744073709551615,"t":"2026-01-05T12:00:00.5Z","o":null,"s":"\u00e9"}`
	read := func(text string) (n uint64, in inner, at time.Time, err error) {
		r := NewReader([]byte(text))
		r.Object(func(key []byte) bool {
			switch string(key) {
			case "a":
				r.Object(func([]byte) bool {
					r.List(func() { in.B = append(in.B, r.Bool()) })
					return true
				})
			case "n":
				n = r.Number(math.MaxUint64)
			case "t":
				at = r.Instant()
			case "o":
				if text := r.Optional(); text != nil && *text != "" {
					t.Errorf("null was read as %q", *text)
				}
			case "s":
				r.Text()
			default:
				return false
			}
			return true
		})
		return n, in, at, r.Finish()
	}
	n, in, at, err := read(document)
	if err != nil || n != math.MaxUint64 || !reflect.DeepEqual(in.B, []bool{true, false}) || at.Nanosecond() != 5e8 {
		t.Fatalf("found %d, %v, %v, %v", n, in, at, err)
	}
	for cut := range len(document) {
		if _, _, _, err := read(document[:cut]); err == nil {
			t.Errorf("%s was read", document[:cut])
		}
	}
	for _, wrong := range []string{
		`{"x":1}`, `{"n":-1}`, `{"n":1.5}`, `{"n":18446744073709551616}`, `{"n":"x"}`, `{"n":true}`,
		`{"t":"yesterday"}`, `{"t":"2026-02-30T12:00:00Z"}`, `{"a":{"b":[true,]}}`, `{"a":{"b":[tru]}}`, `{"n":1,}`, `[]`, `{"n":1}{}`,
	} {
		if _, _, _, err := read(wrong); err == nil {
			t.Errorf("%s was read", wrong)
		}
	}
}

func TestTheFirstErrorNamesTheFieldByItsPath(t *testing.T) {
	var w Writer
	w.Object("", func() {
		w.List("rows", 2, func(i int) {
			w.Object("", func() {
				w.Texts("names", []string{"a", []string{"b", "\xff"}[i]})
			})
		})
		w.Span("overlap", -time.Second)
	})
	_, err := w.Document()
	if want := "rows[1].names[1]: expected utf-8, found other bytes"; err == nil || err.Error() != want {
		t.Errorf("found %v, expected %s", err, want)
	}
	w.Reset()
	w.Null("")
	if document, err := w.Document(); err != nil || string(document) != "null" {
		t.Errorf("after a reset: found %s, %v", document, err)
	}
}

func TestNumbersInstantsAndSpans(t *testing.T) {
	at := time.Date(2026, 1, 5, 12, 0, 0, 1_999, time.FixedZone("", 3600))
	for want, write := range map[string]func(w *Writer){
		`9007199254740992`:              func(w *Writer) { w.Number("", 1<<53) },
		`"9007199254740993"`:            func(w *Writer) { w.Number("", 1<<53+1) },
		`"18446744073709551615"`:        func(w *Writer) { w.Number("", math.MaxUint64) },
		`"2026-01-05T11:00:00.000001Z"`: func(w *Writer) { w.Instant("", at) },
		`"2026-01-05T11:00:00Z"`:        func(w *Writer) { w.Instant("", at.Add(-1_000)) },
		`"0001-01-01T00:00:00Z"`:        func(w *Writer) { w.Instant("", time.Time{}) },
		`1500`:                          func(w *Writer) { w.Span("", 1500*time.Millisecond) },
		`{"tag":"done"}`:                func(w *Writer) { w.Tagged("", "done", nil) },
	} {
		var w Writer
		write(&w)
		if document, err := w.Document(); err != nil || string(document) != want {
			t.Errorf("found %s, %v, expected %s", document, err, want)
		}
	}
	r := NewReader([]byte(`"18446744073709551615"`))
	if span := r.Span(); span != math.MaxInt64 || r.Finish() != nil {
		t.Errorf("found %s, %v, expected the longest span", span, r.Finish())
	}
}
