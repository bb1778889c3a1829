// What was saved is put in, and what was found is held against what is wanted.

package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

func (p *player) different(named any) error {
	values, err := p.resolved(named)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	all, _ := values.([]any)
	for _, value := range all {
		text := fmt.Sprint(value)
		if seen[text] {
			return fmt.Errorf("%v are not all different", all)
		}
		seen[text] = true
	}
	return nil
}

func (p *player) rising(named any) error {
	values, err := p.resolved(named)
	if err != nil {
		return err
	}
	all, _ := values.([]any)
	for i, value := range all {
		this, err := number(value)
		if err != nil {
			return err
		}
		if i == 0 {
			continue
		}
		if last, err := number(all[i-1]); err != nil || this <= last {
			return errors.Join(err, fmt.Errorf("%v do not rise", all))
		}
	}
	return nil
}

// resolved puts in what was saved: $v.notes.0.number.
func (p *player) resolved(value any) (any, error) {
	var err error
	switch value := value.(type) {
	case string:
		if !strings.HasPrefix(value, "$") {
			return value, nil
		}
		path := strings.Split(value[1:], ".")
		found := p.saved[path[0]]
		for _, key := range path[1:] {
			if found, err = inside(found, key); err != nil {
				return nil, fmt.Errorf("%s: %w", value, err)
			}
		}
		return found, nil
	case []any:
		all := make([]any, len(value))
		for i, each := range value {
			if all[i], err = p.resolved(each); err != nil {
				return nil, err
			}
		}
		return all, nil
	case map[string]any:
		all := map[string]any{}
		for key, each := range value {
			if all[key], err = p.resolved(each); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	return value, nil
}

func inside(value any, key string) (any, error) {
	switch value := value.(type) {
	case map[string]any:
		return value[key], nil
	case []any:
		at, err := number(json.Number(key))
		if err == nil && at < uint64(len(value)) {
			return value[at], nil
		}
	}
	return nil, fmt.Errorf("nothing at `%s` of %v", key, value)
}

// match holds every field that is wanted against the one that is there; others may be there, too.
func match(want, found any, where string) error {
	mismatch := fmt.Errorf("%s is %v, expected %v", where, found, want)
	switch want := want.(type) {
	case map[string]any:
		fields, is := found.(map[string]any)
		if !is {
			return mismatch
		}
		for key, value := range want {
			there, is := fields[key]
			if !is {
				return mismatch
			}
			if err := match(value, there, where+"."+key); err != nil {
				return err
			}
		}
		return nil
	case []any:
		items, is := found.([]any)
		if !is || len(items) != len(want) {
			return mismatch
		}
		for i, value := range want {
			if err := match(value, items[i], fmt.Sprintf("%s.%d", where, i)); err != nil {
				return err
			}
		}
		return nil
	}
	if want != found {
		return mismatch
	}
	return nil
}

func instant(text any) (time.Time, error) { return time.Parse(time.RFC3339Nano, fmt.Sprint(text)) }

func utc(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	zulu := at.UTC()
	return &zulu
}
