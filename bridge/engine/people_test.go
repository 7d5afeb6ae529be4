package engine_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/oauth"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/task"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/internal/sealed"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// mariasFlow says that Maria made whatever changed in Odoo. It has the deadlines'
// fields, which are Odoo's alone, so that a write in her name that was taken for an
// edit of hers would be reverted.
type mariasFlow struct {
	*bir.Flow
	email string
}

func (f mariasFlow) WantedFor(ctx context.Context, key mapping.Key) (bridge.WantedItem, error) {
	item, err := f.Flow.WantedFor(ctx, key)
	item.ChangedBy = 7
	return item, err
}

func (f mariasFlow) EmailOf(context.Context, int64) (string, error) { return f.email, nil }

// mariaConsents mirrors the deadline in a world in which Maria has consented and makes
// every change in Odoo.
func mariaConsents(w *world) {
	w.t.Helper()
	app := oauth.App{
		BaseURL: "http://plane.example", Workspace: w.plane.WorkspaceSlug(), UserFlow: true, Key: sealed.NewKey(),
		ClientID: w.plane.OAuthApp().ClientID, ClientSecret: w.plane.OAuthApp().ClientSecret, RedirectURL: "https://bridge.example/oauth/plane/callback",
	}
	maria := w.plane.People()[0]
	w.wrap = func(flow bridge.Flow) bridge.Flow {
		return mariasFlow{flow.(*bir.Flow), maria.Email} //nolint:forcetypeassert // The world makes no other.
	}
	w.persons = func(p *process) mirror.People {
		keeper := oauth.New(oauth.Config{
			Pool: p.pool, App: func() oauth.App { return app }, Logger: silent,
			HTTPClient: &http.Client{Transport: &way{p.fate, sidePlane, w.plane.RoundTripper()}},
		})
		return oauth.NewPeople(keeper, func(_ string, signer *oauth.Signer) (*plane.Client, error) {
			return plane.New(plane.Config{
				BaseURL: app.BaseURL, Workspace: app.Workspace, Auth: signer, HTTPClient: signer.HTTPClient(), Budget: &w.lanes, MaxBody: worldMaxBody,
			})
		})
	}
	_, err := w.queue.Exec(context.Background(), "DELETE FROM ops.oauth_tokens")
	w.must(err)
	w.consent(oauth.New(oauth.Config{
		Pool: w.queue, App: func() oauth.App { return app }, Logger: silent, HTTPClient: &http.Client{Transport: w.plane.RoundTripper()},
	}))
	mirrored(w)
}

// consent sends somebody's browser to Plane and back.
func (w *world) consent(keeper *oauth.Keeper) {
	w.t.Helper()
	begun, err := keeper.Begin(context.Background(), true)
	w.must(err)
	asked, err := http.NewRequestWithContext(context.Background(), http.MethodGet, begun.URL, nil)
	w.must(err)
	answer, err := w.plane.RoundTripper().RoundTrip(asked)
	w.must(err)
	w.must(answer.Body.Close())
	back, err := url.Parse(answer.Header.Get("Location"))
	w.must(err)
	q := back.Query()
	_, err = keeper.Complete(context.Background(), oauth.Callback{
		State: q.Get("state"), Code: q.Get("code"), InstallationID: q.Get("app_installation_id"), SameBrowser: true,
	})
	w.must(err)
}

// who are the people that Plane names for what changed on the work item.
func (w *world) who() []string {
	w.t.Helper()
	history, err := w.planeClient(&fate{}).Activities(context.Background(), w.plane.ProjectID(), w.item())
	w.must(err)
	var names []string
	for _, activity := range history {
		if activity.Verb == "updated" && !slices.Contains(names, activity.Actor) {
			names = append(names, activity.Actor)
		}
	}
	return names
}

var commercial = planetest.Options{Edition: planetest.Commercial}

// inMariasWorld runs a test in a world with Maria's consent, and a process in it.
func inMariasWorld(t *testing.T, test func(w *world, p *process)) {
	t.Helper()
	dsn := pgtest.DSN(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, pgtest.Open(t, dsn), commercial)
		defer w.close()
		mariaConsents(w)
		w.plane.ResetCounters()
		w.odoo.ResetCounters()
		p := w.start(0, noFault)
		defer w.end(p)
		test(w, p)
	})
}

func TestAChangeInOdooAppearsInPlaneUnderThePersonsName(t *testing.T) {
	t.Parallel()
	inMariasWorld(t, func(w *world, p *process) {
		w.odoo.Extend(1, "2000-01-03")
		w.settle(p)
		if who, maria := w.who(), w.plane.People()[0].ID; !slices.Equal(who, []string{maria}) {
			t.Errorf("Plane names %v, want %s", who, maria)
		}
		item, _ := w.plane.Item(w.item())
		if item.TargetDate != "2000-01-03" || item.Writes != 1 {
			t.Errorf("the date is %s after %d writes, want one", item.TargetDate, item.Writes)
		}
		if writes := writesPeopleSee(w.odoo); writes != 0 {
			t.Errorf("the webhook of the bridge's own write was taken for an edit of Maria's: Odoo was written %d times", writes)
		}
	})
}

