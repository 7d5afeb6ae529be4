package bridge

import (
	"context"
	"errors"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/mapping"
)

// SyncState is how the mirroring of a record stands, in the words that the fields
// in Odoo know.
type SyncState string

// The states that are shown in Odoo.
const (
	SyncNone    SyncState = "not_synced"
	SyncDone    SyncState = "synced"
	SyncPending SyncState = "pending"
	SyncError   SyncState = "error"
)

// SyncStatus is what people in Odoo are shown about the mirroring of one record.
type SyncStatus struct {
	OdooID  int64
	IssueID string
	State   SyncState
	// Error is empty unless State is SyncError.
	Error string
	// LastSync is in UTC and whole seconds; zero before the first time.
	LastSync time.Time
}

// ErrNoStatusFields says that the model in Odoo has no field for the state, which
// is as good as any.
var ErrNoStatusFields = errors.New("the model has no fields for the state of the mirroring")

// StatusKeeper is a Flow whose records in Odoo may have fields for how their
// mirroring stands.
type StatusKeeper interface {
	// KeepStatus writes those of the values that differ from what Odoo has, in a
	// handful of calls however many there are. It returns an error for each record
	// that could not be written, or one for all. A record that is gone is none.
	KeepStatus(ctx context.Context, statuses []SyncStatus) (failed map[int64]error, err error)
}

// StatusFieldsReader is a StatusKeeper whose model can be given the fields.
type StatusFieldsReader interface {
	// StatusFields asks Odoo which of the fields there are.
	StatusFields(ctx context.Context) (StatusFields, error)
}

// errorShown is the longest error text that is shown in Odoo, in runes.
const errorShown = 500

// StatusOf says what a link looks like to people in Odoo.
func StatusOf(link mapping.Link) SyncStatus {
	status := SyncStatus{OdooID: link.OdooID, IssueID: link.Issue(), State: stateShown(link)}
	if link.LastSyncedAt != nil {
		status.LastSync = link.LastSyncedAt.UTC().Truncate(time.Second)
	}
	if status.State == SyncError && link.LastError != nil {
		runes := []rune(*link.LastError)
		status.Error = string(runes[:min(len(runes), errorShown)])
	}
	return status
}

func stateShown(link mapping.Link) SyncState {
	switch {
	case link.State == mapping.Cancelled:
		return SyncNone
	case link.State == mapping.Broken, link.LastError != nil:
		return SyncError
	case link.State == mapping.Intended:
		return SyncPending
	default:
		return SyncDone
	}
}
