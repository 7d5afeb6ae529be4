package engine_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/audit"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// audited is what an audit finds, of which there has to be one.
func (p *process) audited(t *testing.T) audit.Finding {
	t.Helper()
	findings, err := p.bridge.Auditor().Audit(p.ctx, p.bridge.Flows()[0])
	if err != nil || len(findings) != 1 {
		t.Fatalf("the audit finds %v (%v), want one thing", findings, err)
	}
	return findings[0]
}

func TestAnAuditFindsAWorkItemThatLostItsExternalIDAndARepairGivesItBack(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		id := w.item()
		w.call(http.MethodPatch, "work-items/"+id+"/", `{"external_id": null, "external_source": null}`)
		finding := p.audited(t)
		if finding.Kind != audit.FindingUnpaired || finding.Issue != id {
			t.Fatalf("the audit finds %v", finding)
		}
		w.must(p.bridge.Auditor().Repair(p.ctx, p.bridge.Flows()[0], finding))
		if item := w.item(); item != id {
			t.Errorf("work item %s carries the external id, want %s", item, id)
		}
	})
}

func TestAnAuditLeavesTheExternalIDOfAnotherProgramToPeople(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		w.call(http.MethodPatch, "work-items/"+w.item()+"/", `{"external_id": "17", "external_source": "github"}`)
		if finding := p.audited(t); finding.Kind != audit.FindingUnpaired || finding.Repair != "" || !strings.Contains(finding.Detail, "another program") {
			t.Errorf("the audit finds %v", finding)
		}
	})
}

func TestAnAuditPromisesNoRepairForAnOrphanThatOdooDoesNotKnow(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		_, err := w.plane.CreateItem("maria", planetest.NewItem{
			Name: "left over", ExternalSource: mapping.ExternalSource, ExternalID: "bir.filing.deadline,1/2550M/1999/1",
		})
		w.must(err)
		if finding := p.audited(t); finding.Kind != audit.FindingOrphaned || finding.Repair != "" || !strings.Contains(finding.Detail, "cancel or delete the work item") {
			t.Errorf("the audit finds %v", finding)
		}
	})
}
