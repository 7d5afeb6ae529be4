package ledger

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/plane"
)

const (
	foundItem    = "d0a3640b-5125-4741-be29-9d0090a40065"
	foundProject = "7d035a41-3dcc-40c1-8843-146228e0e174"
)

// found is a work item as a list shows it: its references as objects or as ids.
func found() plane.WorkItem {
	state := plane.State{ID: "a9213c44-c29a-4b65-9213-01f3e436a0ea", Name: "Todo", Group: plane.GroupUnstarted}
	label := plane.Label{ID: "1885c1a3-e707-4618-b0fe-ee88e2c7ce1b", Name: "area:compliance"}
	return plane.WorkItem{
		ID: foundItem, Name: "tea \x00 & <b>", DescriptionHTML: "<p>None</p>", Priority: plane.PriorityHigh, TargetDate: "2026-12-01",
		State: plane.Ref[plane.State]{ID: state.ID, Value: &state}, Assignees: plane.Refs[plane.User]{{ID: "689ed266-ae52-435d-a482-3e900fe87bd6"}},
		Labels:    plane.Refs[plane.Label]{{ID: label.ID, Value: &label}, {ID: "90f200f2-c141-4c64-b0b8-19f33491ebd3"}},
		UpdatedAt: plane.Time{Time: time.Date(2026, 11, 21, 20, 44, 30, 38374000, time.UTC)}, ExternalSource: "odoo", ExternalID: "m,1",
	}
}

func TestAFindingComesOutOfTheLedgerAsItWentIn(t *testing.T) {
	t.Parallel()
	finding := Finding{Action: plane.ActionUpdated, ProjectID: foundProject, WorkItem: found()}
	d, err := NewFinding("sweep:1:"+foundItem, time.Now(), finding)
	if err != nil {
		t.Fatal(err)
	}
	event, err := d.Read()
	if err != nil {
		t.Fatal(err)
	}
	want := plane.Event{Entity: plane.EntityWorkItem, Action: plane.ActionUpdated, EntityID: foundItem, ProjectID: foundProject, WorkItem: &finding.WorkItem}
	if diff := cmp.Diff(want, event); diff != "" {
		t.Errorf("the event differs (-found +read):\n%s", diff)
	}
	if *d.EntityID != foundItem || *d.ProjectID != foundProject || *d.Action != "updated" || d.Event != "issue" || d.ActorID != nil || d.Origin != "sweep" {
		t.Errorf("the row is %+v", d)
	}
}

// A finding is told from a webhook by its own form, and no webhook can take it.
func TestAFindingIsNoWebhook(t *testing.T) {
	t.Parallel()
	d, err := NewFinding("k", time.Now(), Finding{Action: plane.ActionDeleted, WorkItem: plane.WorkItem{ID: foundItem}})
	if err != nil {
		t.Fatal(err)
	}
	if !d.IsFinding() || !bytes.HasPrefix(d.RawBody, []byte(`{"finding":"issue","action":"deleted"`)) {
		t.Errorf("the raw body of a finding is %s", d.RawBody)
	}
	if _, err := plane.DecodeEvent(d.RawBody); err == nil {
		t.Error("a finding can be read as a webhook")
	}
	posing, err := NewDelivery(uuid.New(), "issue", nil, d.RawBody)
	if err != nil {
		t.Fatal(err)
	}
	if event, err := posing.Read(); err == nil || posing.IsFinding() {
		t.Errorf("a webhook with the body of a finding reads as %+v", event)
	}
}

// Before, a sweep wrote a body of Plane's first version, and such rows may be open still.
func TestAFindingOfAnEarlierReleaseIsReadAsBefore(t *testing.T) {
	t.Parallel()
	d := Delivery{ID: uuid.New(), Origin: "sweep", RawBody: []byte(`{"event":"issue","action":"updated","data":{"id":"` + foundItem + `","name":"tea",
		"target_date":null,"updated_at":"2026-11-21T20:44:30.038374Z","archived_at":null,"project":"` + foundProject + `",
		"state":{"id":"a9213c44-c29a-4b65-9213-01f3e436a0ea","name":"Todo","group":"unstarted"},"labels":[],"assignees":[]}}`)}
	event, err := d.Read()
	if err != nil || d.IsFinding() || event.EntityID != foundItem || event.ProjectID != foundProject || event.WorkItem.State.Value.Name != "Todo" {
		t.Errorf("it reads as %+v, %v", event, err)
	}
}

func TestAFindingThatNamesNoUsualIDIsNotWorkedWith(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "seven", "{" + foundItem + "}"} {
		d, err := NewFinding("k", time.Now(), Finding{Action: plane.ActionUpdated, WorkItem: plane.WorkItem{ID: id}})
		if err != nil {
			t.Fatal(err)
		}
		if event, err := d.Read(); err == nil {
			t.Errorf("id %q: %+v", id, event)
		}
	}
}
