package engine_test

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/sweep"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// listAnswer is the project's list of work items as the server answers it.
func (w *world) listAnswer() string {
	w.t.Helper()
	address := "http://plane.example/api/v1/workspaces/" + w.plane.WorkspaceSlug() + "/projects/" + w.plane.ProjectID() + "/work-items/?order_by=created_at"
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, address, nil)
	w.must(err)
	request.Header.Set("X-Api-Key", w.key)
	response, err := w.plane.RoundTripper().RoundTrip(request)
	w.must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	w.must(err)
	return string(body)
}

func (w *world) reportOfSweep(p *process) sweep.Report {
	w.t.Helper()
	report, err := p.bridge.Reconciler().Sweep(p.ctx, p.bridge.Flows()[0], 0)
	w.must(err)
	return report
}

var dateOfDeadline = regexp.MustCompile(`"target_date": ?"[^"]*"`)

// A work item that cannot be read is reported. It is there, so nobody looks for it,
// and what became of the others is found.
func TestASweepReportsAnItemThatItCannotReadAndGoesOn(t *testing.T) {
	t.Parallel()
	caughtUp(t, func(w *world, p *process) {
		odd := w.item()
		body := dateOfDeadline.ReplaceAllString(w.listAnswer(), `"target_date":"the 20th"`)
		w.lettersOf(func() {
			_, err := w.plane.CreateItem("maria", planetest.NewItem{Name: "a task of her own"})
			w.must(err)
		})
		w.plane.Fail(planetest.Fault{Method: http.MethodGet, Path: "work-items/", Status: http.StatusOK, Body: body})
		report := w.reportOfSweep(p)
		if len(report.Unreadable) != 1 || report.Unreadable[0].ID != odd || !strings.Contains(report.Unreadable[0].Why, "date") {
			t.Errorf("reported as unreadable: %+v, want %s and its date", report.Unreadable, odd)
		}
		if report.Missing != 0 || report.Deleted != 0 {
			t.Errorf("%d missing, %d deleted, want none: the work item is in the list", report.Missing, report.Deleted)
		}
		if report := w.reportOfSweep(p); report.Missed != 1 || len(report.Unreadable) != 0 {
			t.Errorf("afterwards %+v, want the one that nobody told of", report)
		}
	})
}

// A page with pasted pictures is read without descriptions. What is known of them
// stays, and what nobody told of is read by itself.
func TestASweepGoesOnPastAPageThatIsTooLarge(t *testing.T) {
	t.Parallel()
	caughtUp(t, func(w *world, p *process) {
		before := w.item()
		var heavy string
		w.lettersOf(func() {
			for range 2 {
				var err error
				heavy, err = w.plane.CreateItem("maria", planetest.NewItem{
					Name: "a scan", DescriptionHTML: "<p>" + strings.Repeat("QUJD", worldMaxBody/6) + "</p>",
				})
				w.must(err)
			}
		})
		time.Sleep(time.Hour) // By the bubble's clock, which costs nothing.
		if report := w.reportOfSweep(p); report.Items != 3 || report.Missed != 2 || report.Drifted != 0 || report.Missing != 0 {
			t.Errorf("the sweep reports %+v, want two missed of three", report)
		}
		w.workUntilDone(p)
		if got := w.count("SELECT count(*) FROM ops.work_items WHERE external_id = $1 AND title = 'a scan'", heavy); got != 1 {
			t.Error("the large work item is not known")
		}
		if got := w.count("SELECT count(*) FROM ops.plane_webhook_deliveries WHERE entity_id = $1 AND position('QUJDQUJD'::bytea IN raw_body) > 0", heavy); got != 1 {
			t.Error("what was fed of the large work item has no description, which would read as if somebody had emptied it")
		}
		var requests int
		w.plane.OnRequest(func(*http.Request) { requests++ })
		if report := w.reportOfSweep(p); report.Missed != 0 || report.Drifted != 0 {
			t.Errorf("the next sweep reports %+v, want nothing", report)
		}
		if requests != 2 {
			t.Errorf("the next sweep took %d requests, want the page twice: nothing in it is new", requests)
		}
		if item, _ := w.plane.Item(before); item.DescriptionHTML == "" {
			t.Error("the deadline lost its description")
		}
	})
}

// oddDate makes the work item with this date one that cannot be read, in every list.
func (w *world) oddDate(date string) {
	w.t.Helper()
	w.plane.Fail(planetest.Fault{
		Kind: planetest.FaultRewrite, Method: http.MethodGet, Path: "work-items/", Times: -1,
		Rewrite: func(status int, body []byte) (int, []byte) {
			return status, bytes.ReplaceAll(body, []byte(`"`+date+`"`), []byte(`"the 20th"`))
		},
	})
}

