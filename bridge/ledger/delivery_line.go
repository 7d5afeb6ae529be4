package ledger

import (
	"time"

	"github.com/google/uuid"
)

// DeliveryLine is a delivery as commands show it, in JSON and in tables.
type DeliveryLine struct {
	ID         uuid.UUID  `json:"delivery_id"`
	Received   time.Time  `json:"received_at"`
	Processed  *time.Time `json:"processed_at,omitempty"`
	Event      string     `json:"event"`
	Action     *string    `json:"action,omitempty"`
	Entity     *string    `json:"entity_id,omitempty"`
	Origin     string     `json:"origin"`
	Status     string     `json:"status"`
	Cause      string     `json:"cause,omitempty"`
	Attempts   int        `json:"attempts"`
	Outcome    *string    `json:"outcome,omitempty"`
	LastError  *string    `json:"last_error,omitempty"`
	Body       string     `json:"body,omitempty"`
	WouldDo    string     `json:"would_do,omitempty"`
	ReplayedAs string     `json:"replayed,omitempty"`
}

// LineOf shows a delivery without its body.
func LineOf(d Delivery) DeliveryLine {
	line := DeliveryLine{
		ID: d.ID, Received: d.ReceivedAt, Processed: d.ProcessedAt, Event: d.Event, Action: d.Action, Entity: d.EntityID,
		Origin: d.Origin, Status: string(d.Status), Attempts: d.Attempts, Outcome: d.Outcome, LastError: d.LastError,
	}
	if d.Cause != nil {
		line.Cause = string(*d.Cause)
	}
	return line
}

// EventName is the event with its action, as people write it: issue.update.
func (line DeliveryLine) EventName() string {
	if line.Action == nil {
		return line.Event
	}
	return line.Event + "." + *line.Action
}

// Said is the last error, or else what processing did.
func (line DeliveryLine) Said() string {
	switch {
	case line.LastError != nil:
		return *line.LastError
	case line.Outcome != nil:
		return *line.Outcome
	default:
		return ""
	}
}
