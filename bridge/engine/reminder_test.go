package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/insightpulseai/odoo-plane-bridge/bridge"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/bir"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/ledger"
	"github.com/insightpulseai/odoo-plane-bridge/bridge/mirror"
	"github.com/insightpulseai/odoo-plane-bridge/mapping"
	"github.com/insightpulseai/odoo-plane-bridge/odoo/odootest"
	"github.com/insightpulseai/odoo-plane-bridge/plane/planetest"
)

// move drags the deadline's work item to a group, and lets everything come to rest.
func (w *world) move(p *process, group string) {
	w.t.Helper()
	w.must(w.plane.MoveItem("maria", w.item(), group))
	w.settle(p)
}

// tickOff marks every activity in a user's list done.
func (w *world) tickOff(login string) {
	for _, activity := range w.odoo.Activities(login).Open {
		id, isNumber := activity["id"].(int64)
		if !isNumber {
			w.t.Fatalf("an activity has the id %v", activity["id"])
		}
		w.odoo.TickOff(login, id)
	}
}

// wantInList holds what somebody finds behind the clock in Odoo's menu.
func (w *world) wantInList(login string, open int) {
	w.t.Helper()
	list, counted := w.odoo.Activities(login), min(open, 1)
	if len(list.Open) != open || list.Counter != counted {
		w.t.Errorf("%s has %d reminders in the list and the number %d beside the clock, want %d and %d", login, len(list.Open), list.Counter, open, counted)
	}
}

// deletion is a way in which the bridge learns that a work item was deleted.
type deletion struct {
	name    string
	options planetest.Options
	prepare func(w *world)
	learn   func(w *world, p *process)
}

var deletions = []deletion{
	{"by a webhook", planetest.Options{Edition: planetest.Commercial}, func(w *world) {
		w.plane.AddWebhook("http://bridge.example/api/webhooks/plane", faultSecret, planetest.V2)
	}, func(*world, *process) {}},
	{"by a sweep", planetest.Options{}, func(*world) {}, func(w *world, p *process) {
		_, err := p.bridge.Reconciler().Sweep(p.ctx, p.bridge.Flows()[0], 0)
		w.must(err)
	}},
	{"by a write", planetest.Options{}, func(*world) {}, func(w *world, _ *process) { w.odoo.Extend(1, "2000-01-03") }},
}

func TestAReminderIsInAPersonsListAndCountedAlthoughTheDeadlineIsFarOff(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.move(p, "completed")
		w.wantInList("bridge", 1)
		reminder := w.odoo.Activities("bridge").Open[0]
		if reminder["res_model"] != "res.partner" || reminder["date_deadline"] != "2000-01-01" || reminder["summary"] != "Completed in Plane, not filed yet: 2550M - 01/2000" {
			t.Errorf("the reminder is %v", reminder)
		}
		if link := fmt.Sprintf(`<a href="https://plane.example/%s/projects/%s/issues/%s">`, w.plane.WorkspaceSlug(), w.plane.ProjectID(), w.item()); !strings.Contains(fmt.Sprint(reminder["note"]), link) {
			t.Errorf("the note %v has no link %s", reminder["note"], link)
		}
	})
}

func TestAReminderComesAgainAfterEachCompletionWhateverBecameOfTheLast(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		for range 2 {
			w.move(p, "completed")
			w.wantInList("bridge", 1)
			w.tickOff("bridge")
			w.wantInList("bridge", 0)
			w.move(p, "started")
			w.move(p, "completed")
			w.wantInList("bridge", 1)
			w.move(p, "unstarted")
			w.wantInList("bridge", 0)
		}
		// What was ticked off is kept, as Odoo keeps it.
		w.wantReminders(2)
	})
}

func TestAFiledDeadlineTakesItsReminderBackWithoutAWordFromPlane(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.move(p, "completed")
		w.plane.MuteWebhooks(true)
		w.odoo.MarkFiled(deadlineKey)
		w.settle(p)
		w.wantInList("bridge", 0)
		w.wantReminders(0)
	})
}

func TestADeadlineThatIsGeneratedAgainKeepsItsOneReminder(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.move(p, "completed")
		w.odoo.DeleteDeadline(1)
		w.odoo.GenerateDeadlines(1, 2000)
		w.settle(p)
		w.wantInList("bridge", 1)
		w.move(p, "unstarted")
		w.wantInList("bridge", 0)
		w.move(p, "completed")
		w.wantInList("bridge", 1)
	})
}