// One that was archived is looked for by its pair, and may be odd as well.
func TestASweepGoesOnPastAMissingItemThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]planetest.Fault{
		"with an odd field":           {Status: http.StatusOK, Body: `{"id":"` + uuid.NewString() + `","target_date":"the 20th","external_source":"odoo","external_id":"` + deadlinePair + `"}`},
		"behind a proxy's own 403":    {Status: http.StatusForbidden},
		"that is too large by itself": {Status: http.StatusOK, Body: `{"id":"` + strings.Repeat("a", worldMaxBody) + `"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			caughtUp(t, func(w *world, p *process) {
				gone := w.people(p, 1)[0]
				time.Sleep(time.Hour) // By the bubble's clock, which costs nothing.
				w.must(w.plane.Archive("maria", w.item()))
				w.must(w.plane.Delete("maria", gone))
				answer.Method, answer.Path, answer.Times = http.MethodGet, "work-items/", -1
				answer.Match = func(r *http.Request) bool { return r.URL.Query().Has("external_id") }
				w.plane.Fail(answer)
				if report := w.reportOfSweep(p); report.Deleted != 1 || len(report.Unreadable) != 1 {
					t.Errorf("the sweep reports %+v, want one deleted and the other passed over", report)
				}
			})
		})
	}
}

// The item is in the list, and its own address answers with a failure each time.
func TestASweepGoesOnPastAnItemThatPlaneFailsToShow(t *testing.T) {
	t.Parallel()
	caughtUp(t, func(w *world, p *process) {
		w.lettersOf(func() {
			_, err := w.plane.CreateItem("maria", planetest.NewItem{Name: "a scan", DescriptionHTML: "<p>" + strings.Repeat("QUJD", worldMaxBody/4) + "</p>"})
			w.must(err)
			_, err = w.plane.CreateItem("maria", planetest.NewItem{Name: "a task of her own"})
			w.must(err)
		})
		time.Sleep(time.Hour) // By the bubble's clock, which costs nothing.
		w.plane.Fail(planetest.Fault{Method: http.MethodGet, Path: "work-items/*/", Status: http.StatusInternalServerError, Times: 2})
		if report := w.reportOfSweep(p); len(report.Unreadable) != 1 || report.Missed != 1 {
			t.Errorf("the sweep reports %+v, want one passed over and the other found", report)
		}
	})
}

// After a database was lost, an odd work item of somebody's own hides no other.
func TestAnOddItemDoesNotKeepOthersFromBeingAdopted(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		_, err := w.plane.CreateItem("maria", planetest.NewItem{Name: "odd", TargetDate: "2031-01-01"})
		w.must(err)
		w.oddDate("2031-01-01")
		w.exec("DELETE FROM ops.plane_sync_mappings")
		plan, err := p.bridge.Mirror().Plan(p.ctx, p.bridge.Flows()[0], mirror.WhatChanged)
		w.must(err)
		if plan.Count(mirror.ActionAdopt) != 1 {
			t.Errorf("the plan is %+v, want the work item adopted that is there", plan.Steps)
		}
	})
}

// What cannot be read may be below a duplicate, so the duplicate is left to a person, and
// the job does not fail each day.
func TestADuplicateIsLeftToAPersonWhileAnItemCannotBeRead(t *testing.T) {
	t.Parallel()
	whileMirrored(t, func(w *world, p *process) {
		duplicate := w.duplicate()
		_, err := w.plane.CreateItem("maria", planetest.NewItem{Name: "odd", TargetDate: "2031-01-01", ParentID: duplicate})
		w.must(err)
		w.oddDate("2031-01-01")
		retired, err := p.bridge.Auditor().RetireDuplicates(p.ctx, p.bridge.Flows()[0], deadlinePair)
		if err != nil || retired != 0 || w.byID(duplicate).StateGroup == "cancelled" {
			t.Errorf("%d retired, %v; the duplicate is %s", retired, err, w.byID(duplicate).StateGroup)
		}
	})
}

// A list of records that have no more than an id is none of work items.
func TestASweepTakesARecordWithoutANameForNoChange(t *testing.T) {
	t.Parallel()
	caughtUp(t, func(w *world, p *process) {
		w.plane.Fail(planetest.Fault{
			Method: http.MethodGet, Path: "work-items/", Status: http.StatusOK,
			Body: `{"results":[{"id":"` + w.item() + `"}],"next_page_results":false}`,
		})
		report := w.reportOfSweep(p)
		if report.Missed != 0 || report.Drifted != 0 || report.Missing != 0 || len(report.Unreadable) != 1 {
			t.Errorf("the sweep reports %+v, want one that cannot be read", report)
		}
	})
}
