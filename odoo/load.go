package odoo

import (
	"context"
	"log/slog"
	"strings"
	"time"
)

// loadTries is how often load() is tried when it lost against another transaction, loadPause the first wait.
const (
	loadTries = 5
	loadPause = 200 * time.Millisecond
)

// Load is Odoo's importer: each row is a record as texts, in the order of fields. The column "id" is the external id
// (a row whose external id is known updates that record, any other creates one), ".id" the database id (updates only,
// never creates), "field/id" and "field/.id" name a many2one by external or database id. All rows are kept or none;
// the ids come back in the order of the rows.
//
// Rows with external ids may be repeated, also by two callers at once, and end in one record each (measured: 70 of 70
// races). Datetimes are read as UTC: without being told, load() takes them in the time zone of the user. The loser of such a race is told "could not serialize"; Load tries again a few times, then the error is
// ErrConflict and Retryable. Any other complaint is an ErrValidation with Messages: Odoo answers it as a success with
// messages. A record that somebody deleted is created again: see Upsert. Identical rows still move write_date.
func (c *Client) Load(ctx context.Context, model string, fields []string, rows [][]string) ([]int64, error) {
	return c.load(ctx, model, fields, rows, Values{"tz": "UTC"})
}

func (c *Client) load(ctx context.Context, model string, fields []string, rows [][]string, within Values) ([]int64, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	call := invocation{
		model: model, method: "load", args: []argument{{"fields", fields}, {"data", rows}},
		named: Values{"context": within}, shape: isLoaded(len(rows)),
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	for try := 1; ; try++ {
		ids, err := c.tryLoad(ctx, call)
		if !isKind(err, ErrConflict) || try == loadTries {
			return ids, err
		}
		c.log.Debug("repeating load() after a conflict", slog.String("model", model), slog.Int("try", try), slog.Int("rows", len(rows)))
		if !pause(ctx, loadPause<<(try-1)) {
			return nil, err
		}
	}
}

// loaded is the answer of load(). IDs is false when nothing was kept.
type loaded struct {
	IDs      []int64       `odoo:"ids"`
	Messages []loadMessage `odoo:"messages"`
}

type loadMessage struct {
	Type    string `odoo:"type"`
	Message string `odoo:"message"`
	Field   string `odoo:"field"`
	// Record is missing when the message is about the whole call.
	Record *int64 `odoo:"record"`
}

func (c *Client) tryLoad(ctx context.Context, call invocation) ([]int64, error) {
	var answer loaded
	if err := c.do(ctx, call, &answer); err != nil {
		return nil, err
	}
	if len(answer.IDs) == 0 {
		return nil, loadRefused(call, answer.Messages)
	}
	return answer.IDs, nil
}

// maxLoadMessages bounds what an error keeps; Odoo itself stops after a handful over ten.
const maxLoadMessages = 20

func loadRefused(call invocation, messages []loadMessage) *Error {
	failed := call.fault(Permanent, ErrValidation, "nothing was kept")
	for i, message := range messages {
		if isConflictText(message.Message) {
			failed.Class, failed.Kind = Retryable, ErrConflict
		}
		if i == 0 || failed.Kind == ErrConflict && isConflictText(message.Message) {
			failed.Message = clip(message.Message, 400)
		}
		if i < maxLoadMessages {
			failed.Messages = append(failed.Messages, message.exported())
		}
	}
	return failed
}

func isConflictText(text string) bool {
	return strings.Contains(text, "could not serialize") || strings.Contains(text, "deadlock detected")
}

func (m loadMessage) exported() LoadMessage {
	row := -1
	if m.Record != nil {
		row = int(*m.Record)
	}
	return LoadMessage{Row: row, Field: m.Field, Type: m.Type, Text: clip(m.Message, 400)}
}
