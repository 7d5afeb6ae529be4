package engine_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/audit"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

func TestAWorkItemThatMovesToAnotherProjectIsReportedAndNeverDoubled(t *testing.T) {
	t.Parallel()
	options := planetest.Options{Seed: planetest.Seed{Projects: []planetest.SeedProject{
		{Name: "bir-compliance-automation", Identifier: "BIR"}, {Name: "elsewhere", Identifier: "ELS"},
	}}}
	for name, reported := range map[string]bool{"by its webhook": true, "by the sweep, its webhook lost": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, options, func(w *world, p *process) {
				id, other := w.item(), w.plane.ProjectIDs()[1]
				letters := w.lettersOf(func() { w.must(w.plane.MoveItemToProject("maria", id, other)) })
				if reported {
					w.mail.keepFor(letters)
					w.deliver(p)
					w.workUntilDone(p)
				}
				report := w.reconciled(p)
				w.workUntilDone(p)
				if report.Deleted != 0 || !reported && report.Moved != 1 {
					t.Errorf("the sweep reports %+v, want none deleted", report)
				}
				w.syncAndRest(p)
				link := w.link()
				if link.State != mapping.Broken || link.LastError == nil || !strings.Contains(*link.LastError, other) {
					t.Errorf("the link is %s: %v; want broken, with the other project named", link.State, link.LastError)
				}
				if findings, err := p.bridge.Auditor().Audit(p.ctx, p.bridge.Flows()[0]); err != nil || len(findings) != 1 || findings[0].Kind != audit.FindingMoved {
					t.Errorf("the audit finds %+v, %v; want the move", findings, err)
				}
				if n := len(w.plane.Items()); n != 1 {
					t.Errorf("%d work items, want the one that was moved", n)
				}
				w.lettersOf(func() { w.must(w.plane.MoveItemToProject("maria", id, w.plane.ProjectID())) })
				w.reconciled(p)
				w.settle(p)
				if got := w.link().State; got != mapping.Linked {
					t.Errorf("the link of a work item that came back is %s", got)
				}
			})
		})
	}
}

// syncAndRest syncs and works through the queue where a link with an error is to be.
func (w *world) syncAndRest(p *process) {
	w.t.Helper()
	w.syncAndWork(p)
	time.Sleep(time.Second)
	w.workUntilDone(p)
}

func TestADeleteThatAWebhookTellsOfIsProven(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		id := w.item()
		body := []byte(`{"event": "issue", "action": "deleted", "data": {"id": "` + id + `", "project": "` + w.plane.ProjectID() + `"}}`)
		header := http.Header{}
		header.Set(plane.HeaderEvent, "issue")
		header.Set(plane.HeaderDelivery, "5b0f0c1e-5d3c-4f39-9a4e-0f6a3f1f2d11")
		header.Set(plane.HeaderSignature, plane.Sign(faultSecret, body))
		w.forget()
		w.mail.keepFor([]letter{{header, body}})
		w.deliver(p)
		w.workUntilDone(p)
		if status, _ := w.knownAs(id); status == "deleted" || w.linked() != 1 {
			t.Errorf("the work item is known as %s and %d links stand, although Plane shows it", status, w.linked())
		}
	})
}
