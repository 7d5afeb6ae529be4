package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/sweep"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// knownAs is the status and the title of a work item in ops.work_items.
func (w *world) knownAs(id string) (status, title string) {
	w.t.Helper()
	w.must(w.queue.QueryRow(context.Background(), "SELECT status, title FROM ops.work_items WHERE external_id = $1", id).Scan(&status, &title))
	return status, title
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	_, err := w.queue.Exec(context.Background(), sql, args...)
	w.must(err)
}

// reconciled is what a sweep by hand reports.
func (w *world) reconciled(p *process) sweep.Report {
	w.t.Helper()
	report, err := p.bridge.Reconciler().Sweep(p.ctx, p.bridge.Flows()[0], 0)
	w.must(err)
	return report
}

// people makes work items of somebody's own, which were reported to the bridge.
func (w *world) people(p *process, n int) (ids []string) {
	w.t.Helper()
	for i := range n {
		id, err := w.plane.CreateItem("maria", planetest.NewItem{Name: "of my own " + strconv.Itoa(i)})
		w.must(err)
		ids = append(ids, id)
	}
	w.deliver(p)
	w.workUntilDone(p)
	return ids
}

// emptyList answers every list of work items with an empty page, and no look-up.
func (w *world) emptyList(body string) *planetest.ActiveFault {
	return w.plane.Fail(planetest.Fault{
		Method: http.MethodGet, Path: "work-items/", Times: -1, Status: http.StatusOK, Body: body,
		Header: http.Header{"Content-Type": {"application/json"}},
		Match:  func(r *http.Request) bool { return !r.URL.Query().Has("external_id") },
	})
}

const emptyPage = `{"results":[],"next_page_results":false,"next_cursor":"1000:1:0","total_count":0,"count":0}`

func TestAListWithoutItsWorkItemsIsNoProofThatTheyAreGone(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		others  int
		brake   bool
		prepare func(w *world)
		reason  string
	}{
		{"many, by an empty page", 9, true, func(w *world) { w.emptyList(emptyPage) }, "does a proxy answer in its place"},
		{"one, by an empty page", 0, false, func(w *world) { w.emptyList(emptyPage) }, ""},
		{"many, in an archived project", 9, true, func(w *world) { w.must(w.plane.ArchiveProject("maria", w.plane.ProjectID())) }, "archived"},
		{"one, in an archived project", 0, false, func(w *world) { w.must(w.plane.ArchiveProject("maria", w.plane.ProjectID())) }, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, planetest.Options{}, func(w *world, p *process) {
				w.people(p, row.others)
				row.prepare(w)
				w.plane.ResetCounters()
				report := w.reconciled(p)
				w.workUntilDone(p)
				if report.Deleted != 0 || report.Missing != row.others+1 || (report.Brake != nil) != row.brake {
					t.Errorf("the sweep reports %+v, want %d missing, none deleted, held %t", report, row.others+1, row.brake)
				}
				if row.brake && report.Brake != nil && (!strings.Contains(report.Brake.String(), row.reason) || w.plane.RequestTotal() > 2) {
					t.Errorf("held after %d requests because %s; want the list and the project asked, and %q said", w.plane.RequestTotal(), report.Brake, row.reason)
				}
				if n := w.count("SELECT count(*) FROM ops.work_items WHERE status = 'deleted'"); n != 0 || w.linked() != 1 {
					t.Errorf("%d rows are marked deleted and %d links stand, want none and one", n, w.linked())
				}
				held, err := ledger.HeldBrakes(p.ctx, w.queue)
				if err != nil || (len(held) == 1) != row.brake {
					t.Errorf("brakes that hold: %+v, %v; want one: %t", held, err, row.brake)
				}
			})
		})
	}
}

func TestAReleasedSweepLooksForEachThatIsMissingAndTheBrakeLetsGo(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		for _, id := range w.people(p, 9)[:8] {
			w.must(w.plane.Delete("maria", id))
		}
		if report := w.reconciled(p); report.Brake == nil || report.Deleted != 0 {
			t.Fatalf("the sweep reports %+v, want it held", report)
		}
		report, err := p.bridge.Reconciler().SweepReleased(p.ctx, p.bridge.Flows()[0])
		w.must(err)
		w.workUntilDone(p)
		if report.Brake != nil || report.Deleted != 8 {
			t.Errorf("the released sweep reports %+v, want eight deleted", report)
		}
		if again := w.reconciled(p); again.Brake != nil || again.Missing != 0 {
			t.Errorf("the next sweep reports %+v, want nothing missing", again)
		}
		if held, err := ledger.HeldBrakes(p.ctx, w.queue); err != nil || len(held) != 0 {
			t.Errorf("brakes that hold: %+v, %v; want none", held, err)
		}
	})
}

