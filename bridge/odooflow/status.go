package odooflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
)

// The fields in which records show how their mirroring stands. A module may
// bring them as they are; fields made without a module carry "x_" before them.
const (
	statusIssue = "plane_issue_id"
	statusState = "plane_sync_status"
	statusError = "plane_sync_error"
	statusLast  = "plane_last_sync"

	manualPrefix = "x_"
)

var statusFields = []string{statusIssue, statusState, statusError, statusLast}

// Status shows on the records of a model how their mirroring stands.
type Status struct {
	Odoo  *odoo.Client
	Model string
	// Record is what people call one of them, such as "deadline".
	Record string
	Now    func() time.Time

	columns knownColumns
}

// StatusFieldSpecs are the fields as Odoo can be given them without a module.
func StatusFieldSpecs(record string) []odoo.FieldSpec {
	return []odoo.FieldSpec{
		{Name: manualPrefix + statusIssue, Label: "Plane Issue", Type: "char", Help: "Id of the work item in Plane."},
		{Name: manualPrefix + statusState, Label: "Plane Sync Status", Type: "selection", Selection: [][2]string{
			{string(bridge.SyncNone), "Not Synced"},
			{string(bridge.SyncDone), "Synced"},
			{string(bridge.SyncPending), "Pending"},
			{string(bridge.SyncError), "Error"},
		}, Help: "Whether Plane shows this " + record + " as it is."},
		{Name: manualPrefix + statusError, Label: "Plane Sync Error", Type: "text"},
		{Name: manualPrefix + statusLast, Label: "Last Plane Sync", Type: "datetime"},
	}
}

// statusColumns say which field of the model shows what. What no field shows is
// not in it.
type statusColumns map[string]string

// Fields asks Odoo which of the fields there are.
func (s *Status) Fields(ctx context.Context) (bridge.StatusFields, error) {
	columns, err := s.read(ctx)
	if err != nil {
		return bridge.StatusFields{}, err
	}
	missing := slices.DeleteFunc(StatusFieldSpecs(s.Record), func(spec odoo.FieldSpec) bool {
		return columns[spec.Name[len(manualPrefix):]] != ""
	})
	return bridge.StatusFields{Present: columns.names(), Missing: missing}, nil
}

func (s *Status) read(ctx context.Context) (statusColumns, error) {
	fields, err := s.Odoo.FieldsGet(ctx, s.Model, "type")
	if err != nil {
		return nil, fmt.Errorf("reading the fields of %s: %w", s.Model, err)
	}
	return columnsAmong(fields), nil
}

// names are the fields that exist, sorted.
func (c statusColumns) names() []string { return slices.Sorted(maps.Values(c)) }

// columnsAmong picks the fields of the status; a module's own before a manual one.
func columnsAmong[T any](fields map[string]T) statusColumns {
	columns := statusColumns{}
	for _, name := range statusFields {
		for _, candidate := range []string{name, manualPrefix + name} {
			if _, exists := fields[candidate]; exists {
				columns[name] = candidate
				break
			}
		}
	}
	return columns
}

// columnsFor is how long the fields that were found are taken for granted.
const columnsFor = 15 * time.Minute

// knownColumns remembers which fields there are.
type knownColumns struct {
	mu      sync.Mutex
	columns statusColumns
	until   time.Time
}

func (k *knownColumns) get(now time.Time) (columns statusColumns, known bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.columns, now.Before(k.until)
}

func (k *knownColumns) set(columns statusColumns, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.columns, k.until = columns, now.Add(columnsFor)
}

// shownRow is a record as Odoo has it, as far as it was asked for.
type shownRow map[string]json.RawMessage

// Keep shows how the mirroring of records stands. It takes two calls for
// a thousand records: one reads what Odoo has, because a write of equal values
// would still move write_date, and one writes what differs.
func (s *Status) Keep(ctx context.Context, statuses []bridge.SyncStatus) (failed map[int64]error, err error) {
	rows, columns, err := s.shown(ctx, statuses)
	if err != nil {
		return nil, err
	}
	var changes []odoo.RecordValues
	for _, status := range statuses {
		row, exists := rows[status.OdooID]
		if !exists {
			continue
		}
		if values := differing(status, columns, row); len(values) > 0 {
			changes = append(changes, odoo.RecordValues{ID: status.OdooID, Values: values})
		}
	}
	failed = s.Odoo.WriteEach(ctx, s.Model, changes)
	for id, failure := range failed {
		failed[id] = Classify(fmt.Errorf("showing the state of %s %d: %w", s.Record, id, failure))
		if errors.Is(failure, odoo.ErrValue) {
			s.columns.set(nil, time.Time{}) // A field may be gone; look anew next time.
		}
	}
	return failed, nil
}

// present are the fields that are known, looked at anew as long as some are missing:
// they are filled as soon as they are there. known is false when nothing was ever
// read.
func (s *Status) present(ctx context.Context) (columns statusColumns, known bool, err error) {
	columns, known = s.columns.get(s.Now())
	if !known || len(columns) == len(statusFields) {
		return columns, known, nil
	}
	if columns, err = s.read(ctx); err != nil {
		return nil, false, Classify(err)
	}
	s.columns.set(columns, s.Now())
	return columns, true, nil
}

// shown reads what Odoo shows now. The first read asks for all fields, which
// tells in the same call which of ours there are.
func (s *Status) shown(ctx context.Context, statuses []bridge.SyncStatus) (map[int64]shownRow, statusColumns, error) {
	columns, known, err := s.present(ctx)
	if err != nil {
		return nil, nil, err
	}
	if known && len(columns) == 0 {
		return nil, nil, bridge.ErrNoStatusFields
	}
	ids := make([]int64, len(statuses))
	for i, status := range statuses {
		ids[i] = status.OdooID
	}
	var rows []shownRow
	if err := s.Odoo.Read(ctx, s.Model, ids, columns.names(), &rows); err != nil {
		s.columns.set(nil, time.Time{})
		return nil, nil, Classify(fmt.Errorf("reading what %ss show: %w", s.Record, err))
	}
	if !known && len(rows) > 0 {
		columns = columnsAmong(rows[0])
		s.columns.set(columns, s.Now())
	}
	if len(rows) > 0 && len(columns) == 0 {
		return nil, nil, bridge.ErrNoStatusFields
	}
	byID := make(map[int64]shownRow, len(rows))
	for _, row := range rows {
		var id int64
		if err := json.Unmarshal(row["id"], &id); err != nil {
			return nil, nil, Classify(fmt.Errorf("reading what %ss show: %w", s.Record, err))
		}
		byID[id] = row
	}
	return byID, columns, nil
}

// differing are the values that a record does not show yet.
func differing(status bridge.SyncStatus, columns statusColumns, row shownRow) odoo.Values {
	var last odoo.DateTime
	if !status.LastSync.IsZero() {
		last = odoo.At(status.LastSync)
	}
	values := odoo.Values{}
	for name, wanted := range map[string]string{
		statusIssue: status.IssueID, statusState: string(status.State), statusError: status.Error, statusLast: last.String(),
	} {
		column := columns[name]
		if column == "" || textOf(row[column]) == wanted {
			continue
		}
		values[column] = wanted
		if wanted == "" {
			values[column] = nil
		}
	}
	return values
}

// textOf reads a text, a selection or a datetime; Odoo says false for none.
func textOf(raw json.RawMessage) string {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return ""
	}
	return text
}