func TestAWorkItemThatIsMadeAgainHasOneReminderWhenItIsCompleted(t *testing.T) {
	t.Parallel()
	for _, way := range deletions {
		t.Run("deleted "+way.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, way.options, func(w *world, p *process) {
				way.prepare(w)
				w.move(p, "completed")
				for range 2 {
					first := w.item()
					w.must(w.plane.Delete("maria", first))
					way.learn(w, p)
					w.settle(p)
					if w.item() == first {
						t.Fatal("the work item was not made again, so this run proves nothing")
					}
					w.wantInList("bridge", 0)
					w.move(p, "completed")
					w.wantInList("bridge", 1)
					w.odoo.Extend(1, "2000-02-20")
					w.settle(p)
				}
			})
		})
	}
}

func TestAReminderThatWasTickedOffDoesNotStandForTheWorkItemThatIsMadeAgain(t *testing.T) {
	t.Parallel()
	for _, way := range deletions {
		t.Run("deleted "+way.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, way.options, func(w *world, p *process) {
				way.prepare(w)
				w.move(p, "completed")
				w.tickOff("bridge")
				w.must(w.plane.Delete("maria", w.item()))
				way.learn(w, p)
				w.settle(p)
				w.move(p, "completed")
				w.wantInList("bridge", 1)
			})
		})
	}
}

// Odoo is not told any more of what nobody can look at, whether or not it is made again.
func TestTheReminderOfADeletedWorkItemIsTakenBack(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.letterOf(p, w.complete)
		w.workUntilDone(p)
		w.wantReminders(1)
		w.must(w.plane.Delete("maria", w.item()))
		w.sweepByHand(p)
		w.wantReminders(0)
	})
}

func TestTheReminderOfADeadlineThatIsGoneIsTakenBack(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.move(p, "completed")
		w.odoo.DeleteDeadline(1)
		w.settle(p)
		w.wantInList("bridge", 0)
		w.addDeadline()
		w.settle(p)
		w.move(p, "completed")
		w.wantInList("bridge", 1)
	})
}

// Nobody writes an archived work item any more, and its reminder hangs in somebody's
// list all the same.
func TestTheReminderOfAnArchivedWorkItemIsTakenBackWhenItsDeadlineIsFiledOrGone(t *testing.T) {
	t.Parallel()
	for name, closes := range map[string]func(w *world){
		"filed": func(w *world) { w.odoo.MarkFiled(deadlineKey) },
		"gone":  func(w *world) { w.odoo.DeleteDeadline(1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, planetest.Options{}, func(w *world, p *process) {
				w.move(p, "completed")
				w.must(w.plane.Archive("maria", w.item()))
				_, err := p.bridge.Reconciler().Sweep(p.ctx, p.bridge.Flows()[0], 0)
				w.must(err)
				w.settle(p)
				w.wantInList("bridge", 1)
				closes(w)
				w.settle(p)
				w.wantInList("bridge", 0)
				w.plane.ResetCounters()
				plan, err := p.bridge.Mirror().Plan(p.ctx, p.bridge.Flows()[0], mirror.WhatChanged)
				if err != nil || len(plan.Work()) != 0 {
					t.Errorf("the next plan still has %v to do, %v", plan.Work(), err)
				}
			})
		})
	}
}

// The reminder of an installation from before completions were counted.
func TestAReminderWithoutANumberIsTakenBackAsWell(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		activity := w.odoo.Add("mail.activity", map[string]any{"summary": "old", "user_id": int64(6), "activity_type_id": int64(4)})
		w.odoo.Add("ir.model.data", map[string]any{
			"module": "planebridge", "name": "bir_completed_1_2550M_2000_1", "model": "mail.activity", "res_id": activity,
		})
		w.must(w.plane.MoveItem("maria", w.item(), "completed"))
		w.mail.take()
		_, err := w.queue.Exec(p.ctx, "UPDATE ops.plane_sync_mappings SET notified = 'completed'")
		w.must(err)
		w.move(p, "unstarted")
		w.wantReminders(0)
		w.move(p, "completed")
		w.wantInList("bridge", 1)
	})
}