func TestLookUpsTakeTurnsOverAllThatIsMissing(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		ids := w.people(p, 130)
		for _, id := range ids[:60] {
			w.must(w.plane.Delete("maria", id))
		}
		// Nothing is worked through in between, so that all stay missing.
		looked := w.looks(p)
		if len(looked) != 50 {
			t.Errorf("the first sweep looked for %d, want 50", len(looked))
		}
		for id, n := range w.looks(p) {
			looked[id] += n
		}
		if len(looked) != 60 {
			t.Errorf("two sweeps looked for %d of the 60 that are missing", len(looked))
		}
	})
}

// looks counts the work items that one sweep looks for.
func (w *world) looks(p *process) map[string]int {
	looked := map[string]int{}
	counting := true
	w.plane.OnRequest(func(r *http.Request) {
		path := strings.Split(strings.TrimSuffix(r.URL.Path, "/"), "/")
		if id := path[len(path)-1]; counting && r.Method == http.MethodGet && len(id) == 36 && id != w.plane.ProjectID() {
			looked[id]++
		}
	})
	_, _ = p.bridge.Reconciler().Sweep(p.ctx, p.bridge.Flows()[0], 0) // It may end in an error; who was looked for counts.
	counting = false
	return looked
}

func TestWhatIsListedAgainIsAliveAgain(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		id := w.item()
		w.exec("UPDATE ops.work_items SET status = 'deleted', updated_at = now() + interval '1 hour', content_hash = '', asked_at = clock_timestamp()")
		if report := w.reconciled(p); report.Missed != 1 {
			t.Errorf("the sweep reports %+v, want the work item missed", report)
		}
		w.workUntilDone(p)
		if status, _ := w.knownAs(id); status == "deleted" {
			t.Error("the work item is listed and still counts as deleted")
		}
	})
}

func TestAWebhookOfADeletedWorkItemLeadsToOneLook(t *testing.T) {
	t.Parallel()
	for name, deleted := range map[string]bool{"it is there": false, "it is gone": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, planetest.Options{}, func(w *world, p *process) {
				id := w.people(p, 1)[0]
				letters := w.lettersOf(func() { w.must(w.plane.RenameItem("maria", id, "as it is now")) })
				if deleted {
					w.must(w.plane.Delete("maria", id))
				}
				w.exec("UPDATE ops.work_items SET status = 'deleted', updated_at = now(), content_hash = '', asked_at = clock_timestamp() WHERE external_id = $1", id)
				w.plane.ResetCounters()
				w.mail.keepFor(letters)
				w.deliver(p)
				w.workUntilDone(p)
				status, title := w.knownAs(id)
				if (status == "deleted") != deleted || !deleted && title != "as it is now" {
					t.Errorf("the work item is known as %q, %s", title, status)
				}
				if n := w.plane.Requests()["GET /api/v1/workspaces/{slug}/projects/{project}/work-items/{item}/"]; n < 1 || n > 2 || !deleted && n != 1 {
					t.Errorf("it was looked at %d times", n)
				}
			})
		})
	}
}

// twisted answers requests with bodies that a test has changed.
type twisted struct {
	next  http.RoundTripper
	twist func(r *http.Request, body []byte) []byte
}

func (t twisted) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	body = t.twist(r, body)
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return response, nil
}

// everyItem changes each work item of a list.
func everyItem(change func(item map[string]any)) func(*http.Request, []byte) []byte {
	return func(r *http.Request, body []byte) []byte {
		var page map[string]any
		if !strings.HasSuffix(r.URL.Path, "/work-items/") || json.Unmarshal(body, &page) != nil {
			return body
		}
		items, _ := page["results"].([]any)
		for _, item := range items {
			change(item.(map[string]any))
		}
		changed, err := json.Marshal(page)
		if err != nil {
			panic(err)
		}
		return changed
	}
}

// bare puts the id where an object stands.
func bare(value any) any {
	if object, ok := value.(map[string]any); ok {
		return object["id"]
	}
	return value
}

