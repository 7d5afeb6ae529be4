//go:build odoo19

package engine_test

import (
	"strings"
	"testing"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/internal/odoo19"
	"github.com/insightpulseai/odoo-plane-bridge/internal/pgtest"
	"github.com/insightpulseai/odoo-plane-bridge/odoo"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// realWorld is a world whose Odoo is a real one with a year of generated deadlines,
// spoken to by a user of least privilege. One of the deadlines is looked at.
type realWorld struct {
	*world
	*process
	real   *odoo19.Instance
	bridge odoo19.User
	key    string
}

func newRealWorld(t *testing.T, configure func(*bir.Config)) *realWorld {
	t.Helper()
	real, queue := odoo19.Start(t), pgtest.Pool(t)
	real.GenerateDeadlines(t)
	user := real.LeastPrivilege(t)
	w := newWorldOf(t, queue, planetest.Options{})
	t.Cleanup(w.close)
	w.office, w.configure = &realOffice{real.URL, real.DB, user.Login, user.APIKey, "bridge_test_bir"}, configure
	p := w.start(0, noFault)
	t.Cleanup(func() { w.end(p) })
	w.settle(p)
	return &realWorld{world: w, process: p, real: real, bridge: user, key: w.plane.Items()[59].ExternalID}
}

// record is the deadline's id in Odoo now.
func (w *realWorld) record() any {
	w.t.Helper()
	parts := strings.Split(strings.TrimPrefix(w.key, bir.Model+",1/"), "/")
	ids, _ := w.real.Call(w.t, bir.Model, "search", []any{[]any{
		[]any{"form_type", "=", parts[0]}, []any{"period_year", "=", parts[1]}, []any{"period_month", "=", parts[2]},
	}}, nil).([]any)
	if len(ids) != 1 {
		w.t.Fatalf("%s is %v in Odoo", w.key, ids)
	}
	return ids[0]
}

// workItem is the deadline's work item now.
func (w *realWorld) workItem() string {
	w.t.Helper()
	for _, item := range w.plane.Items() {
		if item.ExternalID == w.key && !item.Deleted {
			return item.ID
		}
	}
	w.t.Fatalf("%s has no work item", w.key)
	return ""
}

func (w *realWorld) moveTo(group string) {
	w.t.Helper()
	w.must(w.plane.MoveItem("maria", w.workItem(), group))
	w.settle(w.process)
}

// remove deletes the work item, which Community tells by no webhook.
func (w *realWorld) remove() {
	w.t.Helper()
	first := w.workItem()
	w.must(w.plane.Delete("maria", first))
	_, err := w.process.bridge.Reconciler().Sweep(w.ctx, w.process.bridge.Flows()[0], 0)
	w.must(err)
	w.settle(w.process)
	if w.workItem() == first {
		w.t.Fatal("the work item was not made again")
	}
}

// wantSeen holds what a person sees in the web client.
func (w *realWorld) wantSeen(when string, browser *odoo19.Web, want int) odoo19.Activity {
	w.t.Helper()
	list, counter := browser.Activities(w.t)
	w.t.Logf("%s: %d in the list, %d beside the clock: %+v", when, len(list), counter, list)
	if len(list) != want || counter != min(want, 1) {
		w.t.Fatalf("%s: %d reminders in the list and %d beside the clock, want %d", when, len(list), counter, want)
	}
	if want == 0 {
		return odoo19.Activity{}
	}
	return list[0]
}

// The whole life of the reminder of a generated deadline, through the calls that the
// web client makes.
func TestOdoo19TheReminderOfAGeneratedDeadlineReachesAPerson(t *testing.T) {
	t.Parallel()
	w := newRealWorld(t, func(c *bir.Config) { c.ReminderUser = "accountant" })
	browser := w.real.SignIn(t, w.real.NewUser(t, "accountant"))
	w.moveTo("completed")
	seen := w.wantSeen("completed", browser, 1)
	if seen.ResModel != "res.partner" || !strings.Contains(seen.Note, "/issues/"+w.workItem()) || !strings.Contains(seen.Summary, "Completed in Plane") {
		t.Errorf("the reminder is %+v", seen)
	}
	w.moveTo("started")
	w.wantSeen("opened again", browser, 0)
	w.moveTo("completed")
	seen = w.wantSeen("completed again", browser, 1)
	browser.Call(t, "mail.activity", "action_feedback", []any{[]any{seen.ID}}, map[string]any{"feedback": "filed by courier"})
	w.wantSeen("ticked off", browser, 0)
	w.moveTo("unstarted")
	w.moveTo("completed")
	seen = w.wantSeen("completed after the last was ticked off", browser, 1)
	browser.Call(t, "mail.activity", "action_done", []any{[]any{seen.ID}}, nil)
	w.moveTo("unstarted")
	w.moveTo("completed")
	w.wantSeen("completed once more", browser, 1)

	before := w.record()
	w.real.Call(t, bir.Model, "unlink", []any{[]any{before}}, nil)
	w.real.GenerateDeadlines(t)
	if w.record() == before {
		t.Fatal("the deadline was not generated anew")
	}
	w.settle(w.process)
	w.wantSeen("generated anew", browser, 1)
	w.moveTo("unstarted")
	w.wantSeen("generated anew and opened", browser, 0)
	w.moveTo("completed")
	w.wantSeen("generated anew and completed", browser, 1)

	w.remove()
	w.wantSeen("deleted in Plane and made again", browser, 0)
	w.moveTo("completed")
	w.wantSeen("deleted in Plane, made again and completed", browser, 1)

	filing := w.real.Call(t, "bir.tax.return", "create", []any{map[string]any{"name": "return", "form_type": "2550M", "state": "filed"}}, nil)
	w.real.Call(t, bir.Model, "write", []any{[]any{w.record()}, map[string]any{"return_id": filing}}, nil)
	w.settle(w.process)
	w.wantSeen("filed", browser, 0)
}

func TestOdoo19AReminderOnAReturnGoesToWhoMadeIt(t *testing.T) {
	t.Parallel()
	w := newRealWorld(t, nil)
	browser := w.real.SignIn(t, odoo19.User{Login: w.real.AdminLogin, Password: w.real.AdminPassword})
	filing := w.real.Call(t, "bir.tax.return", "create", []any{map[string]any{"name": "return", "form_type": "2550M"}}, nil)
	w.real.Call(t, bir.Model, "write", []any{[]any{w.record()}, map[string]any{"return_id": filing}}, nil)
	w.moveTo("completed")
	if seen := w.wantSeen("completed", browser, 1); seen.ResModel != "bir.tax.return" {
		t.Errorf("the reminder is %+v", seen)
	}
	w.remove()
	w.wantSeen("deleted in Plane and made again", browser, 0)
}

func TestOdoo19AMissingRightIsNamedAndHealsWhenItIsGiven(t *testing.T) {
	t.Parallel()
	w := newRealWorld(t, nil)
	browser := w.real.SignIn(t, w.bridge)
	w.real.SetGroup(t, w.bridge, "base.group_partner_manager", false)
	w.must(w.plane.MoveItem("maria", w.workItem(), "completed"))
	w.deliver(w.process)
	w.process.bridge.WorkOnce(w.ctx, w.queue)
	var why string
	w.must(w.queue.QueryRow(w.ctx, "SELECT last_error FROM ops.plane_webhook_deliveries WHERE status = 'dead' AND cause = 'policy'").Scan(&why))
	t.Log(why)
	if !strings.Contains(why, "Contact / Creation (base.group_partner_manager)") {
		t.Errorf("the delivery says %q", why)
	}
	flow := w.process.bridge.Flows()[0].(bridge.RightsReader)
	if missing, err := flow.MissingRights(w.ctx); err != nil || len(missing) != 1 {
		t.Errorf("missing rights: %v, %v", missing, err)
	}
	w.revive(w.process)
	w.wantSeen("while the right is missing", browser, 0)
	w.real.SetGroup(t, w.bridge, "base.group_partner_manager", true)
	w.revive(w.process)
	w.wantSeen("when the right is given", browser, 1)
}

func TestOdoo19ChecksWhoCanBeReminded(t *testing.T) {
	t.Parallel()
	real := odoo19.Start(t)
	real.GenerateDeadlines(t)
	user := real.LeastPrivilege(t)
	real.NewUser(t, "accountant")
	gone, abroad := real.NewUser(t, "gone"), real.NewUser(t, "abroad")
	real.Call(t, "res.users", "write", []any{[]any{gone.UID}, map[string]any{"active": false}}, nil)
	company := real.Call(t, "res.company", "create", []any{map[string]any{"name": "Acme Cebu"}}, nil)
	real.Call(t, "res.users", "write", []any{[]any{abroad.UID}, map[string]any{"company_id": company, "company_ids": []any{[]any{6, 0, []any{company}}}}}, nil)
	for login, says := range map[string]string{
		"accountant": "", "nobody": "no user with this login", "gone": "archived", "abroad": "does not see company My Company", "": "",
	} {
		client, err := odoo.New(odoo.Config{URL: real.URL, Database: real.DB, Login: user.Login, Secret: user.APIKey})
		if err != nil {
			t.Fatal(err)
		}
		who, err := bir.New(bir.Config{Odoo: client, ReminderUser: login}).Reminded(t.Context())
		if (err != nil) != (says != "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("BIR_REMINDER_USER %q: %q, %v; want %q", login, who, err, says)
		}
	}
	for choice, says := range map[bir.OnCompleted]string{
		"": "", "nothing": "", "field:name": "of type char", "field:x_none": "does not have",
	} {
		client, err := odoo.New(odoo.Config{URL: real.URL, Database: real.DB, Login: user.Login, Secret: user.APIKey})
		if err != nil {
			t.Fatal(err)
		}
		missing, err := bir.New(bir.Config{Odoo: client, OnCompleted: choice}).MissingRights(t.Context())
		if err != nil || (len(missing) > 0) != (says != "") || len(missing) > 0 && !strings.Contains(missing[0].Error(), says) {
			t.Errorf("BIR_ON_COMPLETED %q: %v, %v; want %q", choice, missing, err, says)
		}
	}
}
