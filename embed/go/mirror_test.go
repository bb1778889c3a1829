// The contract's JSON to typed values and back, by reflection over the names of
// fields: another way than the package's own, to hold that against.

package mergesync_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

// cases are the variants that are interfaces: which struct each case is.
var cases = map[reflect.Type]map[string]any{
	reflect.TypeFor[mergesync.Verdict](): {
		"authentic": mergesync.Authentic{}, "refused": mergesync.Refused{},
	},
	reflect.TypeFor[mergesync.Outcome](): {
		"accepted": mergesync.Accepted{}, "refused": mergesync.Refused{}, "malformed": mergesync.Malformed{},
	},
	reflect.TypeFor[mergesync.Event](): {
		"linked": mergesync.Linked{}, "synced": mergesync.Synced{}, "record-changed": mergesync.RecordChanged{},
		"issue-changed": mergesync.IssueChanged{}, "unlinked": mergesync.Unlinked{}, "ignored": mergesync.Ignored{},
	},
	reflect.TypeFor[mergesync.Plan](): {
		"fetch": mergesync.Span{}, "skip": mergesync.Skip{},
	},
	reflect.TypeFor[mergesync.Endpoint](): {
		"listed": mergesync.Listed{}, "unlisted": mergesync.Unlisted{}, "unmapped": mergesync.Unmapped{},
	},
	reflect.TypeFor[mergesync.AttemptOutcome](): {
		"response": mergesync.ResponseFacts{}, "transport": mergesync.TransportFailure{},
		"timed-out": mergesync.TimedOut{}, "too-large": mergesync.TooLarge{}, "unusable": mergesync.UnusableBody{},
		"stale-cursor": mergesync.StaleCursor{}, "no-token": mergesync.NoToken{},
	},
	reflect.TypeFor[mergesync.Decision](): {
		"succeeded": mergesync.Succeeded{}, "again": mergesync.Again{}, "stop": mergesync.Stop{},
	},
}

var (
	instantType = reflect.TypeFor[time.Time]()
	spanType    = reflect.TypeFor[time.Duration]()
	bytesType   = reflect.TypeFor[[]byte]()
	stateType   = reflect.TypeFor[mergesync.SyncState]()
	humps       = regexp.MustCompile(`([a-z])([A-Z])`)
)

func snake(name string) string { return strings.ToLower(humps.ReplaceAllString(name, "${1}_${2}")) }

// errInexpressible is a value that the typed form cannot have, and so never sends.
var errInexpressible = errors.New("no typed value is so")

// fill makes the typed value at to equal to a value of the contract.
func fill(to reflect.Value, from any) error {
	switch {
	case to.Kind() == reflect.Pointer:
		if from == nil {
			return nil
		}
		to.Set(reflect.New(to.Type().Elem()))
		return fill(to.Elem(), from)
	case to.Type() == instantType:
		text, _ := from.(string)
		instant, err := time.Parse(time.RFC3339Nano, text)
		if err != nil || instant.Nanosecond()%1000 != 0 {
			return errInexpressible
		}
		to.Set(reflect.ValueOf(instant))
		return nil
	case to.Type() == spanType:
		value, err := strconv.ParseUint(fmt.Sprint(from), 10, 64)
		if err != nil || value > math.MaxInt64/1_000_000 {
			return errInexpressible
		}
		to.SetInt(int64(value) * 1_000_000)
		return nil
	case to.Type() == bytesType:
		text, is := from.(string)
		to.SetBytes([]byte(text))
		return expressible(is)
	case to.Type() == stateType:
		object, _ := from.(map[string]any)
		tag, is := object["tag"].(string)
		state := mergesync.SyncState{Kind: mergesync.SyncKind(tag)}
		if value, has := object["value"].(map[string]any); has {
			state.Text, has = value["text"].(string)
			is = is && has && tag == "unknown" && len(value) == 1
		} else {
			is = is && tag != "unknown"
		}
		to.Set(reflect.ValueOf(state))
		return expressible(is)
	case to.Kind() == reflect.Interface:
		return fillCase(to, from)
	}
	return fillPlain(to, from)
}