// tasksOfTheProject puts the flow of tasks into a world, and a task into Odoo.
func (w *world) tasksOfTheProject() (taskID int64) {
	w.wrap = func(bridge.Flow) bridge.Flow {
		return task.New(task.Config{
			Odoo: w.odooClient(&fate{}), OdooProjectID: 1, Workspace: w.plane.WorkspaceSlug(), ProjectID: w.plane.ProjectID(),
			Location: time.UTC, Links: mapping.NewStore(w.queue),
		})
	}
	return w.odoo.Add(task.Model, map[string]any{"name": "call the auditor", "project_id": int64(1)})
}

// The fields of a task may be changed on both sides, so what the bridge wrote in
// Maria's name would be written to Odoo again if its webhook were taken for an edit.
func TestATaskChangedByAPersonIsChangedUnderTheirNameAndNotBack(t *testing.T) {
	t.Parallel()
	inMariasWorld(t, func(w *world, _ *process) {
		id := w.tasksOfTheProject()
		p := w.start(0, noFault)
		defer w.end(p)
		through := func() {
			w.must(p.bridge.SyncNow(p.ctx, task.Name))
			w.workUntilDone(p)
			w.deliver(p)
			w.workUntilDone(p)
		}
		through()
		user := w.odoo.AddUser("maria", "Project/User")
		maria, err := odoo.New(odoo.Config{
			URL: "http://odoo.example", Database: "odoo", Login: user.Login, Secret: user.APIKey, HTTPClient: &http.Client{Transport: w.odoo.RoundTripper()},
		})
		w.must(err)
		w.must(maria.Write(p.ctx, task.Model, []int64{id}, odoo.Values{"name": "call the auditor back"}))
		w.odoo.ResetCounters()
		through()
		through()
		item := w.plane.ItemsByExternalID(mapping.ExternalSource, "project.task,1")[0]
		history, err := w.planeClient(&fate{}).Activities(p.ctx, w.plane.ProjectID(), item.ID)
		w.must(err)
		last := history[len(history)-1]
		if item.Name != "call the auditor back" || last.Actor != w.plane.People()[0].ID {
			t.Errorf("the work item is %q, changed by %s; want maria's change", item.Name, last.Actor)
		}
		if writes := w.odoo.Writes(); len(writes) != 0 {
			t.Errorf("the bridge's own write came back to Odoo: %v", writes)
		}
	})
}

func TestAnEditOfSomebodyWhoConsentedIsStillAnEdit(t *testing.T) {
	t.Parallel()
	inMariasWorld(t, func(w *world, p *process) {
		w.odoo.Extend(1, "2000-01-03")
		w.settle(p)
		w.must(w.plane.SetTargetDate("maria", w.item(), "2000-05-05"))
		w.settle(p)
		item, _ := w.plane.Item(w.item())
		if who := w.who(); item.TargetDate != "2000-01-03" || !slices.Contains(who, w.plane.BotUserID()) {
			t.Errorf("the date is %s and Plane names %v; want it reverted, by the bridge", item.TargetDate, who)
		}
	})
}

func TestWithoutAPersonWhoMayTheBridgeWritesItself(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(w *world){
		"the token was revoked": func(w *world) { w.plane.ExpireTokens() },
		"the person may not": func(w *world) {
			w.plane.Fail(planetest.Fault{
				Method: http.MethodPatch, Status: http.StatusForbidden, Header: http.Header{"Content-Type": {"application/json"}},
				Body:  `{"detail":"You do not have permission to perform this action."}`,
				Match: func(r *http.Request) bool { return r.Header.Get("Authorization") != "" }, Times: -1,
			})
		},
		"nobody has that address": func(w *world) {
			w.wrap = func(flow bridge.Flow) bridge.Flow { return mariasFlow{flow.(*bir.Flow), "juan@example.com"} } //nolint:forcetypeassert // as above
		},
		"the consent was taken back": func(w *world) {
			_, err := w.queue.Exec(context.Background(), "DELETE FROM ops.oauth_tokens")
			w.must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inMariasWorld(t, func(w *world, _ *process) {
				spoil(w)
				p := w.start(0, noFault)
				defer w.end(p)
				w.odoo.Extend(1, "2000-01-03")
				w.settle(p)
				item, _ := w.plane.Item(w.item())
				if who := w.who(); !slices.Equal(who, []string{w.plane.BotUserID()}) || item.TargetDate != "2000-01-03" || item.Writes != 1 {
					t.Errorf("the date is %s after %d writes, and Plane names %v; want one, by the bridge", item.TargetDate, item.Writes, who)
				}
			})
		})
	}
}

func TestNoFaultOfAChangeInAPersonsNameShowsAfterwards(t *testing.T) {
	t.Parallel()
	table(t, []faultRow{
		{name: "a date is extended by somebody who consented", plane: commercial, before: mariaConsents, work: syncThrough, act: func(w *world) {
			w.odoo.Extend(1, "2000-01-03")
		}},
		{name: "a date is extended by somebody whose token was revoked", plane: commercial, before: mariaConsents, work: syncThrough, act: func(w *world) {
			w.plane.ExpireTokens()
			time.Sleep(2 * time.Minute) // The bubble's clock: the token is old enough to be renewed.
			w.odoo.Extend(1, "2000-01-03")
		}},
	})
}