func TestWhoIsRemindedIsFoundByARuleThatAlwaysFindsSomebody(t *testing.T) {
	t.Parallel()
	const archived = "archived"
	for _, row := range []struct {
		name, setting, reminded string
		before                  func(w *world)
	}{
		{"nobody is set and the deadline was generated", "", "bridge", func(*world) {}},
		{"somebody is set", "maria", "maria", func(*world) {}},
		{"who is set has left", archived, "bridge", func(*world) {}},
		{"who is set does not exist", "nobody", "bridge", func(*world) {}},
		{"who is set does not see the company", "abroad", "bridge", func(*world) {}},
		{"nobody is set and somebody made the return", "", "maria", func(w *world) {
			filing := w.odoo.AddReturn(1, "2550M")
			w.odoo.LinkReturn(1, filing)
			w.as("maria", "bir.tax.return", filing)
		}},
		{"nobody is set and somebody made the deadline", "", "maria", func(w *world) { w.as("maria", bir.Model, 1) }},
		{"nobody is set and who made the deadline has left", "", "bridge", func(w *world) { w.as(archived, bir.Model, 1) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, planetest.Options{}, func(w *world, _ *process) {
				w.configure = func(c *bir.Config) { c.ReminderUser = row.setting }
				w.odoo.AddUser("maria", "Accounting/Administrator")
				left, abroad := w.odoo.AddUser(archived), w.odoo.AddUser("abroad")
				w.odoo.Change("res.users", left.UID, map[string]any{"active": false})
				company := w.odoo.AddCompany("Acme Cebu")
				w.odoo.Change("res.users", abroad.UID, map[string]any{"company_id": company, "company_ids": []any{[]any{int64(6), int64(0), []any{company}}}})
				row.before(w)
				p := w.start(0, noFault)
				defer w.end(p)
				w.move(p, "completed")
				w.wantInList(row.reminded, 1)
				w.wantReminders(1)
			})
		})
	}
}

// as makes somebody the maker of a record.
func (w *world) as(login, model string, id int64) { w.odoo.MadeBy(login, model, id) }

func TestAMissingRightIsNamedAndTheReminderIsLeftWhenItIsGiven(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, says string
		take, give func(w *world)
	}{
		{
			"to write contacts", "Contact / Creation (base.group_partner_manager)",
			func(w *world) { w.odoo.Withdraw("bridge", odootest.GroupContacts) },
			func(w *world) { w.odoo.Grant("bridge", odootest.GroupContacts) },
		},
		{
			"to see the company", "does not see company My Company",
			func(w *world) { w.allow("bridge", w.odoo.AddCompany("Acme Cebu")) },
			func(w *world) { w.allow("bridge", 1) },
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, planetest.Options{}, func(w *world, p *process) {
				row.take(w)
				w.letterOf(p, w.complete)
				p.bridge.WorkOnce(p.ctx, w.queue)
				w.wantStatus(p, ledger.StatusDead, bridge.CausePolicy)
				if why := w.only(p).LastError; why == nil || !strings.Contains(*why, row.says) {
					t.Errorf("the delivery says %v, want %q in it", why, row.says)
				}
				for range 3 {
					w.revive(p)
				}
				w.wantStatus(p, ledger.StatusDead, bridge.CausePolicy)
				if got := w.only(p).Attempts; got != 2 {
					t.Errorf("%d attempts while the right is missing, want 2", got)
				}
				row.give(w)
				w.revive(p)
				w.wantStatus(p, ledger.StatusProcessed, "")
				w.wantInList("bridge", 1)
			})
		})
	}
}

// allow gives a user one company and no other.
func (w *world) allow(login string, company int64) {
	for _, user := range w.odoo.Records("res.users") {
		if id, isNumber := user["id"].(int64); isNumber && user["login"] == login {
			w.odoo.Change("res.users", id, map[string]any{"company_ids": []any{[]any{int64(6), int64(0), []any{company}}}})
		}
	}
}

func TestAFieldThatIsSetInPlaceOfAReminderIsSetOnADeadlineThatIsGeneratedAgain(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, _ *process) {
		w.odoo.Add("ir.model.fields", map[string]any{
			"name": "x_completed", "field_description": "Completed in Plane", "model_id": int64(555), "ttype": "boolean",
		})
		w.configure = func(c *bir.Config) { c.OnCompleted = "field:x_completed" }
		p := w.start(0, noFault)
		defer w.end(p)
		marked := func() any { return w.odoo.Records(bir.Model)[0]["x_completed"] }
		w.move(p, "completed")
		if marked() != true {
			t.Fatal("the deadline is not marked")
		}
		w.odoo.DeleteDeadline(1)
		w.addDeadline()
		w.settle(p)
		if marked() != true {
			t.Error("the deadline that was generated again is not marked")
		}
		w.must(w.plane.Delete("maria", w.item()))
		w.odoo.Extend(2, "2000-01-03")
		w.settle(p)
		if marked() != false {
			t.Error("the deadline is still marked after its work item was deleted and made again")
		}
	})
}

// A body that names no state says nothing about it.
func TestAWebhookWithoutAStateDoesNotTakeTheReminderBack(t *testing.T) {
	t.Parallel()
	inWorld(t, planetest.Options{}, func(w *world, p *process) {
		w.move(p, "completed")
		link := mapping.Link{Key: deadlinePair, Notified: "completed 1"}
		v := p.bridge.Flows()[0].FromPlane(p.ctx, link, bridge.WorkItemState{ID: w.item(), UpdatedAt: time.Now()})
		w.wantInList("bridge", 1)
		if got := fmt.Sprint(v); !strings.Contains(got, "names no state") {
			t.Errorf("the verdict is %s", got)
		}
	})
}
