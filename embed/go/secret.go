// A secret that does not print itself.

package mergesync

import (
	"fmt"
	"log/slog"
)

// Secret is an account token or a key. Printing or logging one shows that it is
// there and nothing of it; string(secret) is its value.
type Secret string

const hidden = "<secret>"

// Format implements [fmt.Formatter] for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue implements [slog.LogValuer].
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText keeps the secret out of encoding/json, also as a field.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
