package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// Where deliveries come from, as ops.plane_webhook_deliveries.origin holds it.
const (
	originWebhook = "webhook"
	originSweep   = "sweep"
)

// Finding is what a sweep found out about a work item. It goes the way of a webhook and is
// none: nobody signed it, and it names no actor, so that nobody's change is taken for the
// bridge's own.
type Finding struct {
	Action    plane.Action   `json:"action"`
	ProjectID string         `json:"project_id"`
	WorkItem  plane.WorkItem `json:"work_item"`
}

// findingForm is a finding as the raw body of its delivery. Its first field tells it from
// the bodies of webhooks; of is the entity that it is about.
type findingForm struct {
	Of plane.Entity `json:"finding"`
	Finding
}

// findingMark begins every finding: the form is written by NewFinding alone.
var findingMark = []byte(`{"finding":`)

// NewFinding describes a finding for the ledger. key tells it from every other: the same
// key again is a duplicate. asked is when Plane was asked for what was found.
func NewFinding(key string, asked time.Time, finding Finding) (Delivery, error) {
	body, err := json.Marshal(findingForm{plane.EntityWorkItem, finding})
	if err != nil {
		return Delivery{}, fmt.Errorf("describing work item %s: %w", finding.WorkItem.ID, err)
	}
	d := Delivery{
		ID: uuid.NewSHA1(uuid.NameSpaceOID, []byte(key)), EventKey: keptID(key), Origin: originSweep,
		Headers: map[string]string{}, RawBody: body, Status: StatusReceived, AskedAt: &asked,
	}
	d.describe(finding.event())
	return d, nil
}

// IsFinding reports whether a sweep found what the delivery says. What a sweep of an
// earlier release wrote has the form of a webhook, and is read as one.
func (d Delivery) IsFinding() bool {
	return d.Origin == originSweep && bytes.HasPrefix(d.RawBody, findingMark)
}

func (f Finding) event() plane.Event {
	return plane.Event{Entity: plane.EntityWorkItem, Action: f.Action, ProjectID: f.ProjectID, EntityID: f.WorkItem.ID, WorkItem: &f.WorkItem}
}

func readFinding(body []byte) (plane.Event, error) {
	var form findingForm
	if err := json.Unmarshal(body, &form); err != nil {
		return plane.Event{}, fmt.Errorf("reading what a sweep found: %w", err)
	}
	return form.event(), nil
}
