package odoo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ExternalID names a record of ours in Odoo: "planebridge.NAME", unique in the database. Odoo accepts the prefix without
// a module of that name (measured).
type ExternalID string

const externalPrefix = "planebridge."

var externalName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

// NewExternalID makes "planebridge.NAME". The name may hold letters, digits, "_" and "-", 100 at most; a dot would end
// the prefix.
func NewExternalID(name string) (ExternalID, error) {
	if !externalName.MatchString(name) {
		return "", fmt.Errorf("odoo: external id %q: want letters, digits, _ and -, at most 100", clip(name, 120))
	}
	return ExternalID(externalPrefix + name), nil
}

// Resolve finds the record that an external id names. ErrMissing means that no record has the id, or that the record is
// gone or hidden from the user.
//
// It asks ir.model.data.check_object_reference, which needs no right to read ir.model.data: a user of least privilege is
// refused there. Odoo removes the external id with the record, so "never made" and "deleted" look alike here.
func (c *Client) Resolve(ctx context.Context, id ExternalID) (model string, recordID int64, err error) {
	prefix, name, _ := strings.Cut(string(id), ".")
	call := invocation{
		model: "ir.model.data", method: "check_object_reference", reads: true,
		args:  []argument{{"module", prefix}, {"xml_id", name}},
		named: Values{"context": Values{"active_test": false}}, shape: isReference,
	}
	var found []any
	err = c.do(ctx, call, &found)
	if isKind(err, ErrValue) && strings.Contains(err.Error(), "External ID not found") {
		return "", 0, call.fault(Permanent, ErrMissing, "no record has the external id "+string(id))
	}
	if err != nil {
		return "", 0, err
	}
	return readReference(call, id, found)
}

// readReference reads what isReference let through. Only false says that the record is gone or hidden.
func readReference(call invocation, id ExternalID, found []any) (string, int64, error) {
	model, _ := found[0].(string)
	number, ok := found[1].(float64)
	if !ok {
		return model, 0, call.fault(Permanent, ErrMissing, "the record of "+string(id)+" is gone or hidden")
	}
	return model, int64(number), nil
}

// ExternalIDs tells the external ids of records, whoever gave them. Whoever may read the records may ask. Ids of records
// that are gone are left out. It asks get_metadata, because the answer of get_external_id cannot be sent over XML-RPC
// (its keys are numbers: fault 1, measured).
func (c *Client) ExternalIDs(ctx context.Context, model string, ids ...int64) (map[int64][]ExternalID, error) {
	var records []struct {
		ID    int64 `odoo:"id"`
		Names []struct {
			Name ExternalID `odoo:"xmlid"`
		} `odoo:"xmlids"`
	}
	call := invocation{model: model, method: "get_metadata", ids: recordSet(ids), reads: true, shape: isRecordsOf(ids)}
	if err := c.do(ctx, call, &records); err != nil {
		return nil, err
	}
	external := make(map[int64][]ExternalID, len(records))
	for _, record := range records {
		external[record.ID] = []ExternalID{}
		for _, name := range record.Names {
			external[record.ID] = append(external[record.ID], name.Name)
		}
	}
	return external, nil
}

// Upsertion is a record to make once and to keep up to date.
type Upsertion struct {
	// ExternalID makes creating it idempotent: repeated, or sent by two callers at once, it ends in one record.
	ExternalID ExternalID
	// KnownID is the id that an earlier Upsert returned; 0 when the caller remembers none.
	KnownID int64
	Values  Values
}

// Upsert creates or updates one record and returns its id.
//
// Without KnownID the external id decides: load() creates the record or updates it. With KnownID only that record is
// updated, and when somebody deleted it the error is ErrMissing: it is not brought back, as load() by external id
// would. So keep the returned id; only the caller can know that the record was there once.
//
// Values may be texts, numbers, bools, Date, DateTime, HTML, Many2One and []int64 (a many2many); nil and false empty a
// field. They travel as texts, as load() wants them.
func (c *Client) Upsert(ctx context.Context, model string, record Upsertion) (int64, error) {
	column, key := "id", string(record.ExternalID)
	if record.KnownID != 0 {
		column, key = ".id", strconv.FormatInt(record.KnownID, 10)
	}
	fields, row, err := loadRow(column, key, record.Values)
	if err != nil {
		return 0, &Error{Class: Permanent, Kind: ErrValue, Message: err.Error(), Model: model, Method: "load"}
	}
	ids, err := c.load(ctx, model, fields, [][]string{row}, Values{"tz": "UTC", "active_test": false})
	if err != nil {
		return 0, missingRecord(err)
	}
	return ids[0], nil
}

// missingRecord recognises load()'s complaint about an unknown database id.
func missingRecord(err error) error {
	var known *Error
	if !errors.As(err, &known) || known.Kind != ErrValidation {
		return err
	}
	for _, message := range known.Messages {
		if message.Field == ".id" {
			known.Kind, known.Message = ErrMissing, message.Text
		}
	}
	return known
}

// LoadOnce makes a record that is never changed afterwards, such as a note of one event, and reports whether this call
// made it. When the external id is known already nothing is written: a repeated load() would move write_date and fire
// rules. Two callers at once still make one record. A record that was deleted has lost its external id, so a caller for
// whom that matters must remember that it was made.
func (c *Client) LoadOnce(ctx context.Context, model string, id ExternalID, values Values) (recordID int64, created bool, err error) {
	_, recordID, err = c.Resolve(ctx, id)
	if err == nil {
		return recordID, false, nil
	}
	if !isKind(err, ErrMissing) || strings.Contains(err.Error(), "gone or hidden") {
		return 0, false, err
	}
	recordID, err = c.Upsert(ctx, model, Upsertion{ExternalID: id, Values: values})
	return recordID, err == nil, err
}

// loadRow lays out one record for load(), the key column first and the others by name.
func loadRow(column, key string, values Values) (fields, row []string, err error) {
	fields, row = []string{column}, []string{key}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		suffix, text, err := loadCell(values[name])
		if err != nil {
			return nil, nil, fmt.Errorf("field %s: %w", name, err)
		}
		fields, row = append(fields, name+suffix), append(row, text)
	}
	return fields, row, nil
}

// loadCell writes a value as load() reads it. An empty text empties the field, whatever its type; a reference goes by
// database id, which the column's suffix says.
func loadCell(value any) (suffix, text string, err error) {
	switch value := value.(type) {
	case Many2One:
		if value.IsZero() {
			return "/.id", "", nil
		}
		return "/.id", strconv.FormatInt(value.ID, 10), nil
	case []int64:
		texts := make([]string, len(value))
		for i, id := range value {
			texts[i] = strconv.FormatInt(id, 10)
		}
		return "/.id", strings.Join(texts, ","), nil
	}
	sendable, err := plain(value)
	if err != nil {
		return "", "", err
	}
	switch sendable := sendable.(type) {
	case nil:
		return "", "", nil
	case string:
		return "", sendable, nil
	case bool:
		if sendable {
			return "", "1", nil
		}
		return "", "", nil
	case int64:
		return "", strconv.FormatInt(sendable, 10), nil
	case float64:
		return "", strconv.FormatFloat(sendable, 'f', -1, 64), nil
	default:
		return "", "", fmt.Errorf("a %T cannot be loaded as text", value)
	}
}