func expressible(is bool) error {
	if !is {
		return errInexpressible
	}
	return nil
}

func fillCase(to reflect.Value, from any) error {
	object, _ := from.(map[string]any)
	tag, _ := object["tag"].(string)
	example, known := cases[to.Type()][tag]
	if !known {
		return errInexpressible
	}
	value := reflect.New(reflect.TypeOf(example)).Elem()
	if value.NumField() > 0 {
		if err := fill(value, object["value"]); err != nil {
			return err
		}
	}
	to.Set(value)
	return nil
}

func fillPlain(to reflect.Value, from any) error {
	switch to.Kind() {
	case reflect.String:
		text, is := from.(string)
		to.SetString(text)
		return expressible(is)
	case reflect.Bool:
		value, is := from.(bool)
		to.SetBool(value)
		return expressible(is)
	case reflect.Uint16, reflect.Uint32, reflect.Uint64:
		value, err := strconv.ParseUint(fmt.Sprint(from), 10, to.Type().Bits())
		to.SetUint(value)
		return expressible(err == nil)
	case reflect.Slice:
		list, is := from.([]any)
		to.Set(reflect.MakeSlice(to.Type(), len(list), len(list)))
		for i, each := range list {
			if err := fill(to.Index(i), each); err != nil {
				return err
			}
		}
		return expressible(is)
	case reflect.Struct:
		object, is := from.(map[string]any)
		if !is {
			return errInexpressible
		}
		known := map[string]bool{}
		for i := range to.NumField() {
			key := snake(to.Type().Field(i).Name)
			known[key] = true
			value, has := object[key]
			if !has && to.Field(i).Kind() != reflect.Pointer {
				return errInexpressible
			}
			if err := fill(to.Field(i), value); err != nil {
				return err
			}
		}
		for key := range object {
			if !known[key] {
				return errInexpressible
			}
		}
		return nil
	}
	return fmt.Errorf("no rule for %s", to.Type())
}

// dump is the value of the contract that a typed value stands for.
func dump(v reflect.Value) any {
	switch {
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return dump(v.Elem())
	case v.Type() == instantType:
		instant, _ := v.Interface().(time.Time)
		if instant.Nanosecond() == 0 {
			return instant.Format("2006-01-02T15:04:05Z")
		}
		return instant.Format("2006-01-02T15:04:05.000000Z")
	case v.Type() == spanType:
		return json.Number(strconv.FormatInt(v.Int()/1_000_000, 10))
	case v.Type() == stateType:
		state, _ := v.Interface().(mergesync.SyncState)
		if state.Kind == "unknown" {
			return map[string]any{"tag": "unknown", "value": map[string]any{"text": state.Text}}
		}
		return map[string]any{"tag": string(state.Kind)}
	case v.Kind() == reflect.Interface:
		for tag, example := range cases[v.Type()] {
			if reflect.TypeOf(example) != v.Elem().Type() {
				continue
			}
			if v.Elem().NumField() == 0 {
				return map[string]any{"tag": tag}
			}
			return map[string]any{"tag": tag, "value": dump(v.Elem())}
		}
		return "no such case: " + fmt.Sprint(v.Elem().Type())
	}
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int:
		return json.Number(strconv.FormatInt(v.Int(), 10))
	case reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return json.Number(strconv.FormatUint(v.Uint(), 10))
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = dump(v.Index(i))
		}
		return list
	case reflect.Struct:
		object := map[string]any{}
		for i := range v.NumField() {
			object[snake(v.Type().Field(i).Name)] = dump(v.Field(i))
		}
		return object
	}
	return fmt.Sprintf("no rule for %s", v.Type())
}
