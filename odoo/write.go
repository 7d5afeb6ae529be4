package odoo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Create makes records in one transaction and returns their ids in the same order. It is not idempotent: after an
// Uncertain error look before creating again, or use Upsert or LoadOnce, which are.
func (c *Client) Create(ctx context.Context, model string, records ...Values) ([]int64, error) {
	if len(records) == 0 {
		return nil, nil
	}
	call := invocation{model: model, method: "create", args: []argument{{"vals_list", records}}, shape: isCreated(len(records))}
	var answer createdIDs
	if err := c.do(ctx, call, &answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// createdIDs reads what create answers: a list, or one bare id from a model that overrides create for one record.
type createdIDs []int64

// UnmarshalJSON reads either form.
func (ids *createdIDs) UnmarshalJSON(raw []byte) error {
	var one int64
	if err := json.Unmarshal(raw, &one); err == nil {
		*ids = createdIDs{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]int64)(ids))
}

// Write gives all the records the same values, in one transaction. Odoo answers true also for ids that do not exist,
// and ignores them (measured on Odoo 19): where that matters, use WriteExisting. Writing values that are already there
// still moves write_date and fires rules: compare first.
func (c *Client) Write(ctx context.Context, model string, ids []int64, values Values) error {
	if len(ids) == 0 {
		return nil
	}
	return c.do(ctx, invocation{
		model: model, method: "write", ids: ids, args: []argument{{"vals", values}}, shape: isTrue,
	}, nil)
}

// WriteExisting writes only to those records that exist, and returns the ids that do not. A record that is deleted
// between the look and the write is not noticed.
func (c *Client) WriteExisting(ctx context.Context, model string, ids []int64, values Values) (missing []int64, err error) {
	exists, err := c.Exists(ctx, model, ids...)
	if err != nil {
		return nil, err
	}
	var present []int64
	for _, id := range ids {
		if exists[id] {
			present = append(present, id)
		} else {
			missing = append(missing, id)
		}
	}
	return missing, c.Write(ctx, model, present, values)
}

// Unlink deletes records. Ids that do not exist are ignored, so it may be repeated.
func (c *Client) Unlink(ctx context.Context, model string, ids ...int64) error {
	if len(ids) == 0 {
		return nil
	}
	return c.do(ctx, invocation{model: model, method: "unlink", ids: ids, shape: isTrue}, nil)
}

// RecordValues are the new values of one record.
type RecordValues struct {
	ID     int64
	Values Values
}

// writeEachBatch is how many records of differing values go in one call and transaction.
const writeEachBatch = 1000

// WriteEach writes different values to many records in few calls, and returns an error for each record that was not
// written; an empty result means that all were. Equal values go in one write each; when that would take more calls, and
// the server is Odoo 19 or newer, web_save_multi carries up to 1000 records a call.
//
// A batch is one transaction. When it fails for good it is split in halves until the records at fault stand alone, so
// none holds back the others. When it fails for a while, or nobody knows, all its records get that error. As with
// Write, a record that does not exist is no error. The order of records is not kept.
func (c *Client) WriteEach(ctx context.Context, model string, records []RecordValues) map[int64]error {
	failed := map[int64]error{}
	records = withoutDoubles(model, records, failed)
	groups, err := groupByValues(records)
	if err != nil {
		return failAll(failed, records, &Error{
			Class: Permanent, Kind: ErrValue, Message: err.Error(), Model: model, Method: "write",
		})
	}
	write := c.writeGroup
	if batches := (len(records) + writeEachBatch - 1) / writeEachBatch; len(groups) > batches && c.savesMulti(ctx) {
		groups, write = slices.Collect(slices.Chunk(records, writeEachBatch)), c.saveMulti
	}
	for _, group := range groups {
		c.writeSplitting(ctx, model, group, write, failed)
	}
	return failed
}

// savesMulti reports whether the server has web_save_multi. When connecting fails the plain writes will say so.
func (c *Client) savesMulti(ctx context.Context) bool {
	session, err := c.Connect(ctx)
	return err == nil && session.Version.Major >= 19
}

// batchWriter writes a batch in one call.
type batchWriter func(ctx context.Context, model string, batch []RecordValues) error

func (c *Client) writeGroup(ctx context.Context, model string, batch []RecordValues) error {
	return c.Write(ctx, model, idsOf(batch), batch[0].Values)
}

func (c *Client) saveMulti(ctx context.Context, model string, batch []RecordValues) error {
	values := make([]Values, len(batch))
	for i, record := range batch {
		values[i] = record.Values
	}
	return c.do(ctx, invocation{
		model: model, method: "web_save_multi", ids: idsOf(batch), shape: isRecordsOf(idsOf(batch)),
		args: []argument{{"vals_list", values}, {"specification", Values{}}},
	}, nil)
}

func (c *Client) writeSplitting(ctx context.Context, model string, batch []RecordValues, write batchWriter, failed map[int64]error) {
	err := write(ctx, model, batch)
	if err == nil {
		return
	}
	if len(batch) == 1 || !blamesSomeRecord(err, batch) || c.deniesAll(ctx, model, err) {
		failAll(failed, batch, err)
		return
	}
	middle := len(batch) / 2
	c.writeSplitting(ctx, model, batch[:middle], write, failed)
	c.writeSplitting(ctx, model, batch[middle:], write, failed)
}

// deniesAll reports whether the user may not write to the model at all, which it asks the server when access was the
// trouble. A rule about single records is worth splitting for; a missing right would only be refused once more for each
// record. When in doubt the batch is split.
func (c *Client) deniesAll(ctx context.Context, model string, err error) bool {
	if !isKind(err, ErrAccess) {
		return false
	}
	may, err := c.May(ctx, model, "write")
	return err == nil && !may
}

// blamesSomeRecord reports whether a smaller batch may fare better. A field that does not exist fails every record that
// names it; splitting would only send a call per record.
func blamesSomeRecord(err error, batch []RecordValues) bool {
	var known *Error
	if !errors.As(err, &known) || known.Class != Permanent && !known.unsettled {
		return false
	}
	switch known.Kind {
	case ErrDenied, ErrUnknownModel, ErrUnknownMethod, ErrProtocol:
		return false
	case ErrValue:
		return !strings.HasPrefix(known.Message, "Invalid field") || !sameFields(batch)
	default:
		return true
	}
}

func sameFields(batch []RecordValues) bool {
	first := slices.Sorted(maps.Keys(batch[0].Values))
	return !slices.ContainsFunc(batch, func(record RecordValues) bool {
		return !slices.Equal(first, slices.Sorted(maps.Keys(record.Values)))
	})
}

// withoutDoubles sorts out records that are named twice: which of the two values should win is not for us to say.
func withoutDoubles(model string, records []RecordValues, failed map[int64]error) []RecordValues {
	seen := make(map[int64]int, len(records))
	for _, record := range records {
		seen[record.ID]++
	}
	var single []RecordValues
	for _, record := range records {
		if seen[record.ID] == 1 {
			single = append(single, record)
			continue
		}
		failed[record.ID] = &Error{
			Class: Permanent, Kind: ErrValue, Message: "the record is named twice", Model: model, Method: "write",
		}
	}
	return single
}

func groupByValues(records []RecordValues) ([][]RecordValues, error) {
	index := map[string]int{}
	var groups [][]RecordValues
	for _, record := range records {
		sendable, err := plain(record.Values)
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", record.ID, err)
		}
		key, err := json.Marshal(sendable)
		if err != nil {
			return nil, fmt.Errorf("record %d: %w", record.ID, err)
		}
		at, known := index[string(key)]
		if !known {
			at = len(groups)
			index[string(key)] = at
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], record)
	}
	return groups, nil
}

func idsOf(records []RecordValues) []int64 {
	ids := make([]int64, len(records))
	for i, record := range records {
		ids[i] = record.ID
	}
	return ids
}

func failAll(failed map[int64]error, records []RecordValues, err error) map[int64]error {
	for _, record := range records {
		failed[record.ID] = err
	}
	return failed
}
