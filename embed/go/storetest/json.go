// What a scenario says and what a store answers, in the JSON form.

package storetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	mergesync "github.com/merge-sync/merge-sync/embed/go"
)

// The types of the contract, field by field, with their names in the JSON form.
type (
	accountJSON struct {
		ID               string `json:"id"`
		Category         string `json:"category"`
		Integration      string `json:"integration"`
		IntegrationSlug  string `json:"integration_slug"`
		EndUserOriginID  string `json:"end_user_origin_id"`
		OrganizationName string `json:"organization_name"`
		LinkStatus       string `json:"link_status"`
		AccountType      string `json:"account_type"`
		IsDuplicate      *bool  `json:"is_duplicate"`
	}
	rowJSON struct {
		ID         string     `json:"id"`
		RemoteID   *string    `json:"remote_id"`
		ModifiedAt *time.Time `json:"modified_at"`
		Deleted    bool       `json:"deleted"`
		JSON       string     `json:"json"`
	}
	sweepJSON struct {
		ModelID     string `json:"model_id"`
		UnseenSince uint64 `json:"unseen_since"`
		MostRows    uint64 `json:"most_rows"`
		MostPercent uint32 `json:"most_percent"`
		Limit       uint32 `json:"limit"`
	}
	sweptJSON struct {
		Live   uint64 `json:"live"`
		Unseen uint64 `json:"unseen"`
		Marked uint64 `json:"marked"`
		Held   bool   `json:"held"`
	}
	noticeJSON struct {
		ID       string             `json:"id"`
		Occasion mergesync.Occasion `json:"occasion"`
		ModelID  *string            `json:"model_id"`
		Text     string             `json:"text"`
	}
	summaryJSON struct {
		Phase   mergesync.AccountPhase `json:"phase"`
		Ready   uint32                 `json:"ready"`
		Needed  uint32                 `json:"needed"`
		Trouble *mergesync.TroubleKind `json:"trouble"`
		Link    mergesync.LinkState    `json:"link"`
		Skipped uint64                 `json:"skipped"`
		FreshTo *time.Time             `json:"fresh_to"`
	}
	secretJSON struct {
		Value string `json:"value"`
	}
	noteJSON struct {
		Account string       `json:"account"`
		Key     string       `json:"key"`
		Text    string       `json:"text"`
		Secret  *secretJSON  `json:"secret"`
		Profile *accountJSON `json:"profile"`
		Create  bool         `json:"create"`
	}
	batchJSON struct {
		ModelID string    `json:"model_id"`
		Pass    *uint64   `json:"pass"`
		Rows    []rowJSON `json:"rows"`
	}
	changeJSON struct {
		Account   string     `json:"account"`
		Expected  *string    `json:"expected"`
		State     string     `json:"state"`
		Consumed  []uint64   `json:"consumed"`
		WakeAt    *time.Time `json:"wake_at"`
		NotBefore *time.Time `json:"not_before"`
		Token     struct {
			Tag   string     `json:"tag"`
			Value secretJSON `json:"value"`
		} `json:"token"`
		Summary summaryJSON  `json:"summary"`
		Batches []batchJSON  `json:"batches"`
		Sweep   *sweepJSON   `json:"sweep"`
		Notices []noticeJSON `json:"notices"`
	}
)

// note is what a step says, and else what is so by default.
func (d defaults) note(in any) (mergesync.Note, error) {
	whole := with(d["keep_note"], in)
	if whole["profile"] != nil {
		whole["profile"] = with(d["profile"], whole["profile"])
	}
	var read noteJSON
	if err := reread(whole, &read); err != nil {
		return mergesync.Note{}, err
	}
	return mergesync.Note{
		Account: read.Account, Key: read.Key, Text: read.Text, Secret: secret(read.Secret),
		Profile: (*mergesync.Account)(read.Profile), Create: read.Create,
	}, nil
}

// change is what a step says, and else what is so by default.
func (d defaults) change(in any) (mergesync.Change, error) {
	whole := with(d["commit"], in)
	batches := []any{}
	for _, each := range items(whole["batches"]) {
		batch := with(d["batch"], each)
		rows, err := d.rows(items(batch["rows"]))
		if err != nil {
			return mergesync.Change{}, err
		}
		batch["rows"] = rows
		batches = append(batches, batch)
	}
	whole["batches"] = batches
	notices := []any{}
	for _, each := range items(whole["notices"]) {
		notices = append(notices, with(d["notice"], each))
	}
	whole["notices"] = notices
	if whole["sweep"] != nil {
		whole["sweep"] = with(d["sweep"], whole["sweep"])
	}
	var read changeJSON
	if err := reread(whole, &read); err != nil {
		return mergesync.Change{}, err
	}
	return read.change()
}

