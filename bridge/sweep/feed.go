package sweep

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/shown"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

// originSweep marks deliveries that a sweep wrote.
const originSweep = "sweep"

// sweptEvent is a webhook of version 1, written by ourselves about what a sweep
// found. It names no actor: nobody's change is mistaken for our own.
type sweptEvent struct {
	Event  plane.Entity `json:"event"`
	Action plane.Action `json:"action"`
	Data   sweptItem    `json:"data"`
}

type sweptItem struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Description string     `json:"description_html,omitempty"`
	Priority    string     `json:"priority,omitempty"`
	TargetDate  plane.Date `json:"target_date"`
	UpdatedAt   plane.Time `json:"updated_at"`
	ArchivedAt  plane.Time `json:"archived_at"`
	Project     string     `json:"project"`
	// The pair tells whose work item it is, linked or not.
	ExternalSource string `json:"external_source,omitempty"`
	ExternalID     string `json:"external_id,omitempty"`
	// State, labels and people stand as objects where the list had them so, and as
	// ids otherwise.
	State     any   `json:"state,omitempty"`
	Labels    []any `json:"labels"`
	Assignees []any `json:"assignees"`
}

// feed puts a finding through the inbox. Its event key holds the sweep's time: a
// later sweep that finds the same again, because the repair failed, is heard.
func (s *sweep) feed(ctx context.Context, action plane.Action, item shown.Item) error {
	body, err := json.Marshal(sweptEvent{plane.EntityWorkItem, action, s.swept(item)})
	if err != nil {
		return fmt.Errorf("describing work item %s: %w", item.ID, err)
	}
	key := fmt.Sprintf("sweep:%s:%s", s.report.Started.Format("20060102T150405.000000Z"), item.ID)
	// The id follows from the key, so that a sweep that runs again from its start
	// is recognised.
	delivery := ledger.NewDelivery(uuid.NewSHA1(uuid.NameSpaceOID, []byte(key)), originSweep, string(plane.EntityWorkItem), nil, body)
	delivery.EventKey, delivery.Headers, delivery.AskedAt = key, map[string]string{}, &s.report.Started
	if _, err := s.Inbox.Accept(ctx, delivery); err != nil {
		return err
	}
	return nil
}

func (s *sweep) swept(seen shown.Item) sweptItem {
	item := seen.Shown
	swept := sweptItem{
		ID: seen.ID, Name: item.Name, Description: item.DescriptionHTML, Priority: string(item.Priority), TargetDate: item.TargetDate,
		UpdatedAt: item.UpdatedAt, ArchivedAt: item.ArchivedAt, Project: seen.ProjectID, Labels: []any{}, Assignees: []any{},
		ExternalSource: item.ExternalSource, ExternalID: item.ExternalID,
	}
	if item.State.ID != "" {
		swept.State = expandedOrID(item.State)
	}
	for _, label := range item.Labels {
		swept.Labels = append(swept.Labels, expandedOrID(label))
	}
	for _, person := range item.Assignees {
		swept.Assignees = append(swept.Assignees, expandedOrID(person))
	}
	return swept
}

func expandedOrID[T any](ref plane.Ref[T]) any {
	if ref.Value != nil {
		return ref.Value
	}
	return ref.ID
}