// One odd work item never ends a sweep, and whatever shape its references have, what
// changed in it is found.
func TestAReferenceOfAnyShapeIsRead(t *testing.T) {
	t.Parallel()
	shows := map[string]bool{"the state is a bare id": true, "labels and people are null": true, "labels and people hold null": true, "labels and people are bare": true}
	for name, change := range map[string]func(item map[string]any){
		"the state is a bare id":       func(item map[string]any) { item["state"] = bare(item["state"]) },
		"the state is null":            func(item map[string]any) { item["state"] = nil },
		"the state is missing":         func(item map[string]any) { delete(item, "state") },
		"the state is an empty object": func(item map[string]any) { item["state"] = map[string]any{} },
		"the state is one of Intake":   func(item map[string]any) { item["state"] = "52cdd7c9-8d28-463e-9c25-7a4b90dc4575" },
		"labels and people are null":   func(item map[string]any) { item["labels"], item["assignees"] = nil, nil },
		"labels and people hold null":  func(item map[string]any) { item["labels"], item["assignees"] = []any{nil}, []any{nil} },
		"labels and people are bare": func(item map[string]any) {
			for _, name := range []string{"labels", "assignees"} {
				for i, ref := range item[name].([]any) {
					item[name].([]any)[i] = bare(ref)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, planetest.Options{}, func(w *world, p *process) {
				id := w.people(p, 1)[0]
				w.lettersOf(func() {
					w.must(w.plane.RenameItem("maria", id, "renamed unreported"))
					w.must(w.plane.Assign("maria", id, "maria"))
					w.must(w.plane.MoveItem("maria", id, "completed"))
				})
				want, _ := w.knownAs(id) // What shows no state leaves it as known.
				if shows[name] {
					want = "Done"
				}
				w.twist = everyItem(change)
				odd := w.start(0, noFault)
				defer w.end(odd)
				report := w.reconciled(odd)
				w.workUntilDone(odd)
				status, title := w.knownAs(id)
				if title != "renamed unreported" || status != want || len(report.Unreadable) > 0 {
					t.Errorf("the work item is known as %q, %s; want its new name, and %s; the sweep reports %+v", title, status, want, report)
				}
			})
		})
	}
}

// Two hosts of Plane write the times, and the one that serves a person is behind.
func TestAnEditIsNotLostBecauseClocksDisagree(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ahead    string
		reported bool
	}{
		"seconds behind, by its webhook":                   {"3 seconds", true},
		"an hour behind, by the sweep":                     {"1 hour", false},
		"the row lies in the future, by its webhook":       {"100 years", true},
		"the row lies in the future, by the sweep":         {"100 years", false},
		"seconds behind, and its webhook lost, by a sweep": {"3 seconds", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, planetest.Options{}, func(w *world, p *process) {
				id := w.people(p, 1)[0]
				w.exec("UPDATE ops.work_items SET updated_at = updated_at + $1::interval", c.ahead)
				letters := w.lettersOf(func() { w.must(w.plane.RenameItem("maria", id, "by the slow host")) })
				if c.reported {
					w.plane.ResetCounters()
					w.mail.keepFor(letters)
					w.deliver(p)
					w.workUntilDone(p)
					if n := w.plane.RequestTotal(); n != 1 {
						t.Errorf("%d requests, want one look to decide", n)
					}
				} else {
					w.reconciled(p)
					w.workUntilDone(p)
				}
				if _, title := w.knownAs(id); title != "by the slow host" {
					t.Errorf("the work item is known as %q: the edit is lost", title)
				}
			})
		})
	}
}

func TestAPageSaysNothingAboutWhatWasReportedAfterItWasAskedFor(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		id := w.people(p, 1)[0]
		w.twist = func(r *http.Request, body []byte) []byte {
			if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/work-items/") {
				w.exec("UPDATE ops.work_items SET title = 'newer than the page', reported_at = clock_timestamp() WHERE external_id = $1", id)
			}
			return body
		}
		late := w.start(0, noFault)
		defer w.end(late)
		if report := w.reconciled(late); report.Missed != 0 {
			t.Errorf("the sweep reports %+v, want nothing missed", report)
		}
		w.workUntilDone(late)
		if _, title := w.knownAs(id); title != "newer than the page" {
			t.Errorf("the page put the work item back to %q", title)
		}
	})
}

// A create takes effect and nobody hears the answer; the work item is adopted when the
// create has surely ended. What people do with it until then is told to Odoo as well.
func TestWhatPeopleDoBeforeTheirWorkItemIsAdoptedReachesOdoo(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.settle(p)
		w.exec("UPDATE ops.plane_sync_mappings SET state = 'intended', plane_issue_id = NULL, create_sent_at = now()")
		w.exec("DELETE FROM ops.work_items")
		w.letterOf(p, w.complete)
		p.bridge.WorkOnce(p.ctx, w.queue)
		w.wantStatus(p, ledger.StatusReceived, "")
		w.wantReminders(0)
		w.outlast()
		w.settle(p)
		w.wantReminders(1)
	})
}