// rows writes out `each`: so many rows, # in their texts being their number in five digits.
func (d defaults) rows(said []any) ([]any, error) {
	all := []any{}
	for _, each := range said {
		row, _ := each.(map[string]any)
		if row["each"] == nil {
			all = append(all, with(d["row"], row))
			continue
		}
		count, err := number(row["each"])
		if err != nil {
			return nil, err
		}
		for i := range count {
			numbered := with(d["row"], row["row"])
			for key, value := range numbered {
				if text, is := value.(string); is {
					numbered[key] = strings.ReplaceAll(text, "#", fmt.Sprintf("%05d", i))
				}
			}
			all = append(all, numbered)
		}
	}
	return all, nil
}

func (c changeJSON) change() (mergesync.Change, error) {
	change := mergesync.Change{
		Account: c.Account, Expected: c.Expected, State: c.State, Consumed: c.Consumed,
		WakeAt: c.WakeAt, NotBefore: c.NotBefore, Summary: mergesync.Summary(c.Summary),
		Sweep: (*mergesync.Sweep)(c.Sweep),
	}
	switch c.Token.Tag {
	case "keep":
		change.Token = mergesync.KeepToken{}
	case "put":
		change.Token = mergesync.PutToken{Value: mergesync.Secret(c.Token.Value.Value)}
	case "erase":
		change.Token = mergesync.EraseToken{}
	default:
		return change, fmt.Errorf("unknown token change `%s`", c.Token.Tag)
	}
	for _, batch := range c.Batches {
		rows := make([]mergesync.Row, len(batch.Rows))
		for i, row := range batch.Rows {
			rows[i] = mergesync.Row(row)
		}
		change.Batches = append(change.Batches, mergesync.Batch{ModelID: batch.ModelID, Pass: batch.Pass, Rows: rows})
	}
	for _, notice := range c.Notices {
		change.Notices = append(change.Notices, mergesync.Notice(notice))
	}
	return change, nil
}

func loadedAnswer(loaded *mergesync.LoadedAccount) any {
	if loaded == nil {
		return nil
	}
	notes := []any{}
	for _, note := range loaded.Notes {
		var value any
		if note.Secret != nil {
			value = secretJSON{string(*note.Secret)}
		}
		notes = append(notes, map[string]any{"number": note.Number, "key": note.Key, "text": note.Text, "secret": value})
	}
	return map[string]any{"state": loaded.State, "version": loaded.Version, "notes": notes}
}

func committedAnswer(committed mergesync.Committed) any {
	return map[string]any{"version": committed.Version, "swept": (*sweptJSON)(committed.Swept)}
}

// noticesAnswer leaves each cursor as it is.
func noticesAnswer(notices []Notice) any {
	all := []any{}
	for _, notice := range notices {
		var model any
		if notice.ModelID != nil {
			model = *notice.ModelID
		}
		all = append(all, map[string]any{
			"cursor": notice.Cursor, "account": notice.Account, "id": notice.ID,
			"occasion": string(notice.Occasion), "model_id": model, "text": notice.Text,
		})
	}
	return all
}

func secret(read *secretJSON) *mergesync.Secret {
	if read == nil {
		return nil
	}
	value := mergesync.Secret(read.Value)
	return &value
}

// with is an object with other fields for those that are said.
func with(object, said any) map[string]any {
	whole := map[string]any{}
	for _, each := range []any{object, said} {
		fields, _ := each.(map[string]any)
		maps.Copy(whole, fields)
	}
	return whole
}

func items(value any) []any {
	all, _ := value.([]any)
	return all
}

// generic is a value as it would be read from JSON.
func generic(value any) (found any, err error) {
	err = reread(value, &found)
	return found, err
}

func reread(value, to any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return decode(text, to)
}

// decode keeps numbers as they are written.
func decode(text []byte, to any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(to)
}

func number(value any) (uint64, error) { return strconv.ParseUint(fmt.Sprint(value), 10, 64) }
