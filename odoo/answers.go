package odoo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// shape says whether a result is what Odoo answers the call with. A result of another shape is trouble on the way: it
// says nothing about a record, and of a write nobody knows then what became of it.
type shape func(raw []byte) error

// checked refuses a result that is not the method's own. nil is "nothing", which only some methods may answer.
func (call invocation) checked(raw []byte, err error) ([]byte, error) {
	switch {
	case err != nil:
		return nil, err
	case raw == nil && call.optional, raw != nil && call.shape == nil:
		return raw, nil
	case raw == nil:
		return nil, call.foreign("the server answered nothing")
	}
	if wrong := call.shape(raw); wrong != nil {
		return nil, call.foreign(wrong.Error())
	}
	return raw, nil
}

// foreign is the error of an answer that is not Odoo's own.
func (call invocation) foreign(text string) *Error {
	return call.fault(answerKept(call, Retryable), ErrProtocol, text)
}

// isTrue is what write and unlink answer.
func isTrue(raw []byte) error {
	if string(bytes.TrimSpace(raw)) != "true" {
		return fmt.Errorf("%s arrived where true is due", sortOf(raw))
	}
	return nil
}

func isBool(raw []byte) error {
	if text := string(bytes.TrimSpace(raw)); text != "true" && text != "false" {
		return fmt.Errorf("%s arrived where true or false is due", sortOf(raw))
	}
	return nil
}

func isCount(raw []byte) error {
	var n *int
	if err := json.Unmarshal(raw, &n); err != nil || n == nil || *n < 0 {
		return fmt.Errorf("%s arrived where a count is due", sortOf(raw))
	}
	return nil
}

// isTextOrFalse is what get_param answers; false is "not set".
func isTextOrFalse(raw []byte) error {
	var text *string
	if string(bytes.TrimSpace(raw)) == "false" {
		return nil
	}
	if err := json.Unmarshal(raw, &text); err != nil || text == nil {
		return fmt.Errorf("%s arrived where a text is due", sortOf(raw))
	}
	return nil
}

// isIDs is a list of ids, at most so many where most is set.
func isIDs(most int) shape {
	return func(raw []byte) error {
		ids, err := readIDs(raw)
		if err == nil && most > 0 && len(ids) > most {
			err = fmt.Errorf("%d ids arrived where %d were asked for", len(ids), most)
		}
		return err
	}
}

// isIDsOf is a list of some of the ids that were asked for.
func isIDsOf(asked []int64) shape {
	return func(raw []byte) error {
		ids, err := readIDs(raw)
		if err != nil {
			return err
		}
		return amongAsked(ids, asked)
	}
}

// isRecords is a list of objects with ids and the fields that were asked for, at most so many where most is set.
func isRecords(most int, fields ...string) shape {
	return func(raw []byte) error {
		ids, err := readRecordIDs(raw, fields)
		if err == nil && most > 0 && len(ids) > most {
			err = fmt.Errorf("%d records arrived where %d were asked for", len(ids), most)
		}
		return err
	}
}

// isRecordsOf is a list of objects with some of the ids that were asked for, each with the fields that were. Ids that do
// not exist are left out.
func isRecordsOf(asked []int64, fields ...string) shape {
	return func(raw []byte) error {
		ids, err := readRecordIDs(raw, fields)
		if err != nil {
			return err
		}
		return amongAsked(ids, asked)
	}
}

// isCreated is an id for each record of a create, or one bare id from a model that overrides create for one record.
func isCreated(records int) shape {
	return func(raw []byte) error {
		var ids createdIDs
		if err := json.Unmarshal(raw, &ids); err != nil || len(ids) == 0 || slices.Min(ids) <= 0 {
			return fmt.Errorf("%s arrived where new ids are due", sortOf(raw))
		}
		if len(ids) != records {
			return fmt.Errorf("%d records sent, %d ids answered", records, len(ids))
		}
		return nil
	}
}

// isLoaded is what load answers: an id for each row, or false and at least one message that says why not.
func isLoaded(rows int) shape {
	return func(raw []byte) error {
		var answer struct {
			IDs      json.RawMessage              `json:"ids"`
			Messages []map[string]json.RawMessage `json:"messages"`
		}
		if err := readMembers(raw, &answer); err != nil {
			return err
		}
		if string(answer.IDs) == "false" {
			if len(answer.Messages) == 0 {
				return errors.New("load() kept nothing, and no message says why")
			}
			return nil
		}
		ids, err := readIDs(answer.IDs)
		if err == nil && len(ids) != rows {
			err = fmt.Errorf("%d rows sent, %d ids answered", rows, len(ids))
		}
		return err
	}
}

// isFields is a description of each field. Every model has some.
func isFields(raw []byte) error {
	var fields map[string]map[string]json.RawMessage
	if err := readMembers(raw, &fields); err != nil {
		return err
	}
	for name, attributes := range fields {
		if attributes == nil {
			return fmt.Errorf("field %.60q is not described", name)
		}
	}
	if len(fields) == 0 {
		return errors.New("no fields")
	}
	return nil
}

// isReference is a model and an id; the id is false when the record is gone or hidden.
func isReference(raw []byte) error {
	var pair []json.RawMessage
	if err := json.Unmarshal(raw, &pair); err != nil || len(pair) != 2 {
		return fmt.Errorf("%s arrived where a model and an id are due", sortOf(raw))
	}
	var model string
	if err := json.Unmarshal(pair[0], &model); err != nil || model == "" {
		return fmt.Errorf("%s arrived where a model is due", sortOf(pair[0]))
	}
	if string(pair[1]) == "false" {
		return nil
	}
	_, err := readID(pair[1])
	return err
}

func readMembers(raw []byte, into any) error {
	if trimmed := bytes.TrimSpace(raw); len(trimmed) == 0 || trimmed[0] != '{' {
		return fmt.Errorf("%s arrived where an object is due", sortOf(trimmed))
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return errors.New("an object with members of another sort than are due")
	}
	return nil
}

func readList(raw []byte) ([]json.RawMessage, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil || items == nil {
		return nil, fmt.Errorf("%s arrived where a list is due", sortOf(bytes.TrimSpace(raw)))
	}
	return items, nil
}

func readID(raw []byte) (int64, error) {
	var id *int64
	if err := json.Unmarshal(raw, &id); err != nil || id == nil || *id <= 0 {
		return 0, fmt.Errorf("%s arrived where an id is due", sortOf(raw))
	}
	return *id, nil
}

func readIDs(raw []byte) ([]int64, error) {
	items, err := readList(raw)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(items))
	for i, item := range items {
		if ids[i], err = readID(item); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// readRecordIDs holds each record to fields that it has to have. Odoo answers with all that were asked for or with an
// error, so a record that lacks one is not Odoo's own.
func readRecordIDs(raw []byte, fields []string) ([]int64, error) {
	items, err := readList(raw)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(items))
	for i, item := range items {
		var record map[string]json.RawMessage
		if err := readMembers(item, &record); err != nil {
			return nil, err
		}
		if ids[i], err = readID(record["id"]); err != nil {
			return nil, err
		}
		for _, field := range fields {
			if record[field] == nil {
				return nil, fmt.Errorf("record %d arrived without %.60q, which was asked for", ids[i], field)
			}
		}
	}
	return ids, nil
}

func amongAsked(ids, asked []int64) error {
	known := make(map[int64]bool, len(asked))
	for _, id := range asked {
		known[id] = true
	}
	for _, id := range ids {
		if !known[id] {
			return fmt.Errorf("record %d arrived, which was not asked for", id)
		}
	}
	return nil
}
